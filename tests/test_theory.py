"""The ledger: every proof holds, every wrong version is caught, and every room says the same."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from sympy import QQ, Rational, Symbol, cos, exp, sin, sympify
from sympy.core.function import AppliedUndef
from sympy.polys.rings import PolyElement, ring

from theory import alphabet, gaussian, ledger, logarithms, prove, quantities, risk
from theory.latex import document
from theory.record import KINDS, Result

ROOT = Path(__file__).resolve().parent.parent
NAMES = ledger.LEMMAS + ledger.RESULTS
SEVEN = ("tilt", "price", "class_split", "remainder", "offset", "squared_error", "risk")
SIXTEEN = (
    *SEVEN[:6],
    "rates",
    "bin_width",
    "sample_size",
    "best_classes",
    "discretisation",
    "risk",
    "decoder",
    "readout",
    "gradient_flow",
    "loss_scale",
)
RECORDS = {name: ledger.load(name) for name in NAMES}
CLAIMS = [(name, claim.name) for name, result in RECORDS.items() for claim in result.claims]


def command(*arguments: str, width: int = 100) -> subprocess.CompletedProcess[str]:
    environment = {"COLUMNS": str(width), "PATH": "", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "theory", *arguments], capture_output=True, text=True, env=environment, cwd=ROOT
    )


# Every record


@pytest.mark.parametrize("name", NAMES)
def test_proofs_hold(name: str) -> None:
    for outcome in prove.prove(RECORDS[name]):
        failed = [step for step in outcome.steps if not step.holds]
        assert outcome.steps, f"{name}.{outcome.claim} has no proof"
        assert not failed, f"{name}.{outcome.claim}: {failed}"
        assert outcome.status == "holds"


@pytest.mark.parametrize("name", NAMES)
def test_wrong_versions_are_caught(name: str) -> None:
    outcomes = prove.falsify(RECORDS[name])
    missed = [outcome for outcome in outcomes if not outcome.caught]
    assert not missed
    # Each is caught by what it computes, not by an error on the way or by computing nothing.
    assert all(outcome.residual not in ("0", "nothing was computed") for outcome in outcomes)


@pytest.mark.parametrize("name", NAMES)
def test_records_are_well_formed(name: str) -> None:
    result = RECORDS[name]
    assert result.name == name
    assert result.lemma == (name in ledger.LEMMAS)
    assert result.claims
    assert result.title
    assert result.question.endswith("?")
    assert len({claim.name for claim in result.claims}) == len(result.claims)
    for claim in result.claims:
        where = f"{name}.{claim.name}"
        assert re.fullmatch(r"[a-z][a-z_0-9]*", claim.name), where
        assert claim.kind in KINDS, where
        assert claim.proof, where
        assert len(claim.falsifiers) >= 2, where
        assert len({wrong.name for wrong in claim.falsifiers}) == len(claim.falsifiers), where
        assert claim.statement.endswith("."), where
        assert "\n" not in claim.statement, where


def test_names_are_unique_and_known() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert ledger.RESULTS == SIXTEEN
    with pytest.raises(KeyError):
        ledger.load("no_such_result")


def test_missing_file_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "RESULTS", (*ledger.RESULTS, "never_written"))
    with pytest.raises(LookupError, match=r"theory/never_written.py is listed"):
        ledger.load("never_written")


# The prover is not lenient


def test_prover_rejects_what_is_not_zero() -> None:
    x = Symbol("x", positive=True)
    _, t = ring("t", QQ)
    wrong = [
        x,
        1,
        0.0,
        0.5,
        None,
        "0",
        QQ(1, 2),
        Fraction(1, 2),
        False,
        t,
        t - 1,
        [],
        iter([]),
        [0, x],
        [[0], [t]],
        [True, False],
        None is True,
    ]
    for value in wrong:
        assert not prove.examine(value)[0], value
    right = [
        0,
        QQ(0),
        Fraction(0),
        True,
        x - x,
        t - t,
        [0, True],
        [[0], [t - t]],
        iter([0]),
        (x + 1) ** 2 - x**2 - 2 * x - 1,
    ]
    for value in right:
        assert prove.examine(value)[0], value


def test_prover_needs_no_numerical_luck() -> None:
    # Zero by a trigonometric identity alone: not shown by expansion, so not accepted, rather than guessed from sample points.
    x = Symbol("x", real=True)
    assert not prove.examine(sin(x) ** 2 + cos(x) ** 2 - 1)[0]
    assert not prove.examine(sin(x))[0]


def test_citing_an_unproved_lemma_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from theory import gibbs
    from theory.record import Step

    claims = tuple(replace(claim, proof=(Step("wrong", lambda: 1),)) for claim in gibbs.RESULT.claims)
    monkeypatch.setattr(gibbs, "RESULT", replace(gibbs.RESULT, claims=claims))
    prove.proved.cache_clear()
    try:
        assert not prove.proved("gibbs", "non_negative")
        statuses = {outcome.claim: outcome.status for outcome in prove.prove(RECORDS["price"])}
        assert statuses["non_negative"] == "fails"
        assert statuses["label_minus_input"] == "holds"
    finally:
        prove.proved.cache_clear()


# The symbolic arithmetic against plain numbers


def rational_point(world: alphabet.World, seed: int) -> dict[PolyElement, Fraction]:
    """Rational values of the world's symbols that make every declared probability positive."""
    dice = random.Random(seed)
    point = {}
    for symbol in world.one.ring.gens:
        # At most 1/4 each: sums of up to three free entries stay below one.
        point[symbol] = Fraction(dice.randint(1, 60), 241)
    return point


def polynomial_at(polynomial: PolyElement, point: dict[PolyElement, Fraction]) -> Fraction:
    values = [point[symbol] for symbol in polynomial.ring.gens]
    whole = Fraction(0)
    for exponents, coefficient in polynomial.terms():
        term = Fraction(int(coefficient.numerator), int(coefficient.denominator))
        for base, power in zip(values, exponents, strict=True):
            term *= base**power
        whole += term
    return whole


def ratio_at(ratio: logarithms.Ratio, point: dict[PolyElement, Fraction]) -> Fraction:
    below = Fraction(1)
    for atom, power in ratio.below.items():
        below *= polynomial_at(atom, point) ** power
    return polynomial_at(ratio.above, point) / below


def logs_at(logs: logarithms.Logs, point: dict[PolyElement, Fraction]) -> float:
    terms = [float(ratio_at(c, point)) * math.log(polynomial_at(atom, point)) for atom, c in logs.terms.items()]
    return math.fsum([*terms, float(ratio_at(logs.plain, point))])


class Plain:
    """The same world in floating point, by the definitions, in loops of its own."""

    def __init__(self, world: alphabet.World, point: dict[PolyElement, Fraction]) -> None:
        def number(entry: logarithms.Positive) -> float:
            return float(ratio_at(entry.ratio, point))

        self.q, self.p = ([number(entry) for entry in law] for law in (world.q, world.p))
        self.k = [[number(world.channel(x, y)) for y in world.labels] for x in world.inputs]
        self.c = world.partition

    def posterior(self, law: list[float], x: int) -> list[float]:
        joint = [weight * k for weight, k in zip(law, self.k[x], strict=True)]
        return [value / sum(joint) for value in joint]

    def evidence(self, law: list[float], x: int) -> float:
        return sum(weight * k for weight, k in zip(law, self.k[x], strict=True))

    def excess(self, other: list[float]) -> float:
        """E_{q(x)} KL(q(y|x)||posterior under the other label law)."""
        return sum(
            self.evidence(self.q, x) * kl(self.posterior(self.q, x), self.posterior(other, x)) for x in self.inputs
        )

    @property
    def inputs(self) -> range:
        return range(len(self.k))

    def mass(self, law: list[float], c: int) -> float:
        return sum(weight for weight, own in zip(law, self.c, strict=True) if own == c)

    @property
    def corrected(self) -> list[float]:
        return [self.mass(self.q, c) * p / self.mass(self.p, c) for p, c in zip(self.p, self.c, strict=True)]

    def coarse(self, law: list[float]) -> list[float]:
        return [self.mass(law, c) for c in sorted(set(self.c))]


def kl(first: list[float], second: list[float]) -> float:
    return math.fsum(a * math.log(a / b) for a, b in zip(first, second, strict=True))


# Sums of at most a few dozen terms of order one: their rounding stays far below this multiple of the unit roundoff.
ROUNDING = 1000 * sys.float_info.epsilon


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("index", range(len(alphabet.small_worlds())))
def test_symbolic_quantities_mean_what_they_say(index: int, seed: int) -> None:
    world = alphabet.small_worlds()[index]
    point = rational_point(world, seed)
    plain = Plain(world, point)
    within = plain.excess(plain.p) - sum(
        plain.evidence(plain.q, x)
        * kl(plain.coarse(plain.posterior(plain.q, x)), plain.coarse(plain.posterior(plain.p, x)))
        for x in plain.inputs
    )
    pairs = {
        "price": (quantities.price(world), plain.excess(plain.p)),
        "labels": (quantities.label_divergence(world), kl(plain.q, plain.p)),
        "inputs": (
            quantities.input_divergence(world),
            kl(*([plain.evidence(law, x) for x in plain.inputs] for law in (plain.q, plain.p))),
        ),
        "within": (quantities.within_price(world), within),
        "remainder": (
            quantities.remainder(world),
            kl(plain.q, plain.p) - kl(plain.coarse(plain.q), plain.coarse(plain.p)),
        ),
        "corrected": (quantities.corrected_excess(world), plain.excess(plain.corrected)),
    }
    for name, (symbolic, numeric) in pairs.items():
        assert logs_at(symbolic, point) == pytest.approx(numeric, rel=ROUNDING, abs=ROUNDING), name


@pytest.mark.parametrize("seed", range(3))
def test_symbolic_risks_mean_what_they_say(seed: int) -> None:
    for world in quantities.valued_worlds():
        point = rational_point(world, seed)
        labels = [float(ratio_at(quantities.value(world, y), point)) for y in world.labels]
        predictions = [float(ratio_at(quantities.prediction(world, x), point)) for x in world.inputs]
        plain = Plain(world, point)
        for law, symbols in ((plain.q, world.q), (plain.p, world.p)):
            direct = math.fsum(
                law[y] * plain.k[x][y] * (labels[y] - predictions[x]) ** 2 for x in world.inputs for y in world.labels
            )
            assert float(ratio_at(risk.balanced_risk(world, symbols), point)) == pytest.approx(direct, rel=ROUNDING)
            for x in world.inputs:
                mean = math.fsum(w * y for w, y in zip(plain.posterior(law, x), labels, strict=True))
                symbolic = quantities.posterior_mean(world, symbols, x)
                assert float(ratio_at(symbolic, point)) == pytest.approx(mean, rel=ROUNDING)


def flat(value: object) -> list[object]:
    """A residual's parts."""
    if isinstance(value, list | tuple) or hasattr(value, "__next__"):
        return [part for entry in value for part in flat(entry)]
    return [value]


def size(part: object, seed: int) -> float:
    """A residual at a point drawn by the seed; infinity for what is no number at all (False)."""
    dice = random.Random(seed)
    if isinstance(part, bool):
        return 0.0 if part else math.inf
    if isinstance(part, logarithms.Logs | logarithms.Ratio | PolyElement):
        numbers = (
            part.ring
            if isinstance(part, PolyElement)
            else (part.plain if isinstance(part, logarithms.Logs) else part).above.ring
        )
        point = {symbol: Fraction(dice.randint(1, 60), 241) for symbol in numbers.gens}
        if isinstance(part, logarithms.Logs):
            return abs(logs_at(part, point))
        return abs(float(polynomial_at(part, point) if isinstance(part, PolyElement) else ratio_at(part, point)))
    expression = sympify(part)
    expression = expression.replace(lambda e: isinstance(e, AppliedUndef), lambda e: exp(sum(e.args) / 3)).doit()
    point = {symbol: Rational(dice.randint(20, 90), 97) for symbol in sorted(expression.free_symbols, key=str)}
    return abs(complex(expression.subs(point).evalf(30)))


@pytest.mark.parametrize("name", NAMES)
def test_wrong_versions_are_wrong_as_numbers(name: str) -> None:
    # A residual that does not reduce to zero might still be zero in disguise. At a rational point it is visibly not: three draws,
    # because a wrong version may be right somewhere by accident. Rounding of the evaluation is far below 1e-9.
    for claim in RECORDS[name].claims:
        for wrong in claim.falsifiers:
            parts = flat(wrong.residual())
            assert any(size(part, seed) > 1e-9 for part in parts for seed in range(3)), f"{claim.name}: {wrong.name}"


@pytest.mark.parametrize("name", NAMES)
def test_residuals_of_proofs_are_zero_as_numbers(name: str) -> None:
    # The other way round, without the prover's own zero test: what it calls zero is zero at a point, to rounding.
    for claim in RECORDS[name].claims:
        for step in claim.proof:
            for part in flat(step.residual()):
                assert size(part, 0) <= 1e-9, f"{claim.name}: {step.text}"


def test_atoms_are_canonical() -> None:
    _, a, b = ring("a,b", QQ)
    assert logarithms.positive(6 * a**2 * b + 6 * a * b**2).powers == {
        a.ring.one * 2: 1,
        a.ring.one * 3: 1,
        a: 1,
        b: 1,
        a + b: 1,
    }
    assert (logarithms.positive(a * QQ(1, 3)) / logarithms.positive(2 * a)).log.terms.keys() == {
        a.ring.one * 2,
        a.ring.one * 3,
    }
    with pytest.raises(ValueError, match="not positive"):
        logarithms.positive(a - a)
    with pytest.raises(ValueError, match="not positive"):
        logarithms.positive(a.ring.one * -2)


def test_gaussian_means_refuse_what_two_moments_cannot_give() -> None:
    cube = gaussian.number(gaussian.Y**3)
    with pytest.raises(ValueError, match="degree two"):
        gaussian.expectation(cube, gaussian.Y, gaussian.Q)
    with pytest.raises(ValueError, match="logarithm of the variable"):
        gaussian.expectation(logarithms.positive(gaussian.Y).log, gaussian.Y, gaussian.Q)


# The command


def test_help_is_fast_and_light() -> None:
    code = "import sys; sys.argv = ['theory', '--help']; import theory.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit as e: pass\n"
    code += "print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.endswith("False\n")


def test_table_lists_every_claim() -> None:
    done = command()
    assert done.returncode == 0, done.stderr
    assert f"{len(CLAIMS)} of {len(CLAIMS)} claims hold" in done.stdout
    flat = " ".join(done.stdout.split())
    for result in RECORDS.values():
        for claim in result.claims:
            assert " ".join(claim.statement.split()) in flat


def test_one_result_shows_its_steps() -> None:
    done = command("price", "--falsify")
    assert done.returncode == 0
    flat = " ".join(done.stdout.split())
    for claim in RECORDS["price"].claims:
        assert all(" ".join(step.text.split()) in flat for step in claim.proof)
        assert all(wrong.wrong in flat for wrong in claim.falsifiers)
    assert "MISSED" not in flat
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


def test_json_says_what_was_proved(tmp_path: Path) -> None:
    names = ["price", "gibbs"]
    done = command("--json", "-", "--falsify", *names)
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert [record["name"] for record in report["results"]] == ["gibbs", "price"]
    for record in report["results"]:
        result = RECORDS[record["name"]]
        assert record["title"] == result.title
        assert record["question"] == result.question
        assert record["source"] == result.source
        assert record["assumptions"] == list(result.assumptions)
        assert [claim["name"] for claim in record["claims"]] == [claim.name for claim in result.claims]
        for shown, claim in zip(record["claims"], result.claims, strict=True):
            assert shown["statement"] == claim.statement
            assert shown["latex"] == claim.latex
            assert shown["kind"] == claim.kind
            assert shown["status"] == "holds"
            assert shown["seconds"] >= 0
            assert [step["text"] for step in shown["steps"]] == [step.text for step in claim.proof]
            assert all(step["holds"] and step["residual"] == "0" for step in shown["steps"])
    count = sum(len(claim.falsifiers) for name in names for claim in RECORDS[name].claims)
    assert len(report["falsifiers"]) == count
    assert all(entry["caught"] for entry in report["falsifiers"])
    saved = tmp_path / "ledger.json"
    assert command("--json", str(saved), "gibbs").returncode == 0
    record = json.loads(saved.read_text())
    assert record["results"][0]["name"] == "gibbs"
    assert record["falsifiers"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("no_such_result",),
        ("price", "nor_this"),
        ("../price",),
        ("price\n\x1b[31m",),
        ("--latex",),
        ("--latex", "no/such/folder/statements.tex"),
        ("--json", "no/such/folder/ledger.json"),
        ("--latex", "."),
        ("--no-such-option",),
        ("__main__",),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...]) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("theory: ")
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


def test_a_failed_proof_exits_with_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    from theory import __main__ as main
    from theory import gibbs
    from theory.record import Step

    claim = replace(gibbs.RESULT.claims[0], proof=(Step("one is zero", lambda: 1),))
    monkeypatch.setattr(gibbs, "RESULT", replace(gibbs.RESULT, claims=(claim,)))
    assert main.main(["gibbs"]) == 1
    shown = capsys.readouterr().out
    assert "[FAILS] one is zero" in shown
    assert "left over: 1" in shown
    assert "0 of 1 claims hold" in shown


def test_a_missed_wrong_version_exits_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    from theory import __main__ as main
    from theory import gibbs
    from theory.record import Falsifier

    claim = replace(gibbs.RESULT.claims[0], falsifiers=(Falsifier("right", "it is right", lambda: 0),))
    monkeypatch.setattr(gibbs, "RESULT", replace(gibbs.RESULT, claims=(claim,)))
    assert main.main(["gibbs", "--falsify"]) == 1
    assert "MISSED" in capsys.readouterr().out


# Speed


def test_the_seven_are_proved_in_time() -> None:
    # Issue A: at most 1.5 s of processor time without SymPy's import; measured about 0.6 s alone on the machine. Processor time does
    # not count waiting, but a busy sibling on the same core slows it: twice the budget is the alarm here, the command prints the figure.
    code = (
        "import time, sympy\nfrom theory import ledger, prove\nstart = time.process_time()\n"
        f"for name in {SEVEN!r}: assert all(o.status == 'holds' for o in prove.prove(ledger.load(name)))\n"
        "print(time.process_time() - start)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert float(done.stdout) <= 3.0


# LaTeX


def balanced(text: str) -> bool:
    """Braces match, and so do \\left and \\right; escaped braces do not count."""
    depth = 0
    for match in re.finditer(r"\\.|[{}]", text, flags=re.S):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth < 0:
            return False
    return depth == 0 and len(re.findall(r"\\left\b", text)) == len(re.findall(r"\\right\b", text))


def test_latex_is_well_formed() -> None:
    text = document(RECORDS.values())
    assert balanced(text)
    assert text.isascii()
    stack: list[str] = []
    for side, name in re.findall(r"\\(begin|end)\{([^}]*)\}", text):
        if side == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    for result in RECORDS.values():
        assert rf"\label{{{result.name}}}" in text
        for claim in result.claims:
            assert balanced(claim.latex), f"{result.name}.{claim.name}"
            assert "$" not in claim.latex
            assert claim.latex in text
    assert set(re.findall(r"\\usepackage(?:\[[^]]*\])?\{([^}]*)\}", text)) == {"amsmath"}


def test_latex_compiles(tmp_path: Path) -> None:
    compiler = shutil.which("pdflatex")
    if compiler is None:
        pytest.skip("pdflatex is not on this machine")
    target = tmp_path / "statements.tex"
    assert command("--latex", str(target)).returncode == 0
    done = subprocess.run(
        [compiler, "-interaction=nonstopmode", "-halt-on-error", target.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stdout[-2000:]
    log = (tmp_path / "statements.log").read_text(errors="replace")
    assert "undefined" not in log.lower()
    assert (tmp_path / "statements.pdf").stat().st_size > 0


def test_latex_file_is_replaced_in_one_go(tmp_path: Path) -> None:
    target = tmp_path / "statements.tex"
    target.write_text("old")
    assert command("--latex", str(target), "gibbs").returncode == 0
    assert target.read_text().startswith(r"\documentclass{article}")
    assert [path.name for path in tmp_path.iterdir()] == ["statements.tex"]


# The notes


def sections() -> dict[str, str]:
    """The notes by `## name`."""
    parts = re.split(r"^## (.+)$", (ROOT / "paper_notes.md").read_text(encoding="utf-8"), flags=re.M)
    return {name.strip(): body for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def said(result: Result, body: str) -> list[str]:
    """Claims whose statement does not stand in the text as a quoted line."""
    return [claim.name for claim in result.claims if f"> {claim.statement}\n" not in body]


@pytest.mark.parametrize("name", ledger.RESULTS)
def test_notes_say_what_the_ledger_says(name: str) -> None:
    body = sections().get(name)
    assert body is not None, f"paper_notes.md has no section '## {name}'"
    assert said(RECORDS[name], body) == []


@pytest.mark.parametrize("name", ledger.LEMMAS)
def test_notes_say_the_lemmas(name: str) -> None:
    body = sections()["Lemmas"]
    assert f"\n### {name}\n" in body
    assert said(RECORDS[name], body) == []


def test_notes_keep_the_order_of_the_ledger() -> None:
    names = [name for name in sections() if name in RECORDS]
    assert names == list(ledger.RESULTS)
    assert next(iter(sections())) == "Setting"


def test_notes_quote_nothing_else() -> None:
    # A quoted line is a statement of the ledger, word for word; otherwise notes and ledger have drifted apart.
    known = {claim.statement for result in RECORDS.values() for claim in result.claims}
    for name, body in sections().items():
        for line in body.splitlines():
            if line.startswith("> "):
                assert line[2:] in known, f"{name}: {line}"
