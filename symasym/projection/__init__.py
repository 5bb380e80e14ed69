"""Expectations of non-polynomial functions of a low-dimensional projection: polynomials in inner products, reduced exactly."""
