"""Finding the messages in the source, for Babel (see babel.cfg).

Reads the syntax tree, where Babel's own reader reads tokens: messages inside f-strings are found under every
version of Python, a counted message is one entry also where its forms are marked with `N_`, and a dictionary
key inside a call to `translate` is no message.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import IO

_COUNTED = "translate_plural"

Found = tuple[int, str, str | tuple[str, str], list[str]]


def extract(
    file: IO[bytes],
    keywords: Collection[str],
    comment_tags: Collection[str],  # noqa: ARG001 - Babel's interface
    options: Mapping[str, object],  # noqa: ARG001
) -> Iterator[Found]:
    """Line, function, message (both forms of a counted one) and comments of every message."""
    calls = [node for node in ast.walk(ast.parse(file.read())) if isinstance(node, ast.Call)]
    forms = {id(form) for call in calls if _name(call) == _COUNTED for form in call.args[:2]}
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = _name(call)
        if name not in keywords or id(call) in forms:
            continue
        texts = [_literal(argument) for argument in call.args[: 2 if name == _COUNTED else 1]]
        if name == _COUNTED and len(texts) == 2 and texts[0] and texts[1]:
            yield call.lineno, name, (texts[0], texts[1]), []
        elif name != _COUNTED and texts and texts[0] and not _is_marked(call.args[0]):
            yield call.lineno, name, texts[0], []


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _is_marked(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node) == "N_"


def _literal(node: ast.expr) -> str | None:
    """The text of a literal, marked with `N_` or bare."""
    if isinstance(node, ast.Call) and _is_marked(node) and node.args:
        node = node.args[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
