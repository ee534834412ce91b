"""readout: what imbalance does to a linear read-out on fixed features, and what class features change."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Matrix, MatrixSymbol, cancel, expand, symbols

from theory.claim import Check, Claim, Worded, Wrong
from theory.least_squares import full_span, lowers, raises, too_few_labels
from theory.record import Result
from theory.residual import Residual
from theory.signs import nonnegative
from theory.statement import Statement
from theory.terms import Atom, E, X, p
from theory.words import f, f_p, f_q, y

n, k = symbols("n k", integer=True, positive=True)  # numbers of features: any
SP, SQ = MatrixSymbol("S_p", n, n), MatrixSymbol("S_q", n, n)
BP, BQ = MatrixSymbol("b_p", n, 1), MatrixSymbol("b_q", n, 1)  # E_w[phi y]


feature, fitted = Atom("phi(x)", r"\phi(x)", X), f
"""Any feature, and any prediction in the place of phi.beta_q."""


def zero(matrix: Any) -> bool:
    """Whether a matrix expression of symbolic size is the zero matrix after its products are carried out."""
    return bool(matrix.expand().doit().is_ZeroMatrix)


def shift(sign: int = -1) -> Residual:
    """S_p^-1 E_p[phi eps] with E_p[phi eps] = b_p - S_p beta_q, beta_q = S_q^-1 b_q; any number of features."""
    beta_q = SQ.I * BQ
    residual = BP + sign * SP * beta_q
    return [zero(SP.I * residual - (SP.I * BP - beta_q))]


def plane() -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Two features: symbolic S_p, S_q (symmetric), b_p, b_q."""
    a, b, c, e, f, g, *rest = symbols("a b c e f g b1 b2 b3 b4")
    return Matrix([[a, b], [b, c]]), Matrix([[e, f], [f, g]]), Matrix(rest[:2]), Matrix(rest[2:])


def gap_formula(inner_is_q: bool = True) -> Residual:
    """R_q(beta_p) - R_q(beta_q) = v S_p^-1 S_q S_p^-1 v, v = E_p[phi eps]; with beta_p, beta_q as the unknowns."""
    s_p, s_q, beta_p, beta_q = plane()
    b_q, b_p = s_q * beta_q, s_p * beta_p
    v = b_p - s_p * beta_q

    def risk(beta: Matrix) -> Expr:
        return (-2 * b_q.T * beta + beta.T * s_q * beta)[0]  # plus E_q y^2

    moved = s_p.adjugate() * v / s_p.det()
    inner = s_q if inner_is_q else s_p
    yield [cancel(entry) for entry in moved - (beta_p - beta_q)]
    difference = beta_p - beta_q
    yield expand(risk(beta_p) - risk(beta_q) - (difference.T * inner * difference)[0])


def zero_only() -> Residual:
    """A positive definite form is a sum of squares with positive weights (pivots), so the gap is zero iff v = 0."""
    _, s_q, delta, _ = plane()
    e, f, g = s_q[0, 0], s_q[0, 1], s_q[1, 1]
    form = (delta.T * s_q * delta)[0]
    yield cancel(form - e * (delta[0] + f / e * delta[1]) ** 2 - (g - f**2 / e) * delta[1] ** 2)


def block_solution(sign: int = -1) -> Residual:
    """Features in two blocks, S_p delta = v: delta_2 = (S_22 - S_21 S_11^-1 S_12)^-1 (v_2 - S_21 S_11^-1 v_1), then delta_1."""
    s11, s12 = MatrixSymbol("S_11", n, n), MatrixSymbol("S_12", n, k)
    s21, schur = MatrixSymbol("S_21", k, n), MatrixSymbol("C", k, k)  # C = S_22 - S_21 S_11^-1 S_12
    v1, v2 = MatrixSymbol("v_1", n, 1), MatrixSymbol("v_2", k, 1)
    s22 = schur + s21 * s11.I * s12
    delta2 = schur.I * (v2 + sign * s21 * s11.I * v1)
    delta1 = s11.I * (v1 - s12 * delta2)
    yield zero(s11 * delta1 + s12 * delta2 - v1)
    yield zero(s21 * delta1 + s22 * delta2 - v2)


def change_of_measure(upper: bool = True) -> Residual:
    """low E_q g^2 <= E_p g^2 <= high E_q g^2 when low <= Z <= high: what is missing is a sum of non-negative terms."""
    low, spread = symbols("low spread", positive=True)
    q, g2, rise = (symbols(f"{name}1:4", nonnegative=True) for name in ("q", "s", "z"))
    # Z_x = low + spread z_x/(1 + z_x), over the common factor 1 + z_x
    for weight, square, z in zip(q, g2, rise, strict=True):
        yield nonnegative(expand(weight * square * ((low * (1 + z) + spread * z) - low * (1 + z))))
        top = (low + spread) if upper else low
        yield nonnegative(expand(weight * square * (top * (1 + z) - (low * (1 + z) + spread * z))))


def pythagoras(sign: int = -1) -> Residual:
    """E_p g^2 - E_p(phi.gamma)^2 = E_p(g - phi.gamma)^2 for the least-squares gamma = E_p[phi g]/E_p[phi^2]."""
    p, g, phi = symbols("p1:4", positive=True), symbols("g1:4"), symbols("phi1:4")
    gamma = sum(a * b * c for a, b, c in zip(p, g, phi, strict=True)) / sum(
        a * c**2 for a, c in zip(p, phi, strict=True)
    )
    squares = [a * (b**2 + sign * (c * gamma) ** 2 - (b - c * gamma) ** 2) for a, b, c in zip(p, g, phi, strict=True)]
    return cancel(sum(squares))


def centres_are_near(half: int = 2) -> Residual:
    """f_q - sum_c q(c|x) m_c = sum_c q(c|x)(E[y|x,c] - m_c), each bracket within d/2 of zero: (d/2)^2 - e^2 = up down."""
    weight, m1, m2, e1, e2 = symbols("w m1 m2 e1 e2")
    mean = weight * (m1 + e1) + (1 - weight) * (m2 + e2)
    yield expand(mean - (weight * m1 + (1 - weight) * m2) - (weight * e1 + (1 - weight) * e2))
    up, down = symbols("up down", nonnegative=True)
    yield expand(((up + down) / half) ** 2 - (down - (up + down) / 2) ** 2 - up * down)


RESULT = Result(
    name="readout",
    title="A linear read-out",
    question="What does imbalance do to weighted least squares on fixed features, and do class features help?",
    assumptions=(
        "S_w = E_w[phi phi^T] invertible for w = p, q; beta_w the least-squares coefficients; eps = y - phi.beta_q",
        "gap = R_q(beta_p) - R_q(beta_q)",
    ),
    claims=(
        Claim(
            "shift",
            "identity",
            (
                Worded(
                    "beta_p - beta_q = S_p^-1 E_p[phi eps]",
                    r"\beta_p - \beta_q = S_p^{-1}\,E_p[\phi\,\varepsilon]",
                    "every law",
                    (Check("Matrix algebra, any number of features.", shift),),
                    (
                        Wrong("sign", "eps = y + phi.beta_q", lambda: shift(1)),
                        Wrong("no_fit", "eps = y", lambda: shift(0)),
                    ),
                ),
            ),
        ),
        Claim(
            "gap",
            "identity",
            (
                Worded(
                    "gap = E_p[phi eps].S_p^-1 S_q S_p^-1 E_p[phi eps], zero iff E_p[phi eps] = 0",
                    r"R_q(\beta_p) - R_q(\beta_q) = E_p[\phi\varepsilon]^{\top} S_p^{-1} S_q S_p^{-1} E_p[\phi\varepsilon]",
                    "these sizes only",
                    (
                        Check("Two features with symbolic moments.", gap_formula),
                        Check("Positive definite forms are sums of squares with positive weights.", zero_only),
                        Check(
                            "With features in two blocks the shift solves the block equations through the Schur complement.",
                            block_solution,
                        ),
                    ),
                    (
                        Wrong("training_metric", "S_p in place of S_q", lambda: gap_formula(False)),
                        Wrong("block_sign", "plus in the Schur right-hand side", lambda: block_solution(1)),
                    ),
                ),
            ),
        ),
        Claim(
            "split",
            "identity",
            (
                Statement(
                    E(feature * (y - fitted), law=p),
                    "=",
                    E(feature * (f_p - f_q), law=p) + E(feature * (f_q - fitted), law=p),
                ),
            ),
            remark="a label-shift part and a capacity part, for every feature phi and every prediction f, f = phi.beta_q among them",
        ),
        Claim(
            "capacity",
            "upper bound",
            (
                Worded(
                    "With all q(c|x) among the features the capacity part contributes at most (sup r/inf r) d^2/4: its own gap E_q(phi.S_p^-1 E_p[phi (f_q - phi.beta_q)])^2",
                    r"E_q\Bigl(\phi^{\top}S_p^{-1}E_p[\phi\,g]\Bigr)^2 \le \frac{\sup r}{\inf r}\cdot\frac{d^2}{4},\qquad g = f_q - \phi^{\top}\beta_q",
                    "these sizes only",
                    (
                        Check(
                            "inf r <= Z <= sup r, so E_p and E_q of a square differ by these factors at most.",
                            change_of_measure,
                        ),
                        Check(
                            "A projection does not lengthen (under p), and beta_q does at least as well as the bin centres (under q).",
                            pythagoras,
                        ),
                        Check("The bin centres miss f_q by at most d/2.", centres_are_near),
                    ),
                    (
                        Wrong("no_ratio", "Z never above inf r", lambda: change_of_measure(False)),
                        Wrong("lengthens", "a projection that lengthens", lambda: pythagoras(1)),
                        Wrong("quarter", "centres within d/4", lambda: centres_are_near(4)),
                    ),
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws", "0 < inf r, sup r < inf"),
        ),
        Claim(
            "bayes_price",
            "identity",
            (
                Worded(
                    "If the class features can represent f_p and f_q, the gap is the Bayes price E_q(f_p - f_q)^2, not zero; as d -> 0 they can when the channel is complete (E[h(x)|y] = 0 for all y only for h = 0)",
                    r"\text{gap} = E_{q(x)}(f_p - f_q)^2\quad\text{when } f_p, f_q \in \mathrm{span}\{q(c|x)\}",
                    "these sizes only",
                    (
                        Check(
                            "A square invertible q(y|x) fits every target, so both least-squares fits are exact: symbolic 2 x 2, and the gap 3 x 3.",
                            full_span,
                        ),
                    ),
                    (
                        Wrong("constant", "the feature 1 alone", lambda: full_span("constant")),
                        Wrong(
                            "two_labels",
                            "two labels for three inputs: at most the price",
                            lambda: too_few_labels(above=False),
                        ),
                    ),
                ),
            ),
        ),
        Claim(
            "incomplete",
            "counterexample",
            (
                Worded(
                    "Without completeness the limit is another one: labels 0, 1, k = (1/2, 1/3, 1/6), (1/6, 1/3, 1/2), q = (1/2, 1/2), p = (4/5, 1/5) has a gap above the Bayes price even with one class a label",
                    r"\text{gap} = \tfrac{1325}{17672} > \tfrac{123261}{1656200} = E_{q(x)}(f_p - f_q)^2",
                    "closed form",
                    (Check("Both, exactly.", too_few_labels),),
                    (
                        Wrong("two_inputs", "the same with two inputs", lambda: too_few_labels(2)),
                        Wrong("below", "the gap at most the price", lambda: too_few_labels(above=False)),
                    ),
                ),
            ),
        ),
        Claim(
            "raises",
            "counterexample",
            (
                Worded(
                    "Class features can raise the gap: symmetric p = (1/8, 3/4, 1/8) on labels -1, 0, 1 gives 0 with phi = 1 and 25/1944 with q(c|x)",
                    r"\phi = 1:\ \text{gap} = 0,\qquad \phi = q(c|x):\ \text{gap} = \tfrac{25}{1944}",
                    "closed form",
                    (Check("Both, exactly.", raises),),
                    (
                        Wrong("skewed", "p = (1/6, 1/6, 2/3)", lambda: raises("1/6 1/6 2/3")),
                        Wrong("uniform", "p = q", lambda: raises("1/3 1/3 1/3")),
                    ),
                ),
            ),
        ),
        Claim(
            "lowers",
            "counterexample",
            (
                Worded(
                    "They can lower it: labels 0, 1, p = (4/5, 1/5), x = y gives 9/100 with phi = 1 and 0 with q(c|x)",
                    r"\phi = 1:\ \text{gap} = \tfrac{9}{100},\qquad \phi = q(c|x):\ \text{gap} = 0",
                    "closed form",
                    (Check("Both, exactly.", lowers),),
                    (
                        Wrong("noisy", "x wrong with probability 1/4", lambda: lowers("1/4")),
                        Wrong("very_noisy", "x wrong with probability 1/3", lambda: lowers("1/3")),
                    ),
                ),
            ),
        ),
    ),
    source="this project",
)
