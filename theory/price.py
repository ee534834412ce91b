"""price: what imbalance costs the best possible predictor, in nats."""

from __future__ import annotations

from theory.alphabet import Logs, World, divergence, gibbs_terms, small_worlds
from theory.record import Claim, Falsifier, Residual, Result, Step


def extra_error(world: World, x: int, y: int) -> Logs:
    """Delta(x, y) = log Z(x) - l(y)."""
    return (world.evidence(world.p, x) / world.evidence(world.q, x) * world.q[y] / world.p[y]).log


def price(world: World) -> Logs:
    """E_q Delta."""
    return world.expectation(world.q, lambda x, y: extra_error(world, x, y))


def posterior_parts(world: World) -> list:
    """q(x), q(.|x), p(.|x) for every input."""
    return [
        (
            world.evidence(world.q, x),
            [world.posterior(world.q, x, y) for y in world.reaching(x)],
            [world.posterior(world.p, x, y) for y in world.reaching(x)],
        )
        for x in world.inputs
    ]


def label_divergence(world: World) -> Logs:
    """KL(q_y||p_y)."""
    return divergence(world.q, world.p)


def input_divergence(world: World) -> Logs:
    """KL(q_x||p_x)."""
    return divergence(*([world.evidence(law, x) for x in world.inputs] for law in (world.q, world.p)))


def as_posteriors() -> Residual:
    for world in small_worlds():
        mean, masses = gibbs_terms(posterior_parts(world))
        yield price(world) - mean
        yield masses


def as_difference(sign: int = 1) -> Residual:
    return [price(world) - label_divergence(world) + input_divergence(world) * sign for world in small_worlds()]


RESULT = Result(
    name="price",
    title="The price of imbalance",
    question="How much log-loss does the best predictor under the imbalanced law lose under the balanced one?",
    assumptions=("label shift: one channel k(x|y) for both laws", "0 < inf r, sup r < inf"),
    claims=(
        Claim(
            name="label_minus_input",
            kind="identity",
            statement="E_q Delta = KL(q_y||p_y) - KL(q_x||p_x).",
            latex=r"E_q\Delta = \mathrm{KL}(q_y\|p_y) - \mathrm{KL}(q_x\|p_x)",
            proof=(Step("On 2x2 and 3x3 alphabets the two sides differ by exactly zero.", as_difference),),
            falsifiers=(
                Falsifier("plus", "the divergence of the inputs is added", lambda: as_difference(-1)),
                Falsifier("dropped", "the divergence of the inputs is left out", lambda: as_difference(0)),
            ),
        ),
    ),
    source="this project",
)
