"""Pages that go on to wherever their own address says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.script import arguments, called, flagged_node, literal, quote
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_WITHIN = """function pathWithinSite(target) {
  try {
    const address = new URL(String(target), window.location.href);
    if (address.origin === window.location.origin) {
      return (address.pathname + address.search + address.hash).replace(/^\\/+/, '');
    }
  } catch {
    // not an address: the start page
  }
  return '';
}"""
_LEFT = re.compile(r"(?:(?:window|document|self|this)\.)*location(?:\.href)?")
_CALLED = re.compile(r"(?:(?:window|document|self|this)\.)*location\.(?:replace|assign)")
_ADDRESS = re.compile(r"URLSearchParams|\bnew URL\(|location\.(?:search|hash|href)|searchParams")


@fixer(
    name="javascript-page-address",
    weakness="redirect to another site",
    cwes=(601,),
    rules={"semgrep": ["js-open-redirect", "js-open-redirect-from-function"]},
    in_tests=False,
    explain="""A page that goes on to `?next=…` of its own address leads whoever follows a link to it elsewhere: to a
copy of the sign-in page, or, with `javascript:` in front, into a script that runs in this site (CWE-601, CWE-79).

Read the address as the browser does, and keep its path alone where its origin is this site's; everything else goes to
the start page.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`location.href = parameter` → its path within this site."""
    file, node = flagged_node(target, ("assignment_expression", "call_expression"), _goes)
    value = node.child_by_field_name("right") or arguments(node)[0]
    where = f"{file.path}:{file.number(node)}"
    if not _ADDRESS.search(_source(file, value)):
        message = f"{where} goes where its caller says: whether that may be another site is not to be seen here"
        raise NoFix(message)
    added = helper(file, _WITHIN, typed="target: unknown")
    mark = quote(file)
    yield candidate(
        "within-site",
        [file.replace(value, f"{mark}/{mark} + pathWithinSite({file.text(value)})"), *added.edits],
        "Only a path of this site is gone to; an address of another site leads to the start page.",
        declares=added.declares,
        warnings=("Another site that people are sent to on purpose needs a list of its own.",),
    )


def _source(file: Parsed, value: Node) -> str:
    """The expression, with that of the variable in it as far as one declaration makes it."""
    text = file.text(value)
    name = re.match(r"[A-Za-z_$][\w$]*", text)
    made = [
        node
        for node in file.of("variable_declarator")
        if name is not None and file.text(node.named_children[0]) == name[0]
    ]
    return text + (file.text(made[0]) if len(made) == 1 else "")


def _goes(file: Parsed, node: Node) -> bool:
    if node.type == "call_expression":
        given = arguments(node)
        return _CALLED.fullmatch(called(file, node)) is not None and len(given) == 1 and literal(file, given[0]) is None
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    plain = left is not None and _LEFT.fullmatch(file.text(left)) is not None
    return plain and right is not None and literal(file, right) is None
