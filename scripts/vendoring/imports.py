"""Rewrites the imports of our modules for a package of any name, and back again.

`from models import db` in `techscreen/web/endpoint.py` becomes `from ...models import db`, and `import config` there
`from ... import config`: as many dots as lead to the package's top. Nothing else of a text is touched, and each rewrite
has one way back, for our modules have no relative imports themselves.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Collection
from pathlib import PurePosixPath

# What begins an import statement, up to the module's name. Names may stand on a line of their own after a backslash.
_FROM = re.compile(rb"from((?:\s|\\\n)+)")
_IMPORT = re.compile(rb"import((?:\s|\\\n)+)")
# The dots of a relative import, as we write them.
_FROM_DOTS = re.compile(rb"from((?:\s|\\\n)+)(\.+)")
_FROM_DOTS_IMPORT = re.compile(rb"from \.+ import")


class UnsuitableImport(Exception):
    """An import that has no form of its own in a package; the message says where and what to write instead."""


def to_package(text: bytes, path: str, modules: Collection[str]) -> bytes:
    """The text of a module of this repository as it stands in a package.

    Args:
        text: of the module, in UTF-8.
        path: of its file, from the top of the repository, such as `techscreen/errors.py`.
        modules: names of our modules and packages at the top.

    Raises:
        UnsuitableImport: if the text has an import that cannot be rewritten.
    """
    dots = _dots(path)

    def rewrite(node: ast.Import | ast.ImportFrom, statement: bytes) -> bytes:
        if isinstance(node, ast.ImportFrom):
            if node.level:
                raise UnsuitableImport(
                    f"{path}, line {node.lineno}: write the import with the full name of the module."
                )
            if node.module is None or _top(node.module) not in modules:
                return statement
            return _FROM.sub(lambda found: found[0] + dots, statement, count=1)
        if not any(_top(alias.name) in modules for alias in node.names):
            return statement
        if len(node.names) > 1:
            raise UnsuitableImport(f"{path}, line {node.lineno}: write a statement for each import.")
        (alias,) = node.names
        if "." in alias.name:
            package, _, module = alias.name.rpartition(".")
            raise UnsuitableImport(f"{path}, line {node.lineno}: write `from {package} import {module}`.")
        return _IMPORT.sub(lambda found: b"from " + dots + b" " + found[0], statement, count=1)

    return _each_import(text, rewrite)


def to_repository(text: bytes, path: str) -> bytes:
    """The text of a module of a package as it stands in this repository: the other way round.

    Args:
        text: of the module, in UTF-8. Whoever uses the package may have changed it.
        path: of its file, from the top of the package.
    """
    dots = _dots(path)

    def rewrite(node: ast.Import | ast.ImportFrom, statement: bytes) -> bytes:
        if not isinstance(node, ast.ImportFrom) or node.level != len(dots):
            return statement
        if node.module is None:
            return _FROM_DOTS_IMPORT.sub(b"import", statement, count=1)
        return _FROM_DOTS.sub(rb"from\1", statement, count=1)

    return _each_import(text, rewrite)


def imported(text: bytes, modules: Collection[str]) -> set[str]:
    """Which of our modules at the top a module of this repository imports, anywhere in its text."""
    found: set[str] = set()
    for node in _imports(text):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        found.update(_top(name) for name in names)
    return found & set(modules)


def _dots(path: str) -> bytes:
    """What leads from a module to the top of its package: one dot at the top, and one more for each folder."""
    return b"." * len(PurePosixPath(path).parts)


def _top(name: str) -> str:
    return name.partition(".")[0]


@functools.cache  # whoever copies the service first asks what it imports
def _imports(text: bytes) -> tuple[ast.Import | ast.ImportFrom, ...]:
    return tuple(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom))


def _each_import(text: bytes, rewrite: Callable[[ast.Import | ast.ImportFrom, bytes], bytes]) -> bytes:
    """The text with each import statement replaced, wherever it stands; the last one first, so that places hold."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for node in sorted(_imports(text), key=lambda each: (each.lineno, each.col_offset), reverse=True):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        # Columns are counted in bytes of UTF-8.
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        text = text[:begin] + rewrite(node, text[begin:end]) + text[end:]
    return text
