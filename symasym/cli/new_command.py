"""`symasym new NAME`: a commented model file to start from, which derives, evaluates and verifies as it is."""

from __future__ import annotations

import argparse
import keyword
import re
from pathlib import Path

from symasym.errors import InputError
from symasym.files import write_whole

__all__ = ["configure", "run"]

TEMPLATE = Path(__file__).with_name("new_model.py.txt")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("name", metavar="NAME", help="letters, digits and underscores; the file is NAME.py")
    parser.add_argument("--output", metavar="DIR", default=".", help="folder of the file (default: here)")


def _checked(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise InputError(f"NAME: {name} came, lower-case letters, digits and underscores are expected, e.g. my_model")
    return name


def run(arguments: argparse.Namespace) -> int:
    """Write the file, unless there is one."""
    name = _checked(arguments.name)
    folder = Path(arguments.output)
    if not folder.is_dir():
        raise InputError(f"--output: there is no folder {folder}")
    path = folder / f"{name}.py"
    if path.exists():
        raise InputError(f"NAME: {path} is there already; another name is expected")
    title = name.replace("_", " ").capitalize()
    write_whole(path, TEMPLATE.read_text(encoding="utf-8").replace("@TITLE@", title).replace("@FILE@", path.as_posix()))
    print(f"wrote {path}; next: symasym derive {path}, then symasym verify {path} --reps 500 --m 200,400,800")
    return 0
