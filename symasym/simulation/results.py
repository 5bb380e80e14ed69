"""What a simulation leaves behind for the judge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Results"]


@dataclass(frozen=True)
class Results:
    """Repetitions along a grid of unlabelled sample sizes.

    * `grid`: the `m`, ascending, at least two.
    * `displaced`: for each `m` the vectors `sqrt(m) (I - Pi_w_hat) f*` in coordinates of `L2(mu_down)`, `(reps, d)`.
    * `n`: labelled samples at the largest `m`; `bias`, `spread`, both `(reps,)`: there `n (R - sigma^2) = bias +
      sigma^2 spread`.
    * `noise`: `sigma^2`.
    """

    grid: tuple[int, ...]
    displaced: tuple[np.ndarray, ...]
    n: int
    bias: np.ndarray
    spread: np.ndarray
    noise: float

    @property
    def interactions(self) -> tuple[np.ndarray, ...]:
        """`m ||(I - Pi_w_hat) f*||^2` for each `m`, `(reps,)`."""
        return tuple(np.sum(vectors**2, axis=1) for vectors in self.displaced)

    def centred(self) -> Results:
        """Displacements around their means, scaled so that their second moment is the covariance without bias."""
        around = tuple((v - v.mean(0)) * np.sqrt(len(v) / max(len(v) - 1, 1)) for v in self.displaced)
        return replace(self, displaced=around)

    @property
    def total(self) -> np.ndarray:
        """`n (R - sigma^2)` at the largest `m`, `(reps,)`."""
        return self.bias + self.noise * self.spread

    @property
    def repetitions(self) -> int:
        """Repetitions at the largest `m`."""
        return len(self.bias)
