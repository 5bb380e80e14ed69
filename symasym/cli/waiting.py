"""Words for whoever waits at a terminal: which stage a derivation is in, on stderr, once it takes longer than a moment."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

__all__ = ["waiting"]

MOMENT = 2.0
"""Seconds before the first word; the time between two of them doubles."""
LONG = 60.0
"""Seconds from which the way around is named."""
AROUND = "; without aligned= the model has no closed form, and symasym eval takes the general route"


@contextmanager
def waiting(
    verb: str, moment: float = MOMENT, long: float = LONG, terminal: bool | None = None
) -> Iterator[Callable[[str], None]]:
    """A function to be called with every stage as it begins; what it was called with last is shown while nothing comes back.

    `terminal`: whether somebody is there to read it; by default, whether stderr is a terminal. Elsewhere stderr has errors alone.
    """
    if not (sys.stderr.isatty() if terminal is None else terminal):
        yield lambda stage: None
        return
    stages, done, start = ["start"], Event(), time.monotonic()

    def speak() -> None:
        pause = moment
        while not done.wait(pause):
            passed = time.monotonic() - start
            way = AROUND if passed > long else ""
            print(f"{verb}: {stages[-1]}, {passed:.0f} s{way}", file=sys.stderr, flush=True)
            pause = min(2 * pause, long)

    speaker = Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield stages.append
    finally:
        done.set()
        speaker.join()
