"""Protection against cross-site requests that is switched off by an argument or a setting."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, candidate
from workers.fixers.python.source.calls import remove_argument
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.statements import alone, refuse_for_tests
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tests import is_test
from workers.source.tree import SourceTree, text_of

_SWITCHES = ("require_csrf", "check_origin", "WTF_CSRF_ENABLED")
_SENDS = re.compile(r"csrf_token|csrf-token|hidden_tag\(|csrf_field", re.IGNORECASE)
_PAGES = (".html", ".htm", ".jinja", ".jinja2", ".j2", ".mako", ".mak", ".pt", ".js", ".jsx", ".ts", ".tsx", ".vue")
_SESSION = re.compile(r"request\.(?:session|cookies|user|identity|authenticated_userid|unauthenticated_userid)\b")
_CHECKED = "A request that another site makes a browser send is refused again."


@fixer(
    name="python-csrf-switch",
    weakness="protection against cross-site requests switched off",
    cwes=(352,),
    rules={
        "semgrep": [
            "flask-wtf-csrf-disabled",
            "pyramid-csrf-check-disabled",
            "pyramid-csrf-check-disabled-globally",
            "pyramid-csrf-origin-check-disabled",
            "pyramid-csrf-origin-check-disabled-globally",
        ]
    },
    explain="""Without a token that only this site's pages know, a page of another site can have a signed-in user's
browser send any form here (CWE-352). Pyramid's origin check refuses such requests by their `Origin` and `Referer`.

The switch set to `True` says so where it is read; without it the framework's default is on as well. Pages have to send
the token: `form.hidden_tag()` or `csrf_token` in each form that is posted, `X-CSRFToken` from scripts. Views that a
program calls with a key or a signature of its own need the exemption; views that know their user by a cookie do not.
In tests it may stay off.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """The switch off → on, or left to its default, which is on."""
    file, value = flagged(target, ast.Constant, _is_off)
    refuse_for_tests(file, value)
    holder = file.parents[value]
    name = _name(file, value)
    if name != "check_origin":
        _refuse_without_token(target.tree, file, value, holder)
    yield candidate("on", [file.replace(value, "True")], _CHECKED, warnings=_warnings(name))
    call = file.parents[holder]
    if isinstance(holder, ast.keyword) and isinstance(call, ast.Call):
        if name == "require_csrf" and not _is_default(target.tree):
            return
        if len(call.args) + len(call.keywords) > 1:
            edit = remove_argument(file, call, holder)
            yield candidate("default", [edit], f"{_CHECKED} On is the default.", warnings=_warnings(name))
    elif isinstance(holder, ast.Assign):
        with contextlib.suppress(NoFix):
            yield candidate(
                "default",
                [alone(file, holder)],
                f"{_CHECKED} On is the default.",
                declares=(f"{FLAGGED}/delete", f"statement:{holder.lineno}/delete"),
                warnings=_warnings(name),
            )


def _refuse_without_token(tree: SourceTree, file: Module, value: ast.Constant, holder: ast.AST) -> None:
    """Raise where no page sends a token, or a view does not know its user by a cookie."""
    view = next((each for each in file.ancestors(holder) if isinstance(each, ast.FunctionDef)), None)
    if view is not None and any(value in ast.walk(each) for each in view.decorator_list):
        if not _SESSION.search(file.text(view)):
            message = (
                f"{file.path}:{value.lineno} does not show that the view knows its user from a cookie; a webhook or an "
                "API with keys needs the exemption"
            )
            raise NoFix(message)
        return
    if not any(path.endswith(_PAGES) and _SENDS.search(text_of(tree, path)) for path in tree.paths()):
        message = (
            f"{file.path}:{value.lineno} switches it off for pages that send no token: put `form.hidden_tag()` or the "
            "token into each form that is posted, then switch it on"
        )
        raise NoFix(message)


def _is_default(tree: SourceTree) -> bool:
    """Whether the project asks for the token in every view."""
    files = (text_of(tree, path) for path in tree.paths() if path.endswith(".py") and not is_test(path))
    calls = [text for text in files if "set_default_csrf_options(" in text]
    return bool(calls) and not any(re.search(r"require_csrf\s*=\s*False", text) for text in calls)


def _warnings(name: str) -> tuple[str, ...]:
    if name == "check_origin":
        return (
            "A proxy that ends TLS has to hand on the scheme and host, else requests of its own pages are refused.",
        )
    return ("Forms and scripts that post without the token are refused.",)


def _is_off(file: Module, constant: ast.Constant) -> bool:
    return constant.value is False and _name(file, constant) in _SWITCHES


def _name(file: Module, constant: ast.Constant) -> str:
    """What the value is given to."""
    match file.parents.get(constant):
        case ast.keyword(arg=str(name)):
            return name
        case ast.Assign(
            targets=[ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name)))]
        ):
            return name
    return ""
