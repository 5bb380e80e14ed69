"""One line of a sound model file is changed; one clear sentence must say what is wrong, in Python and at the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symasym import catalogue
from symasym.cli.main import main
from symasym.errors import ConditionViolated, InputError, NotDerivableYet, ShapeError, SymasymError
from symasym.pipeline import derive_model

CONTRASTIVE = '''"""A spectral contrastive loss, to be broken."""

from sympy import Eq, exp, sqrt

from symasym.model import *

d, k, r = dims("d k r")
A = parameter("A", k, d)
Sigma, Sigma_plus = covariance("Sigma", d), covariance("Sigma_plus", d)
C, M, v = constant("C", d, k), constant("M", d, d), constant("v", d)
x, x_plus = exchangeable("x x_plus", cov=Sigma, cross=Sigma_plus)
x_minus = copy(x, "x_minus")
i, a, c = indices("i a c")
lam, b = indexed("lam b")
target = constant("target", d)
loss = -2 * inner(A * x, A * x_plus) + inner(A * x, A * x_minus) ** 2

model = Model(
    loss=loss,
    symmetry=O(k).acts(lambda Q: {A: Q * A}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        frames=[Frame.of(GL(d), lambda T: {x: T * x, x_plus: T * x_plus, x_minus: T * x_minus, A: A * T.inv()})],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: 1, Sigma_plus: lam, target: {i: b[i]}},
        at={A: {i: sqrt(lam[i])}},
        assume=[lam[i] > lam[a], lam[i] > 0],
    ),
)
'''

AUTOENCODER = '''"""A linear autoencoder, to be broken."""

from symasym.model import *

d, k = dims("d k")
A, B = parameter("A", k, d), parameter("B", d, k)
Sigma = covariance("Sigma", d)
x = gaussian("data", d, cov=Sigma)
i, a = indices("i a")
lam, b = indexed("lam b")
target = constant("target", d)

model = Model(
    loss=norm2(x - B * A * x),
    symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}),
    features=A * x,
    downstream=LeastSquares(gaussian("down", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        frames=[Frame.of(O(d), lambda T: {x: T * x, A: A * T.inv(), B: T * B})],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: lam, target: {i: b[i]}},
        at={A: {i: 1}, B: {i: 1}},
        assume=[lam[i] > lam[a], lam[a] > 0],
    ),
)
'''

LOSS = "loss = -2 * inner(A * x, A * x_plus) + inner(A * x, A * x_minus) ** 2"
ROTATIONS = "symmetry=O(k).acts(lambda Q: {A: Q * A})"
FEATURES = "features=A * x"
DIAGONAL = "diagonal={Sigma: 1, Sigma_plus: lam, target: {i: b[i]}}"
AT = "at={A: {i: sqrt(lam[i])}}"
ASSUME = "assume=[lam[i] > lam[a], lam[i] > 0]"
RANGES = "ranges={i: (1, k), a: (k + 1, d)}"
DOWN = 'downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target)'
MOVES = "x: T * x, x_plus: T * x_plus, x_minus: T * x_minus, A: A * T.inv()"
INVERTIBLE = "symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()})"

CONDITIONS = {
    # the symmetry
    "loss not invariant": (
        CONTRASTIVE,
        LOSS,
        LOSS + " + tr(A * C)",
        ConditionViolated,
        r"^loss: .*not invariant under O\(k\): A -> Q\*A; at a random point with d = 3, k = 2 it goes from \S+ to \S+$",
    ),
    "group too large": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=GL(k).acts(lambda G: {A: G * A})",
        ConditionViolated,
        r"^loss: .*not invariant under GL\(k\): A -> G\*A; at a random point .* it goes from",
    ),
    "group on the wrong side": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=O(d).acts(lambda Q: {A: A * Q})",
        ConditionViolated,
        r"not invariant under O\(d\): A -> A\*Q",
    ),
    "decoder moved the wrong way": (
        AUTOENCODER,
        INVERTIBLE,
        "symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G})",
        ConditionViolated,
        r"not invariant under GL\(k\): A -> G\*A, B -> B\*G",
    ),
    "no group": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=trivial()",
        ConditionViolated,
        r"^symmetry: .*null direction that is not vertical, A\[i,j\]: .*, A\[j,i\]: .*the declared group is too small",
    ),
    "finite group": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=SignedPermutations(k).acts(lambda Q: {A: Q * A})",
        ConditionViolated,
        r"null direction that is not vertical, A\[i,j\]: .*, A\[j,i\]: .*the declared group is too small",
    ),
    "orthogonal group where all of GL acts": (
        AUTOENCODER,
        INVERTIBLE,
        "symmetry=O(k).acts(lambda Q: {A: Q * A, B: B * Q.T})",
        ConditionViolated,
        r"null direction that is not vertical, A\[.*B\[.*the declared group is too small",
    ),
    "the same group twice": (
        CONTRASTIVE,
        ROTATIONS,
        'symmetry=product(O(k).acts(lambda Q: {A: Q * A}), O(k).acts(lambda R: {A: R * A}, name="R"))',
        ConditionViolated,
        r"^symmetry: .*k\*\(k - 1\).*does not act freely",
    ),
    # the features and the target
    "features not equivariant": (
        CONTRASTIVE,
        FEATURES,
        "features=(A + C.T) * x",
        ConditionViolated,
        r"^features: .*not equivariant under O\(k\).*its span gains the direction \(-?\d",
    ),
    "target outside the span": (
        CONTRASTIVE,
        DIAGONAL,
        "diagonal={Sigma: 1, Sigma_plus: lam, target: {i: b[i], a: b[a]}}",
        ConditionViolated,
        r"^downstream\.target: f\* leaves the span of the features along a = k \+ 1\.\.d, where its coefficient is b\[a\]",
    ),
    # the minimiser
    "a point that is not stationary": (
        CONTRASTIVE,
        AT,
        "at={A: {i: 1}}",
        ConditionViolated,
        r"^w\*: the named point is not stationary; along A\[i,i\] the gradient is 4 - 4\*lam\[i\] instead of 0$",
    ),
    "a point of the wrong scale": (
        AUTOENCODER,
        "at={A: {i: 1}, B: {i: 1}}",
        "at={A: {i: 1}, B: {i: 2}}",
        ConditionViolated,
        r"not stationary; along [AB]\[i,i\] the gradient is .*lam\[i\].* instead of 0",
    ),
    "the wrong eigenvectors": (
        CONTRASTIVE,
        ASSUME,
        "assume=[lam[i] < lam[a], lam[i] > 0]",
        ConditionViolated,
        r"^w\*: the Hessian form is not positive .*along A\[i,a\] \(.*-4\*lam\[a\].*is not positive\), so w\* is a saddle",
    ),
    "the smallest principal components": (
        AUTOENCODER,
        "assume=[lam[i] > lam[a], lam[a] > 0]",
        "assume=[lam[i] < lam[a], lam[i] > 0]",
        ConditionViolated,
        r"not positive .*along A\[i,a\], B\[a,i\] .*so w\* is a saddle",
    ),
    "nothing learned": (
        CONTRASTIVE,
        AT,
        "at={A: {i: 0}}",
        ConditionViolated,
        r"so w\* is a saddle and not a minimiser",
    ),
    # the frame
    "a frame that changes the loss": (
        CONTRASTIVE,
        MOVES,
        MOVES.replace("T.inv()", "T.T"),
        ConditionViolated,
        r"^aligned: the loss in the frame of T .*not invariant under GL\(d\)",
    ),
    "a frame that forgets a vector": (
        CONTRASTIVE,
        MOVES,
        MOVES.replace("x_minus: T * x_minus, ", ""),
        ConditionViolated,
        r"^aligned: the loss in the frame of T",
    ),
    "a frame that changes the features": (
        CONTRASTIVE,
        FEATURES,
        "features=A * M * x",
        ConditionViolated,
        r"^aligned: the features A\*M\*x change in the frame of T",
    ),
}

SHAPES = {
    "a product": (CONTRASTIVE, LOSS, "loss = norm2(A * A * x)", ShapeError, r"A.*needs a square matrix.*\(k, d\)"),
    "a product of two": (
        CONTRASTIVE,
        LOSS,
        "loss = norm2(A * C.T * x)",
        ShapeError,
        r"A has d columns but C\.T has k rows",
    ),
    "a sum with the transpose": (
        CONTRASTIVE,
        LOSS,
        "loss = norm2((A + A.T) * x)",
        ShapeError,
        r"A of shape \(k, d\) and A\.T of shape \(d, k\)",
    ),
    "the wrong identity": (
        CONTRASTIVE,
        LOSS,
        "loss = logdet(eye(d) + A * A.T)",
        ShapeError,
        r"A\*A\.T of shape \(k, k\) and I of shape \(d, d\)",
    ),
    "the wrong identity under an inverse": (
        CONTRASTIVE,
        LOSS,
        "loss = quad(x, (eye(d) + A * A.T).inv())",
        ShapeError,
        r"x has shape \(d, 1\).*\(k, 1\)|\(k, k\) and I of shape \(d, d\)",
    ),
    "an inverse of a rectangle": (
        CONTRASTIVE,
        LOSS,
        "loss = norm2(A.inv() * x)",
        ShapeError,
        r"needs a square matrix, but A has shape \(k, d\)",
    ),
    "a trace of a rectangle": (
        CONTRASTIVE,
        LOSS,
        "loss = tr(A)",
        ShapeError,
        r"^tr: A has shape \(k, d\); a square matrix",
    ),
    "vectors of two lengths": (
        CONTRASTIVE,
        LOSS,
        "loss = inner(x, A * x)",
        ShapeError,
        r"^inner: x has shape \(d, 1\), but A\*x has shape \(k, 1\)",
    ),
    "an image of another shape": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=O(k).acts(lambda Q: {A: A * Q})",
        ShapeError,
        r"^symmetry: A has shape \(k, d\), but its image A\*Q under O\(k\) has shape \(k, k\)",
    ),
    "a group of the wrong size": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=O(d).acts(lambda Q: {A: Q * A})",
        ShapeError,
        r"^symmetry: A has shape \(k, d\), but its image Q\*A under O\(d\) has shape \(d, d\)",
    ),
    "an image whose terms do not fit": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=O(k).acts(lambda Q: {A: Q * A + A.T})",
        ShapeError,
        r"^symmetry, image of A: .*Q\*A of shape \(k, d\) and A\.T of shape \(d, k\)",
    ),
    "a frame of the wrong shape": (
        CONTRASTIVE,
        MOVES,
        MOVES.replace("A * T.inv()", "T * A"),
        ShapeError,
        r"^aligned: A has shape \(k, d\).*T\*A",
    ),
    "features that are a matrix": (
        CONTRASTIVE,
        FEATURES,
        "features=A",
        ShapeError,
        r"^features: A has shape \(k, d\), a column vector \(p, 1\)",
    ),
    "a downstream input of another length": (
        CONTRASTIVE,
        DOWN,
        DOWN.replace('"x", d, cov=covariance("Sigma_down", d)', '"x", k, cov=covariance("Sigma_down", k)'),
        ShapeError,
        r"^downstream\.x: x has shape \(k, 1\), the features' input x has \(d, 1\)",
    ),
    "a target of another length": (
        CONTRASTIVE,
        DOWN,
        DOWN.replace("target=target", 'target=constant("t", k)'),
        ShapeError,
        r"^downstream\.target: t has shape \(k, 1\)",
    ),
    "a covariance of another size": (
        CONTRASTIVE,
        'x_minus = copy(x, "x_minus")',
        'x_minus = gaussian("x_minus", d, cov=covariance("S", k))',
        ShapeError,
        r"Cov\(x_minus, x_minus\) has shape \(k, k\), expected \(d, d\)",
    ),
    "a mean of another length": (
        CONTRASTIVE,
        'x_minus = copy(x, "x_minus")',
        'x_minus = gaussian("x_minus", d, cov=Sigma, mean=constant("m", k))',
        ShapeError,
        r"the mean of x_minus has shape \(k, 1\), expected \(d, 1\)",
    ),
}

SCALARS = {
    "a bare product": (
        CONTRASTIVE,
        LOSS,
        "loss = x.T * A.T * A * x",
        ShapeError,
        r"^loss: .*matrix of shape \(1, 1\), not a scalar; write inner\(u, v\) for u\.T\*v and quad\(u, S\)",
    ),
    "a number and a bare product": (
        CONTRASTIVE,
        LOSS,
        "loss = 1 + x.T * x",
        ShapeError,
        r"^broken\.py in line 16: .*a bare 1x1 matrix.*write inner\(u, v\) for u\.T\*v and quad\(u, S\) for u\.T\*S\*u$",
    ),
    "a scalar and a bare product": (
        CONTRASTIVE,
        LOSS,
        LOSS + " + x.T * Sigma * x",
        ShapeError,
        r"line 16: .*a bare 1x1 matrix.*write inner\(u, v\)",
    ),
    "a bare product under a function": (
        CONTRASTIVE,
        LOSS,
        "loss = exp(x.T * Sigma * x)",
        ShapeError,
        r"^loss: .*shape \(1, 1\), not a scalar; write inner",
    ),
    "a bare product as a factor": (
        CONTRASTIVE,
        LOSS,
        "loss = norm2(A * x) * (x.T * x)",
        ShapeError,
        r"shape \(1, 1\), not a scalar; write inner",
    ),
    "a matrix for a loss": (
        CONTRASTIVE,
        LOSS,
        "loss = A",
        ShapeError,
        r"^loss: A is a matrix of shape \(k, d\), not a scalar",
    ),
    "a matrix for the noise": (
        CONTRASTIVE,
        DOWN,
        DOWN.replace("target=target", "target=target, noise=A"),
        ShapeError,
        r"^downstream\.noise: A is a matrix",
    ),
    "a scalar for the features": (
        CONTRASTIVE,
        FEATURES,
        "features=norm2(x)",
        InputError,
        r"^features: \|\|x\|\|\^2 is a scalar",
    ),
    "a scalar in an inner product": (
        CONTRASTIVE,
        LOSS,
        "loss = inner(k, A * x)",
        InputError,
        r"^inner: expected a matrix expression, got k",
    ),
}

DECLARATIONS = {
    "a covariance without entries": (
        CONTRASTIVE,
        DIAGONAL,
        "diagonal={Sigma_plus: lam, target: {i: b[i]}}",
        InputError,
        r"^aligned: diagonal\[Sigma\] is missing; give the diagonal entries of Sigma \(d x d\)$",
    ),
    "a target without entries": (
        CONTRASTIVE,
        DIAGONAL,
        "diagonal={Sigma: 1, Sigma_plus: lam}",
        InputError,
        r"^aligned: diagonal\[target\] is missing",
    ),
    "a parameter without entries": (
        CONTRASTIVE,
        AT,
        "at={}",
        InputError,
        r"^aligned: at\[A\] is missing; give the diagonal entries of A \(k x d\)$",
    ),
    "one of two parameters without entries": (
        AUTOENCODER,
        "at={A: {i: 1}, B: {i: 1}}",
        "at={A: {i: 1}}",
        InputError,
        r"^aligned: at\[B\] is missing",
    ),
    "ranges with a hole": (
        CONTRASTIVE,
        RANGES,
        "ranges={i: (1, k), a: (k + 2, d)}",
        InputError,
        r"^aligned: the dimension d is not a chain of the ranges i = 1\.\.k, a = k \+ 2\.\.d that starts at 1 and ends at d$",
    ),
    "ranges that stop short": (
        CONTRASTIVE,
        RANGES,
        "ranges={i: (1, k), a: (k + 1, r)}",
        InputError,
        r"the dimension d is not a chain of the ranges",
    ),
    "a range of three numbers": (
        CONTRASTIVE,
        RANGES,
        "ranges={i: (1, k, d), a: (k + 1, d)}",
        InputError,
        r"^aligned: the range i: .*\(first, last\)",
    ),
    "an index without a range": (
        CONTRASTIVE,
        AT,
        "at={A: {c: sqrt(lam[c])}}",
        InputError,
        r"^aligned: at\[A\] speaks of the index c, which is not in ranges",
    ),
    "an entry with the index of another range": (
        CONTRASTIVE,
        AT,
        "at={A: {i: lam[a]}}",
        InputError,
        r"the entry lam\[a\] of the range i uses another index",
    ),
    "a root with the index of another range": (
        CONTRASTIVE,
        AT,
        "at={A: {i: sqrt(lam[a])}}",
        InputError,
        r"the entry .*lam\[a\].* of the range i uses another index",
    ),
    "an assumption that is an equation": (
        CONTRASTIVE,
        ASSUME,
        "assume=[Eq(lam[i], lam[a])]",
        InputError,
        r"^aligned\.assume: Eq\(.*is not of the form u > v",
    ),
    "no parameter": (CONTRASTIVE, LOSS, "loss = norm2(x)", InputError, r"^loss: \|\|x\|\|\^2 mentions no parameter"),
    "data moved by the group": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=O(d).acts(lambda Q: {x: Q * x})",
        InputError,
        r"only parameters can be moved",
    ),
    "two group elements of one name": (
        CONTRASTIVE,
        ROTATIONS,
        "symmetry=product(O(k).acts(lambda Q: {A: Q * A}), O(k).acts(lambda Q: {A: Q * A}))",
        InputError,
        r"^product: the group elements are called Q, Q",
    ),
    "features of two vectors": (
        CONTRASTIVE,
        FEATURES,
        "features=A * (x + x_plus)",
        InputError,
        r"exactly one data vector, it has 2",
    ),
    "a copy of the same name": (
        CONTRASTIVE,
        'copy(x, "x_minus")',
        'copy(x, "x_plus")',
        InputError,
        r"^copy: the name x_plus is taken",
    ),
    "two data vectors of one name": (
        AUTOENCODER,
        "loss=norm2(x - B * A * x)",
        'loss=norm2(gaussian("data", d, cov=covariance("Other", d)) - B * A * x)',
        InputError,
        r"data",
    ),
    "a parameter and a constant of one name": (
        AUTOENCODER,
        "loss=norm2(x - B * A * x)",
        'loss=norm2(x - B * A * x) + tr(constant("A", d, d))',
        InputError,
        r"\bA\b",
    ),
    "a cross-covariance that is not symmetric": (
        CONTRASTIVE,
        "cross=Sigma_plus)",
        "cross=M)",
        InputError,
        r"symmetric",
    ),
    "an average over a parameter": (
        CONTRASTIVE,
        LOSS,
        "loss = average(norm2(A * x), over=A, count=3)",
        InputError,
        r"^average: .*\bA\b",
    ),
    "an average in an average": (
        CONTRASTIVE,
        LOSS,
        "loss = average(average(inner(A * x, A * x_minus) ** 2, over=x_minus, count=3), over=x_minus, count=2)",
        SymasymError,
        r"average.*x_minus",
    ),
    "an average over one of a pair": (
        CONTRASTIVE,
        LOSS,
        "loss = -2 * inner(A * x, A * x_plus) + average(inner(A * x, A * x_plus) ** 2, over=x_plus, count=3)",
        SymasymError,
        r"average.*x_plus",
    ),
    "no model": (
        CONTRASTIVE,
        "model = Model(",
        "result = Model(",
        InputError,
        r"^broken\.py: .*no variable called model",
    ),
    "a model that is not one": (
        AUTOENCODER,
        "target = constant",
        "class Model(dict):\n    pass\n\n\ntarget = constant",
        InputError,
        r"model",
    ),
    "an unknown name": (
        CONTRASTIVE,
        "features=A * x",
        "features=W * x",
        InputError,
        r"^broken\.py in line \d+: NameError: name 'W' is not defined",
    ),
    "a slip of the pen": (CONTRASTIVE, "features=A * x", "features=A x", InputError, r"^broken\.py: SyntaxError"),
}

LIMITS = {
    "an exponential": (CONTRASTIVE, LOSS, LOSS + " + exp(norm2(A * x))", NotDerivableYet, r"exp.*is not a polynomial"),
    "a root": (CONTRASTIVE, LOSS, LOSS + " + sqrt(norm2(A * x))", NotDerivableYet, r"exponent 1/2"),
    "a quotient": (CONTRASTIVE, LOSS, LOSS + " + 1 / norm2(A * x)", NotDerivableYet, r"exponent -1"),
    "an entry that is an exponential": (
        CONTRASTIVE,
        AT,
        "at={A: {i: exp(lam[i])}}",
        NotDerivableYet,
        r"exp\(lam\[i\]\) is not a rational function",
    ),
}

CASES = {
    f"{kind}: {name}": case
    for kind, table in (
        ("condition", CONDITIONS),
        ("shape", SHAPES),
        ("scalar", SCALARS),
        ("declaration", DECLARATIONS),
        ("limit", LIMITS),
    )
    for name, case in table.items()
}


def broken_file(folder: Path, text: str, old: str, new: str) -> Path:
    assert text.count(old) == 1, f"{old!r} stands once in the sound file"
    path = folder / "broken.py"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [CONTRASTIVE, AUTOENCODER], ids=["contrastive", "autoencoder"])
def test_the_unbroken_files_are_derived(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sound.py"
    path.write_text(text, encoding="utf-8")
    derived = derive_model(catalogue.load(str(path)).model, "sound")
    assert str(derived.law.d_eff) == "k" and not derived.law.undecided


@pytest.mark.parametrize("case", CASES)
def test_one_clear_sentence(case: str, tmp_path: Path) -> None:
    text, old, new, error, message = CASES[case]
    path = broken_file(tmp_path, text, old, new)
    with pytest.raises(SymasymError) as caught:
        derive_model(catalogue.load(str(path)).model, "broken")
    said = str(caught.value)
    assert type(caught.value) is error or error is SymasymError
    assert re.search(message, said), said
    assert "\n" not in said and 20 < len(said) < 500
    assert str(tmp_path) not in said and "object at 0x" not in said and "Traceback" not in said


@pytest.mark.parametrize("case", CASES)
def test_the_command_line_says_the_same_and_exits_with_two(case: str, tmp_path: Path, capsys) -> None:
    text, old, new, _, message = CASES[case]
    path = broken_file(tmp_path, text, old, new)
    assert main(["derive", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("symasym: ") and err.endswith("\n") and err.count("\n") == 1
    assert re.search(message, err.removeprefix("symasym: ").rstrip("\n")), err


def test_a_sound_file_is_printed_and_exits_with_zero(tmp_path: Path, capsys) -> None:
    path = tmp_path / "sound.py"
    path.write_text(CONTRASTIVE, encoding="utf-8")
    assert main(["derive", str(path)]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "omega[a]" in out and "lam[i] > lam[a]" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["derive", "spectrum"], r"there is no model spectrum; did you mean spectral\?"),
        (["derive", "nowhere.py"], r"there is no file nowhere\.py"),
        (["derive"], r"required: MODEL\|FILE\.py"),
        (["derive", "spectral", "--format", "xml"], r"invalid choice: 'xml'"),
        (["derive", "spectral", "--downstream", "probit"], r"invalid choice: 'probit'"),
    ],
)
def test_wrong_arguments_are_said_in_one_line(arguments, message: str, capsys) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and re.search(message, err)


def test_a_missing_eigengap_is_an_assumption_and_not_an_error(tmp_path: Path, capsys) -> None:
    path = broken_file(tmp_path, CONTRASTIVE, ASSUME, "assume=[lam[i] > 0]")
    assert main(["derive", str(path)]) == 0
    assert "assumed positive, not decided: -4*lam[a] + 4*lam[i]" in capsys.readouterr().out


def test_a_model_without_aligned_coordinates_is_sent_to_the_general_route(tmp_path: Path) -> None:
    path = broken_file(tmp_path, CONTRASTIVE, "    aligned=Aligned(", "    aligned=None and dict(")
    with pytest.raises(NotDerivableYet, match=r"states no aligned coordinates"):
        derive_model(catalogue.load(str(path)).model, "broken")
