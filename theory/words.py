"""The words of the statements: named quantities, defined once, with the names under which every route to a number knows them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from theory.terms import (
    ALL,
    KL,
    NOTHING,
    Atom,
    C,
    E,
    Field,
    Function,
    Law,
    Mean,
    Named,
    Term,
    X,
    Y,
    children,
    inf,
    log,
    p,
    q,
    r,
    rebuilt,
    sup,
)

R = Named("R(c)", "R(c)", E(r, C))
"""p_c/q_c, the ratio of the class masses."""
Z = Named("Z(x)", "Z(x)", E(r, X))
"""p(x)/q(x)."""
V = Named("V(x,c)", "V(x,c)", E(r, X | C))
"""p(x,c)/q(x,c)."""
phat = Law("phat", r"\hat p", r / R)
"""The label law q_c p(y|c): the classes of q, and within each class p."""
Zhat = Named("Zhat(x)", r"\hat Z(x)", E(r / R, X))
"""phat(x)/q(x)."""

weight = Named("w(x)", "w(x)", E(1 / r, X, law=p))
"""q(x)/p(x), as a mean under the imbalanced posterior."""

l = Named("l(y)", r"\ell(y)", log(r))
Delta = Named("Delta", r"\Delta", log(Z) - l)
"""The extra error term: how much more the imbalanced posterior's log-loss is."""
Delta_classes = Named("Delta_cls", r"\Delta_{\mathrm{cls}}", log(Z) - log(V))
Delta_within = Named("Delta_in", r"\Delta_{\mathrm{in}}", log(V) - l)

price = Named("E_q Delta", r"E_q\Delta", E(Delta), "price")
divergence_at_x = Named("KL(q(y|x)||p(y|x))", r"\mathrm{KL}\left(q(y|x)\,\middle\|\,p(y|x)\right)", E(log(Z) - l, X))
"""The divergence of the posteriors at one x; its mean over q(x) is the price."""
training_extra = Named("E_p Delta", r"E_p\Delta", E(Delta, law=p), "training_extra")
class_part = Named("E_q Delta_cls", r"E_q\Delta_{\mathrm{cls}}", E(Delta_classes), "class_part")
within_part = Named("E_q Delta_in", r"E_q\Delta_{\mathrm{in}}", E(Delta_within), "within_part")

W = Named("W", "W", KL(q, p, Y, given=C), "remainder")
"""What is left inside the classes: the label-only remainder."""
corrected_excess = Named("corrected excess", r"\text{corrected excess}", KL(q, phat, Y, given=X), "corrected_excess")
"""E_{q(x)} KL(q(y|x)||qhat(y|x)), where qhat is the prior-corrected posterior; that is the posterior under phat (*offset*)."""

y = Atom("y", "y", Y)
f = Atom("f(x)", "f(x)", X)
"""Any prediction."""
f_q = Named("f_q", "f_q", E(y, X))
f_p = Named("f_p", "f_p", E(y, X, law=p))
f_hat = Named("fhat", r"\hat f", E(y, X, law=phat))
D = Atom("D", "D", NOTHING, positive=True)
"""The length of the label interval [a, a + D]."""
a = Atom("a", "a", NOTHING)
"""The lower end of the label interval."""
proxy = Atom("sigma^2", r"\sigma^2", NOTHING, positive=True)
"""The sub-Gaussian proxy of p(y|x): log E_p[e^(t (y - f_p)) | x] <= sigma^2 t^2/2 for all t."""


def _slope(w: float) -> float:
    return 1.0 if w == 0 else w / math.expm1(w) if w < 700 else w * math.exp(-w)


def _symbolic_slope(w: Any) -> Any:
    import sympy

    return w / (sympy.exp(w) - 1)


slope = Function("g", "g", _slope, _symbolic_slope, positive=True)
"""g(w) = w/(e^w - 1), the slope of the chord of log over [1, e^w]; one at w = 0."""


def _specht(w: float) -> float:
    size = abs(w)
    return size - math.log(size) - 1 if size > 700 else -math.log(_slope(size)) - 1 + _slope(size)


def _symbolic_specht(w: Any) -> Any:
    import sympy

    return sympy.log((sympy.exp(w) - 1) / w) - 1 + w / (sympy.exp(w) - 1)


specht = Function("h", "h", _specht, _symbolic_specht, nonnegative=True)
"""h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1), the logarithm of Specht's ratio; zero at w = 0."""


def _symbolic_tanh(w: Any) -> Any:
    import sympy

    return sympy.tanh(w / 4)


def _symbolic_odds(w: Any) -> Any:
    import sympy

    return 1 / (sympy.exp(w) - 1)


tanh_quarter = Function("T", "T", lambda w: math.tanh(w / 4), _symbolic_tanh)
"""T(w) = tanh(w/4)."""
odds = Function(
    "1/(exp - 1)", r"\tfrac{1}{\exp - 1}", lambda w: 1 / math.expm1(w) if 0 < abs(w) < 700 else 0.0, _symbolic_odds
)
"""B(w) = 1/(e^w - 1); a value at w = 0 is needed only where its factor is zero."""


def width(variable: Term = r, given: Field = NOTHING) -> Term:
    """The range of the logarithm of a positive variable; by default w = sup l - inf l, and w_c within a bin."""
    index = "_c" if given == C else ""
    return Named(f"w{index}", f"w{index}", log(sup(variable, given) / inf(variable, given)))


e_l = Atom("e^l(y)", r"e^{\ell(y)}", Y, positive=True)
"""A positive variable: the exponential of any bounded function l of the label."""

exponent = Named("l(y)", r"\ell(y)", log(e_l))
"""Any bounded function of the label."""


def at_phat(whole: Term) -> Term:
    """What a term about p says of phat: a statement for every p holds for phat too."""
    match whole:
        case Atom():
            return r / R if whole == r else whole
        case Mean(argument, given, law):
            return Mean(at_phat(argument), given, phat if law == p else law)
    parts = children(whole)
    after = tuple(map(at_phat, parts))
    return whole if after == parts else rebuilt(whole, after)


def risk(prediction: Term, law: Law = q) -> Term:
    """E_law (y - prediction)^2."""
    return E((y - prediction) ** 2, law=law)


anything = Atom("r(x,y)", "r(x,y)", ALL, positive=True, unit=NOTHING)
"""p/q without label shift: a ratio that depends on the input too."""

error_p = Atom("|y - med_p|", r"|y - \mathrm{med}_p|", ALL, low=Fraction(0))
error_q = Atom("|y - med_q|", r"|y - \mathrm{med}_q|", ALL, low=Fraction(0))
"""What medians of p(y|x) and of q(y|x) miss the label by."""
shift = Atom("|med_p - med_q|", r"|\mathrm{med}_p - \mathrm{med}_q|", X, positive=True)
"""How far the two medians are apart. A proof may take it as positive: all that it knows of the distance is that no two losses differ by more, which holds of any
larger `l(x) > 0` too, and both sides are continuous as `l` falls to the distance."""

channel_ratio = Atom("k_p/k_q", r"\tfrac{k_p(x|y)}{k_q(x|y)}", ALL, positive=True, unit=Y)
"""How the channels of the two laws differ (*beyond_label_shift*); 1 under label shift."""
