"""LaTeX to PDF: `pdflatex` twice in a folder of its own, and its log read for what a reader would stumble over."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from symasym.errors import SymasymError

__all__ = ["INSTALL", "LatexError", "PdflatexMissing", "complaints", "compile_pdf"]

INSTALL = "apt-get install texlive-latex-base texlive-latex-recommended"
"""The line to type where pdflatex is missing."""
OVERFULL = 1.0
"""How far a line may stick out, in points."""
TIME_LIMIT = 120
"""Seconds that one run may take."""

_FIXED = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "openout_any": "p", "openin_any": "a"}
_COMMAND = r"\pdfinfoomitdate=1 \pdftrailerid{} \pdfsuppressptexinfo=-1 \input{document.tex}"


class PdflatexMissing(SymasymError):
    """There is no pdflatex on this machine."""


class LatexError(SymasymError):
    """LaTeX complained: an error, a line that sticks out, a reference to nothing."""


def complaints(log: str) -> list[str]:
    """What the log of the last run says against the document: errors, overfull boxes, undefined references, missing glyphs."""
    found = [f"error: {line[2:].strip()}" for line in re.findall(r"^! .*", log, re.MULTILINE)]
    for kind, points, place in re.findall(r"^Overfull \\([hv])box \(([\d.]+)pt too \w+\) ?(.*)", log, re.MULTILINE):
        if float(points) > OVERFULL:
            found.append(f"overfull {kind}box, {points} pt, {place}".rstrip(", "))
    found += [f"undefined: {name}" for name in re.findall(r"(?:Reference|Citation) [`']([^']+)' .*undefined", log)]
    found += re.findall(r"LaTeX Warning: (Label `[^']+' multiply defined)", log)
    found += [
        f"missing glyph: {sign} in {font}"
        for sign, font in re.findall(r"^Missing character: There is no (.+?) in font (\S+?)!", log, re.MULTILINE)
    ]
    found += [
        f"font: {words}" for words in re.findall(r"^LaTeX Font Warning: (Font shape .* undefined)", log, re.MULTILINE)
    ]
    return found


def _run(folder: Path) -> str:
    """One run of pdflatex; its log."""
    command = [
        "pdflatex",
        "-interaction=nonstopmode",
        "-halt-on-error",
        "-no-shell-escape",
        "-jobname=document",
        _COMMAND,
    ]
    # TeX wraps its log at 79 characters unless told otherwise, which would cut the lines that are looked for
    environment = {**os.environ, **_FIXED, "max_print_line": "10000"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LatexError(f"pdflatex: no end after {TIME_LIMIT} seconds") from None
    log = folder / "document.log"
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else done.stdout.decode(errors="replace")
    if done.returncode:
        reason = next(iter(complaints(text)), f"exit code {done.returncode}")
        raise LatexError(f"pdflatex: {reason}")
    return text


def compile_pdf(tex: str, destination: Path) -> None:
    """Write the PDF of a document to `destination`, all or nothing; the same text gives the same bytes.

    Raises `PdflatexMissing` with the line to type, and `LatexError` where the document has errors, boxes that stick
    out by more than a point, undefined references or glyphs that its fonts lack.
    """
    if shutil.which("pdflatex") is None:
        raise PdflatexMissing(f"pdflatex: not found, so no PDF can be made; to install it: {INSTALL}")
    destination = Path(destination)
    with tempfile.TemporaryDirectory(prefix="symasym-") as name:
        folder = Path(name)
        (folder / "document.tex").write_text(tex, encoding="utf-8")
        _run(folder)
        found = complaints(_run(folder))
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            raise LatexError(f"pdflatex: {found[0]}{more}")
        destination.parent.mkdir(parents=True, exist_ok=True)
        partial = destination.with_name(f".{destination.name}.{os.getpid()}.partial")
        try:
            shutil.copyfile(folder / "document.pdf", partial)
            os.replace(partial, destination)
        finally:
            partial.unlink(missing_ok=True)
