"""`symasym list`: models, one line each, without importing any."""

from __future__ import annotations

import argparse
import json

from symasym import catalogue

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """Print the models."""
    rows = [(name, catalogue.summary(name)) for name in catalogue.names()]
    if arguments.format == "json":
        entries = [{"name": name, "summary": text} for name, text in rows]
        print(json.dumps({"schema": "symasym.list/1", "models": entries}, indent=2, ensure_ascii=False))
        return 0
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        print(f"{name:{width}}  {text}")
    return 0
