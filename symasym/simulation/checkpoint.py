"""A file that holds the chunks done so far, so that a run that was stopped goes on where it was.

JSON; Python writes a float so that it reads back the same number, so a resumed run ends with exactly the numbers of an
undisturbed one. The file says what run it belongs to, and any other run is refused.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from symasym.document import dump
from symasym.errors import InputError
from symasym.files import write_whole
from symasym.simulation.chunks import Chunk, Piece

__all__ = ["Checkpoint", "fingerprint"]

SCHEMA = "symasym.verify.checkpoint/1"
PAUSE = 5.0
"""Seconds between two writes at least."""
SHARE = 0.05
"""Share of the time that may go into writing."""


def fingerprint(path: Path) -> str:
    """Hash of a model file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Checkpoint:
    """Pieces by chunk; with a path they are kept in a file, without one in memory alone.

    `arguments`: what the numbers depend on, JSON-able; `kind`: a dataclass of arrays, that of the pieces.

    Raises `InputError` for a file of another run, or one that is no checkpoint.
    """

    def __init__(self, path: Path | None, arguments: Mapping[str, Any], kind: type[Any] = Piece) -> None:
        self.path, self.kind = path, kind
        self.arguments = json.loads(dump(SCHEMA, arguments))
        self.pieces: dict[str, Any] = {}
        self._unsaved = False
        self._next = 0.0
        if path is not None:
            self._read(path)

    def _read(self, path: Path) -> None:
        if not path.exists():
            self._write()  # a folder that cannot be written to shows before the work, not after it
            return
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            arguments, chunks = document["arguments"], document["chunks"]
            pieces = {key: self.kind(*map(np.array, value)) for key, value in chunks.items()}
        except OSError as error:
            raise InputError(f"--checkpoint: {path} cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InputError(
                f"--checkpoint: {path} is not a checkpoint of symasym verify; choose another file"
            ) from None
        for name, value in self.arguments.items():
            if arguments.get(name) != value:
                raise InputError(
                    f"--checkpoint: {path} belongs to a run with another {name} ({_short(arguments.get(name))}, now "
                    f"{_short(value)}); choose another file"
                )
        self.pieces = pieces

    def add(self, chunk: Chunk, piece: Any) -> None:
        """Keep a piece; the file is written from time to time."""
        self.pieces[chunk.key] = piece
        self._unsaved = True
        if time.monotonic() >= self._next:
            self.save()

    def save(self) -> None:
        """Write what is not written yet."""
        if self._unsaved:
            self._write()

    def _write(self) -> None:
        if self.path is None:
            return
        start = time.monotonic()
        chunks = {
            key: [getattr(piece, item.name).tolist() for item in fields(self.kind)]
            for key, piece in self.pieces.items()
        }
        try:
            write_whole(self.path, json.dumps({"schema": SCHEMA, "arguments": self.arguments, "chunks": chunks}))
        except OSError as error:
            raise InputError(f"--checkpoint: {self.path} cannot be written ({error.strerror})") from None
        end = time.monotonic()
        self._next = end + max(PAUSE, (end - start) / SHARE)
        self._unsaved = False


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
