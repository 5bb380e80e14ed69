"""A relation with a number on its larger side, `1 >= r[i]`, is part of a kernel's domain like any other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import derivation
from sympy import IndexedBase, Symbol

from symasym.codegen.numpy import compile_kernel
from symasym.pipeline import derive_model

lam, i = IndexedBase(Symbol("lam", real=True)), Symbol("i", integer=True)


@pytest.mark.parametrize("bound", [lam[i] <= 5, 5 - lam[i] >= 0, lam[i] < 6])
@pytest.mark.parametrize("long", [1, 10**6])
def test_a_number_bounds_a_family(bound, long: int) -> None:
    model = derivation("linear_autoencoder").model
    aligned = replace(model.aligned, assume=[*model.aligned.assume, bound])
    kernel = compile_kernel(derive_model(replace(model, aligned=aligned), "bounded").law)
    kernel.LONG = long
    spectra = np.array([[5.0, 2.0, 1.0], [7.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    found = kernel.law(lam=spectra, b=[1.0], degrees_of_freedom=1e20, sigma2=1.0).mean
    assert np.isfinite(found).tolist() == [True, False, True]
