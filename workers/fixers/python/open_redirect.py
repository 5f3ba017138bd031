"""Redirects to wherever the request says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Region
from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, candidate, region
from workers.fixers.python.source.django_release import refuse_old
from workers.fixers.python.source.imports import Import, imported, imported_from, together
from workers.fixers.python.source.module import Module, module
from workers.fixers.python.source.statements import inserted, is_sure
from workers.fixers.registry import NoFix, NotHere, Target, fixer

_FLASK = ("flask.redirect", "werkzeug.utils.redirect")
_DJANGO = (
    "django.shortcuts.redirect",
    "django.http.HttpResponseRedirect",
    "django.http.HttpResponsePermanentRedirect",
    "django.http.response.HttpResponseRedirect",
)
_REQUEST = re.compile(
    r"(?:self\.)?request\.(?P<part>GET|POST|args|form|values|headers|META|cookies|COOKIES)(?:\.get\(.*\)|\[.*\])"
)
_CHECK = "url_has_allowed_host_and_scheme"
_OF_THIS_SITE = r"/(?![/\\])[^\x00-\x1f]*"
"""A path: after one slash neither a second one nor a backslash, and no blank that browsers drop while they read."""
_SLASHES = "Only a path of this site is followed: not `//host`, nor what browsers read alike."


@fixer(
    name="python-open-redirect",
    weakness="redirect to another site",
    cwes=(601,),
    rules={"semgrep": ["open-redirect"]},
    explain="""A link to this site whose `next` names another one takes whoever trusts this site there, straight after
signing in (CWE-601). `//evil.example` and `/\\\\evil.example` are other sites as well.

Django's `url_has_allowed_host_and_scheme` knows all such forms; its own views use it. In Flask an address that begins
with one slash, and with no second one nor a backslash after it, stays here. What does not stay can go to the start
page, or be refused with status 400: the first suits people, the second shows attempts in the log.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`redirect(request.args["next"])` → to a path of this site alone."""
    file = module(target)
    place = _place(file, region(target))
    if place.django:
        refuse_old(target.tree, file)
        yield from any_of(lambda: _django_home(target, file, place), lambda: _django_refused(target, file, place))
    else:
        yield from any_of(lambda: _flask_home(target, file, place), lambda: _flask_refused(target, file, place))


class _Place(msgspec.Struct, frozen=True):
    """A redirect, and where it gets its target."""

    call: ast.Call
    given: ast.expr
    django: bool
    request: str
    """The request's name."""
    text: str
    """The target's source."""

    @property
    def source(self) -> str:
        """The target as it is to be checked."""
        return self.text


def _place(file: Module, where: Region) -> _Place:
    found = []
    for node in file.nodes:
        if isinstance(node, ast.Call) and node.args and file.calls(node, *_FLASK, *_DJANGO):
            request = _request(file, node.args[0])
            if where.overlaps(node.lineno, node.end_lineno or node.lineno) and request:
                found.append(_Place(node, node.args[0], file.calls(node, *_DJANGO), request, file.text(node.args[0])))
    if found:
        return max(found, key=lambda each: each.call.lineno)
    redirects = [node for node in file.nodes if isinstance(node, ast.Call) and file.calls(node, *_FLASK, *_DJANGO)]
    if any(where.overlaps(node.lineno, node.end_lineno or node.lineno) for node in redirects):
        message = (
            f"{file.path}:{where.start_line} has put its target together from a value: check the whole of it before "
            "the redirect"
        )
        raise NoFix(message)
    message = f"{file.path}:{where.start_line} does not hold the redirect that this rule is about"
    raise NotHere(message)


def _request(file: Module, node: ast.expr) -> str | None:
    """The name of the request that alone gives the expression its value."""
    if isinstance(node, ast.Name):
        function = file.function(node)
        bound = [
            each
            for each in ast.walk(function or file.tree)
            if isinstance(each, ast.Name) and each.id == node.id and isinstance(each.ctx, ast.Store)
        ]
        values = [holder.value for each in bound if isinstance(holder := file.parents.get(each), ast.Assign)]
        requests = {_request(file, value) for value in values if not isinstance(value, ast.Constant)}
        return requests.pop() if len(values) == len(bound) and len(requests) == 1 else None
    text = ast.unparse(node)
    match = _REQUEST.fullmatch(text)
    if match is None:
        return None
    django = any(meaning.partition(".")[0] == "django" for meaning in file.aliases.values())
    if match["part"] == "headers" and not django:
        return None  # the page before, whose address has its host
    return text[: text.index("request.") + len("request")]


def _django_check(target: Target, file: Module, place: _Place) -> tuple[Import, str]:
    name = imported_from(target, file, "django.utils.http", _CHECK)
    text = (
        f"if not {name.name}(\n"
        f"{file.indent_unit}{_variable(place)}, allowed_hosts={{{place.request}.get_host()}}, "
        f"require_https={place.request}.is_secure()\n):\n"
    )
    return name, text


def _variable(place: _Place) -> str:
    return place.source if isinstance(place.given, ast.Name) else "target"


def _django_home(target: Target, file: Module, place: _Place) -> Candidate:
    name, check = _django_check(target, file, place)
    text = f'{check}{file.indent_unit}{_variable(place)} = "/"'
    return _django(file, place, "else-start-page", text, name, "Another site's address becomes the start page.")


def _django_refused(target: Target, file: Module, place: _Place) -> Candidate:
    name, check = _django_check(target, file, place)
    error = imported_from(target, file, "django.core.exceptions", "SuspiciousOperation")
    text = f'{check}{file.indent_unit}raise {error.name}("The redirect leads to another site.")'
    words = "Another site's address is answered with status 400, and logged as suspicious."
    return _django(file, place, "else-refuse", text, together(name, error), words)


def _django(file: Module, place: _Place, approach: str, text: str, names: Import, words: str) -> Candidate:
    _refuse_taken(file, place, "target")
    statement = file.statement(place.call)
    first = "" if isinstance(place.given, ast.Name) else f"target = {place.source}\n"
    edit, declared = inserted(file, statement, first + text)
    edits = [edit, *names.edits]
    if first:
        edits.append(file.replace(place.given, "target"))
    return candidate(approach, edits, words, declares=(*names.declares, declared, f"statement:{statement.lineno}"))


def _flask_home(target: Target, file: Module, place: _Place) -> Candidate:
    then = 'location = "/"'
    return _flask(target, file, place, "else-start-page", then, (), "Another site's address becomes the start page.")


def _flask_refused(target: Target, file: Module, place: _Place) -> Candidate:
    name = imported_from(target, file, "flask", "abort")
    words = "Another site's address is answered with status 400."
    return _flask(target, file, place, "else-refuse", f"{name.name}(400)", (name,), words)


def _flask(
    target: Target, file: Module, place: _Place, approach: str, then: str, names: tuple[Import, ...], words: str
) -> Candidate:
    _refuse_taken(file, place, "location")
    pattern = imported(target, file, "re")
    needed = together(pattern, *names)
    text = (
        f'location = {place.source} or "/"\n'
        f'if not {pattern.name}.fullmatch(r"{_OF_THIS_SITE}", location):\n'
        f"{file.indent_unit}{then}"
    )
    statement = file.statement(place.call)
    edit, declared = inserted(file, statement, text)
    return candidate(
        approach,
        [edit, file.replace(place.given, "location"), *needed.edits],
        f"{words} {_SLASHES}",
        declares=(*needed.declares, declared, f"statement:{statement.lineno}"),
        warnings=("An address of this site that is written with its host is not followed either.",),
    )


def _refuse_taken(file: Module, place: _Place, name: str) -> None:
    """Decline where the function uses the name for something else, or decides about the target itself."""
    function = file.function(place.call)
    if function is None:
        message = f"{file.path}:{place.call.lineno} redirects outside of a view"
        raise NoFix(message)
    made = not (place.django and isinstance(place.given, ast.Name))
    if made and any(isinstance(node, ast.Name | ast.arg) and _id(node) == name for node in ast.walk(function)):
        message = f"{file.path}:{place.call.lineno}: `{name}` already means something in this function"
        raise NoFix(message)
    if not is_sure(file, place.call):
        message = f"{file.path}:{place.call.lineno} redirects inside of a condition: check the target before that"
        raise NoFix(message)


def _id(node: ast.Name | ast.arg) -> str:
    return node.id if isinstance(node, ast.Name) else node.arg
