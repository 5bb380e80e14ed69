"""Test points of the context encoder: bottleneck, rank, both dimensions; ranges of size 0 and 1, either space the larger one."""

from fractions import Fraction

from draws import rational, squares

SIZES = [
    {"k": k, "r": r, "d1": d1, "d2": d2}
    for k, r, d1, d2 in (
        (1, 1, 2, 1),
        (1, 2, 2, 2),
        (1, 2, 3, 2),
        (2, 2, 3, 2),
        (1, 2, 2, 3),
        (2, 3, 3, 4),
        (1, 1, 3, 3),
    )
]
TYPICAL = {"k": 1, "r": 2, "d1": 3, "d2": 2}


def families(sizes, rng):
    learned = [rational(rng) for _ in range(sizes["k"])]
    noise = [Fraction(rng.randint(1, 9), rng.randint(1, 5)) for _ in range(max(sizes["d1"], sizes["d2"]))]
    return {"s": squares(sizes["r"], rng), "nu": noise, "b": learned}


def scalars(rng):
    return {"sigma2": Fraction(rng.randint(1, 9), 4)}


def problems(sizes, count, rng):
    """Noise variances, which the model need not assume positive for its law."""
    return {"nu": 10.0 ** rng.uniform(-2, 2, (count, max(sizes["d1"], sizes["d2"])))}
