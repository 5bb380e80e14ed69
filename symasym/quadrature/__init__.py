"""Rules for integrals of smooth functions against Gaussian mixtures: nodes and positive weights, in pieces."""
