"""Applications of Flask and FastAPI, and how each sets a header on everything that it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from daemon.domain.fix import Edit
from workers.fixers.code import Text
from workers.source.syntax import parse

_FUNCTIONS = {"Flask": "Flask", "FastAPI": "FastAPI"}
_MENTIONS = re.compile(rb"\b(?:Flask|FastAPI)\s*\(")


def applications(path: str, content: bytes) -> Iterator[tuple[str, int, Callable[[str, str], Edit]]]:
    """Framework, the line behind the application, and header and value → the edit; those of modules alone."""
    if not _MENTIONS.search(content):
        return
    syntax = parse(content, path, language="python")
    if syntax is None or syntax.problems:
        return
    text = Text(path, content)
    for statement in syntax.root.children:
        node = statement.children[0] if statement.type == "expression_statement" else None
        if node is None or node.type != "assignment":
            continue
        name, call = node.child_by_field_name("left"), node.child_by_field_name("right")
        called = call.child_by_field_name("function") if call is not None and call.type == "call" else None
        framework = _FUNCTIONS.get(syntax.text(called).rpartition(".")[2]) if called is not None else None
        if framework is None or name is None or name.type != "identifier":
            continue
        at = text.line_end(text.line_of(statement.end_byte))
        yield framework, text.line_of(at) + 1, _setter(text, framework, syntax.text(name), at)


def _setter(text: Text, framework: str, app: str, at: int) -> Callable[[str, str], Edit]:
    def edit(name: str, value: str) -> Edit:
        function = f"set_{re.sub(r'[^a-z]+', '_', name.lower())}"
        sets = f'response.headers.setdefault("{name}", "{value}")'
        if framework == "Flask":
            head = f"@{app}.after_request\ndef {function}(response):\n"
        else:
            head = f'@{app}.middleware("http")\nasync def {function}(request, call_next):\n'
            head += "    response = await call_next(request)\n"
        return text.insert(at, f"\n\n\n{head}    {sets}\n    return response")

    return edit
