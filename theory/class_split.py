"""class_split: the regression loss is a classification loss plus a within-class regression loss, and so is the extra error term."""

from __future__ import annotations

from theory.alphabet import small_worlds
from theory.logarithms import divergences, gibbs_terms
from theory.quantities import (
    BY_GIBBS,
    class_divergence,
    class_error,
    class_parts,
    class_price,
    extra_error,
    input_divergence,
    input_within_parts,
    price,
    within_error,
    within_parts,
    within_price,
)
from theory.record import Claim, Falsifier, Residual, Result, Step


def losses(sign: int = 1, own_class: bool = True) -> Residual:
    for world in small_worlds():
        for law in (world.q, world.p):
            for x, y in world.pairs:
                c = world.partition[y] if own_class else 0
                left = world.posterior(law, x, y).log * -1
                yield left + world.class_posterior(law, x, c).log + world.within_posterior(law, x, y).log * sign


def pointwise(sign: int = 1) -> Residual:
    for world in small_worlds():
        for x, y in world.pairs:
            yield extra_error(world, x, y) - class_error(world, x, y) - within_error(world, x, y) * sign


def means(sign: int = 1, training_weight: bool = False) -> Residual:
    for world in small_worlds():
        inner = within_parts(world)
        if training_weight:
            pairs = [(x, c) for x in world.inputs for c in world.classes]
            inner = [part._replace(weight=world.evidence(world.p, *at)) for at, part in zip(pairs, inner, strict=True)]
        yield price(world) - divergences(class_parts(world)) - divergences(inner) * sign


def signs(sign: int = 1, own_weight: bool = True) -> Residual:
    """Each part against its divergences, whose laws have mass one."""
    for world in small_worlds():
        whole, masses = gibbs_terms(class_parts(world))
        yield class_price(world) - whole * sign
        yield masses
        parts = within_parts(world)
        if not own_weight:
            parts = [part._replace(weight=part.weight / part.weight) for part in parts]
        inner, masses = gibbs_terms(parts)
        yield within_price(world) - inner
        yield masses


def chain(inputs: int = 1, within: int = 1) -> Residual:
    for world in small_worlds():
        inner = divergences(input_within_parts(world))
        yield class_price(world) - class_divergence(world) - inner * within + input_divergence(world) * inputs


RESULT = Result(
    name="class_split",
    title="The class part and the within-class part",
    question="How much of the extra error is about classes, and how much about labels within a class?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "r = p/q positive and finite",
        "a partition of the labels",
    ),
    claims=(
        Claim(
            name="loss_split",
            kind="identity",
            statement="-log p(y|x) = -log p(c|x) - log p(y|x,c), c = c(y), and Delta = Delta_cls + Delta_in with "
            "Delta_cls = log q(c|x)/p(c|x), Delta_in = log q(y|x,c)/p(y|x,c).",
            latex=r"-\log p(y|x) = -\log p(c|x) - \log p(y|x,c), \qquad \Delta = \log\frac{q(c|x)}{p(c|x)} + "
            r"\log\frac{q(y|x,c)}{p(y|x,c)}",
            proof=(
                Step("The loss of either law splits exactly at every (x, y) of the symbolic alphabets.", losses),
                Step("Delta - Delta_cls - Delta_in is exactly zero at every (x, y).", pointwise),
            ),
            falsifiers=(
                Falsifier("sign", "the within-class loss is taken off", lambda: losses(-1)),
                Falsifier(
                    "wrong class", "the class loss is always that of the first class", lambda: losses(own_class=False)
                ),
                Falsifier("dropped", "Delta is the class term alone", lambda: pointwise(0)),
            ),
        ),
        Claim(
            name="price_split",
            kind="identity",
            statement="E_q Delta = E_q KL(q(c|x)||p(c|x)) + E_q KL(q(y|x,c)||p(y|x,c)).",
            latex=r"E_q\Delta = E_q\,\mathrm{KL}\big(q(c|x)\,\|\,p(c|x)\big) + E_q\,\mathrm{KL}\big(q(y|x,c)\,\|\,p(y|x,c)\big)",
            proof=(Step("The two sides differ by exactly zero on the symbolic alphabets.", means),),
            falsifiers=(
                Falsifier("dropped", "the within-class part is left out", lambda: means(0)),
                Falsifier(
                    "weight",
                    "the within-class divergences are weighted with p(x, c)",
                    lambda: means(training_weight=True),
                ),
            ),
        ),
        Claim(
            name="class_part",
            kind="identity",
            statement="E_q Delta_cls = KL(q_C||p_C) + sum_c q_c KL(q_{x|c}||p_{x|c}) - KL(q_x||p_x).",
            latex=r"E_q\Delta_{\mathrm{cls}} = \mathrm{KL}(q_C\|p_C) + \sum_c q_c\,\mathrm{KL}(q_{x|c}\|p_{x|c}) - "
            r"\mathrm{KL}(q_x\|p_x)",
            proof=(Step("The two sides differ by exactly zero: the chain rule for (C, x), read both ways.", chain),),
            falsifiers=(
                Falsifier(
                    "label shift of classes",
                    "the middle sum is left out, as if classes had one channel",
                    lambda: chain(within=0),
                ),
                Falsifier("sign", "KL(q_x||p_x) is added", lambda: chain(inputs=-1)),
            ),
        ),
        Claim(
            name="non_negative",
            kind="upper bound",
            statement="0 <= E_q Delta_cls and 0 <= E_q Delta_in.",
            latex=r"0 \le E_q\Delta_{\mathrm{cls}}, \qquad 0 \le E_q\Delta_{\mathrm{in}}",
            proof=(
                Step("Each is a sum of divergences of laws of mass one with positive weights q(x), q(x, c).", signs),
                BY_GIBBS,
            ),
            falsifiers=(
                Falsifier("sign", "the class part is minus that sum", lambda: signs(-1)),
                Falsifier("weight", "the within-class divergences are not weighted", lambda: signs(own_weight=False)),
            ),
        ),
    ),
    source="this project; the chain rule of probability",
)
