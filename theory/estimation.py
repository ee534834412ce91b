"""estimation: what it costs that the posterior itself is estimated from n samples, and what that says of the number of classes."""

from __future__ import annotations

from sympy import cancel, symbols

from theory.claim import Check, Claim, Worded, Wrong
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual
from theory.sample_size import multinomial_moments
from theory.statement import Statement
from theory.terms import ALL, KL, NOTHING, Atom, C, Density, E, Law, Named, Power, Term, X, Y, log, p, q, r
from theory.words import R, corrected_excess, phat, y

n_samples = Atom("n", "n", NOTHING, positive=True)
v = Atom("v(x,y)", "v(x,y)", ALL, positive=True)
"""The table over the truth: the share of the samples at (x, y), over p(x, y)."""
table = Law("q_n", "q_n", v)
"""What a table serves once it is divided by r: proportional to q(y|x) v(x,y)."""
t = Named("t(x,y)", "t(x,y)", v / E(v, X))

u = Atom("u(x,c)", "u(x,c)", X | C, positive=True)
"""The same for a table of classes: the share of the samples at (x, c), over p(x, c)."""
class_table = Law("phat_K", r"\hat p_K", r / R * u)
"""What a table of classes serves once it is divided by p_c/q_c: the corrected posterior of *offset*, times u, normalised."""

m = Named("m_c", "m_c", E(y, C))
"""The centre that a class is decoded to."""
f_c, f_n = (Named(name, name, E(m, X, law=law)) for name, law in (("f_c", phat), ("f_n", class_table)))
"""The decoded mean with exact counts, and with a table of samples."""

p_xy, p_xc = Density(p, ALL), Density(p, X | C)
q_yx, q_cx, phat_cx = Density(q, Y, X), Density(q, C, X), Density(phat, C, X)


def moment(cell: Term) -> Term:
    """E[delta^2] of a frequency over its probability, delta = v - 1, for n samples."""
    return (1 - cell) / (n_samples * cell)


def beside(cell: Term) -> Term:
    """What E[delta^2] is above -1/n, which is E[delta delta'] of two cells."""
    return moment(cell) + 1 / n_samples


AS_GAPS = Statement(KL(q, table, Y, given=X), "=", E(t - 1 - log(t)))
QUADRATIC = Statement(
    (E(moment(p_xy)) - (E(q_yx * beside(p_xy)) - 1 / n_samples)) / 2,
    "=",
    E((1 - q_yx) / p_xy) / (2 * n_samples),
)
"""(1/2) of the variance of delta under q(y|x), averaged over q(x), at the moments of the frequencies."""

CLASS_LOSS = Statement(KL(q, class_table, Y, given=X), "=", corrected_excess + E(log(E(u, X, law=phat))) - E(log(u)))
QUADRATIC_CLASSES = Statement(
    (E(moment(p_xc)) - (E(E(phat_cx * beside(p_xc), X, law=phat)) - 1 / n_samples)) / 2,
    "=",
    E((1 - Power(phat_cx, 2) / q_cx) / p_xc) / (2 * n_samples),
)
"""(1/2) (E_q[delta^2] - E_q (E_phat[delta|x])^2): what is left of the logarithms once the means, which are zero, are gone."""

MOVED_MEAN = Statement(f_n - f_c, "=", E(u * (m - f_c), X, law=phat) / E(u, X, law=phat))
QUADRATIC_MEAN = Statement(
    E(E(phat_cx * Power(m - f_c, 2) * beside(p_xc), X, law=phat)) - E(Power(E(m - f_c, X, law=phat), 2)) / n_samples,
    "=",
    E(E(phat_cx * Power(m - f_c, 2) / p_xc, X, law=phat)) / n_samples,
)


def near_one(power: int = 2) -> Residual:
    """log(1 + d) = d - d^2/2 + O(d^3): the coefficients of E_q[delta] and E_phat[delta] are -1 and 1, of their squares 1/2 and -1/2."""
    from sympy import diff
    from sympy import log as ln

    d, e = symbols("delta epsilon")
    loss = ln(1 + e) - ln(1 + d)
    yield [diff(loss, d).subs({d: 0, e: 0}) + 1, diff(loss, e).subs({d: 0, e: 0}) - 1]
    yield diff(loss, d, power).subs({d: 0, e: 0}) - 1
    yield diff(loss, e, power).subs({d: 0, e: 0}) + 1


def normaliser_near_one(power: int = 1) -> Residual:
    """1/(1 + e) - 1 = -e/(1 + e): the normaliser moves a product of two deltas by a third one."""
    e = symbols("epsilon", positive=True)
    return cancel(1 / (1 + e) ** power - 1 + e / (1 + e))


MOMENTS = Check("Moments of the frequencies, for every n.", multinomial_moments)
POSITIVE_CORRELATION = Wrong("positive", "positively correlated frequencies", lambda: multinomial_moments(1))
NO_EMPTY_CELL = (
    "the table's cells (x, y), or (x, c), have p > 0 and are finitely many; n independent samples of p",
    "the expectation is taken where no cell is empty (an event whose probability tends to 1 exponentially)",
)

RESULT = Result(
    name="estimation",
    title="What an estimated posterior costs",
    question="The posterior, not only the prior, comes from n samples: what does that cost after the correction, and how many classes can they carry?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf",
        "v(x,y) is the share of the samples at (x, y) over p(x, y); q_n(y|x) is the table divided by r, normalised, so proportional to q(y|x) v(x,y)",
        "u(x,c) is the same for classes; phat_K is the table of classes divided by p_c/q_c, normalised, within each class p(y|x,c)",
    ),
    claims=(
        Claim(
            "excess",
            "asymptotic",
            (
                AS_GAPS,
                QUADRATIC,
                Worded(
                    "the expected excess of the corrected table is ~ (1/2n) sum_{x,y} (1 - q(y|x))/r(y) as n -> infinity",
                    r"E\bigl[E_{q(x)}\mathrm{KL}(q(y|x)\|q_n(y|x))\bigr] \sim \frac{1}{2n}\sum_{x,y}\frac{1 - q(y|x)}{r(y)}",
                    "every law",
                    (
                        Check(
                            "The excess is the mean of t - 1 - log t, which lies between (t - 1)^2/2 - (t - 1)^3/3 and (t - 1)^2/2 - (t - 1)^3/(3 t): "
                            "lemma taylor. Where all |v - 1| <= e the cubes are at most O(e) times the squares, and t - 1 is v - E[v|x] up to a factor "
                            "1 + O(e), so the excess is half the variance of v under q(y|x) up to that factor.",
                            lambda: [AS_GAPS.proved(), proved("taylor", "logarithm")],
                        ),
                        Check("The normaliser moves it by a third power.", normaliser_near_one),
                        MOMENTS,
                        Check(
                            "Inserted, for any table. Some |v - 1| > e has a probability exponentially small in n; there, with no cell empty, the excess "
                            "is at most log n - log min p.",
                            lambda: [
                                QUADRATIC.proved(),
                                Statement(E((1 - q_yx) / p_xy), "=", E((1 - q_yx) / (r * Density(q, ALL)))).proved(),
                            ],
                        ),
                    ),
                    (
                        POSITIVE_CORRELATION,
                        Wrong("normaliser", "the normaliser squared", lambda: normaliser_near_one(2)),
                    ),
                ),
            ),
            assumptions=NO_EMPTY_CELL,
            remark="E_q[g/q(x,y)] is the plain sum of g over the table; without imbalance it is the number of free probabilities over 2n, and a rare label costs 1/r",
        ),
        Claim(
            "classes",
            "asymptotic",
            (
                CLASS_LOSS,
                QUADRATIC_CLASSES,
                Worded(
                    "the expected cost of a table of classes on top of the corrected excess is ~ (1/2n) sum_{x,c} q(x) (q(c|x) - phat(c|x)^2)/p(x,c) as n -> infinity",
                    r"\frac{1}{2n}\sum_{x,c} q(x)\,\frac{q(c|x) - \hat p(c|x)^2}{p(x,c)}",
                    "every law",
                    (
                        Check(
                            "The logarithms to second order in delta = u - 1; the rest is at most O(e) times the squares where all |delta| <= e.",
                            lambda: [CLASS_LOSS.proved(), *near_one()],
                        ),
                        MOMENTS,
                        Check(
                            "Inserted, for any table. The first order has mean zero up to what is exponentially small in n.",
                            lambda: QUADRATIC_CLASSES.proved(),
                        ),
                    ),
                    (
                        POSITIVE_CORRELATION,
                        Wrong("third", "third derivatives for second", lambda: near_one(3)),
                    ),
                ),
            ),
            assumptions=NO_EMPTY_CELL,
            remark="q and phat differ inside the classes, so the sheet's sum over classes with q(c|x) is right only where the channel is one within each class",
        ),
        Claim(
            "same_sum",
            "identity",
            (
                Statement(
                    E((1 - phat_cx) / p_xc, law=phat),
                    "=",
                    E((1 - phat_cx) / (R * Density(phat, X | C)), law=phat),
                ),
            ),
            remark="scored under phat the cost is (1/2n) sum_{x,c} (1 - phat(c|x))/R(c): the same sum as for labels",
        ),
        Claim(
            "mean",
            "asymptotic",
            (
                MOVED_MEAN,
                QUADRATIC_MEAN,
                Worded(
                    "the expected squared distance of the decoded mean from f_c is ~ (1/n) sum_{x,c} q(x) phat(c|x)^2 (m_c - f_c(x))^2/p(x,c) as n -> infinity",
                    r"E\bigl[E_{q(x)}(f_n - f_c)^2\bigr] \sim \frac1n\sum_{x,c} q(x)\,\frac{\hat p(c|x)^2\,(m_c - f_c(x))^2}{p(x,c)}",
                    "every law",
                    (
                        Check(
                            "f_n - f_c is the mean of u (m_c - f_c) over that of u, so its square is that of the first up to a factor 1 + O(e) where all |u - 1| <= e.",
                            lambda: MOVED_MEAN.proved(),
                        ),
                        Check("The normaliser moves it by a third power.", normaliser_near_one),
                        MOMENTS,
                        Check(
                            "Inserted, for any table. Elsewhere the square is at most D^2, with a probability exponentially small in n.",
                            lambda: QUADRATIC_MEAN.proved(),
                        ),
                    ),
                    (
                        POSITIVE_CORRELATION,
                        Wrong("normaliser_squared", "the normaliser squared", lambda: normaliser_near_one(2)),
                    ),
                ),
            ),
            assumptions=NO_EMPTY_CELL,
            remark="f_c and f_n are the decoded means with exact counts and with the table; the number of classes is not in it, only the variance of m_c given x: in squared error finer classes cost next to nothing more",
        ),
    ),
    source="this project",
)
