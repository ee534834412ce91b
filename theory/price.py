"""price: what imbalance costs the best possible predictor, in nats."""

from __future__ import annotations

from sympy import QQ
from sympy.polys.rings import ring

from theory.alphabet import World, exact, fixed, silent, small_worlds, symbolic, vector
from theory.gaussian_prices import bayes_rule, gaussian_divergence, log_loss_price
from theory.logarithms import difference, divergence, gibbs_terms
from theory.prove import proved
from theory.quantities import input_divergence, input_part, label_divergence, posterior_parts, price, training_price
from theory.record import Claim, Falsifier, Residual, Result, Step


def as_posteriors(weight_of_training: bool = False, swapped: bool = False) -> Residual:
    for world in small_worlds():
        parts = posterior_parts(world, swapped)
        if weight_of_training:
            parts = [part._replace(weight=world.evidence(world.p, x)) for x, part in enumerate(parts)]
        mean, masses = gibbs_terms(parts)
        yield price(world) - mean
        yield masses


def as_difference(sign: int = 1) -> Residual:
    return [price(world) - label_divergence(world) + input_divergence(world) * sign for world in small_worlds()]


def upper_gap(sign: int = 1) -> Residual:
    for world in small_worlds():
        gap, masses = gibbs_terms([input_part(world)])
        yield label_divergence(world) - price(world) - gap * sign
        yield masses


def upper_end(use_silent: bool = True) -> Residual:
    for world in small_worlds():
        case = silent(world) if use_silent else world
        yield [difference(case.evidence(case.q, x), case.evidence(case.p, x)) for x in case.inputs]
        yield price(case) - label_divergence(case)


def relative(by_ratio: bool = False) -> Residual:
    """p(y|x)/q(y|x) - 1 against (r - Z)/Z."""
    for world in small_worlds():
        for x, y in world.pairs:
            r = world.p[y] / world.q[y]
            Z = world.evidence(world.p, x) / world.evidence(world.q, x)
            left = world.posterior(world.p, x, y).ratio - world.posterior(world.q, x, y).ratio
            yield left / world.posterior(world.q, x, y) - (r.ratio - Z.ratio) / (r if by_ratio else Z)


def noiseless() -> Residual:
    """y = f(x): every label has inputs of its own (two for the first label)."""
    world = fixed(symbolic(3, 2, (0, 0, 1)), [["1/3", "2/3", "0", "0"], ["0", "0", "1", "0"], ["0", "0", "0", "1"]])
    return price(world)


def determined(same_ratio: bool = True) -> Residual:
    """Labels 1 and 2 share their inputs and their r; label 3 has an input of its own."""
    _, q1, q2, rho, other = ring("q1,q2,rho,other", QQ)
    one = rho.ring.one
    p = vector([q1 * rho, q2 * (rho if same_ratio else other)], one)
    world = World(vector([q1, q2], one), p, (), (0, 0, 1))
    return price(fixed(world, [["1/4", "3/4", "0"], ["2/3", "1/3", "0"], ["0", "0", "1"]]))


def training(sign: int = 1) -> Residual:
    """E_p Delta against KL(p_x||q_x) - KL(p_y||q_y), and against minus a sum of divergences."""
    for world in small_worlds():
        mean = training_price(world)
        _, q_x, p_x = input_part(world)
        inner, masses = gibbs_terms(posterior_parts(world, swapped=True))
        yield mean - divergence(p_x, q_x) + divergence(world.p, world.q)
        yield mean + inner * sign
        yield masses


def example(middle: str = "4/5", numerator: int = 5) -> Residual:
    side = {"4/5": "1/10", "3/5": "1/5"}[middle]
    rows = [["9/10", "1/10"], ["1/2", "1/2"], ["1/10", "9/10"]]
    world = exact(["1/3"] * 3, [side, middle, side], rows, (0, 0, 1))
    return [price(world) - world.logarithm(numerator, 3), label_divergence(world) - world.logarithm(numerator, 3)]


BY_GIBBS = Step(
    "A divergence of laws of equal mass is not negative: lemma gibbs.", lambda: proved("gibbs", "non_negative")
)

RESULT = Result(
    name="price",
    title="The price of imbalance",
    question="How much log-loss does the best predictor under the imbalanced law lose under the balanced one?",
    assumptions=("label shift: one channel k(x|y) for both laws", "0 < inf r, sup r < inf"),
    claims=(
        Claim(
            name="posterior_divergence",
            kind="identity",
            statement="E_q Delta = E_{q(x)} KL(q(y|x)||p(y|x)).",
            latex=r"E_q\Delta = E_{q(x)}\,\mathrm{KL}\big(q(y|x)\,\|\,p(y|x)\big)",
            proof=(Step("On the symbolic alphabets the two sides differ by exactly zero.", as_posteriors),),
            falsifiers=(
                Falsifier(
                    "weight", "the inputs are weighted with p(x)", lambda: as_posteriors(weight_of_training=True)
                ),
                Falsifier("direction", "E_{p(x)} KL(p(y|x)||q(y|x))", lambda: as_posteriors(swapped=True)),
            ),
        ),
        Claim(
            name="label_minus_input",
            kind="identity",
            statement="E_q Delta = KL(q_y||p_y) - KL(q_x||p_x).",
            latex=r"E_q\Delta = \mathrm{KL}(q_y\|p_y) - \mathrm{KL}(q_x\|p_x)",
            proof=(Step("On the symbolic alphabets the two sides differ by exactly zero.", as_difference),),
            falsifiers=(
                Falsifier("plus", "the divergence of the inputs is added", lambda: as_difference(-1)),
                Falsifier("dropped", "the divergence of the inputs is left out", lambda: as_difference(0)),
            ),
        ),
        Claim(
            name="non_negative",
            kind="upper bound",
            statement="0 <= E_q Delta.",
            latex=r"0 \le E_q\Delta",
            proof=(
                Step("E_q Delta is a sum of divergences of laws of mass one with weights q(x) > 0.", as_posteriors),
                BY_GIBBS,
            ),
            falsifiers=(
                Falsifier("weight", "weights p(x)", lambda: as_posteriors(weight_of_training=True)),
                Falsifier("direction", "divergences of p(y|x) from q(y|x)", lambda: as_posteriors(swapped=True)),
            ),
        ),
        Claim(
            name="at_most_label_divergence",
            kind="upper bound",
            statement="E_q Delta <= KL(q_y||p_y), with equality if and only if q_x = p_x.",
            latex=r"E_q\Delta \le \mathrm{KL}(q_y\|p_y), \qquad \text{equality iff } q_x = p_x",
            proof=(
                Step("The difference is KL(q_x||p_x), of laws of mass one.", upper_gap),
                Step(
                    "It is not negative, and zero only for q_x = p_x: lemma gibbs.",
                    lambda: proved("gibbs", "non_negative"),
                ),
                Step("A channel that says nothing about y has q_x = p_x and attains it, whatever q and p.", upper_end),
            ),
            falsifiers=(
                Falsifier("sign", "the difference is -KL(q_x||p_x)", lambda: upper_gap(-1)),
                Falsifier("any channel", "every channel attains it", lambda: upper_end(use_silent=False)),
            ),
        ),
        Claim(
            name="zero_price",
            kind="identity",
            statement="E_q Delta = 0 if and only if x determines r(y); so noiseless labels y = f(x) pay nothing.",
            latex=r"E_q\Delta = 0 \iff r(y) = Z(x) \text{ wherever } q(y|x) > 0",
            proof=(
                Step(
                    "p(y|x)/q(y|x) - 1 = (r(y) - Z(x))/Z(x): the posteriors agree at x only if r is constant there.",
                    relative,
                ),
                Step(
                    "A mean of divergences is zero only if each is, and each only between equal laws: lemma gibbs.",
                    BY_GIBBS.residual,
                ),
                Step("Noiseless labels (3 labels, 4 inputs, any q and p): the price is exactly zero.", noiseless),
                Step("Two labels that share inputs and r, a third apart: the price is exactly zero.", determined),
            ),
            falsifiers=(
                Falsifier(
                    "two ratios", "labels with different r may share inputs", lambda: determined(same_ratio=False)
                ),
                Falsifier("denominator", "(r - Z)/r", lambda: relative(by_ratio=True)),
            ),
        ),
        Claim(
            name="training_gain",
            kind="upper bound",
            statement="E_p Delta = KL(p_x||q_x) - KL(p_y||q_y) <= 0: on training data imbalance looks like a gain.",
            latex=r"E_p\Delta = \mathrm{KL}(p_x\|q_x) - \mathrm{KL}(p_y\|q_y) \le 0",
            proof=(
                Step(
                    "Both forms are exact: the difference of divergences, and -E_{p(x)} KL(p(y|x)||q(y|x)).", training
                ),
                BY_GIBBS,
            ),
            falsifiers=(
                Falsifier("sign", "E_p Delta is a positive sum of divergences", lambda: training(-1)),
                Falsifier("dropped", "E_p Delta = 0", lambda: training(0)),
            ),
        ),
        Claim(
            name="finite_example",
            kind="identity",
            statement="q uniform on 3 labels, p = (1/10, 4/5, 1/10), rows of k (9/10, 1/10), (1/2, 1/2), (1/10, 9/10): "
            "E_q Delta = KL(q_y||p_y) = log(5/3).",
            latex=r"q = \big(\tfrac13, \tfrac13, \tfrac13\big),\; p = \big(\tfrac1{10}, \tfrac45, \tfrac1{10}\big),\; "
            r"k(1|\cdot) = \big(\tfrac9{10}, \tfrac12, \tfrac1{10}\big): "
            r"\qquad E_q\Delta = \mathrm{KL}(q_y\|p_y) = \log\tfrac53",
            proof=(Step("Both are log(5/3) in exact rationals: by symmetry q_x = p_x = (1/2, 1/2).", example),),
            falsifiers=(
                Falsifier("other law", "p = (1/5, 3/5, 1/5)", lambda: example(middle="3/5")),
                Falsifier("other value", "log(4/3)", lambda: example(numerator=4)),
            ),
        ),
        Claim(
            name="gaussian",
            kind="identity",
            statement="For q_y = N(m_q, v_q), p_y = N(m_p, v_p), k = N(y, s^2): E_q Delta = G(v_q, v_p) - G(v_q + s^2, v_p + s^2), "
            "G(v, u) = (1/2)[log(u/v) + v/u - 1 + (m_q - m_p)^2/u].",
            latex=r"E_q\Delta = G(v_q, v_p) - G(v_q + s^2, v_p + s^2), \quad "
            r"G(v, u) = \tfrac12\Big[\log\frac uv + \frac vu - 1 + \frac{(m_q - m_p)^2}{u}\Big]",
            assumptions=("labels on the whole line",),
            proof=(
                Step(
                    "Posterior and evidence: log q(y) + log k(x|y) = log q(y|x) + log q(x) identically, and for p.",
                    bayes_rule,
                ),
                Step(
                    "G is KL: the mean of the difference of log densities, by the first two moments.",
                    gaussian_divergence,
                ),
                Step(
                    "E_{q(x)} KL(q(y|x)||p(y|x)), by the moments of x, minus the right side is exactly zero.",
                    log_loss_price,
                ),
            ),
            falsifiers=(
                Falsifier("plus", "the second G is added", lambda: log_loss_price(-1)),
                Falsifier("factor", "G without its factor 1/2", lambda: gaussian_divergence(2)),
            ),
        ),
    ),
    source="this project; the chain rule of the divergence",
)
