"""The population optimum of a joint model with a plain (uncorrected) cross-entropy term. Residuals of proof steps."""

from __future__ import annotations

import functools

from sympy import QQ
from sympy.polys.rings import ring

from theory.alphabet import World, small_worlds
from theory.logarithms import Law, Logs, Part, Positive, Ratio, difference, gibbs_terms, positive
from theory.quantities import corrected_class
from theory.record import Residual


@functools.cache
def free_models(world: World) -> tuple[Ratio, list[Law], list[Law]]:
    """A positive weight, free class posteriors a(.|x) and free label posteriors b(.|x, c), in a larger ring of which the world's is a part."""
    old = world.one.ring
    sizes = [len(world.members(c)) - 1 for c in world.classes]
    names = ["lam"] + [f"a{x}{c}" for x in world.inputs for c in world.classes[1:]]
    names += [f"b{x}{c}{i}" for x in world.inputs for c in world.classes for i in range(sizes[c])]
    new = ring([*map(str, old.gens), *names], QQ)[0]
    free = list(new.gens[len(old.gens) :])
    weight = Ratio(free.pop(0), {})

    def law(entries: int) -> Law:
        taken = [free.pop(0) for _ in range(entries)]
        return tuple(map(positive, [new.one - sum(taken), *taken]))

    a = [law(len(world.classes) - 1) for _ in world.inputs]
    b = [law(sizes[c]) for _ in world.inputs for c in world.classes]
    return weight, a, b


def moved(world: World, number: Positive) -> Positive:
    """A number of the world in the ring of its free models."""
    new = free_models(world)[0].above.ring
    return Positive(new.one, {atom.set_ring(new): power for atom, power in number.powers.items()})


def population_loss(weighted_classes: int = 1, correct: bool = False) -> Residual:
    """E_p of -log a b - lam log a, minus its value at a = p(c|x), b = p(y|x,c), against divergences from these."""
    for world in small_worlds():
        weight, a, b = free_models(world)
        one = Ratio(weight.above.ring.one, {})
        count = len(world.classes)
        terms: list[Logs] = []
        for x, y in world.pairs:
            c = world.partition[y]
            place = world.members(c).index(y)
            classes = (moved(world, world.class_posterior(world.p, x, c)) / a[x][c]).log
            labels = (moved(world, world.within_posterior(world.p, x, y)) / b[x * count + c][place]).log
            terms.append((classes * (one + weight) + labels) * moved(world, world.joint(world.p, x, y)))
        excess = functools.reduce(lambda left, right: left + right, terms)
        parts: list[Part] = []
        for x in world.inputs:
            first = [
                moved(world, corrected_class(world, x, c) if correct else world.class_posterior(world.p, x, c))
                for c in world.classes
            ]
            parts.append(Part(moved(world, world.evidence(world.p, x)), first, a[x]))
        inner, masses = gibbs_terms(parts)
        within, more = gibbs_terms(
            [
                Part(
                    moved(world, world.evidence(world.p, x, c)),
                    [moved(world, entry) for entry in world.within_posteriors(world.p, x, c)],
                    b[x * count + c],
                )
                for x in world.inputs
                for c in world.classes
            ]
        )
        yield excess - inner * (one + weight * weighted_classes) - within
        yield masses, more


def optimum_is_posterior(correct: bool = False) -> Residual:
    """p(c|x) p(y|x,c) = p(y|x)."""
    for world in small_worlds():
        for x, y in world.pairs:
            c = world.partition[y]
            classes = corrected_class(world, x, c) if correct else world.class_posterior(world.p, x, c)
            yield difference(classes * world.within_posterior(world.p, x, y), world.posterior(world.p, x, y))
