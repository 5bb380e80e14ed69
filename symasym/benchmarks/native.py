"""The test forms in C, compiled when they are measured, for one thread: what the machine can do."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Native", "native"]

Floats = NDArray[np.floating]
SOURCE = r"""
#include <stddef.h>
typedef const double *restrict in;
typedef double *restrict out;

void form_s(long count, long d, long k, in b, in lam, out first, out second) {
    double w[4096];
    for (long n = 0; n < count; n++) {
        const double *l = lam + n * d, *c = b + n * k, *g = l + k;
        double tau = 0, one = 0, two = 0;
        for (long i = 0; i < k; i++) tau += l[i] * l[i];
        for (long m = 0; m < d - k; m++) w[m] = 0;
        for (long i = 0; i < k; i++) {
            const double p = c[i] * c[i] * (2 + l[i] + tau), x = l[i];
            for (long m = 0; m < d - k; m++) { const double y = x - g[m]; w[m] += p / (y * y); }
        }
        for (long m = 0; m < d - k; m++) { one += w[m]; two += w[m] * w[m]; }
        first[n] = one; second[n] = 2 * two;
    }
}

/* up to four terms over one denominator */
void form_s_folded(long count, long d, long k, in b, in lam, out first, out second) {
    double w[4096];
    for (long n = 0; n < count; n++) {
        const double *l = lam + n * d, *c = b + n * k, *g = l + k;
        double tau = 0, one = 0, two = 0;
        for (long i = 0; i < k; i++) tau += l[i] * l[i];
        for (long m = 0; m < d - k; m++) w[m] = 0;
        long i = 0;
        for (; i + 1 < k; i += 2) {
            const double p = c[i] * c[i] * (2 + l[i] + tau), x = l[i];
            const double q = c[i + 1] * c[i + 1] * (2 + l[i + 1] + tau), z = l[i + 1];
            if (i + 3 < k) {
                const double r = c[i + 2] * c[i + 2] * (2 + l[i + 2] + tau), u = l[i + 2];
                const double s = c[i + 3] * c[i + 3] * (2 + l[i + 3] + tau), v = l[i + 3];
                for (long m = 0; m < d - k; m++) {
                    double e = x - g[m], f = z - g[m], h = u - g[m], o = v - g[m];
                    e *= e; f *= f; h *= h; o *= o;
                    const double ef = e * f, ho = h * o;
                    w[m] += ((p * f + q * e) * ho + (r * o + s * h) * ef) / (ef * ho);
                }
                i += 2;
            } else {
                for (long m = 0; m < d - k; m++) {
                    double e = x - g[m], f = z - g[m];
                    e *= e; f *= f;
                    w[m] += (p * f + q * e) / (e * f);
                }
            }
        }
        for (; i < k; i++) {
            const double p = c[i] * c[i] * (2 + l[i] + tau), x = l[i];
            for (long m = 0; m < d - k; m++) { const double y = x - g[m]; w[m] += p / (y * y); }
        }
        for (long m = 0; m < d - k; m++) { one += w[m]; two += w[m] * w[m]; }
        first[n] = one; second[n] = 2 * two;
    }
}

void form_f(long count, long k, in a, in s, out value) {
    for (long n = 0; n < count; n++) {
        double sum = 0;
        const double *x = s + n * k, *c = a + n * k;
        for (long i = 0; i < k; i++) { const double y = 2 + x[i]; sum += c[i] * c[i] / (x[i] * y * y); }
        value[n] = sum;
    }
}
"""
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC")
LONGEST = 4096


class Native:
    """The compiled functions on C-contiguous doubles."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def s(self, b: Floats, lam: Floats, folded: bool = False) -> tuple[Floats, Floats]:
        """S; `folded`: up to four terms share a division."""
        first, second = np.empty(len(lam)), np.empty(len(lam))
        function = self._library.form_s_folded if folded else self._library.form_s
        assert lam.shape[1] <= LONGEST
        function(*_numbers(len(lam), lam.shape[1], b.shape[1]), *_pointers(b, lam, first, second))
        return first, second

    def f(self, a: Floats, s: Floats) -> Floats:
        """F."""
        value = np.empty(len(s))
        self._library.form_f(*_numbers(len(s), s.shape[1]), *_pointers(a, s, value))
        return value


def _numbers(*values: int) -> list[ctypes.c_long]:
    return [ctypes.c_long(value) for value in values]


def _pointers(*arrays: Floats) -> list[ctypes.c_void_p]:
    assert all(array.flags.c_contiguous and array.dtype == np.float64 for array in arrays)
    return [ctypes.c_void_p(array.ctypes.data) for array in arrays]


@cache
def native() -> Native | None:
    """The functions, or None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "forms.c", Path(folder) / "forms.so"
        source.write_text(SOURCE, encoding="utf-8")
        subprocess.run([compiler, *FLAGS, str(source), "-o", str(library)], check=True, capture_output=True)
        return Native(ctypes.CDLL(str(library)))
