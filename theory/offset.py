"""offset: correcting the class posterior for the prior removes the extra error up to a remainder that the labels alone certify."""

from __future__ import annotations

from sympy import Rational

from theory.alphabet import exact, silent, small_worlds
from theory.logarithms import Part, difference, divergence, divergences, gibbs_terms, total
from theory.plain_classes import optimum_is_posterior, population_loss
from theory.price import BY_GIBBS
from theory.quantities import (
    class_divergence,
    corrected_class,
    corrected_excess,
    corrected_inputs,
    corrected_law,
    input_divergence,
    price,
    remainder,
    within_price,
)
from theory.record import Claim, Falsifier, Residual, Result, Step


def is_posterior(corrected: bool = True) -> Residual:
    for world in small_worlds():
        law = corrected_law(world)
        for x, y in world.pairs:
            joint = corrected_class(world, x, world.partition[y], corrected) * world.within_posterior(world.p, x, y)
            yield difference(joint, world.posterior(law, x, y))


def law_keeps(of_training: bool = False) -> Residual:
    """phat has mass one, the class masses of q and the within-class laws of p."""
    for world in small_worlds():
        law = corrected_law(world)
        for c in world.classes:
            mass = total([law[y] for y in world.members(c)])
            yield difference(mass, world.mass(world.p if of_training else world.q, c))
        yield total(law).ratio - world.number(1)


def excess_is(sign: int = 1, inputs_of_training: bool = False) -> Residual:
    for world in small_worlds():
        inputs = input_divergence(world) if inputs_of_training else divergences([corrected_inputs(world)])
        yield corrected_excess(world) - remainder(world) + inputs * sign


def label_gap(of_training: bool = False) -> Residual:
    """KL(q_y||phat) = W."""
    for world in small_worlds():
        yield divergence(world.q, world.p if of_training else corrected_law(world)) - remainder(world)


def below_remainder(sign: int = 1) -> Residual:
    for world in small_worlds():
        inner, masses = gibbs_terms([corrected_inputs(world)])
        yield remainder(world) - corrected_excess(world) - inner * sign
        yield masses


def above_within(sign: int = 1, corrected: bool = True) -> Residual:
    """Corrected excess minus E_q Delta_in: divergences of the class posteriors."""
    for world in small_worlds():
        parts: list[Part] = [
            Part(
                world.evidence(world.q, x),
                world.class_posteriors(world.q, x),
                [corrected_class(world, x, c, corrected) for c in world.classes],
            )
            for x in world.inputs
        ]
        inner, masses = gibbs_terms(parts)
        yield corrected_excess(world) - within_price(world) - inner * sign
        yield masses


def silent_channel(use_silent: bool = True) -> Residual:
    for world in small_worlds():
        case = silent(world) if use_silent else world
        yield corrected_excess(case) - remainder(case)


def saving(sign: int = 1, classes: int = 1) -> Residual:
    """E_q Delta - corrected excess, and E_q Delta - W."""
    for world in small_worlds():
        known = class_divergence(world) * classes - input_divergence(world)
        inner, masses = gibbs_terms([corrected_inputs(world)])
        yield price(world) - corrected_excess(world) - known - inner * sign
        yield price(world) - remainder(world) - known
        yield masses


def hurting(classes: tuple[int, ...] = (0, 0, 1, 1), first: str = "1/8") -> Residual:
    """Labels 1 to 4, x reveals {1}, {2, 3}, {4}."""
    last = {"1/8": "3/8", "1/4": "1/4"}[first]
    rows = [["1", "0", "0"], ["0", "1", "0"], ["0", "1", "0"], ["0", "0", "1"]]
    world = exact(["1/4"] * 4, [first, "1/4", "1/4", last], rows, classes)
    quarter = world.number(1, 4)
    return [
        price(world),
        corrected_excess(world) - world.logarithm(16, 15) * quarter,
        remainder(world) - world.logarithm(75, 64) * quarter,
        bool(Rational(75, 64) > Rational(16, 15) > 1),
    ]


RESULT = Result(
    name="offset",
    title="What a prior-corrected classification term offsets",
    question="How much of the extra error does a classification term remove, and what certifies it?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "r = p/q positive and finite",
        "a partition of the labels",
    ),
    claims=(
        Claim(
            name="corrected_excess",
            kind="identity",
            statement="E_{q(x)} KL(q(y|x)||qhat(y|x)) = W - KL(q_x||phat_x).",
            latex=r"E_{q(x)}\,\mathrm{KL}\big(q(y|x)\,\|\,\hat q(y|x)\big) = W - \mathrm{KL}(q_x\|\hat p_x)",
            proof=(
                Step("KL(q_y||phat) = W exactly on the symbolic alphabets.", label_gap),
                Step("The two sides differ by exactly zero: price with phat in the place of p.", excess_is),
            ),
            falsifiers=(
                Falsifier("sign", "the divergence of the inputs is added", lambda: excess_is(-1)),
                Falsifier(
                    "inputs", "KL(q_x||p_x) in place of KL(q_x||phat_x)", lambda: excess_is(inputs_of_training=True)
                ),
                Falsifier("dropped", "the corrected excess is W for every channel", lambda: excess_is(0)),
            ),
        ),
        Claim(
            name="corrected_posterior",
            kind="identity",
            statement="qhat(y|x) = qhat(c|x) p(y|x,c), qhat(c|x) proportional to p(c|x) q_c/p_c, is the posterior under the label law "
            "phat(y) = q_{c(y)} p(y|c(y)).",
            latex=r"\hat q(y|x) = \frac{p(c|x)\,q_c/p_c}{\sum_b p(b|x)\,q_b/p_b}\,p(y|x,c) = "
            r"\frac{\hat p(y)\,k(x|y)}{\hat p(x)}, \qquad \hat p(y) = q_{c(y)}\,p(y|c(y))",
            proof=(
                Step("phat has mass one and the class masses of q.", law_keeps),
                Step(
                    "The two forms of qhat(y|x) differ by exactly zero at every (x, y) of the symbolic alphabets.",
                    is_posterior,
                ),
            ),
            falsifiers=(
                Falsifier("no correction", "qhat(c|x) = p(c|x)", lambda: is_posterior(corrected=False)),
                Falsifier("class masses", "phat has the class masses of p", lambda: law_keeps(of_training=True)),
            ),
        ),
        Claim(
            name="at_most_remainder",
            kind="upper bound",
            statement="Corrected excess <= W, whatever the channel.",
            latex=r"E_{q(x)}\,\mathrm{KL}\big(q(y|x)\,\|\,\hat q(y|x)\big) \le W",
            proof=(
                Step("W minus the corrected excess is KL(q_x||phat_x), of laws of mass one.", below_remainder),
                BY_GIBBS,
            ),
            falsifiers=(
                Falsifier("sign", "the difference is -KL(q_x||phat_x)", lambda: below_remainder(-1)),
                Falsifier("dropped", "the difference is zero", lambda: below_remainder(0)),
            ),
        ),
        Claim(
            name="within_at_most_corrected",
            kind="upper bound",
            statement="E_q Delta_in <= corrected excess.",
            latex=r"E_q\Delta_{\mathrm{in}} \le E_{q(x)}\,\mathrm{KL}\big(q(y|x)\,\|\,\hat q(y|x)\big)",
            proof=(
                Step(
                    "The difference is E_{q(x)} KL(q(c|x)||qhat(c|x)): qhat keeps the within-class law of p.",
                    above_within,
                ),
                BY_GIBBS,
            ),
            falsifiers=(
                Falsifier("sign", "the difference is minus that", lambda: above_within(-1)),
                Falsifier("no correction", "the plain class posterior p(c|x)", lambda: above_within(corrected=False)),
            ),
        ),
        Claim(
            name="worst_channel",
            kind="identity",
            statement="W is the worst case over channels: one that says nothing about y has corrected excess W.",
            latex=r"\sup_k\,E_{q(x)}\,\mathrm{KL}\big(q(y|x)\,\|\,\hat q(y|x)\big) = W",
            proof=(
                Step(
                    "With a channel free of y the corrected excess minus W is exactly zero, for any q and p.",
                    silent_channel,
                ),
                Step("No channel exceeds W (at_most_remainder).", below_remainder),
            ),
            falsifiers=(
                Falsifier("every channel", "every channel attains W", lambda: silent_channel(use_silent=False)),
                Falsifier("sign", "channels exceed W by KL(q_x||phat_x)", lambda: below_remainder(-1)),
            ),
        ),
        Claim(
            name="guaranteed_help",
            kind="upper bound",
            statement="E_q Delta - corrected excess >= KL(q_C||p_C) - KL(q_x||p_x) = E_q Delta - W: it helps for certain if "
            "KL(q_C||p_C) > KL(q_x||p_x).",
            latex=r"E_q\Delta - E_{q(x)}\,\mathrm{KL}\big(q(y|x)\,\|\,\hat q(y|x)\big) \ge "
            r"\mathrm{KL}(q_C\|p_C) - \mathrm{KL}(q_x\|p_x) = E_q\Delta - W",
            proof=(
                Step(
                    "The left side minus the right side is KL(q_x||phat_x); and the right side is E_q Delta - W.",
                    saving,
                ),
                BY_GIBBS,
            ),
            falsifiers=(
                Falsifier("sign", "the gap is -KL(q_x||phat_x)", lambda: saving(-1)),
                Falsifier("dropped", "KL(q_C||p_C) is left out", lambda: saving(classes=0)),
            ),
        ),
        Claim(
            name="can_hurt",
            kind="counterexample",
            statement="Labels 1 to 4, x reveals {1}, {2, 3}, {4}, q = 1/4 each, p = (1/8, 1/4, 1/4, 3/8), classes {1, 2}, {3, 4}: "
            "E_q Delta = 0 < corrected excess = (1/4) log(16/15) < W = (1/4) log(75/64).",
            latex=r"p = \big(\tfrac18, \tfrac14, \tfrac14, \tfrac38\big),\; \{1,2\}, \{3,4\}: \qquad "
            r"E_q\Delta = 0 < \tfrac14\log\tfrac{16}{15} < W = \tfrac14\log\tfrac{75}{64}",
            proof=(Step("All three in exact rationals; 1 < 16/15 < 75/64.", hurting),),
            falsifiers=(
                Falsifier("three classes", "classes {1}, {2, 3}, {4}", lambda: hurting(classes=(0, 1, 1, 2))),
                Falsifier("balanced", "p = q", lambda: hurting(first="1/4")),
            ),
        ),
        Claim(
            name="plain_cross_entropy",
            kind="identity",
            statement="Without the correction, E_p[-log a(c|x) b(y|x,c)] + lambda E_p[-log a(c|x)] exceeds its value at a = p(c|x), "
            "b = p(y|x,c) by (1 + lambda) E_p KL(p(c|x)||a) + E_p KL(p(y|x,c)||b): for every lambda >= 0 the optimum is p(y|x), with the "
            "same price.",
            latex=r"L_\lambda(a, b) - L_\lambda\big(p(c|x), p(y|x,c)\big) = (1 + \lambda)\,E_p\,\mathrm{KL}\big(p(c|x)\,\|\,a\big) + "
            r"E_p\,\mathrm{KL}\big(p(y|x,c)\,\|\,b\big)",
            proof=(
                Step("For free symbolic a, b and lambda the two sides differ by exactly zero.", population_loss),
                BY_GIBBS,
                Step(
                    "At the optimum a b = p(y|x), whatever lambda: the excess under q is E_q Delta.",
                    optimum_is_posterior,
                ),
            ),
            falsifiers=(
                Falsifier("weight", "(1 + 2 lambda) before the class divergence", lambda: population_loss(2)),
                Falsifier(
                    "corrected",
                    "the optimum of plain cross-entropy is the corrected class posterior",
                    lambda: population_loss(1, True),
                ),
                Falsifier(
                    "other optimum",
                    "a b = p(y|x) with the corrected class posterior",
                    lambda: optimum_is_posterior(True),
                ),
            ),
        ),
    ),
    source="this project; the correction is logit adjustment (Menon et al., ICLR 2021)",
)
