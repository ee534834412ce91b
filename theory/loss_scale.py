"""loss_scale: multiplying a loss under weight decay is less weight decay, which by itself changes the extra error term."""

from __future__ import annotations

from sympy import Expr, Matrix, MatrixSymbol, Rational, cancel, diff, eye, fraction, oo, solve, symbols, together

from theory.claim import AlsoTrue, Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.record import Result
from theory.residual import Residual
from theory.signs import positive

scale, decay, p_c = symbols("lambda mu p_c", positive=True)
loss, square = symbols("MSE |w|^2", positive=True)
target, label, weight, error, start = symbols("alpha_i y_c w_c e lambda_0", real=True)
eigenvalue, share = symbols("s_i g_i", nonnegative=True)
n = symbols("n", integer=True, positive=True)  # features: any number
SCALES = (Range(scale, 0, 4), Range(decay, 0, 4))

CLASS_LOSS = scale * p_c * (label - weight) ** 2 + decay / 2 * weight**2
(LEARNT,) = solve(diff(CLASS_LOSS, weight), weight)
DIRECTION_LOSS = scale * eigenvalue * error**2 + decay / 2 * (target - error) ** 2
"""Of weights with v_i.(w* - w) = e, so v_i.w = alpha_i - e; directions do not meet, since G_p is diagonal in them."""
(LEFT_OVER,) = solve(diff(DIRECTION_LOSS, error), error)
PART = share * LEFT_OVER**2


def same(formula: Formula) -> Residual:
    return cancel(formula.left - formula.right)


def same_minimiser(formula: Formula) -> Residual:
    """Both sides differ by nothing, and dividing by lambda, which is positive, moves no minimum."""
    return [same(formula), positive(scale)]


def same_weight(formula: Formula) -> Residual:
    """Each side's minimiser along an eigenvector, where it leaves e, solved for by itself."""
    along = {loss: eigenvalue * error**2, square: (target - error) ** 2}
    (left,), (right,) = (solve(diff(side.subs(along), error), error) for side in (formula.left, formula.right))
    return cancel(left - right)


def class_is_convex(formula: Formula) -> Residual:
    """The weight that leaves this squared error is where the slope of a convex function vanishes."""
    yield cancel(diff(CLASS_LOSS, weight).subs(weight, LEARNT))
    yield positive(diff(CLASS_LOSS, weight, 2))
    yield cancel((label - LEARNT) ** 2 - formula.right)


def direction_is_convex(formula: Formula) -> Residual:
    yield cancel(diff(DIRECTION_LOSS, error).subs(error, formula.right))
    yield positive(diff(DIRECTION_LOSS, error, 2))


def falls(formula: Formula) -> Residual:
    return bool(cancel(formula.right - formula.left).is_nonnegative)


V, S, SHIFT = MatrixSymbol("V", n, n), MatrixSymbol("S", n, n), MatrixSymbol("G_q - G_p", n, n)
H, OPTIMUM = MatrixSymbol("h", n, 1), MatrixSymbol("alpha", n, 1)


def normal_equations(factor: int = 2) -> Residual:
    """2 lambda G_p e = mu (w* - e) with G_p = V S V^T, e = V h, w* = V alpha, V orthogonal, and mu alpha = 2 lambda S h + mu h."""
    optimum = (factor * scale * S * H + decay * H) / decay
    whole = 2 * scale * V * S * H - decay * (V * optimum - V * H)
    return bool(whole.expand().doit().is_ZeroMatrix)


def double_sum(crossed: int = 1) -> Residual:
    """e.(G_q - G_p) e with e = V h is h.(V^T (G_q - G_p) V) h, whose entries are v_i.(G_q - G_p) v_j."""
    whole = (V * H).T * SHIFT * (V * H) - crossed * H.T * (V.T * SHIFT * V) * H
    return bool(whole.expand().doit().is_ZeroMatrix)


def extra_of_two() -> Expr:
    """p = (4/5, 1/5), q = (1/2, 1/2), y = (1, 1), mu = 2: the extra term against lambda."""
    left = (label - LEARNT).subs({label: 1, decay: 2})
    return sum((Rational(1, 2) - size) * left.subs(p_c, size) ** 2 for size in (Rational(4, 5), Rational(1, 5)))


EXTRA = Rational(15, 2) * (1 / (scale + 5) ** 2 - 1 / (4 * scale + 5) ** 2)


def visibly_positive(formula: Formula) -> Residual:
    """Numerator and denominator of the gap have no negative coefficient."""
    return [positive(part) for part in fraction(cancel(together(formula.right - formula.left)))]


def tends_to_one(formula: Formula) -> Residual:
    """The ratio of the sides is a rational function of lambda; at infinity it is read in 1/lambda."""
    assert formula.limit is not None
    ratio = formula.left / formula.right
    return (
        cancel(ratio.subs(scale, 1 / start) if formula.limit[1] == oo else ratio.subs(scale, start)).subs(start, 0) - 1
    )


def balanced_risk(at: Expr) -> Expr:
    """Features (1, 0) and (2, 1), labels 1 and 0, p = (99/100, 1/100), mu = 1: e.G_q e with (2 lambda G_p + 1) e = w*."""
    features = Matrix([1, 0]), Matrix([2, 1])

    def gram(first: Rational) -> Matrix:
        return first * features[0] * features[0].T + (1 - first) * features[1] * features[1].T

    left = (2 * at * gram(Rational(99, 100)) + eye(2)).inv() * Matrix([1, -2])
    return cancel((left.T * gram(Rational(1, 2)) * left)[0])


RISING_RISK = 1250 * (39229 * scale**2 + 500 * scale + 2500) / (99 * scale**2 + 5200 * scale + 2500) ** 2
FROM_ITS_DEFINITION = Step("The left side, computed from its definition, minus the right side cancels.", same)
TWO_CLASSES = "p = (4/5, 1/5), q = (1/2, 1/2), y = (1, 1), mu = 2: "
OVERLAP = "Features (1, 0) and (2, 1), labels 1 and 0, p = (99/100, 1/100), q = (1/2, 1/2), mu = 1: "


def value_at(lead: str, at: int, value: Expr) -> Formula:
    """R_q of the overlapping features at one lambda."""
    return Formula(balanced_risk(Rational(at)), "=", value, (), (FROM_ITS_DEFINITION,), lead=lead, name=f"R_q({at})")


RESULT = Result(
    name="loss_scale",
    title="The scale of a loss is weight decay in disguise",
    question="What changes when a loss is multiplied, or a second one added, at the same weight decay?",
    assumptions=(
        "linear model on features phi, labels y = w*.phi, squared loss without the factor one half",
        "penalty (mu/2)|w|^2 with mu > 0; lambda multiplies the squared loss",
        "G_p = E_p[phi phi^T] = sum_i s_i v_i v_i^T, G_q = E_q[phi phi^T], alpha_i = v_i.w*",
    ),
    claims=(
        Claim(
            "ridge",
            "identity",
            (
                Formula(
                    scale * loss + decay / 2 * square,
                    "=",
                    scale * (loss + decay / (2 * scale) * square),
                    (*SCALES, Range(loss, 0, 4), Range(square, 0, 4)),
                    (
                        Step("The difference of the sides cancels, and lambda is positive.", same_minimiser),
                        Step("Along an eigenvector of G_p both are least at the same weight.", same_weight),
                    ),
                ),
            ),
            remark="both sides have the same minimisers, for this and every other model, so lambda MSE at decay mu is MSE at decay mu/lambda",
        ),
        Claim(
            "separate_classes",
            "identity",
            (
                Formula(
                    (label - LEARNT) ** 2,
                    "=",
                    (decay / (2 * scale * p_c + decay)) ** 2 * label**2,
                    (*SCALES, Range(p_c, 0, 1), Range(label, -4, 4)),
                    (
                        Step("It is the stationary point of a convex function of w_c.", class_is_convex),
                        FROM_ITS_DEFINITION,
                    ),
                    name="(y_c - w_c)^2",
                    name_latex="(y_c - w_c)^2",
                ),
            ),
            remark="w_c minimises lambda p_c (y_c - w_c)^2 + (mu/2) w_c^2",
        ),
        Claim(
            "extra_term",
            "identity",
            (
                Formula(
                    LEFT_OVER,
                    "=",
                    decay * target / (2 * scale * eigenvalue + decay),
                    (*SCALES, Range(eigenvalue, 0, 4), Range(target, -4, 4)),
                    (
                        Step("It minimises the convex loss along an eigenvector of G_p.", direction_is_convex),
                        FROM_ITS_DEFINITION,
                    ),
                    name="v_i.(w* - w) = h_i",
                    name_latex=r"v_i\cdot(w^* - w) = h_i",
                ),
                Worded(
                    "R_q - R_p = sum_ij h_i h_j v_i.(G_q - G_p) v_j",
                    r"R_q - R_p = \sum_{ij} h_i h_j\, v_i^{\top}(G_q - G_p)\,v_j",
                    "every law",
                    (
                        Check(
                            "The error sum_i h_i v_i solves the normal equations, for any number of features.",
                            normal_equations,
                        ),
                        Check("Its quadratic form is the double sum, for any number of features.", double_sum),
                    ),
                    (
                        Wrong("half", "lambda s_i in place of 2 lambda s_i", lambda: normal_equations(1)),
                        Wrong("sign", "the double sum with the other sign", lambda: double_sum(-1)),
                    ),
                ),
            ),
        ),
        Claim(
            "risk_falls",
            "upper bound",
            (
                Formula(
                    diff(PART, scale),
                    "=",
                    -4 * eigenvalue * share * decay**2 * target**2 / (2 * scale * eigenvalue + decay) ** 3,
                    (*SCALES, Range(eigenvalue, 0, 4), Range(share, 0, 4), Range(target, -4, 4)),
                    (FROM_ITS_DEFINITION,),
                    name="d(g_i h_i^2)/dlambda",
                    name_latex=r"\frac{d}{d\lambda}\,g_i h_i^2",
                ),
                Formula(
                    diff(PART, scale),
                    "<=",
                    Rational(0),
                    (*SCALES, Range(eigenvalue, 0, 4), Range(share, 0, 4), Range(target, -4, 4)),
                    (Step("Every factor has a sign.", falls),),
                    name="d(g_i h_i^2)/dlambda",
                    name_latex=r"\frac{d}{d\lambda}\,g_i h_i^2",
                ),
            ),
            remark="with g_i = s_i the sum over i is R_p, and where G_q and G_p commute (separate classes always do) it is R_q: both fall in lambda",
        ),
        Claim(
            "extra_rises",
            "counterexample",
            (
                Formula(
                    extra_of_two(),
                    "=",
                    EXTRA,
                    (Range(scale, 0, 8),),
                    (FROM_ITS_DEFINITION,),
                    lead=TWO_CLASSES,
                    lead_latex=r"p = (\tfrac45, \tfrac15),\ q = (\tfrac12, \tfrac12),\ y = (1, 1),\ \mu = 2:\quad ",
                    name="R_q - R_p",
                    name_latex="R_q - R_p",
                ),
                Formula(
                    Rational(0),
                    "<",
                    EXTRA,
                    (Range(scale, 0, 8),),
                    (Step("Over one denominator no coefficient is negative.", visibly_positive),),
                ),
                *(
                    Formula(
                        extra_of_two(),
                        "~",
                        leading,
                        (Range(scale, 0, 8),),
                        (Step("The ratio of the sides is rational, and one in the limit.", tends_to_one),),
                        limit=(scale, end),
                        name="R_q - R_p",
                        name_latex="R_q - R_p",
                    )
                    for leading, end in ((Rational(9, 25) * scale, 0), (Rational(225, 32) / scale**2, oo))
                ),
            ),
            also_true=tuple(
                AlsoTrue(f"right: {term} with the other sign", "|lambda - 5| < 4 lambda + 5 for lambda > 0")
                for term in ("5", "lambda")
            ),
            remark="the extra term rises from 0 and falls back to 0",
        ),
        Claim(
            "balanced_rises",
            "counterexample",
            (
                Formula(
                    balanced_risk(scale),
                    "=",
                    RISING_RISK,
                    (Range(scale, 0, 8),),
                    (FROM_ITS_DEFINITION,),
                    lead=OVERLAP,
                    lead_latex=r"\phi \in \{(1,0), (2,1)\},\ w^* = (1,-2):\quad ",
                    name="R_q(lambda)",
                    name_latex=r"R_q(\lambda)",
                ),
                value_at("", 0, Rational(1, 2)),
                value_at("", 4, Rational(98775625, 77401682)),
            ),
            remark="where G_q and G_p do not commute, even the balanced risk can rise in lambda",
        ),
    ),
    source="this project",
)
