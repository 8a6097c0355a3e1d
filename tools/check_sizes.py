"""Fail the build for a function over 60 lines, or a module of the package over 400.

Usage: python tools/check_sizes.py FOLDER_OR_FILE ...
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_FUNCTION = 60
LONGEST_MODULE = 400
PACKAGE = "timebank"
BROUGHT = Path("tests/calendar_check")  # a tool of its own, kept as it was brought


def main(arguments: list[str]) -> int:
    """Print what is too long; 1 when there is any."""
    findings = [found for path in _modules(arguments) for found in _too_long(path)]
    for found in findings:
        print(found)  # noqa: T201 -- a command's output
    return 1 if findings else 0


def _modules(arguments: list[str]) -> Iterator[Path]:
    for argument in map(Path, arguments):
        found = sorted(argument.rglob("*.py")) if argument.is_dir() else [argument]
        yield from (path for path in found if BROUGHT not in path.parents)


def _too_long(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > LONGEST_MODULE and path.parts[0] == PACKAGE:
        yield f"{path}:1: {lines} lines, more than {LONGEST_MODULE}: split the module"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines: split the function"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
