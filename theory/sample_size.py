"""sample_size: what estimating the class priors costs, and how many classes a sample can carry."""

from __future__ import annotations

from sympy import Rational, Symbol, cancel, diff, log, symbols

from theory.claim import Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual
from theory.signs import positive
from theory.statement import Statement
from theory.terms import KL, NOTHING, Atom, C, Density, E, Law, Named, Y, p, q, r
from theory.terms import log as ln
from theory.words import R, W

estimated = Atom("phat_c/q_c", r"\tfrac{\hat p_c}{q_c}", C, positive=True, unit=NOTHING)
"""Any estimate of the class masses, as a density against q."""
v = Named("v_c", "v_c", estimated / R)
"""phat_c/p_c, the error of the estimate as a factor."""
phat_n = Law("phat_n", r"\hat p_n", r / estimated / E(r / estimated))
"""The label law that the correction with the estimate serves: q_c p(y|c)/phat_c, normalised."""
t = Named("t_c", "t_c", 1 / (v * E(1 / v)))
"""p_c/phat_c, divided by its mean under q."""

AS_GAPS = Statement(KL(q, phat_n, Y) - W, "=", E(t - 1 - ln(t)))

n_labels = Atom("n", "n", NOTHING, positive=True)
q_c, p_c = Density(q, C), Density(p, C)
QUADRATIC = Statement(
    (E((1 - p_c) / (n_labels * p_c)) - (E(q_c * ((1 - p_c) / (n_labels * p_c) + 1 / n_labels)) - 1 / n_labels)) / 2,
    "=",
    E((1 - q_c) / p_c) / (2 * n_labels),
)
"""(1/2) (sum_c q_c M_cc - sum_cd q_c q_d M_cd), M the moments of the frequencies: (1 - p_c)/(n p_c) for equal classes, -1/n for others."""

K_classes = Atom("K", "K", NOTHING, positive=True)
equal_q, equal_p = Named("q_c", "q_c", 1 / K_classes), Named("p_c", "p_c", R / K_classes)
chi_classes = Named("chi^2(q_C||p_C)", r"\chi^2(q_C\|p_C)", E((1 / R - 1) ** 2, law=p))
chi_labels = Named("chi^2(q_y||p_y)", r"\chi^2(q_y\|p_y)", E((1 / r - 1) ** 2, law=p))

n, n_eff, A, K, x, star = symbols("n n_eff A K x K_star", positive=True)
BEST = (A * n_eff / 6) ** Rational(1, 3)


def bound(classes: Symbol) -> Symbol:
    """W of so many equal bins to leading order, A = D^2 E_q[l'^2], plus the penalty."""
    return A / (24 * classes**2) + classes / (2 * n_eff)


def multinomial_moments(sign: int = -1) -> Residual:
    """One draw: the indicators of classes c, d have covariance p_c (1 - p_c), or -p_c p_d; n draws: over n."""
    p, r = symbols("p_c p_d", positive=True)
    # E[1_c 1_d] = 0 for c != d, E[1_c^2] = p_c
    yield cancel((p - p**2) / (n * p**2) - (1 - p) / (n * p))
    yield cancel((0 - p * r) / (n * p * r) - sign * 1 / n)


def weights_near_one(power: int = 1) -> Residual:
    """t_c - 1 is the q-mean over d of (v_d - v_c)/(v_c v_d m), m = E[1/v]: the mean of 1/v_c - 1/v_d, over m."""
    a, b, m = symbols("v_c v_d m", positive=True)
    return cancel((b - a) / (a * b**power * m) - (1 / a - 1 / b) / m)


def at_multiples(formula: Formula) -> Residual:
    """In terms of K* = (A n_eff/6)^(1/3), that is A = 6 K*^3/n_eff."""
    yield cancel((formula.left - formula.right).subs(A, 6 * star**3 / n_eff))
    yield positive(2 * x + 1)


def decay(formula: Formula) -> Residual:
    return cancel(diff(log(formula.right), n_eff) * n_eff + Rational(2, 3))


RESULT = Result(
    name="sample_size",
    title="How many classes a sample can carry",
    question="What does estimating the class priors cost, and which number of classes is best for n labels?",
    assumptions=("estimates phat_c > 0 of all p_c > 0",),
    claims=(
        Claim(
            "penalty_exact",
            "identity",
            (Statement(KL(q, phat_n, Y), "=", W + E(ln(v)) + ln(E(1 / v))),),
            remark="v_c = phat_c/p_c, and phat_n is the label law q_c p(y|c)/phat_c, normalised, which the correction with the estimate serves",
        ),
        Claim(
            "penalty",
            "asymptotic",
            (
                AS_GAPS,
                QUADRATIC,
                Worded(
                    "with t_c = (p_c/phat_c)/E_q[p_c/phat_c], the expected penalty on top of W is ~ (1/2n) sum_c q_c (1 - q_c)/p_c as n -> infinity",
                    r"E\bigl[\mathrm{KL}(q_y\|\hat p_n)\bigr] - W \sim \frac{1}{2n}\sum_c \frac{q_c(1 - q_c)}{p_c}",
                    "every law",
                    (
                        Check(
                            "The penalty is the mean of t - 1 - log t, which lies between (t - 1)^2/2 - (t - 1)^3/3 and "
                            "(t - 1)^2/2 - (t - 1)^3/(3 t): lemma taylor.",
                            lambda: [AS_GAPS.proved(), proved("taylor", "logarithm")],
                        ),
                        Check(
                            "t_c - 1 is the mean over d of delta_d - delta_c with weights 1/(v_c v_d E[1/v]), v = 1 + delta = phat_c/p_c: where all "
                            "|delta| <= e the weights are 1 + O(e), and the cubes at most O(e) times the squares. So, for every e, the penalty "
                            "is (1 + O(e)) half the q-variance of delta, up to O(e) times the sum of delta^2, whose mean is O(1/n).",
                            weights_near_one,
                        ),
                        Check("Moments of the frequencies, for every n.", multinomial_moments),
                        Check(
                            "Inserted into the variance, for any number of classes. Some |delta| > e has a probability exponentially small in n; "
                            "there, with no class empty, the penalty is at most log n - log min_c p_c.",
                            lambda: QUADRATIC.proved(),
                        ),
                    ),
                    (
                        Wrong("positive", "positively correlated frequencies", lambda: multinomial_moments(1)),
                        Wrong("weights", "weights 1/(v_c v_d^2 E[1/v])", lambda: weights_near_one(2)),
                    ),
                ),
            ),
            assumptions=(
                "class priors estimated by the frequencies of n independent labels from p",
                "the expectation is taken where no class is empty (an event whose probability tends to 1 exponentially); at least two classes",
            ),
        ),
        Claim(
            "effective_sample",
            "identity",
            (
                Statement(
                    E((1 - equal_q) / equal_p) / (2 * n_labels),
                    "=",
                    (K_classes - 1) * (1 + chi_classes) / (2 * n_labels),
                ),
                Statement(chi_labels - chi_classes, "=", E((1 - r / R) ** 2 / r)),
            ),
            assumptions=("q_c = 1/K",),
            remark=(
                "the last is not negative, so the penalty is at most (K - 1)/(2 n_eff) with n_eff = n/(1 + chi^2(q_y||p_y)), and ~ K/(2 n_eff), as r/R -> 1 in narrow classes"
            ),
        ),
        Claim(
            "best_number",
            "identity",
            (
                Formula(
                    bound(x * BEST),
                    "=",
                    Rational(3, 4)
                    * (A / 6) ** Rational(1, 3)
                    / n_eff ** Rational(2, 3)
                    * (1 + (x - 1) ** 2 * (2 * x + 1) / (3 * x**2)),
                    (Range(A, 1, 50), Range(n_eff, 1, 50), Range(x, 0, 4)),
                    (
                        Step("By substitution, A = 6 K*^3/n_eff; 2x + 1 is positive.", at_multiples),
                        Step("The logarithmic slope in n_eff is -2/3.", decay),
                    ),
                    lead="A/(24 K^2) + K/(2 n_eff) with A = D^2 E_q[l'^2] at K = x K*, K* = (A n_eff/6)^(1/3): ",
                    lead_latex=r"\frac{A}{24K^2} + \frac{K}{2n_{\mathrm{eff}}},\ K = xK^*,\ K^* = (A n_{\mathrm{eff}}/6)^{1/3}:\ ",
                ),
            ),
            remark="least at x = 1, where it is (3/4) K*/n_eff, which decays like n_eff^(-2/3)",
        ),
    ),
    source="this project",
)
