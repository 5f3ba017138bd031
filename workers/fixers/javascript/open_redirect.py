"""Redirects to wherever a request says."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.manifest import refuse_older_node
from workers.fixers.javascript.redirect_address import (
    is_whole_address,
    is_whole_url,
    made_of,
    refuse_checked,
    refuse_own_property,
    refuse_path,
    refuse_unsaid,
    refuse_way_out,
    request_name,
)
from workers.fixers.javascript.redirect_helpers import LISTED, LOCAL, PATH, REQUEST, RESPONSE, WITH_STATUS
from workers.fixers.javascript.script import arguments, called, flagged_node, literal, statement
from workers.fixers.javascript.strings import template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_SETTING = re.compile(
    r"^(?:config|settings|conf|options|process\.env)\.|(?:base|server|site|host|root|front)_?ur[il]$|origin$",
    re.IGNORECASE,
)
_PUT_TOGETHER = ("binary_expression", "template_string")
_AS_IT_IS = re.compile(
    r"(?:String|decodeURI(?:Component)?|unescape)\(|\w+\.(?:get|header|query|param)\(|[\w.]+\.toString\("
)
"""Calls that give back what the request says."""
_OF_SETTINGS = re.compile(
    r"(?!(?:req|request|ctx|query|params|body)\b)[\w$.]+\.get\([\"'][^\"']+[\"']\)"
    r"|(?!(?:req|request|ctx)\b)[\w$.]*redirects?\[[\w$.]+\]",
    re.IGNORECASE,
)
"""`app.get("signout redirect")`, and a table of redirects in which the request only chooses."""


@fixer(
    name="javascript-open-redirect",
    weakness="redirect to another site",
    cwes=(601,),
    rules={
        "njsscan": ["express_open_redirect"],
        "semgrep": ["express-open-redirect", "unknown-value-in-redirect", "*open-redirect*"],
    },
    in_tests=False,
    explain="""A link to a site that people trust, with `?url=https://elsewhere` behind it, leads them elsewhere: to a
copy of the sign-in page that asks for the password once more (CWE-601). A look at the first characters is no check:
`//elsewhere`, `/\\\\elsewhere` and `https:elsewhere` are addresses of other sites too.

Read the address as a browser does, against this site, and keep its path alone where it stays here; everything else goes
to the start page. Where people are sent to a few other sites on purpose, keep those in a list and compare the whole
address.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`res.redirect(whatever)` → within this site, or to a listed address; with the others of the same handler.

    njsscan reports all of them from where the value comes from, so that each looks unmended until all are.
    """
    file, call = flagged_node(target, ("call_expression",), _redirects)
    refuse_path(file, call)
    refuse_way_out(file, call)
    flagged, others = _site(file, call), _others(target, file, call)
    _refuse_unsaid(target, file, flagged)
    yield from any_of(
        lambda: _within_site(target, file, flagged, others),
        lambda: _path(file, flagged, others),
        lambda: _listed(file, flagged, others),
    )


class _Site(NamedTuple):
    """One redirect."""

    call: Node
    response: str
    where: Node
    status: Node | None


def _site(file: Parsed, call: Node) -> _Site:
    """The redirect's parts.

    Raises:
        NoFix: it is called in a form of its own, or names the site that it leads to.
    """
    function, given = call.child_by_field_name("function"), arguments(call)
    response = function.child_by_field_name("object") if function is not None else None
    numbers = [node for node in given if node.type == "number"]
    addresses = [node for node in given if node not in numbers]
    if response is None or len(addresses) != 1 or len(given) > 2:
        message = f"{file.path}:{file.number(call)} redirects in a form of its own: check the address before it"
        raise NoFix(message)
    built = template(file, made_of(file, addresses[0]))
    if built is not None and isinstance(built.parts[0], str) and re.match(r"[\w+.-]+:|//", built.parts[0]):
        message = f"{file.path}:{file.number(call)} names the site that it leads to: check what is put into its address"
        raise NoFix(message)
    first = re.match(r"[`(]*(?:\$\{)?\s*(?P<name>[\w$.]+)", file.text(addresses[0]))
    if addresses[0].type in _PUT_TOGETHER and first is not None and _SETTING.search(first["name"]):
        message = (
            f"{file.path}:{file.number(call)} begins with an address of the settings, `{first['name']}`: encode what "
            "is put behind it"
        )
        raise NoFix(message)
    text = re.sub(r"\s+", "", file.text(made_of(file, addresses[0])))
    if is_whole_url(file, text):
        message = (
            f"{file.path}:{file.number(call)} leads to a whole address to which something is added: compare its host "
            "with those that people may be sent to, before it"
        )
        raise NoFix(message)
    if _OF_SETTINGS.fullmatch(text):
        message = (
            f"{file.path}:{file.number(call)} takes an address that the application's own settings list, which may be "
            "of another site on purpose: who sets it decides"
        )
        raise NoFix(message)
    return _Site(call, file.text(response), addresses[0], numbers[0] if numbers else None)


def _is_worked_out(file: Parsed, one: _Site) -> bool:
    """Whether a function of one's own says what the address is: it may be relative, or a path of many."""
    return one.where.type == "call_expression" and _AS_IT_IS.match(file.text(one.where)) is None


def _refuse_unsaid(target: Target, file: Parsed, one: _Site) -> None:
    """Raise where the address is not seen to come from a request, or is checked before.

    Raises:
        NoFix: it is so.
    """
    refuse_checked(file, one.call, file.text(one.where))
    refuse_own_property(target.tree, file, file.text(made_of(file, one.where)), file.number(one.call))
    refuse_unsaid(file, one.where, deep=not _is_worked_out(file, one))


def _others(target: Target, file: Parsed, call: Node) -> list[_Site]:
    """The other redirects of the same handler that can be mended."""
    around = next((outer for outer in ancestors(call) if outer.child_by_field_name("parameters") is not None), None)
    found = []
    for each in walk(around) if around is not None else ():
        if each.type == "call_expression" and each != call and _redirects(file, each):
            with contextlib.suppress(NoFix):
                refuse_path(file, each)
                one = _site(file, each)
                _refuse_unsaid(target, file, one)
                found.append(one)
    return found


def _through(
    file: Parsed,
    sites: Sequence[_Site],
    approach: str,
    name: str,
    source: str,
    how: str,
    warning: str,
    *,
    request: str = "",
) -> Candidate:
    """Each redirect by way of a function that the file is given, with the status that it sets."""
    typed = RESPONSE
    if any(one.status is not None for one in sites):
        source = source.replace(f"function {name}(", f"function {name}As(").replace(
            "target) {", "target, status = 302) {"
        )
        source, name = source.replace("res.redirect(", "res.redirect(status, "), f"{name}As"
        typed = WITH_STATUS
    added = helper(file, source, typed=(REQUEST if request else "") + typed)
    edits = [file.replace(one.call, f"{name}({request}{one.response}, {_given(file, one)})") for one in sites]
    lines = [f"statement:{file.number(statement(one.call))}" for one in sites[1:]]
    return candidate(approach, [*edits, *added.edits], how, declares=(*added.declares, *lines), warnings=(warning,))


def _given(file: Parsed, one: _Site) -> str:
    return ", ".join(file.text(node) for node in (one.where, one.status) if node is not None)


def _within_site(target: Target, file: Parsed, flagged: _Site, others: Sequence[_Site]) -> Candidate:
    refuse_older_node(target.tree, file.path, 10, "the class URL without an import")
    request = request_name(file, flagged.call, re.split(r"\W", flagged.response)[0])
    return _through(
        file,
        [flagged, *others],
        "within-site",
        "redirectWithinSite",
        LOCAL,
        "Only a path of this site is answered; an address of another site leads to the start page.",
        "Behind a proxy that changes the Host header, this site's own full address leads to the start page.",
        request=f"{request}, ",
    )


def _path(file: Parsed, flagged: _Site, others: Sequence[_Site]) -> Candidate:
    def is_whole(one: _Site) -> bool:
        return re.search(r"referr?er", file.text(one.where), re.IGNORECASE) is not None

    if any(_is_worked_out(file, one) for one in (flagged, *others)):
        message = (
            f"{file.path}:{file.number(flagged.call)} redirects to what a function works out, which may be no path"
        )
        raise NoFix(message)
    if is_whole(flagged):
        message = f"{file.path}:{file.number(flagged.call)} goes back to a whole address, which is no path"
        raise NoFix(message)
    return _through(
        file,
        [flagged, *(one for one in others if not is_whole(one))],
        "path-only",
        "redirectToPath",
        PATH,
        "Only what begins with one slash, and so leads to this site, is answered; all else leads to the start page.",
        "A whole address leads to the start page, of this site, too.",
    )


def _listed(file: Parsed, flagged: _Site, others: Sequence[_Site]) -> Candidate:
    """The address, where it is one value and not a path with values in it."""

    def is_made(one: _Site) -> bool:
        text, built = file.text(one.where), template(file, one.where)
        made = one.where.type == "binary_expression" or (built is not None and bool(built.literal.strip()))
        return made or "||" in text or "??" in text or _is_worked_out(file, one) or not is_whole_address(text)

    if is_made(flagged):
        message = (
            f"{file.path}:{file.number(flagged.where)} makes its address, or takes a path: a list of whole addresses "
            "cannot hold it"
        )
        raise NoFix(message)
    return _through(
        file,
        [flagged, *(one for one in others if not is_made(one))],
        "listed-addresses",
        "redirectToListed",
        LISTED,
        "Only an address that ALLOWED_REDIRECTS names, as a whole, is answered; all others lead to the start page.",
        "Set ALLOWED_REDIRECTS to the addresses that people are sent to, with commas between them.",
    )


def _redirects(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    fixed = all(node.type == "number" or literal(file, node) is not None for node in given)
    return called(file, call).endswith(".redirect") and not fixed
