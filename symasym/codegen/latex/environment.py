"""Jinja for LaTeX: delimiters that TeX does not use, an error for a slot that is not filled, names in the notation in force."""

from __future__ import annotations

from pathlib import Path

import jinja2
from jinja2.runtime import Context

from symasym.codegen.latex.names import symbol
from symasym.codegen.latex.notation import current

__all__ = ["environment"]


def environment(folder: Path) -> jinja2.Environment:
    """The environment of the templates in a folder: `<% block %>`, `<< slot >>`, `<# comment #>`.

    The filters `name` and `operator` print a name and an operator (`<< "sigma2" | name >>`).
    """
    made = jinja2.Environment(
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
    made.filters |= {"name": _name, "operator": _operator}
    return made


# With a context, so that the filters are called when a template is rendered and not once when it is compiled.


@jinja2.pass_context
def _name(context: Context, name: str) -> str:
    return symbol(name)


@jinja2.pass_context
def _operator(context: Context, name: str) -> str:
    return current().operator(name)
