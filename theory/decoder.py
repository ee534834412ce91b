"""decoder: what a class predictor's errors and cross-entropy say about the squared error of the value it decodes to."""

from __future__ import annotations

from typing import Any

from sympy import Rational, cancel, expand, fraction, log, symbols, together

from theory.gibbs import gap, t
from theory.prove import proved
from theory.record import Claim, Falsifier, Residual, Result, Step
from theory.signs import nonnegative

D, d, narrow = symbols("D d delta", positive=True)
up, down, slack, rest, other, share = symbols("up down slack rest other share", nonnegative=True)
v, E = symbols("v E", nonnegative=True)


def right_bin() -> Residual:
    """|y - m| <= d/2 for a label `down` above the lower edge and `up` below the upper one: (d/2)^2 - (y - m)^2 is a product."""
    width = up + down
    return [expand((width / 2) ** 2 - (down - width / 2) ** 2 - up * down), nonnegative(up * down)]


def wrong_bin(width: Any = None) -> Residual:
    """y = a + down, m = a + delta/2 + rest, delta/2 + rest <= D - delta/2: D - delta/2 -+ (y - m) are sums of distances.

    The decoded bin has width delta; `up` is the distance of y to b, `other` that of its upper edge, so that D = down + up.
    """
    decoded = narrow if width is None else width
    for sign in (1, -1):
        difference = down - (narrow / 2 + rest)
        whole = down + up if sign == 1 else rest + narrow + other
        reach = whole - decoded / 2 - sign * difference
        yield nonnegative(expand(reach))


def hard_total(factor: int = 1) -> Residual:
    """(1 - E) d^2/4 + E (D - d/2)^2 = d^2/4 + D (D - d) E."""
    return expand((1 - E) * d**2 / 4 + E * (D - d / 2) ** 2 - d**2 / 4 - D * (D - factor * d) * E)


def hard_attained(label: int = 0) -> Residual:
    """All labels at an end of Y, decoded to the far bin on a share E: squared error (1 - E)(d/2)^2 + E (D - d/2)^2."""
    near, far = d / 2, D - d / 2
    return expand((1 - E) * (near - label) ** 2 + E * (far - label) ** 2 - (d**2 / 4 + D * (D - d) * E))


def unequal_total(swap: bool = False) -> Residual:
    """With widths from delta to d: at most d^2/4 + ((D - delta/2)^2 - d^2/4) E, and the bracket is not negative."""
    in_far = d if swap else narrow
    yield expand((1 - E) * d**2 / 4 + E * (D - narrow / 2) ** 2 - d**2 / 4 - ((D - in_far / 2) ** 2 - d**2 / 4) * E)
    # D = d + rest, d = delta + slack
    wide = narrow + slack
    yield nonnegative(expand(((D - narrow / 2) ** 2 - d**2 / 4).subs(D, d + rest).subs(d, wide)))


def unequal_breaks(tenths: int = 9) -> Residual:
    """Bins [0, tenths/10), [tenths/10, 1]; all labels at 0, always decoded to the second bin."""
    first = Rational(tenths, 10)
    error = ((first + 1) / 2) ** 2
    widest = max(first, 1 - first)
    return [bool(error > widest**2 / 4 + (1 - widest))]


def miss_costs(half: int = 2) -> Residual:
    """If another class has p_j >= p_c and p_c + p_j <= 1, then 1 - 2 p_c = (1 - p_c - p_j) + (p_j - p_c) >= 0; tie at 1/2."""
    own, ahead = symbols("p_c p_j", positive=True)
    yield expand((1 - half * own) - ((1 - own - ahead) + (ahead - own)))
    yield expand(log(2) + log(Rational(1, half)))


def soft_distance(far: Any = D - d / 2) -> Residual:
    """(1 - v) d/2 + v (D - d/2) = d/2 + v (D - d), and its square."""
    reach = (1 - v) * d / 2 + v * far
    yield expand(reach - (d / 2 + v * (D - d)))
    yield expand(reach**2 - (d**2 / 4 + d * (D - d) * v + (D - d) ** 2 * v**2))


def miss_below_log(slope: int = 1) -> Residual:
    """-log t - (1 - t) is the gap of the lemma gibbs, which is not negative."""
    return [expand(-log(t) - slope * (1 - t) - gap()), proved("gibbs", "log_bound")]


def soft_by_cross_entropy(whole: Any = D) -> Residual:
    """d (D - d) v + (D - d)^2 v^2 <= D (D - d) v: the difference is (D - d)^2 v (1 - v), with v in [0, 1]."""
    gap_here = whole * (D - d) * v - d * (D - d) * v - (D - d) ** 2 * v**2
    return expand(gap_here - (D - d) ** 2 * v * (1 - v))


def ratios() -> tuple[Any, list[Any], list[Any], Any]:
    """Three labels of a class: r between low and high, balanced weights w."""
    low = symbols("low", positive=True)
    a, b = symbols("a b", nonnegative=True)
    weights = list(symbols("w1:4", positive=True))
    return low, [low, low + a, low + a + b], weights, low + a + b


def transport(power: int = 1) -> Residual:
    """q_{y|c}/p_{y|c} = rbar/r(y), and (high/low)^power - rbar/r is a quotient of polynomials without negative coefficients."""
    low, r, w, high = ratios()
    q_c, p_c = sum(w), sum(x * y for x, y in zip(w, r, strict=True))
    for weight, ratio in zip(w, r, strict=True):
        yield cancel((weight / q_c) / (weight * ratio / p_c) - p_c / q_c / ratio)
        above, below = fraction(together((high / low) ** power - p_c / q_c / ratio))
        yield [nonnegative(above), nonnegative(below)]


def loss_transport() -> Residual:
    """e^w CE^p - CE^q = sum_y p_{y|c} (e^w - q_{y|c}/p_{y|c}) loss(y), each term not negative."""
    p, q = symbols("p1:4", positive=True), symbols("q1:4", positive=True)
    losses, factor = symbols("s1:4", nonnegative=True), symbols("e_w", positive=True)
    ours = factor * sum(a * s for a, s in zip(p, losses, strict=True)) - sum(
        b * s for b, s in zip(q, losses, strict=True)
    )
    terms = sum(a * (factor - b / a) * s for a, b, s in zip(p, q, losses, strict=True))
    return expand(ours - terms)


RESULT = Result(
    name="decoder",
    title="From a class predictor to a value",
    question="How small is the squared error of a decoded class predictor when its cross-entropy is small?",
    assumptions=(
        "labels in [a, b], D = b - a; bins of equal width d unless said otherwise; f decodes to bin centres",
        "phat(c|x): the predicted class probabilities; expectations under q",
    ),
    claims=(
        Claim(
            name="hard",
            kind="upper bound",
            statement="Argmax decoder: R_q(f) <= d^2/4 + D (D - d) sum_c q_c Err_c, attained with labels at an end of Y.",
            latex=r"R_q(f) \le \frac{d^2}{4} + D(D - d)\sum_c q_c\,\mathrm{Err}_c",
            proof=(
                Step("In the right bin (d/2)^2 - (y - f)^2 is the product of the distances to its edges.", right_bin),
                Step("In a wrong one |y - f| <= D - d/2: what is missing is a sum of distances.", wrong_bin),
                Step("Weighted with 1 - E and E, E = sum_c q_c Err_c.", hard_total),
                Step("Labels at an end, errors to the far bin: equality.", hard_attained),
            ),
            falsifiers=(
                Falsifier("two_bins", "D (D - 2 d) in place of D (D - d)", lambda: hard_total(2)),
                Falsifier("too_far", "a wrong bin at most D - 3 d/2 away", lambda: wrong_bin(3 * narrow)),
            ),
        ),
        Claim(
            name="unequal_widths",
            kind="upper bound",
            statement="Bins of widths from delta to d: R_q(f) <= d^2/4 + ((D - delta/2)^2 - d^2/4) sum_c q_c Err_c.",
            latex=r"R_q(f) \le \frac{d^2}{4} + \left(\Bigl(D - \frac{\delta}{2}\Bigr)^2 - \frac{d^2}{4}\right)\sum_c q_c\,\mathrm{Err}_c",
            proof=(
                Step("The wrong bin may be the narrowest: |y - f| <= D - delta/2.", wrong_bin),
                Step("Weighted as before; the bracket is not negative.", unequal_total),
            ),
            falsifiers=(
                Falsifier("widest", "the widest bin in the bracket", lambda: unequal_total(True)),
                Falsifier("too_far", "a wrong bin at most D - 3 delta/2 away", lambda: wrong_bin(3 * narrow)),
            ),
        ),
        Claim(
            name="widest_bin_fails",
            kind="counterexample",
            statement=(
                "With unequal widths the bound with d the largest one fails: bins [0, 9/10), [9/10, 1], labels at 0 always decoded to "
                "the second bin give 361/400 > 121/400."
            ),
            latex=r"\left(\tfrac{19}{20}\right)^2 = \tfrac{361}{400} > \tfrac{121}{400} = \tfrac{d^2}{4} + D(D - d),\qquad d = \tfrac{9}{10}",
            proof=(Step("The two values, exactly.", unequal_breaks),),
            falsifiers=(
                Falsifier("halves", "the same with two equal bins", lambda: unequal_breaks(5)),
                Falsifier("narrow_first", "the same with [0, 1/10), [1/10, 1]", lambda: unequal_breaks(1)),
            ),
        ),
        Claim(
            name="errors_by_cross_entropy",
            kind="upper bound",
            statement="Err_c <= CE_c/log 2, attained by ties at probability 1/2.",
            latex=r"\mathrm{Err}_c \le \frac{\mathrm{CE}_c}{\log 2}",
            proof=(Step("A wrong argmax means phat(c|x) <= 1/2, hence a loss of at least log 2.", miss_costs),),
            falsifiers=(
                Falsifier("third", "a wrong argmax means phat(c|x) <= 1/3", lambda: miss_costs(3)),
                Falsifier("one", "a wrong argmax means phat(c|x) <= 1", lambda: miss_costs(1)),
            ),
        ),
        Claim(
            name="soft",
            kind="upper bound",
            statement="Soft decoder, v = 1 - phat(c|x): R_q(f) <= d^2/4 + d (D - d) E_q v + (D - d)^2 E_q v^2, and v <= -log phat(c|x).",
            latex=r"R_q(f) \le \frac{d^2}{4} + d(D-d)\,E_q v + (D-d)^2\,E_q v^2,\qquad v = 1 - \hat p(c|x) \le -\log\hat p(c|x)",
            proof=(
                Step("|y - f| <= (1 - v) d/2 + v (D - d/2), squared.", soft_distance),
                Step("1 - t <= -log t (lemma gibbs).", miss_below_log),
            ),
            falsifiers=(
                Falsifier("whole", "a wrong centre at most D away counted as D", lambda: soft_distance(D)),
                Falsifier("twice", "2 v <= -log phat", lambda: miss_below_log(2)),
            ),
        ),
        Claim(
            name="soft_by_cross_entropy",
            kind="upper bound",
            statement="Soft decoder: R_q(f) <= d^2/4 + D (D - d) sum_c q_c CE_c, without the factor 1/log 2 of the argmax decoder.",
            latex=r"R_q(f) \le \frac{d^2}{4} + D(D - d)\sum_c q_c\,\mathrm{CE}_c",
            proof=(
                Step("v^2 <= v: what is missing is (D - d)^2 v (1 - v).", soft_by_cross_entropy),
                Step("E_q v <= sum_c q_c CE_c (lemma gibbs).", miss_below_log),
            ),
            falsifiers=(
                Falsifier("half", "D (D - d)/2", lambda: soft_by_cross_entropy(D / 2)),
                Falsifier("linear_only", "d (D - d)", lambda: soft_by_cross_entropy(d)),
            ),
        ),
        Claim(
            name="transport",
            kind="upper bound",
            statement="From training data: CE_c^q <= e^(w_c) CE_c^p, w_c = sup_{B_c} l - inf_{B_c} l.",
            latex=r"\mathrm{CE}_c^q \le e^{w_c}\,\mathrm{CE}_c^p,\qquad w_c = \sup_{B_c} l - \inf_{B_c} l",
            proof=(
                Step(
                    "q_{y|c}/p_{y|c} = rbar_c/r(y) <= sup r/inf r on the bin, as polynomials without negative coefficients.",
                    transport,
                ),
                Step("The loss is not negative, so the bound passes to its mean.", loss_transport),
            ),
            falsifiers=(
                Falsifier("none", "CE_c^q <= CE_c^p", lambda: transport(0)),
                Falsifier("inverse", "e^(-w_c)", lambda: transport(-1)),
            ),
        ),
    ),
    source="this project",
)
