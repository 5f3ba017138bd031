"""Trust managers and host name verifiers that accept everybody."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import FLAGGED, Parsed, any_of, candidate, region
from workers.fixers.jvm.accepts_all import accepts_all, decides, is_of_a_factory
from workers.fixers.jvm.platform_trust import asking_the_platform
from workers.fixers.jvm.source import is_kotlin, jvm
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_SIMPLE = ("local_variable_declaration", "expression_statement", "property_declaration", "call_expression")
_HEAD = re.compile(r"TrustManager|HostnameVerifier|hostnameVerifier")
_ABOUT = re.compile(
    rb"TrustManager|ostnameVerifier|HOSTNAME_VERIFIER|getAcceptedIssuers|checkServerTrusted|SSLSession|SSLContext"
    rb"|\.\s*init\(|setDisableCNCheck|SSLSocketFactory"
)
_INIT = re.compile(r"(?P<context>\w+)\s*\.\s*init\(\s*(?P<keys>[^,]+),\s*(?P<trust>.+),[^,]*\)\s*;?", re.DOTALL)
_INSTANCE = re.compile(r"(?:\w+\.)*SSLContext\s*\.\s*getInstance\(\s*[^()]*\)")
_USES = re.compile(r"\.(?:sslSocketFactory|setDefaultHostnameVerifier|setHostnameVerifier|hostnameVerifier)\b|\.init\(")
_HELPS = re.compile(r"SSLContext\s*\.\s*getInstance|getSocketFactory\(\)|\.socketFactory\b")
_ALL_HOSTS = re.compile(
    r"\b(?:ALLOW_ALL_HOSTNAME_VERIFIER|AllowAllHostnameVerifier|NullHostnameVerifier|NoopHostnameVerifier)\b"
    r"|->\s*true\s*[)}]|\{\s*true\s*\}"
    r"|verify\s*\([^)]*\)[^{=]*(?:\{(?:\s|//[^\n]*)*return\s+true\s*;?\s*\}|=\s*true\s*\})"
)
_CAUGHT = re.compile(
    rb"catch\s*\([^)]*\b(?:KeyManagementException|NoSuchAlgorithmException|GeneralSecurityException)\b"
)
_PRIVATE = "A server with a certificate of its own is no longer reached: put its authority into a trust store."
_WHY = "Nothing replaces the platform's own checks any more."


@fixer(
    name="jvm-trust-all",
    weakness="TLS without certificate check",
    cwes=(295, 297),
    rules={
        "mobsfscan": ["accept_self_signed_certificate", "android_kotlin_insecure_ssl"],
        "semgrep": ["insecure-trust-manager", "insecure-hostname-verifier", "*trust-all*", "*trustmanager*"],
    },
    explain="""A trust manager whose `checkServerTrusted` does nothing takes any certificate, and a verifier that says
`true` takes one that belongs to somebody else. Either way whoever is on the way reads and changes everything, with TLS
around it (CWE-295, CWE-297).

The platform's own checks are there as soon as nobody replaces them, so what replaces them goes, with the variables that
only served it; a class that other code needs stays, and asks the platform's trust manager. A server with a private
authority is trusted through a trust store with that one certificate, on Android through the network security
configuration.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """What replaces the platform's checks → gone."""
    file = jvm(target)
    yield from any_of(lambda: asking_the_platform(target, file, _PRIVATE), *_removals(target, file))


def _removals(target: Target, file: Parsed) -> Sequence[Callable[[], Candidate]]:
    """The ways to take it out."""
    try:
        statement = _statement(file, target)
    except NoFix as reason:
        return (functools.partial(_raised, reason),)
    if "ostnameVerifier" in file.text(statement) or "HOSTNAME_VERIFIER" in file.text(statement):
        return (lambda: _strict(file, statement), lambda: _without_verifier(file, statement))
    return (lambda: _trusting(file, statement),)


def _raised(reason: NoFix) -> Candidate:
    raise reason


def _statement(file: Parsed, target: Target) -> Node:
    """The statement that puts the trust manager or the verifier in place, or makes it."""
    where = region(target)
    line = file.line(where.start_line)
    start = file.starts[min(where.start_line, len(file.starts)) - 1] + len(line) - len(line.lstrip())
    around = [each for each in ancestors(file.syntax.node_at(start, start + 1)) if _is_simple(each)]
    makes = [each for each in around if _HEAD.search(file.slice(each.start_byte, max(start, each.start_byte)))]
    if not makes and not any(_ABOUT.search(file.line(number)) for number in where.lines):
        message = f"{file.path}:{where.start_line} holds no trust manager and no host name verifier"
        raise NotHere(message)
    if not around and decides(file, start):
        message = (
            f"{file.path}:{where.start_line} asks more than nothing of a host: whether what it accepts beside the "
            "platform's answer is meant is for a person to say"
        )
        raise NoFix(message)
    if not around:
        message = (
            f"{file.path}:{where.start_line} is in a class that accepts everybody: where it is used, use the "
            "platform's own checks, and delete it"
        )
        raise NoFix(message)
    return makes[-1] if makes else around[0]


def _is_simple(node: Node) -> bool:
    return node.type in _SIMPLE and node.parent is not None and node.parent.type == "block"


def _without_verifier(file: Parsed, statement: Node) -> Candidate:
    text = file.text(statement)
    name = _declares(file, statement)
    where = f"{file.path}:{file.number(statement)}"
    if not _ALL_HOSTS.search(text):
        message = f"{where} sets a verifier that may well look at the host: whether it does is not to be seen here"
        raise NoFix(message)
    gone = _closure(file, statement, name) if name else [statement]
    if not name and not re.match(r"[\w.()]+\s*\.\s*(?:set(?:Default)?HostnameVerifier|hostnameVerifier)\b", text):
        message = f"{where} sets the verifier among other things: leave that part out"
        raise NoFix(message)
    return _removed(file, gone, [], "verifier-removed")


def _strict(file: Parsed, statement: Node) -> Candidate:
    """Apache's constant of the opposite meaning."""
    found = re.search(r"ALLOW_ALL(?=_HOSTNAME_VERIFIER)", file.text(statement))
    if found is None:
        message = f"{file.path}:{file.number(statement)} has no constant of the opposite meaning"
        raise NoFix(message)
    start = statement.start_byte + len(file.text(statement)[: found.start()].encode())
    return candidate(
        "strict-verifier",
        [file.edit(start, start + len(found[0]), "STRICT")],
        "The certificate has to be of the host that was asked for.",
        warnings=(_PRIVATE,),
    )


def _trusting(file: Parsed, statement: Node) -> Candidate:
    where = f"{file.path}:{file.number(statement)}"
    block = statement.parent
    starts = _initialised(file, statement)
    made = _declares(file, statement)
    if starts is not None:
        given = _INIT.fullmatch(file.text(starts))
        trust = given["trust"].strip() if given else ""
        made = trust if re.fullmatch(r"\w+", trust) else None
        if trust == "null" or is_of_a_factory(file, trust):
            message = f"{where} leaves it to the platform's trust managers, or to those of a store, who is trusted"
            raise Harmless(message)
        if "getTrustManagers" in trust or (given and given["keys"].strip() != "null"):
            message = f"{where} takes trust managers from a factory of another kind, or keys of its own: look at those"
            raise NoFix(message)
    maker = _declaration(file, block, made) if made else starts
    if maker is None or not accepts_all(file, file.text(maker)):
        message = f"{where} does not show a trust manager that checks nothing"
        raise NoFix(message)
    gone = _closure(file, maker, made) if made else [maker]
    edits = [edit for each in gone for edit in _default_instead(file, each, gone)]
    if not is_kotlin(file) and _CAUGHT.search(file.content):
        message = f"{where} catches what only this code throws: take both out together"
        raise NoFix(message)
    return _removed(file, gone, edits, "platform-checks")


def _initialised(file: Parsed, statement: Node) -> Node | None:
    """The call of `init` that the statement is, or that its SSLContext gets."""
    if _INIT.fullmatch(file.text(statement)):
        return statement
    name = _declares(file, statement)
    if name is None or not _INSTANCE.search(file.text(statement)) or statement.parent is None:
        return None
    calls = [each for each in statement.parent.named_children if re.match(rf"{name}\s*\.\s*init\(", file.text(each))]
    return calls[0] if len(calls) == 1 else None


def _default_instead(file: Parsed, statement: Node, gone: Sequence[Node]) -> Iterator[Edit]:
    """Where `init` goes and its context stays, the context is the platform's."""
    given = _INIT.fullmatch(file.text(statement))
    if given is None:
        return
    maker = _declaration(file, statement.parent, given["context"])
    if maker in gone:
        return
    found = _INSTANCE.search(file.text(maker)) if maker is not None else None
    if maker is None or found is None:
        message = f"{file.path}:{file.number(statement)} does not show where its context is made"
        raise NoFix(message)
    start = maker.start_byte + len(file.text(maker)[: found.start()].encode())
    text = re.sub(r"getInstance\(.*", "getDefault()", found[0], flags=re.DOTALL)
    yield file.edit(start, start + len(found[0].encode()), text)


def _closure(file: Parsed, maker: Node, name: str) -> list[Node]:
    """The declaration, what uses it, and the variables of the block that only serve those.

    Raises:
        NoFix: something else needs it.
    """
    block = maker.parent
    statements = [each for each in (block.named_children if block is not None else ()) if "comment" not in each.type]
    gone = [each for each in statements if each == maker or name in _names(file, each)]
    for each in gone:
        if each != maker and not (_is_simple(each) and _USES.search(file.text(each)) and not _declares(file, each)):
            message = f"{file.path}:{file.number(each)} needs what accepts everybody for something else"
            raise NoFix(message)
    while True:
        serving = [each for each in statements if each not in gone and _serves(file, each, statements, gone)]
        if not serving:
            return sorted(gone, key=lambda node: node.start_byte)
        gone += serving


def _serves(file: Parsed, statement: Node, statements: Sequence[Node], gone: Sequence[Node]) -> bool:
    name = _declares(file, statement)
    if name is None or not _HELPS.search(file.text(statement)):
        return False
    users = [each for each in statements if each != statement and name in _names(file, each)]
    return bool(users) and all(each in gone for each in users)


def _names(file: Parsed, node: Node) -> set[str]:
    return {file.text(each) for each in walk(node) if each.type in {"identifier", "simple_identifier"}}


def _declares(file: Parsed, statement: Node) -> str | None:
    """The variable that the statement declares."""
    if statement.type not in {"local_variable_declaration", "property_declaration"}:
        return None
    found = re.match(r"[^=]*?(\w+)(?:\s*\[\])?\s*(?::[^=]*)?=", file.text(statement))
    return found[1] if found else None


def _declaration(file: Parsed, block: Node | None, name: str) -> Node | None:
    found = [each for each in (block.named_children if block is not None else ()) if _declares(file, each) == name]
    return found[0] if len(found) == 1 else None


def _removed(file: Parsed, gone: Sequence[Node], edits: Sequence[Edit], approach: str) -> Candidate:
    removals, declares = [], [f"{FLAGGED}/delete"]
    for each in gone:
        first, last = file.number(each), file.line_of(each.end_byte)
        before, after = (
            file.slice(file.starts[first - 1], each.start_byte),
            file.slice(each.end_byte, file.line_end(last)),
        )
        if before.strip() or after.strip(" \t;") or last >= len(file.starts):
            message = f"{file.path}:{first} shares its line with other code"
            raise NoFix(message)
        removals.append(file.edit(file.starts[first - 1], file.starts[last], ""))
        declares.append(f"statement:{first}/delete")
    changed = [f"statement:{file.line_of(edit.start)}" for edit in edits]
    return candidate(approach, [*removals, *edits], _WHY, declares=(*declares, *changed), warnings=(_PRIVATE,))
