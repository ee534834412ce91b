"""loss_scale: multiplying a loss under weight decay is less weight decay, which by itself changes the extra error term."""

from __future__ import annotations

from sympy import Expr, Integer, Matrix, Rational, cancel, diff, expand, eye, linear_eq_to_matrix, symbols

from theory.record import Claim, Falsifier, Residual, Result, Step
from theory.signs import nonnegative, positive

scale, decay = symbols("lambda mu", positive=True)
target, weight, size, other = symbols("alpha w s g")
s1, s2, slack = symbols("s1 s2 slack", nonnegative=True)


def remaining(eigenvalue: Expr, start: Expr) -> Expr:
    """h = mu alpha/(2 lambda s + mu): what ridge leaves of a coefficient alpha along an eigenvector of eigenvalue s."""
    return decay * start / (2 * scale * eigenvalue + decay)


def is_ridge(penalty: Expr = decay / scale) -> Residual:
    """Both are minimised by the same weights: two features, two inputs with free labels and probabilities, each solved for itself."""
    weights = symbols("w1 w2")
    inputs = Matrix(2, 2, symbols("x11 x12 x21 x22"))
    labels, law = symbols("y1 y2"), symbols("p1 p2", positive=True)
    outputs = inputs * Matrix(weights)
    loss = sum(size * (label - output) ** 2 for size, label, output in zip(law, labels, outputs, strict=True))

    def minimiser(factor: Expr, ridge: Expr) -> Matrix:
        slopes = [diff(factor * loss + ridge / 2 * sum(w**2 for w in weights), w) for w in weights]
        matrix, right = linear_eq_to_matrix(slopes, weights)
        return matrix.adjugate() * right / matrix.det()

    return [cancel(entry) for entry in minimiser(scale, decay) - minimiser(Integer(1), penalty)]


def separate_classes(factor: int = 2) -> Residual:
    """lambda p (y - w)^2 + (mu/2) w^2 is stationary where y - w = mu y/(2 lambda p + mu), and convex."""
    p, y = symbols("p y", positive=True)
    objective = scale * p * (y - weight) ** 2 + decay / 2 * weight**2
    error = decay * y / (factor * scale * p + decay)
    yield cancel(diff(objective, weight).subs(weight, y - error))
    yield positive(diff(objective, weight, 2))
    yield cancel(error**2 - (decay / (2 * scale * p + decay)) ** 2 * y**2)


def along_an_eigenvector(factor: int = 2) -> Residual:
    """v . grad [lambda e.G_p e + (mu/2)|w|^2] with v.e = h, v.w = alpha - h and G_p v = s v; one line for every dimension."""
    left = decay * target / (factor * scale * size + decay)
    return cancel(2 * scale * size * left - decay * (target - left))


def plane() -> tuple[Matrix, list[Matrix], Matrix]:
    """G_p with symbolic eigenvalues and rotated eigenvectors (3/5, 4/5), (-4/5, 3/5); a symbolic symmetric G_q."""
    first = Matrix([Rational(3, 5), Rational(4, 5)])
    second = Matrix([-Rational(4, 5), Rational(3, 5)])
    a, b, c = symbols("a b c")
    return s1 * first * first.T + s2 * second * second.T, [first, second], Matrix([[a, b], [b, c]])


def in_the_plane(crossed: int = 1) -> Residual:
    """The normal equations hold, and e.(G_q - G_p) e is the double sum; `crossed` weighs its terms i != j."""
    gram, vectors, balanced = plane()
    left = symbols("h1 h2")
    starts = [h * (2 * scale * value + decay) / decay for h, value in zip(left, (s1, s2), strict=True)]  # alpha_i
    yield [cancel(remaining(value, start) - h) for h, value, start in zip(left, (s1, s2), starts, strict=True)]
    error = left[0] * vectors[0] + left[1] * vectors[1]
    optimum = starts[0] * vectors[0] + starts[1] * vectors[1]
    yield [expand(entry) for entry in -2 * scale * gram * error + decay * (optimum - error)]
    change = balanced - gram
    double = sum(
        left[i] * left[j] * (vectors[i].T * change * vectors[j])[0] * (1 if i == j else crossed)
        for i in range(2)
        for j in range(2)
    )
    yield expand((error.T * change * error)[0] - double)


def falls(sign: int = -1) -> Residual:
    """d(g h^2)/d lambda = -4 s g mu^2 alpha^2/(2 lambda s + mu)^3 with g, s >= 0."""
    eigenvalue, share = symbols("s g", nonnegative=True)
    part = share * remaining(eigenvalue, target) ** 2
    slope = sign * 4 * eigenvalue * share * decay**2 * target**2 / (2 * scale * eigenvalue + decay) ** 3
    yield cancel(diff(part, scale) - slope)
    yield nonnegative(4 * eigenvalue * share * decay**2)
    yield positive(2 * scale * eigenvalue + decay)


def falls_on_training_law() -> Residual:
    """With G_q = G_p the shares are the eigenvalues themselves."""
    eigenvalue = symbols("s", nonnegative=True)
    part = eigenvalue * remaining(eigenvalue, target) ** 2
    slope = -4 * eigenvalue**2 * decay**2 * target**2 / (2 * scale * eigenvalue + decay) ** 3
    return [cancel(diff(part, scale) - slope), nonnegative(eigenvalue**2)]


def rising_extra(labels: tuple[int, int] = (1, 1)) -> Residual:
    """p = (4/5, 1/5), q = (1/2, 1/2), mu = 2: the extra term at lambda = 0, at 1, and in the limit."""
    law = Rational(4, 5), Rational(1, 5)

    def extra(at: Expr) -> Expr:
        return sum((Rational(1, 2) - p) * (y / (at * p + 1)) ** 2 for p, y in zip(law, labels, strict=True))

    yield extra(Rational(0))
    yield extra(Rational(1)) - Rational(3, 10) * (Rational(25, 36) - Rational(25, 81))
    yield bool(extra(Rational(1)) > 0)
    yield cancel(extra(1 / slack)).subs(slack, 0)


def rising_risk(overlap: int = 1, frequent: int = 99) -> Residual:
    """Features (1, 0) and (2, overlap), w* = (1, -2/overlap), labels 1 and 0, p = (99/100, 1/100), q = (1/2, 1/2), mu = 1."""
    features = [Matrix([1, 0]), Matrix([2, overlap])]
    optimum = Matrix([1, -Rational(2, overlap)])

    def gram(first: Expr) -> Matrix:
        return first * features[0] * features[0].T + (1 - first) * features[1] * features[1].T

    def risk(at: int) -> Expr:
        error = (2 * at * gram(Rational(frequent, 100)) + eye(2)).inv() * optimum
        return (error.T * gram(Rational(1, 2)) * error)[0]

    yield risk(0) - Rational(1, 2)
    yield bool(risk(4) > 1)


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
            name="ridge",
            kind="identity",
            statement="lambda MSE + (mu/2)|w|^2 has the minimiser of MSE + (mu/(2 lambda))|w|^2: ridge regression with penalty mu/lambda.",
            latex=r"\arg\min_w\,\lambda\,\mathrm{MSE} + \tfrac{\mu}{2}|w|^2 = \arg\min_w\,\mathrm{MSE} + \tfrac{\mu}{2\lambda}|w|^2",
            proof=(Step("Both have the same minimiser, from their own normal equations.", is_ridge),),
            falsifiers=(
                Falsifier("product", "penalty mu lambda", lambda: is_ridge(decay * scale)),
                Falsifier("unscaled", "penalty mu, whatever lambda", lambda: is_ridge(decay)),
            ),
        ),
        Claim(
            name="separate_classes",
            kind="identity",
            statement="On separate classes the squared error of class c is (mu/(2 lambda p_c + mu))^2 y_c^2.",
            latex=r"(y_c - w_c)^2 = \left(\frac{\mu}{2\lambda p_c + \mu}\right)^2 y_c^2",
            proof=(Step("It is the stationary point of a convex function of w_c.", separate_classes),),
            falsifiers=(
                Falsifier("half", "lambda p_c in place of 2 lambda p_c", lambda: separate_classes(1)),
                Falsifier("double", "4 lambda p_c in place of 2 lambda p_c", lambda: separate_classes(4)),
            ),
        ),
        Claim(
            name="extra_term",
            kind="identity",
            statement="Extra term R_q - R_p = sum_ij h_i h_j v_i.(G_q - G_p) v_j, h_i = mu alpha_i/(2 lambda s_i + mu).",
            latex=(
                r"R_q - R_p = \sum_{ij} h_i h_j\, v_i^{\top}(G_q - G_p)\,v_j,\qquad "
                r"h_i = \frac{\mu\,\alpha_i}{2\lambda s_i + \mu}"
            ),
            proof=(
                Step("The normal equations along an eigenvector give h_i, in every dimension.", along_an_eigenvector),
                Step(
                    "In the plane, with rotated eigenvectors and symbolic G_q: normal equations and double sum.",
                    in_the_plane,
                ),
            ),
            falsifiers=(
                Falsifier("diagonal", "the terms i != j dropped", lambda: in_the_plane(0)),
                Falsifier("half", "lambda s_i in place of 2 lambda s_i", lambda: along_an_eigenvector(1)),
            ),
        ),
        Claim(
            name="risk_falls",
            kind="upper bound",
            statement=(
                "The training risk R_p falls in lambda; the balanced risk R_q falls in lambda when G_q and G_p commute "
                "(separate classes always do)."
            ),
            latex=(
                r"\frac{dR_q}{d\lambda} = -\sum_i \frac{4 s_i g_i\,\mu^2\alpha_i^2}{(2\lambda s_i + \mu)^3} \le 0,"
                r"\qquad G_q = \sum_i g_i v_iv_i^{\top}"
            ),
            proof=(
                Step("With common eigenvectors R_q = sum_i g_i h_i^2, and each term falls.", falls),
                Step("For R_p the eigenvectors are common by definition, with g_i = s_i.", falls_on_training_law),
            ),
            falsifiers=(
                Falsifier("rises", "the slope with the other sign", lambda: falls(1)),
                Falsifier("flat", "no dependence on lambda", lambda: falls(0)),
            ),
        ),
        Claim(
            name="extra_rises",
            kind="counterexample",
            statement=(
                "The extra term can rise in lambda: p = (4/5, 1/5), q = (1/2, 1/2), y = (1, 1), mu = 2 gives 0 at lambda = 0, "
                "(3/10)(25/36 - 25/81) > 0 at lambda = 1, and 0 in the limit."
            ),
            latex=(
                r"R_q - R_p = 0,\quad \tfrac{3}{10}\left(\tfrac{25}{36} - \tfrac{25}{81}\right) > 0,\quad 0"
                r"\qquad\text{at}\quad \lambda = 0,\ 1,\ \infty"
            ),
            proof=(Step("Three exact values.", rising_extra),),
            falsifiers=(
                Falsifier(
                    "frequent_only", "labels (1, 0): the rare class has nothing to learn", lambda: rising_extra((1, 0))
                ),
                Falsifier("rare_only", "labels (0, 1): the extra term falls throughout", lambda: rising_extra((0, 1))),
            ),
        ),
        Claim(
            name="balanced_rises",
            kind="counterexample",
            statement=(
                "Without commuting even the balanced risk can rise in lambda: features (1, 0) and (2, 1), labels 1 and 0, "
                "p = (99/100, 1/100), q = (1/2, 1/2), mu = 1 gives 1/2 at lambda = 0 and more than 1 at lambda = 4."
            ),
            latex=r"R_q(0) = \tfrac12 < 1 < R_q(4):\qquad \phi \in \{(1,0), (2,1)\},\ w^* = (1,-2)",
            proof=(Step("Two exact values.", rising_risk),),
            falsifiers=(
                Falsifier("nearly_apart", "features (1, 0) and (2, 100), nearly orthogonal", lambda: rising_risk(100)),
                Falsifier("balanced", "p = q, where the two risks are one", lambda: rising_risk(frequent=50)),
            ),
        ),
    ),
    source="this project",
)
