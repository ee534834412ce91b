"""The quantities that several results speak of, on a finite world: prices, parts, remainders, corrected laws, risks."""

from __future__ import annotations

import functools

from theory.alphabet import World, small_worlds, symbolic
from theory.logarithms import Law, Logs, Part, Positive, Ratio, divergence, divergences, gibbs_terms, summed, total
from theory.prove import proved
from theory.record import Step
from theory.residual import Residual


def extra_error(world: World, x: int, y: int) -> Logs:
    """Delta(x, y) = log Z(x) - l(y)."""
    return (world.evidence(world.p, x) / world.evidence(world.q, x) * world.q[y] / world.p[y]).log


def training_price(world: World) -> Logs:
    """E_p Delta."""
    return world.expectation(world.p, lambda x, y: extra_error(world, x, y))


def price(world: World) -> Logs:
    """E_q Delta."""
    return world.expectation(world.q, lambda x, y: extra_error(world, x, y))


def posterior_parts(world: World, swapped: bool = False) -> list[Part]:
    """q(x), q(.|x), p(.|x) for every input; swapped, the same with p and q exchanged."""
    first, second = (world.p, world.q) if swapped else (world.q, world.p)
    return [
        Part(world.evidence(first, x), world.posteriors(first, x), world.posteriors(second, x)) for x in world.inputs
    ]


def label_divergence(world: World) -> Logs:
    """KL(q_y||p_y)."""
    return divergence(world.q, world.p)


def input_part(world: World) -> Part:
    """1, q_x, p_x."""
    return world.part(Positive(world.one, {}), world.input_law)


def input_divergence(world: World) -> Logs:
    """KL(q_x||p_x)."""
    return divergences([input_part(world)])


def class_error(world: World, x: int, y: int) -> Logs:
    """Delta_cls(x, y) = log q(c|x)/p(c|x), c = c(y)."""
    c = world.partition[y]
    return (world.class_posterior(world.q, x, c) / world.class_posterior(world.p, x, c)).log


def within_error(world: World, x: int, y: int) -> Logs:
    """Delta_in(x, y) = log q(y|x,c)/p(y|x,c)."""
    return (world.within_posterior(world.q, x, y) / world.within_posterior(world.p, x, y)).log


def class_parts(world: World) -> list[Part]:
    """q(x), q(c|x), p(c|x) for every input."""
    return [world.part(world.evidence(world.q, x), world.class_posteriors, x) for x in world.inputs]


def within_parts(world: World) -> list[Part]:
    """q(x, c), q(y|x,c), p(y|x,c) for every input and class."""
    pairs = [(x, c) for x in world.inputs for c in world.classes]
    return [world.part(world.evidence(world.q, x, c), world.within_posteriors, x, c) for x, c in pairs]


def within_price(world: World) -> Logs:
    """E_q Delta_in."""
    return world.expectation(world.q, lambda x, y: within_error(world, x, y))


def class_price(world: World) -> Logs:
    """E_q Delta_cls."""
    return world.expectation(world.q, lambda x, y: class_error(world, x, y))


def class_divergence(world: World) -> Logs:
    """KL(q_C||p_C)."""
    return divergence(world.class_law(world.q), world.class_law(world.p))


def input_within_parts(world: World) -> list[Part]:
    """q_c, q(x|c), p(x|c) for every class."""
    return [world.part(world.mass(world.q, c), world.inputs_within, c) for c in world.classes]


def label_parts(world: World) -> list[Part]:
    """q_c, q(y|c), p(y|c) for every class."""
    return [world.part(world.mass(world.q, c), world.labels_within, c) for c in world.classes]


def remainder(world: World) -> Logs:
    """W."""
    return divergences(label_parts(world))


@functools.cache
def corrected_law(world: World) -> Law:
    """phat(y) = q_{c(y)} p(y|c(y))."""
    return tuple(world.mass(world.q, world.partition[y]) * world.within(world.p, y) for y in world.labels)


def corrected_class(world: World, x: int, c: int, corrected: bool = True) -> Positive:
    """qhat(c|x), proportional to p(c|x) q_c/p_c."""

    def raised(each: int) -> Positive:
        factor = world.mass(world.q, each) / world.mass(world.p, each)
        return world.class_posterior(world.p, x, each) * (factor if corrected else factor / factor)

    return raised(c) / total([raised(each) for each in world.classes])


def corrected_excess(world: World) -> Logs:
    """E_{q(x)} KL(q(y|x)||qhat(y|x))."""
    law = corrected_law(world)
    return world.expectation(world.q, lambda x, y: (world.posterior(world.q, x, y) / world.posterior(law, x, y)).log)


def corrected_inputs(world: World) -> Part:
    """1, q_x, phat_x."""
    return Part(Positive(world.one, {}), world.input_law(world.q), world.input_law(corrected_law(world)))


def valued_worlds() -> list[World]:
    """The small worlds, with a free real value for each label and a free prediction for each input."""
    worlds = []
    for world in small_worlds():
        names = [f"y{y + 1}" for y in world.labels] + [f"f{x + 1}" for x in world.inputs]
        worlds.append(symbolic(len(world.labels), len(world.inputs), world.partition, tuple(names)))
    return worlds


def value(world: World, y: int) -> Ratio:
    """The label itself, as a real symbol."""
    return world.extra[y]


def prediction(world: World, x: int) -> Ratio:
    """A free prediction f(x)."""
    return world.extra[len(world.labels) + x]


def posterior_mean(world: World, law: Law, x: int) -> Ratio:
    """E_law[y|x]."""
    return summed(value(world, y) * world.posterior(law, x, y) for y in world.reaching(x))


def risk_at(world: World, law: Law, x: int, at: Ratio) -> Ratio:
    """E_law[(y - at)^2 | x] law(x)."""
    errors = [(y, value(world, y) - at) for y in world.reaching(x)]
    return summed(error * error * world.joint(law, x, y) for y, error in errors)


BY_GIBBS = Step(
    "A divergence of laws of equal mass is not negative: lemma gibbs.", lambda: proved("gibbs", "non_negative")
)


def as_posteriors(weight_of_training: bool = False) -> Residual:
    """E_q Delta - E_{q(x)} KL(q(y|x)||p(y|x)), and the masses of the laws in it."""
    for world in small_worlds():
        parts = posterior_parts(world)
        if weight_of_training:
            parts = [part._replace(weight=world.evidence(world.p, x)) for x, part in enumerate(parts)]
        mean, masses = gibbs_terms(parts)
        yield price(world) - mean
        yield masses
