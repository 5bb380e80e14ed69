"""Jinja for LaTeX: delimiters that TeX does not use, and an error for a slot that is not filled."""

from __future__ import annotations

from pathlib import Path

import jinja2

__all__ = ["environment"]


def environment(folder: Path) -> jinja2.Environment:
    """The environment of the templates in a folder: `<% block %>`, `<< slot >>`, `<# comment #>`."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,
    )
