"""Multivariate t data have a law only where the score has a covariance; below that the formulas give numbers all the same."""

import numpy as np
import pytest
from by_path import TOP, load

import symasym
from symasym import catalogue
from symasym.calculus.forms import forms
from symasym.codegen.text import steps_text
from symasym.errors import ConditionViolated, InputError

FILE = TOP / "tests/files/tails.py"
DOCUMENT = {"Sigma": [[2, 0], [0, 1]], "k": 1, "target": [1, 0], "sigma2": 1}

page = load("tests/files/tails.py")
kernel = load("generated/kernels/linear_autoencoder.py")


@pytest.mark.parametrize(("power", "order"), [(1, 4), (2, 8)])
def test_the_condition_comes_from_the_moments_that_the_score_needs(power: int, order: int) -> None:
    assert forms(page.components(page.nu, power)).scale_conditions == (page.nu > order,)
    assert forms(page.components(order + 1, power)).scale_conditions == ()
    with pytest.raises(ConditionViolated, match="of the data are needed, but they are infinite with"):
        forms(page.components(order, power))


def test_gaussian_data_have_no_condition() -> None:
    assert forms(catalogue.load("factor").model).scale_conditions == ()


@pytest.mark.parametrize("nu", [0.5, 1, 2, 3, 4])
def test_numbers_are_refused_by_every_route(nu: float) -> None:
    """With 0.5 and 1 the formula `1 + 2 / (nu - 4)` is positive, with 2 it is zero: the weights look like any others."""
    with pytest.raises(InputError, match=f"^nu: {nu:g} came, a number above 4 is expected"):
        symasym.evaluate(FILE, {**DOCUMENT, "nu": nu})
    with pytest.raises(ConditionViolated, match="degrees_of_freedom > 4; it is"):
        symasym.derive("linear_autoencoder").at(d=2, k=1, lam=[2, 1], b=[1], sigma2=1, degrees_of_freedom=nu)
    assert np.isnan(kernel.law(lam=[2, 1], b=[1], sigma2=1, degrees_of_freedom=nu).weights).all()
    assert np.isnan(kernel.natural_law([[2, 0], [0, 1]], [1, 0], nu, 1, k=1).weights).all()


def test_numbers_above_are_taken() -> None:
    """`rho_2 = (nu - 2) / (nu - 4)` times the Gaussian weight 2."""
    assert symasym.evaluate(FILE, {**DOCUMENT, "nu": 6}).numeric.weights == pytest.approx([4], rel=1e-9)
    assert kernel.law(lam=[2, 1], b=[1], sigma2=1, degrees_of_freedom=6).weights == pytest.approx([4], rel=1e-12)
    assert "degrees_of_freedom >= 0" not in kernel.__doc__  # said by > 4


def test_steps_name_the_law_of_the_data() -> None:
    steps = steps_text(symasym.explain("linear_autoencoder"), "least_squares")
    assert "centred multivariate t with degrees_of_freedom degrees of freedom, covariance Sigma" in steps
    assert "Gaussian, covariance Sigma" not in steps
