"""gradient_flow: what the choice of loss does on the way, under squared loss and under softmax cross-entropy."""

from __future__ import annotations

from fractions import Fraction

from sympy import Expr, Integer, LambertW, Rational, cancel, diff, exp, expand, log, oo, symbols

from theory import softmax_flow as flow
from theory.claim import AlsoTrue, Claim
from theory.formula import Formula, Range, Step
from theory.record import Result
from theory.residual import Residual
from theory.softmax_flow import ARGUMENT, EXCESS, MARGIN, MISSING, RHO, TIME, K, ahead, p_c, same, tau, z

t, q_c, p_f, p_r = symbols("t q_c p_f p_r", positive=True)
y, w, start = symbols("y_c w_c u_0", real=True)
remaining = symbols("x", positive=True)  # x = exp(-4 t/5)

TIMES = (Range(t, 0, 2), Range(p_c, 0, 1))
CLASSES, MARGINS, TAUS = Range(K, 2, 9), Range(z, 0, 8), Range(tau, 0, 4)
FROM_ITS_DEFINITION = Step("The left side, computed from its definition, minus the right side cancels.", same)


def descent(weight: Expr) -> Expr:
    """dw_c/dt under a weight of the class in the squared loss."""
    return -diff(weight * p_c * (y - w) ** 2, w)


def left_of_target() -> Expr:
    """u_c = y_c - w_c by separation of variables: its velocity is -rate u_c, with rate free of u_c and t."""
    rate = diff(descent(Integer(1)).subs(w, y - start), start)
    return start * exp(-rate * t)


def solves_the_flow(formula: Formula) -> Residual:
    """The right side as u_c(t), with its start."""
    yield expand(diff(formula.right, t) + descent(Integer(1)).subs(w, y - formula.right))
    yield formula.right.subs(t, 0) - start


def extra_of_two(time: Expr) -> Expr:
    """p = (4/5, 1/5), q = (1/2, 1/2), u(0) = (1, 1): the extra term at a time."""
    left = left_of_target().subs({start: 1, t: time})
    return sum((Rational(1, 2) - size) * left.subs(p_c, size) ** 2 for size in (Rational(4, 5), Rational(1, 5)))


def in_x(value: Expr) -> Expr:
    return value.subs(exp(-16 * t / 5), remaining**4).subs(exp(-4 * t / 5), remaining)


TOP = 9 * 2 ** Rational(1, 3) / 80
PEAK = 2 ** Rational(-2, 3)  # x at t = (5/6) log 2


def touches_its_top(formula: Formula) -> Residual:
    """The gap is (3/10) (x - c)^2 (x^2 + 2 c x + 3 c^2), c = exp(-4 t/5) at t = (5/6) log 2: zero there alone."""
    yield exp(-4 * t / 5).subs(t, 5 * log(2) / 6) - PEAK
    square = (remaining - PEAK) ** 2 * (remaining**2 + 2 * PEAK * remaining + 3 * PEAK**2)
    yield expand(in_x(formula.right - formula.left) - Rational(3, 10) * square)


def ratio_tends_to_one(formula: Formula) -> Residual:
    """At t = 0 by derivatives; late in x = exp(-4 t/5), which tends to 0."""
    assert formula.limit is not None
    if formula.limit[1] == 0:
        yield [formula.left.subs(t, 0), formula.right.subs(t, 0)]
        yield cancel(diff(formula.left, t) / diff(formula.right, t)).subs(t, 0) - 1
    else:
        yield cancel(in_x(formula.left) / in_x(formula.right)).subs(remaining, 0) - 1


def by_frequency(margin: Expr) -> Expr:
    """tau rho at a margin; at one time tau is p t, so rho_rare/rho_frequent is the quotient of two of these, times p_f/p_r."""
    return (TIME * RHO).subs(z, margin)


EXCESS_TEXT = "W0((K - 1)*exp((1 - 2*K)/(K - 1)))"
LARGER_EXCESS = (
    AlsoTrue("left: half", "weaker: the left side is not negative"),
    *(AlsoTrue(f"right: {mistake}", "weaker: W0 is not negative") for mistake in ("twice", f"{EXCESS_TEXT} twice")),
    *(
        AlsoTrue(f"right: {mistake}", "weaker: W0 increases, and what it is taken of is larger")
        for mistake in (
            "-1 with the other sign",
            "-1 left out",
            "K left out",
            "K twice",
            "K - 1 to the power -2, not -1",
            "K with the other sign",
            "1 twice",
            "-2*K with the other sign",
            "-2*K left out",
            "-1 for -2",
        )
    ),
)
WEAKER_TIME = (
    AlsoTrue("left: half", "weaker: rho is at most 1"),
    *(
        AlsoTrue(f"right: {mistake}", "weaker: K >= 2 makes the right side larger, or infinite")
        for mistake in ("twice", "K - 1 to the power 0, not -1", "-1 twice")
    ),
)

RESULT = Result(
    name="gradient_flow",
    title="What the loss does on the way",
    question="At equal training time, does cross-entropy serve rare classes better than squared loss?",
    assumptions=(
        "x reveals the class; one-hot class features; class probabilities p_c > 0; K >= 2 classes",
        "gradient flow on the population loss; squared loss without the factor one half, and softmax cross-entropy from zero",
        "u_c: what is left of the target of class c, u_0 at the start; pi: softmax probability of the true class; z: its logit margin",
        "tau = p_c t; rho = (1 - pi) K/(K - 1), which starts at 1",
    ),
    claims=(
        Claim(
            "squared_loss",
            "identity",
            (
                Formula(
                    left_of_target(),
                    "=",
                    start * exp(-2 * p_c * t),
                    (*TIMES, Range(start, -2, 2)),
                    (
                        Step("The right side satisfies dw/dt = -dL/dw, with its start.", solves_the_flow),
                        FROM_ITS_DEFINITION,
                    ),
                    name="u_c(t)",
                    name_latex="u_c(t)",
                ),
                Formula(
                    (q_c - p_c) * left_of_target() ** 2,
                    "=",
                    (q_c - p_c) * start**2 * exp(-4 * p_c * t),
                    (*TIMES, Range(q_c, 0, 1), Range(start, -2, 2)),
                    (FROM_ITS_DEFINITION,),
                    lead="class by class, the terms of R_q - R_p are ",
                    lead_latex=r"R_q - R_p = \sum_c (q_c - p_c)\,u_c(t)^2:\quad ",
                    name="(q_c - p_c) u_c(t)^2",
                    name_latex="(q_c - p_c)\\,u_c(t)^2",
                ),
            ),
        ),
        Claim(
            "not_monotone",
            "counterexample",
            (
                Formula(
                    extra_of_two(t),
                    "=",
                    Rational(3, 10) * (exp(-4 * t / 5) - exp(-16 * t / 5)),
                    (Range(t, 0, 2),),
                    (FROM_ITS_DEFINITION,),
                    lead="p = (4/5, 1/5), q = (1/2, 1/2), u(0) = (1, 1): ",
                    lead_latex=r"p = (\tfrac45, \tfrac15),\ q = (\tfrac12, \tfrac12),\ u(0) = (1, 1):\quad ",
                    name="R_q - R_p",
                    name_latex="R_q - R_p",
                ),
                Formula(
                    extra_of_two(t),
                    "<=",
                    TOP,
                    (Range(t, 0, 2),),
                    (
                        Step(
                            "The gap is a square times what is positive, and zero at t = (5/6) log 2.", touches_its_top
                        ),
                    ),
                    name="R_q - R_p",
                    name_latex="R_q - R_p",
                ),
                *(
                    Formula(
                        extra_of_two(t),
                        "~",
                        leading,
                        (Range(t, 0, 2),),
                        (Step("The ratio of the sides tends to one.", ratio_tends_to_one),),
                        limit=(t, end),
                        name="R_q - R_p",
                        name_latex="R_q - R_p",
                    )
                    for leading, end in ((18 * t / 25, 0), (Rational(3, 10) * exp(-4 * t / 5), oo))
                ),
            ),
            also_true=(AlsoTrue("left: half", "weaker: the extra term is not negative"),),
            remark="the extra term rises from 0 to its top at t = (5/6) log 2, and falls back to 0",
        ),
        Claim(
            "margin",
            "identity",
            (
                Formula(
                    flow.velocity(p_c) / p_c,
                    "=",
                    RHO,
                    (MARGINS, CLASSES),
                    (
                        Step("The logits of a class keep the sum zero.", flow.logits_keep_their_sum),
                        FROM_ITS_DEFINITION,
                    ),
                    name="dz/dtau",
                    name_latex=r"\frac{dz}{d\tau}",
                ),
                Formula(
                    1 + K * TIME,
                    "=",
                    (K - 1) * z + exp(z),
                    (MARGINS, CLASSES),
                    (
                        Step(
                            "The derivative of tau in z is that of the flow, and tau = 0 at z = 0.",
                            flow.implicit_solution,
                        ),
                    ),
                    name="1 + K tau",
                    name_latex=r"1 + K\tau",
                ),
                Formula(
                    Integer(0),
                    "<",
                    RHO,
                    (MARGINS, CLASSES),
                    (
                        Step(
                            "Its reciprocal times K has no negative coefficient in e^z - 1 and K - 2.",
                            flow.margin_grows,
                        ),
                    ),
                ),
            ),
            also_true=(AlsoTrue("right: K left out", "e^z > 1 for z > 0"),),
            remark="so z > 0 for tau > 0: the argmax is right from the start",
        ),
        Claim(
            "lambert",
            "identity",
            (
                Formula(
                    MISSING.subs(z, MARGIN),
                    "=",
                    1 / (1 + LambertW(ARGUMENT)),
                    (TAUS, CLASSES),
                    (
                        Step(
                            "The margin by W0 solves (K - 1) z + e^z = 1 + K tau, and W0 is e^z/(K - 1).",
                            flow.margin_by_time,
                        ),
                        Step(
                            "The right side satisfies the flow of 1 - pi, and its start (K - 1)/K.", flow.missing_flows
                        ),
                    ),
                    name="1 - pi",
                    name_latex=r"1 - \pi",
                ),
            ),
        ),
        Claim(
            "tail",
            "asymptotic",
            (
                Formula(
                    MISSING.subs(z, MARGIN),
                    "~",
                    (K - 1) / (K * tau),
                    (TAUS, CLASSES),
                    (
                        Step(
                            "The relative error is ((K - 1) z - K)/(e^z + K - 1), by the implicit solution.",
                            flow.tail_by_margin,
                        ),
                        Step(
                            "e^z >= 1 + z + z^2/2, so the error is at most of order 1/z, and z grows without bound.",
                            flow.exponential_beats_square,
                        ),
                    ),
                    limit=(tau, oo),
                    name="1 - pi",
                    name_latex=r"1 - \pi",
                ),
                Formula(
                    MISSING * K * TIME / (K - 1),
                    "=",
                    1 + ((K - 1) * z - K) / (exp(z) + K - 1),
                    (MARGINS, CLASSES),
                    (FROM_ITS_DEFINITION,),
                    name="(1 - pi) K tau/(K - 1)",
                    name_latex=r"(1 - \pi)\frac{K\tau}{K - 1}",
                ),
            ),
        ),
        Claim(
            "slower",
            "upper bound",
            (
                Formula(
                    -log(K / (K - 1) * MISSING.subs(z, MARGIN)),
                    "<=",
                    K / (K - 1) * tau / 4,
                    (TAUS, CLASSES),
                    (
                        Step("Both sides start at zero.", flow.starts_at_zero),
                        Step(
                            "The derivative of the gap is K (v - 1)^2/(4 (K - 1) (v + 1)^2), v = e^z/(K - 1).",
                            flow.slope_is_a_square,
                        ),
                    ),
                    name="-log(rho)",
                    name_latex=r"-\log\rho",
                ),
                Formula(
                    K / (K - 1) * tau / 4,
                    "<=",
                    tau / 2,
                    (TAUS, CLASSES),
                    (Step("The gap has no negative coefficient in K - 2.", flow.slower_for_more_classes),),
                ),
                Formula(
                    tau / 2,
                    "<",
                    2 * tau,
                    (TAUS,),
                    (Step("tau is positive.", flow.less_time),),
                ),
            ),
            also_true=WEAKER_TIME,
            remark=(
                "squared loss leaves exp(-2 tau), so at equal time cross-entropy leaves a larger relative residual, for every class"
            ),
        ),
        Claim(
            "rare_to_frequent",
            "upper bound",
            (
                Formula(
                    TIME * RHO,
                    "<=",
                    1 + EXCESS,
                    (MARGINS, CLASSES),
                    (
                        Step("tau rho is 1 + ((K - 1) z - K)/(e^z + K - 1).", flow.product),
                        Step(
                            "What is missing is (K - 1)(e^h - 1 - h) >= 0 over e^z + K - 1.",
                            flow.peak_bound,
                        ),
                    ),
                    name="tau rho",
                    name_latex=r"\tau\rho",
                ),
                Formula(
                    by_frequency(z) / by_frequency(z + ahead),
                    "<",
                    1 + EXCESS,
                    (MARGINS, Range(ahead, 0, 16), CLASSES),
                    (
                        Step("It is a quotient of two tau rho.", flow.quotient),
                        Step("Both are at most the right side.", flow.peak_bound),
                        Step(
                            "Up to z_f = (2K - 1)/(K - 1) tau rho rises, so the ratio is below 1; after it tau rho > 1 for the frequent class.",
                            flow.before_the_peak,
                        ),
                    ),
                    name="(rho_r/rho_f)/(p_f/p_r)",
                    name_latex=r"\frac{\rho(p_rt)}{\rho(p_ft)}\Big/\frac{p_f}{p_r}",
                ),
                Formula(
                    left_of_target().subs(p_c, p_r) / left_of_target().subs(p_c, p_f),
                    "=",
                    exp(2 * (p_f - p_r) * t),
                    (Range(p_f, Fraction(1, 2), 1), Range(p_r, 0, Fraction(1, 2)), Range(t, 0, 2)),
                    (FROM_ITS_DEFINITION,),
                    lead="under squared loss ",
                    lead_latex=r"\text{under squared loss}\quad ",
                    name="u_r/u_f",
                    name_latex=r"\frac{u_r}{u_f}",
                ),
            ),
            also_true=LARGER_EXCESS,
            remark="r the rare class, f the frequent one, equal starts; tau rho tends to 1, so the ratio of the rho tends to p_f/p_r",
        ),
        Claim(
            "above_the_ratio",
            "counterexample",
            (
                Formula(
                    (TIME.subs(z, 6) / TIME.subs(z, 3)).subs(K, 2),
                    "=",
                    (exp(6) + 5) / (exp(3) + 2),
                    (),
                    (FROM_ITS_DEFINITION,),
                    lead="K = 2, at the time when the margins are 6 and 3: ",
                    lead_latex=r"K = 2,\ z_r = 3,\ z_f = 6:\quad ",
                    name="p_f/p_r",
                    name_latex=r"\frac{p_f}{p_r}",
                ),
                Formula(
                    (RHO.subs(z, 3) / RHO.subs(z, 6)).subs(K, 2),
                    "=",
                    (exp(6) + 1) / (exp(3) + 1),
                    (),
                    (FROM_ITS_DEFINITION,),
                    name="rho_r/rho_f",
                    name_latex=r"\frac{\rho_r}{\rho_f}",
                ),
                Formula(
                    (exp(6) + 5) / (exp(3) + 2),
                    "<",
                    (exp(6) + 1) / (exp(3) + 1),
                    (),
                    (Step("Over one denominator, since e^3 >= 1 + 3 + 9/2 + 9/2.", flow.exceeds),),
                ),
            ),
            remark="the rare/frequent ratio can exceed p_f/p_r",
        ),
        Claim(
            "balancing",
            "identity",
            (
                Formula(
                    descent(q_c / p_c),
                    "=",
                    2 * q_c * (y - w),
                    (Range(q_c, 0, 1), Range(p_c, 0, 1), Range(y, -2, 2), Range(w, -2, 2)),
                    (FROM_ITS_DEFINITION,),
                    lead="class c weighted by q_c/p_c: ",
                    lead_latex=r"\text{weights } q_c/p_c:\quad ",
                    name="dw_c/dt",
                    name_latex=r"\frac{dw_c}{dt}",
                ),
                Formula(
                    flow.velocity(q_c / p_c * p_c),
                    "=",
                    q_c * RHO,
                    (Range(q_c, 0, 1), MARGINS, CLASSES),
                    (FROM_ITS_DEFINITION,),
                    name="dz_c/dt",
                    name_latex=r"\frac{dz_c}{dt}",
                ),
            ),
            remark="q_c stands where p_c stood, in both flows: with equal q_c no class is rare",
        ),
    ),
    source="this project",
)
