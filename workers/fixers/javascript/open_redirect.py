"""Redirects to wherever a request says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.script import arguments, called, flagged_node, literal
from workers.fixers.javascript.strings import template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_LOCAL = """function redirectWithinSite(req, res, target) {
  const site = `https://${req.get('host')}`;
  let path = '/';
  try {
    const address = new URL(String(target || '/'), site);
    if (address.host === new URL(site).host) {
      path = address.pathname.replace(/^\\/+/, '/') + address.search + address.hash;
    }
  } catch {
    // not an address: the start page
  }
  return res.redirect(path);
}"""
_LISTED = """function redirectToListed(res, target) {
  const listed = (process.env.ALLOWED_REDIRECTS || '').split(',');
  return res.redirect(listed.includes(String(target)) ? String(target) : '/');
}"""
_PATH = r"""function redirectToPath(res, target) {
  const path = String(target);
  return res.redirect(/^\/(?![/\\])[^\\\s]*$/.test(path) ? path : '/');
}"""
_RESPONSE = "res: { redirect(url: string): void }, target: unknown"
_REQUEST = "req: { get(name: string): string | undefined }, "


@fixer(
    name="javascript-open-redirect",
    weakness="redirect to another site",
    cwes=(601,),
    rules={
        "njsscan": ["express_open_redirect"],
        "semgrep": ["express-open-redirect", "*open-redirect*"],
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
    """`res.redirect(whatever)` → within this site, or to a listed address."""
    file, call = flagged_node(target, ("call_expression",), _redirects)
    function, given = call.child_by_field_name("function"), arguments(call)
    response = function.child_by_field_name("object") if function is not None else None
    if response is None or len(given) != 1:
        message = f"{file.path}:{file.number(call)} also sets the status: check the address before it"
        raise NoFix(message)
    where = given[0]
    built = template(file, where)
    if built is not None and isinstance(built.parts[0], str) and re.match(r"[\w+.-]+:|//", built.parts[0]):
        message = (
            f"{file.path}:{file.number(call)} leads to another site on purpose: check what is put into its address"
        )
        raise NoFix(message)
    given_text = f"{file.text(response)}, {file.text(where)}"
    yield from any_of(
        lambda: _within_site(file, call, response, given_text),
        lambda: _path(file, call, given_text),
        lambda: _listed(file, call, where, given_text),
    )


def _within_site(file: Parsed, call: Node, response: Node, given: str) -> Candidate:
    request = _request(file, call, re.split(r"\W", file.text(response))[0])
    added = helper(file, _LOCAL, typed=_REQUEST + _RESPONSE)
    return candidate(
        "within-site",
        [file.replace(call, f"redirectWithinSite({request}, {given})"), *added.edits],
        "Only a path of this site is answered; an address of another site leads to the start page.",
        declares=added.declares,
        warnings=(
            "Behind a proxy that changes the Host header, this site's own full address leads to the start page.",
        ),
    )


def _request(file: Parsed, call: Node, response: str) -> str:
    """The request's name: that of the parameter before the response.

    Raises:
        NoFix: no function around has such parameters.
    """
    for outer in ancestors(call):
        given = outer.child_by_field_name("parameters")
        names = [re.split(r"\W", file.text(node))[0] for node in given.named_children] if given is not None else []
        if response in names[1:]:
            return names[names.index(response) - 1]
    message = f"{file.path}:{file.number(call)} does not show the request that it answers"
    raise NoFix(message)


def _path(file: Parsed, call: Node, given: str) -> Candidate:
    if re.search(r"referr?er", given, re.IGNORECASE):
        message = f"{file.path}:{file.number(call)} goes back to a whole address, which is no path"
        raise NoFix(message)
    added = helper(file, _PATH, typed=_RESPONSE)
    return candidate(
        "path-only",
        [file.replace(call, f"redirectToPath({given})"), *added.edits],
        "Only what begins with one slash, and so leads to this site, is answered; all else leads to the start page.",
        declares=added.declares,
        warnings=("A whole address leads to the start page, of this site, too.",),
    )


def _listed(file: Parsed, call: Node, where: Node, given: str) -> Candidate:
    """The address, where it is one value and not a path with values in it."""
    built = template(file, where)
    if (built is not None and built.literal.strip()) or "||" in file.text(where) or "??" in file.text(where):
        message = f"{file.path}:{file.number(where)} makes its address: a list of whole addresses cannot hold it"
        raise NoFix(message)
    added = helper(file, _LISTED, typed=_RESPONSE)
    return candidate(
        "listed-addresses",
        [file.replace(call, f"redirectToListed({given})"), *added.edits],
        "Only an address that ALLOWED_REDIRECTS names, as a whole, is answered; all others lead to the start page.",
        declares=added.declares,
        warnings=("Set ALLOWED_REDIRECTS to the addresses that people are sent to, with commas between them.",),
    )


def _redirects(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    return called(file, call).endswith(".redirect") and bool(given) and literal(file, given[-1]) is None
