"""Whether a credential that a fix claims to remove is still in the file: in pieces, backwards, encoded, as a default.

A scanner of secrets looks for their shape; breaking the shape is no fix. The secret itself is never returned.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence

from daemon.domain.finding import Finding, Region
from workers.verify.gaming import changed_lines

_ABOUT = re.compile(r"gitleaks|detect-secrets|trufflehog")
_RULES = frozenset(("B105", "B106", "B107", "hardcoded-container-credentials"))
_SHORTEST = 8
_VALUE = re.compile(
    r"""(?P<quote>["'`])(?P<quoted>(?:\\.|(?!(?P=quote)).){0,4000})(?P=quote)|[=:]\s*(?P<bare>[^\s"'`]{8,4000})"""
)
_USER = re.compile(r"(?<!\S)(?:-u|--user)[=\s]+[\"']?(?P<pair>[\w.@-]+:[^\s\"'$<>]+)")
"""A user and a password as curl takes them: a word with a colon, which no rule about settings would look at."""
_NAME = re.compile(r"[A-Za-z_.:/-]+|[\w.+-]+@[\w-]+(?:\.[A-Za-z][\w-]*)+")
"""Words, and an address of mail, which anybody may know."""
_CODE = re.compile(r"[()\[\]{}<>;]")
_ADDRESS = re.compile(r"//[^/?#@]+(?:[/?#]|$)")
"""What follows a scheme and names nobody who signs in: the parameters behind it are found by themselves."""
_GLUE = re.compile(r"[\s\"'`+\\,()]+")
_ENCODED = re.compile(rb"(?<![\w+/-])[\w+/-]{16,8000}")


def is_about_secret(finding: Finding) -> bool:
    """Whether the finding says that a credential stands in the file."""
    return bool(_ABOUT.fullmatch(finding.tool)) or finding.rule.rpartition("/")[2] in _RULES


def left(before: bytes, after: bytes, flagged: Sequence[Region]) -> str | None:
    """How a flagged credential is still there; none where it is not."""
    removed, added = changed_lines(before, after)
    text = "\n".join(added)
    glued = _GLUE.sub("", text)
    # What a changed line holds beside the credential may stay there word for word.
    changed = {value for value, match in _values(removed) if match[0] not in text}
    decoded = b"\n".join(_decoded(after))
    for secret in {*_secrets(before, flagged), *changed}:
        for form, how in _forms(secret):
            if form in glued or form in text:
                return f"the credential is still there: {how}"
        if len(secret) >= _SHORTEST and secret.encode() in decoded:
            return "the credential is still there: within something else in base64"
    return None


def _decoded(content: bytes) -> Iterator[bytes]:
    """What every word of the file would be, taken for base64: a user with a password stands so in headers."""
    for match in _ENCODED.finditer(content):
        word = match[0].replace(b"-", b"+").replace(b"_", b"/")
        with contextlib.suppress(binascii.Error):
            yield base64.b64decode(word + b"=" * (-len(word) % 4))


def _secrets(before: bytes, flagged: Sequence[Region]) -> Iterator[str]:
    lines = before.decode("utf-8", "replace").splitlines()
    for region in flagged:
        found = lines[max(region.start_line - 1, 0) : region.last_line]
        yield from (match["pair"] for line in found for match in _USER.finditer(line))
        one = len(found) == 1 and region.start_column is not None and region.end_column is not None
        for value, match in _values(found):
            if not one or (match.start() < (region.end_column or 0) and match.end() >= (region.start_column or 0) - 1):
                yield value


def _values(lines: Iterable[str]) -> Iterator[tuple[str, re.Match[str]]]:
    """Each value with its match."""
    for line in lines:
        for match in _VALUE.finditer(line):
            value = match["quoted"] or match["bare"] or ""
            # A name of a setting may stay where its value went, and so may the code around it.
            code = match["bare"] and (_CODE.search(value) or _ADDRESS.match(value))
            if _NAME.fullmatch(value) or code or _is_key(line, match):
                continue
            if value:
                yield value, match
            # A header's scheme stands in front of the credential: `Authorization: Token …`.
            yield from ((word, match) for word in value.split()[1:] if not _NAME.fullmatch(word))


def _is_key(line: str, match: re.Match[str]) -> bool:
    """Whether the string is what a value is found by: `config["NAME"] = …`, `{"name": …}`."""
    before, after = line[: match.start()].rstrip(), line[match.end() :].lstrip()
    return bool(match["quote"]) and ((before.endswith("[") and after.startswith("]")) or after.startswith(":"))


def _forms(secret: str) -> Iterator[tuple[str, str]]:
    plain = _GLUE.sub("", secret)
    if len(plain) < _SHORTEST:
        return
    raw = secret.encode()
    yield plain, "as it was, or in pieces"
    yield plain[::-1], "backwards"
    yield plain.swapcase(), "in the other case"
    yield base64.b64encode(raw).decode().rstrip("="), "in base64"
    yield base64.urlsafe_b64encode(raw).decode().rstrip("="), "in base64"
    yield raw.hex(), "in hexadecimal"
