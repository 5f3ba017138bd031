"""Secrets compared letter by letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.binding import bound, given_again
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.pages import refuse_pages
from workers.fixers.javascript.script import flagged_node, imported, in_browser
from workers.fixers.registry import Harmless, NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_DIGESTS = """function sameDigest(one, other) {
  if (typeof one !== 'string' || typeof other !== 'string') {
    return one === other;
  }
  const [first, second] = [one, other].map((text) => crypto.createHash('sha256').update(text).digest());
  return crypto.timingSafeEqual(first, second);
}"""
_BYTES = """function sameText(one, other) {
  if (typeof one !== 'string' || typeof other !== 'string') {
    return one === other;
  }
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && crypto.timingSafeEqual(first, second);
}"""
_TYPED = "one: unknown, other: unknown"
_SIMPLE = ("identifier", "member_expression", "subscript_expression", "call_expression", "await_expression")
_BROWSER = re.compile(rb"\b(?:document|window)\s*\.|from ['\"]react['\"]")
_REPEATED = re.compile(
    r"confirm|repeat|again|verify|retype|passwd2|password_?2|new_?pass|(?-i:\bre_?[Pp](?:ass|wd))", re.IGNORECASE
)
_SECRET = re.compile(r"passw|secret|api_?key|auth_?token|credential|signature|hmac|csrf|digest", re.IGNORECASE)
_PASSWORD = re.compile(r"pass(?:w|\b|wd)|(?<![a-z])pwd", re.IGNORECASE)
_HASHED = re.compile(r"hash|digest|crypt|sha\d|md5|pbkdf|hmac", re.IGNORECASE)
_SETTING = re.compile(r"process\.env|\bconfig|\bsettings\b", re.IGNORECASE)
_TOKEN = re.compile(r"token|hash|\bpass\b|\bapi\b|key", re.IGNORECASE)
_FROM_OUTSIDE = re.compile(
    r"\b(?:req|request|ctx|headers|cookies|query|body|params|session|given|supplied|provided)\b|process\.env|\bconfig"
)
_REQUEST = re.compile(r"\b(?:req|request)\.(?:body|query)\b|\bctx\.request\.body\b")


@fixer(
    name="javascript-timing-comparison",
    weakness="secret compared letter by letter",
    cwes=(208,),
    rules={
        "njsscan": ["node_timing_attack"],
        "semgrep": ["detect-possible-timing-attacks", "possible-timing-attacks"],
        "eslint": ["security/detect-possible-timing-attacks"],
        "eslint-plugin-security": ["detect-possible-timing-attacks"],
    },
    in_tests=False,
    explain="""`===` on strings ends at the first letter that differs. Whoever may guess often, and measures, learns a
token letter by letter instead of all at once (CWE-208). Over a network that takes many tries, and has been done.

`crypto.timingSafeEqual` looks at every byte. It wants both sides of one length: compare digests of both, which also
hides the length, or the lengths first, where the length is no secret. Passwords are another matter: they are not
compared but checked against their hash by bcrypt, scrypt or argon2, which do this themselves.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`token === given` → a comparison that takes the same time."""
    file, node = flagged_node(target, ("binary_expression",), _compares)
    if _BROWSER.search(file.content) or in_browser(file) or _is_of_pages(target, file):
        message = f"{file.path}:{file.number(node)} runs in a browser, whose user knows both sides"
        raise Harmless(message)
    sides = _sides(file, node)
    yield from any_of(
        lambda: _through(
            file, node, sides, _DIGESTS, "digests-compared", "Content and length of the secret are hidden."
        ),
        lambda: _through(file, node, sides, _BYTES, "bytes-compared", "The time shows the length at most."),
    )


def _is_of_pages(target: Target, file: Parsed) -> bool:
    try:
        refuse_pages(target.tree, file)
    except NoFix:
        return True
    return False


def _sides(file: Parsed, node: Node) -> tuple[str, str, str]:
    """Left, right and operator, where the comparison can tell about a secret.

    Raises:
        NoFix: it cannot.
    """
    left, right, operator = (node.child_by_field_name(name) for name in ("left", "right", "operator"))
    if left is None or right is None or operator is None:
        message = f"{file.path}:{file.number(node)} is not a comparison"
        raise NoFix(message)
    where = f"{file.path}:{file.number(node)}"
    if left.type not in _SIMPLE or right.type not in _SIMPLE:
        message = f"{where} compares with a constant or asks for a type: there is no secret to learn from its time"
        raise Harmless(message)
    if any(file.text(side) in {"undefined", "NaN"} for side in (left, right)):
        message = f"{where} asks whether there is a value: that shows nothing of it"
        raise Harmless(message)
    if any(_REPEATED.search(file.text(side)) for side in (left, right)) or all(
        _REQUEST.search(_made(file, side)) for side in (left, right)
    ):
        message = f"{where} compares a value with its repetition: both come from the one who asks, so nothing is secret"
        raise Harmless(message)
    _refuse_other(file, left, right, where)
    return file.text(left), file.text(right), file.text(operator)


def _refuse_other(file: Parsed, left: Node, right: Node, where: str) -> None:
    """Raise where neither side is seen to be a secret, or a password is compared as it is.

    Raises:
        NoFix: it is so.
    """
    said = [f"{file.text(side)} {_made(file, side)}" for side in (left, right)]
    both = " ".join(said)
    token = _TOKEN.search(both) and any(_FROM_OUTSIDE.search(each) for each in said)
    if not _SECRET.search(both) and not token:
        message = (
            f"{where} does not show that either side is a secret: what everybody may know needs no such comparison"
        )
        raise NoFix(message)
    if _PASSWORD.search(both) and not _HASHED.search(both) and not _SETTING.search(both):
        message = (
            f"{where} compares a password as it is: keep its hash alone (scrypt, bcrypt, argon2), whose check takes "
            "the same time for all"
        )
        raise NoFix(message)


def _made(file: Parsed, side: Node) -> str:
    """The expression, or what the variable of that name is given by its one declaration."""
    found = bound(file, side) if side.type == "identifier" else None
    given = found is not None and found.kind in {"value", "other"} and not given_again(file, side, found)
    return file.text(found.node) if found is not None and given and found.node is not None else file.text(side)


def _through(file: Parsed, node: Node, sides: tuple[str, str, str], source: str, approach: str, why: str) -> Candidate:
    left, right, operator = sides
    name, edits, declared = imported(file, "crypto")
    source = source.replace("crypto.", f"{name}.")
    if len(operator) == 2:
        source = source.replace("(one, other)", "Loosely(one, other)", 1).replace("one === other;", "one == other;")
    added = helper(file, source, typed=_TYPED)
    function = source.removeprefix("function ").partition("(")[0]
    text = f"{'!' if operator.startswith('!') else ''}{function}({left}, {right})"
    return candidate(
        approach,
        [file.replace(node, text), *edits, *added.edits],
        why,
        declares=(*declared, *added.declares),
    )


def _compares(file: Parsed, node: Node) -> bool:
    operator = node.child_by_field_name("operator")
    return operator is not None and file.text(operator) in {"===", "!==", "==", "!="}
