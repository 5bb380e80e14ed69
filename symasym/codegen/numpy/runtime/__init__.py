"""What every kernel has in common: modules whose text is copied into each generated file, so that it needs NumPy alone."""
