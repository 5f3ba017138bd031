"""What a call or a property in a value gives: a plain text, or maybe HTML that does not know that it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from workers.fixers.python.source.module import Module
from workers.fixers.python.source.repository import InRepository

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MARKS = re.compile(r"<\s*[a-zA-Z/!]|&\w+;")
_KNOWING = ("django.", "markupsafe.", "html.", "urllib.", "datetime.", "json.", "flask.url_for", "flask.escape")
"""What gives HTML that Django or markupsafe know to be such, or none at all."""
_PLAIN = re.compile(
    r"str|int|len|round|float|abs|min|max|sum|repr|sorted|format|getattr|next|list|dict|set|tuple|enumerate|zip|range"
    r"|super|[lr]?strip|lower|upper|title|capitalize|r?split|partition|replace|join|get|items|keys|values|pop"
    r"|(?:iso|strf)(?:format|time)|date|time|now|today|total_seconds|count|first|last|exists|(?:en|de)code|hexdigest"
    r"|zfill|[lr]just|center|remove(?:pre|suf)fix|groups?|dumps|quote(?:_plus)?|urlencode|urljoin|reverse|url_for"
    r"|[np]?gettext|_|get_absolute_url|get_(?:full_|short_|user)name|naturaltime|intcomma|filter|order_by|all"
    r"|values_list|get_\w+_display|hidden_tag"
)


def may_give_html(file: Module, node: ast.expr) -> bool:
    """Whether nothing says that what the call, or the attribute, gives is a plain text or HTML that knows it is."""
    used = node.func if isinstance(node, ast.Call) else node
    name = used.id if isinstance(used, ast.Name) else used.attr if isinstance(used, ast.Attribute) else ""
    if (file.qualified(used) or "").startswith(_KNOWING):
        return False
    made = list(_defined(file, name)) if name else []
    if made:
        return any(_gives_marks(where, each) for where, each in made)
    if not isinstance(node, ast.Call) or _PLAIN.fullmatch(name):
        return False
    if name == "render" or name.startswith("as_"):
        return not any(each.startswith("django") for each in file.aliases.values())
    return not name[:1].isupper()


def is_html_elsewhere(file: Module, name: str) -> bool:
    """Whether it is a constant of another module, and nothing in sight says that it is no HTML."""
    if not isinstance(file, InRepository) or name not in file.aliases or not name.isupper():
        return False
    texts = [
        part.value
        for each in file.others(name)
        for node in each.tree.body
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets)
        for part in ast.walk(node.value)
        if isinstance(part, ast.Constant)
    ]
    return not texts or any(_MARKS.search(str(text)) for text in texts)


def _defined(file: Module, name: str) -> Iterator[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The functions of that name, of this file or, where it has none, of the repository."""
    own = [(file, node) for node in file.nodes if isinstance(node, _FUNCTIONS) and node.name == name]
    if own or _PLAIN.fullmatch(name) or not isinstance(file, InRepository):
        yield from own
        return
    for other in file.others(f"def {name}"):
        yield from ((other, node) for node in other.nodes if isinstance(node, _FUNCTIONS) and node.name == name)


def _gives_marks(file: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the function has HTML of its own, and gives something else than what knows that it is HTML."""
    returned = [each.value for each in ast.walk(function) if isinstance(each, ast.Return) and each.value is not None]
    texts = (each.value for each in ast.walk(function) if isinstance(each, ast.Constant))
    marked = any(_MARKS.search(str(text)) for text in texts) or any(
        isinstance(each, ast.Call) and may_give_html(Module(file.path, file.content), each) for each in returned
    )
    return marked and not all(_knows(file, each) for each in returned)


def _knows(file: Module, node: ast.expr) -> bool:
    name = file.qualified(node.func) or "" if isinstance(node, ast.Call) else ""
    return name.startswith(("django.utils.", "django.template.", "markupsafe.", "flask.Markup", "jinja2.Markup"))
