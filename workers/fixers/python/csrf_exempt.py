"""Views taken out of the protection against cross-site requests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, candidate
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer

_SESSION = re.compile(r"request\.user\b|request\.session\b|request\.COOKIES\b|login_required|permission_required")


@fixer(
    name="django-csrf-exempt",
    weakness="view without protection against cross-site requests",
    cwes=(352,),
    rules={"semgrep": ["no-csrf-exempt"]},
    explain="""`@csrf_exempt` lets a page of another site send requests to the view in the name of whoever is signed
in (CWE-352). That is right for webhooks and APIs that authenticate each request by a key or a signature, and wrong
for views that know the user from a cookie.

Without the decorator Django's middleware asks for the token. Pages that call the view from JavaScript send it in the
`X-CSRFToken` header.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A cookie-authenticated view with `@csrf_exempt` → without it."""
    file, view = flagged(target, ast.FunctionDef, _is_exempt)
    decorator = next(each for each in view.decorator_list if _exempts(file, each))
    if not _SESSION.search(file.text(view) + "".join(file.text(each) for each in view.decorator_list)):
        message = (
            f"{file.path}:{decorator.lineno} does not show that the view knows its user from a cookie; a webhook "
            "or an API "
            "with keys needs the exemption"
        )
        raise NoFix(message)
    line = decorator.lineno
    if file.line(line).strip() != b"@" + file.text(decorator).encode():
        message = f"{file.path}:{line} shares its line with other code"
        raise NoFix(message)
    yield candidate(
        "remove-exemption",
        [file.edit(file.starts[line - 1], file.starts[line], "")],
        "The middleware asks for the token again, so another site cannot send requests as the user.",
        declares=(f"{FLAGGED}/delete", f"statement:{line}", f"statement:{line}/delete", f"statement:{view.lineno}"),
        warnings=("Pages that post to this view must send the token.",),
    )


def _is_exempt(file: Module, view: ast.FunctionDef) -> bool:
    return any(_exempts(file, each) for each in view.decorator_list)


def _exempts(file: Module, node: ast.expr) -> bool:
    return file.qualified(node) == "django.views.decorators.csrf.csrf_exempt"
