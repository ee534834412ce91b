"""Densities from harmless to hostile: the verifier is right about each or refuses it in one line. A hundred of those of `python -m benchmarks fuzz`."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from benchmarks import fuzz
from benchmarks.fuzz import judge
from benchmarks.generated import FAMILIES, generate
from numerics import deadline
from numerics.channels import Channel
from numerics.expression.calculus import logarithm
from numerics.expression.parse import parse
from numerics.expression.values import GOOD, accurate
from numerics.laws.densities import UNIT, typed
from numerics.posterior.label_side import label_side
from numerics.posterior.quantities import quantities
from numerics.records import Estimate
from numerics.verify import agreement
from numerics.world import World
from unskew.ground.refusals import InputError

LABEL_SIDE = 100
WHOLE = 6


def near(found: Estimate, truth: float) -> bool:
    return abs(found.value - truth) <= found.error + 1e-15 * (1 + abs(truth))


@pytest.mark.parametrize("first", range(0, LABEL_SIDE, 10))
def test_a_hundred_densities_are_certified_or_refused(first):
    """The label side by quadrature against balls: the part of a run that a wrong density spoils first."""
    import flint

    from numerics.certified.label_balls import kl_labels_ball
    from numerics.expression.balls import PRECISION

    for seed in range(first, first + 10):
        made = generate(seed)
        if made.panels > 100:
            continue
        try:
            with deadline.within(deadline.BUDGET):
                law = typed(made.text, made.support).from_lower_end()
                side = label_side(law, (8,), law.length / 10)
        except InputError as problem:
            refusal = problem
        else:
            refusal = None
        if refusal is not None:
            assert refusal.culprit, made.text
            assert refusal.remedy, made.text
            continue
        with flint.ctx.workprec(PRECISION):
            ball = kl_labels_ball(law)
        assert abs(side.kl_labels.value - float(ball.mid())) <= side.kl_labels.error + float(ball.rad()) + 1e-18, (
            made.text
        )


@pytest.mark.parametrize("seed", range(WHOLE))
def test_some_densities_against_mpmath(seed):
    assert judge(generate(seed), ("price",), (8,)).outcome in ("right", "refused")


def test_the_generator_is_seeded_and_covers_its_families():
    assert generate(7) == generate(7)
    assert len({generate(seed).kind for seed in range(len(FAMILIES))}) == len(FAMILIES)


@pytest.mark.parametrize(
    ("text", "kl_labels"),
    [
        # By mpmath with cuts at the features; the old nodes saw none of them.
        ("tanh(1e9*(y - 0.5)) + 2", 0.143841035924153),
        ("1 + 1e5*exp(-1e10*(y - 0.123456)**2)", 1.01920705693984),
        ("1.000001 - cos(0.01*y)", 0.535300114506435),
        ("sin(1e8*pi + y) + 1.5", 0.00823511058561329),
        ("2 + sin(1e15 + y)", 0.00489577637867234),
        ("(1 + y*1e-20) - 1 + 1e-22", None),
    ],
)
def test_narrow_and_cancelling_densities_have_true_error_bars(text, kl_labels):
    law = typed(text)
    numbers = label_side(law, (8,), 0.1)
    assert kl_labels is None or near(numbers.kl_labels, kl_labels)
    import flint

    from numerics.certified.label_balls import kl_labels_ball

    with flint.ctx.workprec(256):
        assert near(numbers.kl_labels, float(kl_labels_ball(law).mid()))


def test_values_survive_cancellation():
    expression = logarithm(parse("1.000001 - cos(0.01*y)"))
    import mpmath

    y = np.linspace(0.1, 0.9, 9)
    with mpmath.workdps(50):
        truth = [
            float(mpmath.log(mpmath.mpf("1.000001") - mpmath.cos(mpmath.mpf("0.01") * mpmath.mpf(v))))
            for v in y.tolist()
        ]
    # What `accurate` promises of a logarithm.
    assert np.all(np.abs(accurate(expression, y) - truth) <= GOOD * (1 + np.abs(truth)))


@pytest.mark.parametrize(
    "text",
    [
        "abs((y - 0.25)**3) + 0.4",
        "max((y - 0.3)**2, 0) + 1",
        "max(y, y) + 0.1",
        "max(y, min(y, 0.3)) + 0.1",
        "sqrt((y - 0.3)**2) + 0.1",
        "max(exp(-y), 1 - y) + 0.1",
        "max(sqrt(y), 0.3)",
        "abs(cos(y) - 1) + 0.1",
    ],
)
def test_branches_that_touch_or_coincide_run(text):
    law = typed(text)
    y = np.array([0.11, 0.29, 0.31, 0.7])
    names = {"exp": np.exp, "sqrt": np.sqrt, "cos": np.cos, "abs": np.abs, "max": np.maximum, "min": np.minimum}
    truth = np.array([eval(text, {"__builtins__": {}}, {**names, "y": v}) for v in y])
    # Two logarithms, each good to what `accurate` promises; the truth itself has at most eight roundings on either side of the ratio.
    promised = 2 * GOOD * (1 + np.abs(np.log(truth)).max()) + 16 * np.finfo(float).eps
    ratio = law.density(y) / law.density(y)[0]
    assert np.all(np.abs(ratio / (truth / truth[0]) - 1) <= promised)


@pytest.mark.parametrize(
    "text", ["1 + 0.5*sin(1e6*y)", "1/((y - 0.5)**2 + 1e-30)", "2 + sin(exp(20*y))", "abs(sin(1e5*y)) + 1"]
)
def test_what_cannot_be_followed_is_refused_with_a_remedy(text):
    with deadline.within(deadline.BUDGET), pytest.raises(InputError, match=r"changes|feature") as refusal:
        typed(text)
    assert refusal.value.remedy


def test_far_from_zero_changes_nothing():
    far = typed("exp(-6*(y - 1000000))", (Fraction(10**6), Fraction(10**6 + 1))).from_lower_end()
    assert far.support == UNIT
    assert far.origin == 10**6
    channel = Channel("gaussian", 0.1)
    ours, plain = (quantities(World(law, channel, (8,)), with_curves=False) for law in (far, typed("exp(-6*y)")))
    assert abs(ours.price.value - plain.price.value) <= ours.price.error + plain.price.error


def test_disagreement_and_negative_divergences_are_refused():
    from dataclasses import replace

    from numerics.certified.certificates import certificates

    here = World(typed("exp(-6*y)"), Channel("gaussian", 0.1), (8,))
    numbers, balls = quantities(here, with_curves=False), certificates(here)
    agreement.refuse_disagreement(numbers, balls)
    off = replace(numbers, kl_labels=Estimate(numbers.kl_labels.value + 1e-9, 1e-13))
    with pytest.raises(InputError, match="disagree"):
        agreement.refuse_disagreement(off, balls)
    with pytest.raises(InputError, match="negative"):
        agreement.refuse_disagreement(replace(numbers, price_by_tilt=Estimate(-1e-9, 1e-13)), balls)


def test_a_spent_budget_leaves_results_undecided():
    from worlds import evidence

    from numerics.verify.verification import decided

    here = evidence("exp(-6*y)")
    with deadline.within(-1.0):
        (check,) = decided("rates", here)
    assert check.status == "not_applicable"
    assert check.note.startswith("not decided")


def test_verdicts_are_kept_and_only_the_others_are_judged(tmp_path, monkeypatch, capsys):
    verdicts = tmp_path / "verdicts.jsonl"
    judged: list[list[int]] = []

    def run(seeds, workers):
        judged.append(list(seeds))
        yield from ((seed, fuzz.Verdict("right", "", 1.0)) for seed in seeds)

    monkeypatch.setattr(fuzz, "run", run)
    fuzz.main(["--runs", "3", "--keep", str(verdicts)])
    whole = verdicts.read_text()
    verdicts.write_text(whole[:-5])  # killed within the last line
    fuzz.main(["--runs", "5", "--keep", str(verdicts)])
    assert judged == [[0, 1, 2], [2, 3, 4]]
    assert sorted(seed for seed, _ in fuzz.kept(verdicts)) == [0, 1, 2, 3, 4]
    assert "right            5" in capsys.readouterr().out


def test_a_busy_machine_makes_no_density_late():
    """A worker hangs by its own processor time, not by the clock: this one sleeps."""
    import subprocess
    import sys
    import time

    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        worker = fuzz._Worker(
            process, None, 0, time.perf_counter() - 2 * fuzz.ENDED_AFTER, fuzz._processor(process.pid)
        )
        late = worker.late
        process.kill()
    assert not late


def test_a_spike_of_a_hundred_millionth_of_the_support_has_a_true_error_in_the_route_by_classes():
    """Nodes are placed to 1e-16, which is 1e-9 of the spike's width: the route by classes was 5.3e-13 off and said 4.1e-13."""
    from mpmath import atan, mp, mpf, sqrt

    from numerics.corrected import equal_edges
    from numerics.routes import class_sums

    law = typed("1.972e-06 + 10.65/(1 + 5.732e+14*(y - 0.4963)**2)")
    with mp.workdps(40):
        a, b, c, m = mpf("1.972e-06"), mpf("10.65"), mpf("5.732e+14"), mpf("0.4963")

        def masses(K):
            at = [mpf(k) / K - m for k in range(K + 1)]
            area = [a * u + b / sqrt(c) * atan(sqrt(c) * u) for u in at]
            return [above - below for below, above in pairwise(area)]

        def inverse(u):
            return u / a - b / a * atan(u * sqrt(a * c / (a + b))) / sqrt((a + b) * a * c)

        whole = sum(masses(1))
        truth = float(whole * ((inverse(1 - m) - inverse(-m)) - sum(1 / mass for mass in masses(4)) / 16))
    q, p = law.bin_masses(equal_edges(law, 4))
    measured = class_sums._within(law, 4, tuple((p / q).tolist()))
    assert abs(measured.value - truth) <= measured.error
    assert measured.error < 1e-8


def test_the_limit_of_a_nearly_uniform_density_is_as_sharp_as_its_log_ratio():
    """l changes by 6e-5 over the support and is rounded to 1e-16, the error is nearly even about the middle: the ratio of fine classes is no better."""
    from numerics.checks import risk

    def sample(panels):
        place, weight, y, _, _, _ = risk.known(panels)
        middle = (place + 0.5) / panels
        slope = 6.476e-5 / (1 + 6.476e-5 * y)
        rise = (y - middle) * (y + middle - 1 + 2e-5)
        return place, weight, np.log1p(6.476e-5 * y) + 13.0 - 13.0, slope, rise, 2 * y - 1 + 2e-5

    measured = risk.ratio(sample, 1.0)
    assert abs(measured.value - 1) <= measured.error


def test_the_range_of_a_constant_is_not_known_better_than_its_logarithm():
    """`1.000001 - cos(3.689e-12*(y/1000000))`: w is 1e-18 by balls and was 0 with error 0 by quadrature, so a bound in w failed."""
    law = typed("1.000001 - cos(3.689e-12*(y/1000000))")
    (bins,) = label_side(law, (4,), 0.1).bins
    assert np.all(bins.oscillation + 2 * bins.range_error >= 1e-18)
