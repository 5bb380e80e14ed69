"""The forms of a model as tables of trace words, for kernels that evaluate them on matrices of any position."""
