"""Emitters: what is written down from a derivation (text, JSON, LaTeX, NumPy)."""
