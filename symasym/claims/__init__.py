"""Statements about laws, published or a user's own, against what the engine derives.

A claim is data (`published/*.toml`, or a file of the user's): what it is about, the formula as printed, the coordinates it is
printed in (`settings/*.toml`). The derived side comes from the pipeline, run in those coordinates; a second route that shares no
code with it (the referee in exact rationals, or Gauss-Hermite quadrature) confirms it at the point where the two sides part.
"""
