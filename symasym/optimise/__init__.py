"""Numerical minimisation that knows nothing of models: Newton's method that does not mind orbits."""
