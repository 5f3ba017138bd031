"""MD5 and SHA-1 in Node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, literal, statement
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_WEAK = ("md5", "sha1", "md4", "ripemd160")
_PASSWORD = re.compile(r"passw|pwd|passphrase", re.IGNORECASE)
_FIXED_BY_OTHERS = re.compile(
    r"gravatar|etag|content.md5|websocket|finger_?print|x5t|uuid|otp\b|\bsign(?:ature)?\s*[=:]|cram|ntlm|apop|digest.?auth|torrent",
    re.IGNORECASE,
)
_CHECKSUM = re.compile(r"cache|check_?sum|file_?name|thumb|\.(?:png|jpe?g|svg|webp|json|html)['\"`]", re.IGNORECASE)
_PROTECTS = re.compile(r"token|secret|sign|hmac|session|auth|verif", re.IGNORECASE)
_ITS_NAME = re.compile(r"md[45]|sha_?1(?!\d)", re.IGNORECASE)
_FRESH = re.compile(r"random|uuid|nanoid|Date\.now|new Date\(|hrtime", re.IGNORECASE)
"""What is drawn for the digest, so that nobody makes the same again."""
_CHECKSUM_FILE = re.compile(rb"\.(?:md5|sha1)\b['\"`]")
_CHANGES = "Every stored or exchanged digest changes and is longer: columns, cache keys and peers must follow."


@fixer(
    name="javascript-weak-hash",
    weakness="broken hash function",
    cwes=(327, 328),
    rules={
        "njsscan": ["node_md5", "node_sha1"],
        "semgrep": ["crypto-weak-algorithm", "insecure-hash*", "node-md5", "node-sha1", "md5-used-as-password"],
    },
    in_tests=False,
    explain="""Two inputs with the same MD5 are found in seconds, with the same SHA-1 in days of rented hardware
(CWE-327, CWE-328), so a signature, a token or an integrity check built on them can be forged.

`sha256` is the drop-in with the same interface; `sha512` is as safe, faster on 64-bit machines, and twice as long.
Both give other digests than before, so what was stored must be made again. A password wants neither, but
`crypto.scrypt`, bcrypt or argon2 with a salt.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A weak digest → SHA-256 or SHA-512."""
    file, call = flagged_node(target, ("call_expression",), _is_weak)
    algorithm = arguments(call)[0]
    around = file.line(file.number(call)).decode() + file.text(statement(call))
    if _PASSWORD.search(around):
        message = (
            f"{file.path}:{file.number(call)} hashes a password: no fast hash will do; use crypto.scrypt with a salt"
        )
        raise NoFix(message)
    if _FIXED_BY_OTHERS.search(around) or _CHECKSUM_FILE.search(file.content):
        message = f"{file.path}:{file.number(call)} makes a digest whose algorithm another party prescribes"
        raise NoFix(message)
    if _CHECKSUM.search(around) and not _PROTECTS.search(around):
        message = f"{file.path}:{file.number(call)} makes a name or a checksum, as the code says: it protects nothing"
        raise Harmless(message)
    promised = _promised(file, call)
    if promised:
        message = f"{file.path}:{file.number(call)} is in `{promised}`, whose callers ask for that very digest"
        raise NoFix(message)
    if not _FRESH.search(_function(file, call)):
        message = (
            f"{file.path}:{file.number(call)} makes a digest that is made again from the same, somewhere or some day: "
            "what was stored or handed out by the old function has to be accepted, or made anew"
        )
        raise NoFix(message)
    mark = file.text(algorithm)[0]
    for name in ("sha256", "sha512"):
        yield candidate(
            name,
            [file.replace(algorithm, f"{mark}{name}{mark}")],
            f"{name.upper().replace('SHA', 'SHA-')} has no known collisions and the same interface.",
            warnings=(_CHANGES,),
        )


def _function(file: Parsed, call: Node) -> str:
    """The text of the function around the call, or of its statement."""
    outer = next((each for each in ancestors(call) if each.child_by_field_name("parameters") is not None), None)
    return file.text(outer if outer is not None else statement(call))


def _is_weak(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    name = called(file, call).rpartition(".")[2]
    return name in {"createHash", "createHmac"} and bool(given) and (literal(file, given[0]) or "").lower() in _WEAK


def _promised(file: Parsed, call: Node) -> str | None:
    """The name of the function around the call, or of the file, where it says which digest it makes."""
    for node in ancestors(call.parent):
        value = node.child_by_field_name("value") or node.child_by_field_name("body")
        name = node.child_by_field_name("name") or node.child_by_field_name("key")
        holds = value is not None and value.type in ("arrow_function", "function_expression", "statement_block")
        if holds and name is not None and _ITS_NAME.search(file.text(name)):
            return file.text(name)
    stem = PurePosixPath(file.path).stem
    return stem if _ITS_NAME.search(stem) else None
