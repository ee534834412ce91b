"""first_order: what a small plain term does to a model without capacity to spare, to first order in its weight."""

from __future__ import annotations

from sympy import Expr, Rational, cancel, diff, expand, log, solve, symbols

from theory.claim import Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual

lam, h, K, mu, a = symbols("lambda h K mu a", positive=True)
c, g, G, b = symbols("c g G b", real=True)
d, w = symbols("d w", real=True)

RANGES = (Range(lam, 0, 1), Range(h, 0, 4), Range(c, -2, 2), Range(g, -2, 2))
CURVED = (*RANGES, Range(G, -2, 2))


def moved() -> Expr:
    """Where h d^2/2 + lambda c d is least: its derivative is zero."""
    return solve(diff(h * d**2 / 2 + lam * c * d, d), d)[0]


def with_head() -> Expr:
    """The least of lambda (log K - b w + a w^2/2) + mu w^2/2 over the weight w of a head."""
    whole = lam * (log(K) - b * w + a * w**2 / 2) + mu * w**2 / 2
    return whole.subs(w, solve(diff(whole, w), w)[0])


def same(formula: Formula) -> Residual:
    return cancel(expand(formula.left - formula.right))


FROM_ITS_DEFINITION = Step("The left side, computed from its definition, minus the right side cancels.", same)

s, L3, C2, R1, R2, least = symbols("s L_3 C_2 R_1 R_2 m", positive=True)
HALF = Rational(1, 2)
FAR = 2 * lam * s
"""How far the minimiser moves at most; s = |H^-1 grad CE*|."""
OFF = lam**2 * (2 * L3 * s**2 + 2 * C2 * s) / least
"""How far it is at most from theta_0 - lambda H^-1 grad CE*."""


def first_step(half: Expr = HALF) -> Residual:
    """What is left of grad L_p + lambda grad CE* once H (theta - theta_0) + lambda grad CE*(theta_0) is taken off, over the least curvature."""
    yield cancel((half * L3 * FAR**2 + lam * C2 * FAR) / least - OFF)


def stays_inside(power: int = 1) -> Residual:
    """From theta_0 the map moves by lambda s; it brings points twice as near, so it keeps the ball of twice that."""
    yield cancel(lam * s + Rational(1, 2) ** power * FAR - FAR)


def second_step(half: Expr = HALF) -> Residual:
    """R_q to first order along the move, and its curvature over the whole move."""
    yield cancel(R1 * OFF + half * R2 * FAR**2 - lam**2 * (R1 * (2 * L3 * s**2 + 2 * C2 * s) / least + 2 * R2 * s**2))


def training_rise(sign: int = 1) -> Residual:
    """(lambda^2/2) v·H v with v = -H^-1 grad CE* is (lambda^2/2) grad CE*·H^-1 grad CE*: along an eigenvector of H."""
    yield cancel(lam**2 / 2 * h * (-c / h) ** 2 - sign * lam**2 / 2 * c * c / h)


def envelope(slope_in_head: int = 0, times: int = 1) -> Residual:
    """d/dtheta C(theta, W(theta)) = C_theta + C_W W' by the chain rule, and C_W = 0 where W is best; W' may be any number."""
    C_theta, C_W, W_slope = symbols("C_theta C_W W_slope")
    yield (C_theta + C_W * W_slope).subs(C_W, slope_in_head) - times * C_theta


SMOOTH = (
    "L_p, CE* and R_q twice continuously differentiable in shared parameters theta; H = D^2 L_p(theta_0) positive definite with least eigenvalue m",
    "on the ball of radius rho about theta_0: D^2 L_p changes by at most L_3 times the distance, |D^2 CE*| <= C_2, |D^2 R_q| <= R_2, |grad R_q(theta_0)| = R_1",
    "lambda with 2 lambda s <= rho, s = |H^-1 grad CE*|, and (L_3 2 lambda s + lambda C_2)/m <= 1/2",
)

RESULT = Result(
    name="first_order",
    title="Why a plain term can help at all",
    question="With capacity to spare a plain classification term does nothing; what does it do to a model without?",
    assumptions=(
        "theta_0 minimises L_p, the training loss with its decay; CE*(theta) is the cross-entropy minimised over its own head",
        "theta_lambda: the minimiser of L_p + lambda CE* near theta_0; R_q: the balanced risk, any smooth function of theta",
        "h, c, g, G: along an eigenvector of H, its eigenvalue, the components of grad CE* and grad R_q, and the curvature of R_q",
    ),
    claims=(
        Claim(
            "effect",
            "asymptotic",
            (
                Formula(
                    g * moved() + G * moved() ** 2 / 2,
                    "=",
                    -lam * g * c / h + lam**2 * G * c**2 / (2 * h**2),
                    CURVED,
                    (FROM_ITS_DEFINITION,),
                    lead="along one eigenvector of H, L_p and R_q quadratic and CE* linear: ",
                    lead_latex=r"\text{quadratic } L_p, R_q,\ \text{linear } \mathrm{CE}^*:\quad ",
                    name="R_q(theta_lambda) - R_q(theta_0)",
                    name_latex=r"R_q(\theta_\lambda) - R_q(\theta_0)",
                ),
                Worded(
                    "|R_q(theta_lambda) - R_q(theta_0) + lambda grad R_q·H^-1 grad CE*| <= lambda^2 (R_1 (2 L_3 s^2 + 2 C_2 s)/m + 2 R_2 s^2)",
                    r"\bigl|R_q(\theta_\lambda) - R_q(\theta_0) + \lambda\,\nabla R_q\cdot H^{-1}\nabla\mathrm{CE}^*\bigr| \le "
                    r"\lambda^2\Bigl(\frac{R_1(2L_3s^2 + 2C_2s)}{m} + 2R_2s^2\Bigr)",
                    "every law",
                    (
                        Check(
                            "The map theta - H^-1 (grad L_p + lambda grad CE*) has slope at most (L_3 |theta - theta_0| + lambda C_2)/m <= 1/2 and moves theta_0 by "
                            "lambda s, so it keeps the ball of radius 2 lambda s and has one fixed point in it, theta_lambda.",
                            stays_inside,
                        ),
                        Check(
                            "There grad L_p is H (theta - theta_0) up to (L_3/2) (2 lambda s)^2 and grad CE* its value at theta_0 up to C_2 2 lambda s "
                            "(taylor.remainder along the segment), so theta_lambda is theta_0 - lambda H^-1 grad CE* up to lambda^2 (2 L_3 s^2 + 2 C_2 s)/m.",
                            lambda: [*first_step(), proved("taylor", "remainder")],
                        ),
                        Check("R_q along the move, by taylor.remainder once more.", second_step),
                    ),
                    (
                        Wrong("slope", "a slope of 1/4 for 1/2", lambda: stays_inside(2)),
                        Wrong("no_half", "L_3 for L_3/2", lambda: first_step(Rational(1))),
                        Wrong("curvature", "R_2 for R_2/2", lambda: second_step(Rational(1))),
                    ),
                ),
            ),
            assumptions=SMOOTH,
            remark="so a plain term helps to first order if and only if the two gradients align in H^-1, and it does nothing where theta_0 is stationary for R_q",
        ),
        Claim(
            "training_loss",
            "asymptotic",
            (
                Formula(
                    h * moved() ** 2 / 2,
                    "=",
                    lam**2 * c**2 / (2 * h),
                    RANGES[:3],
                    (FROM_ITS_DEFINITION,),
                    lead="along one eigenvector of H, L_p quadratic and CE* linear: ",
                    lead_latex=r"\text{quadratic } L_p,\ \text{linear } \mathrm{CE}^*:\quad ",
                    name="L_p(theta_lambda) - L_p(theta_0)",
                    name_latex=r"L_p(\theta_\lambda) - L_p(\theta_0)",
                ),
                Worded(
                    "L_p(theta_lambda) - L_p(theta_0) = (lambda^2/2) grad CE*·H^-1 grad CE* + O(lambda^3)",
                    r"L_p(\theta_\lambda) - L_p(\theta_0) = \frac{\lambda^2}{2}\nabla\mathrm{CE}^*\cdot H^{-1}\nabla\mathrm{CE}^* + O(\lambda^3)",
                    "every law",
                    (
                        Check(
                            "grad L_p is zero at theta_0, so only the curvature along the move is left, up to (L_3/6) (2 lambda s)^3 and the cross term with what "
                            "the move is off by, both of order lambda^3.",
                            training_rise,
                        ),
                    ),
                    (Wrong("falls", "the loss falls", lambda: training_rise(-1)),),
                ),
            ),
            assumptions=SMOOTH,
            remark="the gain or loss under q is of first order, the price paid in training of second",
        ),
        Claim(
            "gradient",
            "identity",
            (
                Worded(
                    "grad CE*(theta) is the gradient of the cross-entropy in theta with its best head held fixed",
                    r"\nabla\,\mathrm{CE}^*(\theta) = \partial_\theta\,\mathrm{CE}(\theta, W)\big|_{W = W^*(\theta)}",
                    "every law",
                    (Check("The chain rule; the slope in the head is zero where it is best.", envelope),),
                    (
                        Wrong("slope", "a head that is not the best", lambda: envelope(1)),
                        Wrong("twice", "the head's own move counted as much again", lambda: envelope(times=2)),
                    ),
                ),
            ),
            assumptions=(
                "the best head W*(theta) is unique and differentiable in theta, as with a strongly convex loss",
            ),
        ),
        Claim(
            "decayed_head",
            "identity",
            (
                Formula(
                    with_head(),
                    "=",
                    lam * log(K) - lam**2 * b**2 / (2 * (mu + lam * a)),
                    (Range(lam, 0, 1), Range(K, 2, 9), Range(b, -2, 2), Range(mu, 0, 2), Range(a, 0, 2)),
                    (FROM_ITS_DEFINITION,),
                    lead="a head weight w with decay mu of its own, cross-entropy log K - b w + a w^2/2: ",
                    lead_latex=r"\text{decay } \mu \text{ on the head}:\quad ",
                    name="min_w [lambda CE + mu w^2/2]",
                    name_latex=r"\min_w\bigl[\lambda\,\mathrm{CE} + \tfrac{\mu}{2}w^2\bigr]",
                ),
            ),
            remark="b and a alone depend on theta, so with a decay that does not shrink with lambda the effect of the term is of second order",
        ),
    ),
    source="this project; Danskin for the gradient",
)
