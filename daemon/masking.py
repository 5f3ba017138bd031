"""Masks secrets in anything that is stored, logged, shown, embedded, trained on or published."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

MASK = "[secret masked]"

# Token shapes as their issuers document them, then `name = value` where the name says secret. A mask
# too many costs a word of context; one too few costs a credential.
# Hostile text comes through here: every repetition before a required literal is bounded, so that time stays linear.
_TOKENS = re.compile(
    r"""
    -----BEGIN[ A-Z0-9]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----[\s\S]*?
        (?:-----END[ A-Z0-9]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    | # Not inside of a word (`task-…` is no `sk-…`), but behind an escape: `\n`, `\x1b`, `\u00e9`, `%3D`.
    (?:(?<![A-Za-z0-9])|(?<=\\[abfnrtv])|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))(?:
      gh[pousr]_[A-Za-z0-9]{20,255}
    | github_pat_[A-Za-z0-9_]{22,255}
    | gl(?:pat|rt|dt)-[A-Za-z0-9_-]{20,}
    | A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Z0-9])
    | (?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}
    | hooks\.slack\.com/services/[A-Za-z0-9/]+
    | [rs]k_(?:live|test)_[A-Za-z0-9]{16,}
    | sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}
    | AIza[A-Za-z0-9_-]{35}
    | ya29\.[A-Za-z0-9_-]{20,}
    | npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])
    | (?:dop|doo|dor)_v1_[a-f0-9]{64}
    | dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}
    | shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}
    | sntry[su]_[A-Za-z0-9+/=_-]{32,}
    | lin_api_[A-Za-z0-9]{32,}
    | glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}
    | whsec_[A-Za-z0-9+/=]{24,}
    | GOCSPX-[A-Za-z0-9_-]{20,}
    | PMAK-[a-f0-9]{24}-[a-f0-9]{34}
    | AGE-SECRET-KEY-1[A-Z0-9]{50,}
    | ATATT3[A-Za-z0-9_=-]{50,}
    | hvs\.[A-Za-z0-9_-]{24,}
    | pypi-[A-Za-z0-9_-]{50,}
    | hf_[A-Za-z0-9]{30,}
    | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
    | eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    )
    """,
    re.VERBOSE,
)
# Up to the last @ before the path: a password may hold one. A name alone is masked where it is long enough for a token.
_URL_PASSWORD = re.compile(
    r"(?P<before>://(?:[^/\s:@?#]{0,200}:|(?=[^/\s:@?#]{20,500}@)))"
    r"(?P<secret>(?!\[secret\ masked\]@)[^/\s?#]{1,500})(?=@)"
)
# What a shell or a reader puts there (`$NAME`, `${NAME:?…}`, `<NAME>`) is no credential.
_AUTHORIZATION = re.compile(
    r"(?P<before>\bauthorization['\"]?\s*[:=]\s*['\"]?(?:(?:basic|bearer|token)\s+)?+)"
    r"(?!\[secret\ masked\]|(?-i:\$[A-Z_]{3,60}(?=['\"\s]|\Z)|\$\{[A-Z_]{3,60}(?:\}|:\?)|<[A-Z_]{3,60}>))"
    r"(?P<secret>[^\s'\",;]+)",
    re.IGNORECASE,
)
_SIGNED_URL = re.compile(
    r"(?P<before>[?&](?:sig|signature|X-Amz-Signature|token|access_token)=)"
    r"(?P<secret>(?!\[secret\ masked\])[^&\s'\"]+)",
    re.IGNORECASE,
)
# What cloud templates say of session tokens (`http_tokens = "required"`) is a setting, and most common.
_ASSIGNED = re.compile(
    r"""(?P<before>(?:passw(?:or)?d|secret|token|api[_-]?key|private[_-]?key|credential)
        [\w.-]{0,60}['"]?\s{0,20}(?::=|=>|[:=])\s{0,20})(?P<quote>['"])(?P<secret>(?!(?:required|optional)['"])[^'"\n$<{]{6,4000})(?P=quote)""",
    re.IGNORECASE | re.VERBOSE,
)


# Literals of which a match of `_TOKENS` has one, by a character that they share. Looking for them first is several
# times quicker than the patterns, and most text has none.
_TOKEN_MARKS = {
    "_": (
        *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "k_live_", "k_test_", "npm_", "hf_", "_v1_", "dckr_"),
        *("shp", "sntry", "lin_api_", "glsa_", "whsec_"),
    ),
    "-": (
        *("-----BEGIN", "glpat-", "glrt-", "gldt-", "xox", "xapp-", "sk-", "pypi-"),
        *("GOCSPX-", "PMAK-", "AGE-SECRET-KEY-1"),
    ),
    ".": ("hooks.slack.com", "ya29.", "SG.", "eyJ", "hvs."),
    "A": ("AKIA", "ASIA", "ABIA", "ACCA", "AIza", "ATATT3"),
}
_UNQUOTED_MARKS = ("passw", "passphrase", "secret", "token", "key", "credential")
_NAME_MARKS = ("passw", "secret", "token", "key", "credential")


def mask(text: str) -> str:
    """The text with everything that looks like a credential replaced by `MASK`; idempotent."""
    if _may_hold_token(text):
        text = _TOKENS.sub(MASK, text)
    if "://" in text and "@" in text:
        text = _URL_PASSWORD.sub(_keep_before, text)
    if ":" not in text and "=" not in text:
        return text
    folded = text.casefold()
    if "authorization" in folded:
        text = _AUTHORIZATION.sub(_keep_before, text)
    if "=" in text and ("?" in text or "&" in text):
        text = _SIGNED_URL.sub(_keep_before, text)
    if any(mark in folded for mark in _NAME_MARKS) and ("'" in text or '"' in text):
        text = _ASSIGNED.sub(lambda match: f"{match['before']}{match['quote']}{MASK}{match['quote']}", text)
    return text


def _may_hold_token(text: str) -> bool:
    return any(shared in text and any(mark in text for mark in marks) for shared, marks in _TOKEN_MARKS.items())


def _keep_before(match: re.Match[str]) -> str:
    return match["before"] + MASK


def mask_all(value: Any, *, depth: int = 0) -> Any:
    """A structure as plain data without secrets, for logs and evidence: more thorough than `mask`, and slower.

    Also masked: `NAME=value` without quotes where the name says secret, what stands under such a name
    (`{"password": "x"}`, `["Authorization", "x"]`, `{"name": "token", "value": "x"}`), and Base64 of what `mask` would
    mask. Whatever is no plain data, or lies deeper than anybody reads, becomes its text.
    """
    if depth > _DEEPEST and not isinstance(value, str):
        value = str(value)
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _mask_encoded(_mask_unquoted(mask(str(value))))
        case bytes() | bytearray():
            return mask_all(bytes(value).decode(errors="replace"), depth=depth)
        case Mapping():
            return _mask_mapping(value, depth + 1)
        case list() | tuple() | set() | frozenset():
            items = list(value)
            if len(items) == 2 and _is_header(items[0]) and _is_text(items[1]):
                return [mask_all(items[0]), MASK]
            return [mask_all(item, depth=depth + 1) for item in items]
    return mask_all(str(value), depth=depth)


_SECRET_NAME = re.compile(
    r"passw|secret|token|api[_-]?key|private[_-]?key|credential|authorization|^(?:x-)?auth$|cookie", re.IGNORECASE
)
_CHARACTER = r"""[^\s'",;&(){}<>\[\]$]"""
# As shells, .env files, YAML and tools print it: a value with a letter and a digit, and no call. In code it would hit
# names, so only logs are searched for it.
_UNQUOTED = re.compile(
    r"(?P<before>(?:passw(?:or)?d|passphrase|secret|token|(?:api|access|private|account)[_-]?key|credential)"
    r"[\w.-]{0,60}(?:=|: ?| = ))"
    rf"(?P<secret>(?={_CHARACTER}{{0,100}}[0-9])(?={_CHARACTER}{{0,100}}[A-Za-z]){_CHARACTER}{{8,4000}}+)(?![(\[{{<$])",
    re.IGNORECASE,
)
_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "private-token", "x-api-key", "x-auth-token"}
) | {"password", "passwd", "secret", "token", "api_key", "access_token"}
_DEEPEST = 20
_NAMED = (("name", "value"), ("key", "value"), ("header", "value"))
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_TO_STANDARD = str.maketrans("-_", "+/")


def _mask_mapping(value: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
    masked = {
        mask_all(key, depth=_DEEPEST + 1): MASK
        if _names_secret(key) and _is_text(item)
        else mask_all(item, depth=depth)
        for key, item in value.items()
    }
    for name, secret in _NAMED:
        if _names_secret(value.get(name)) and _is_text(value.get(secret)):
            masked[secret] = MASK
    return masked


def _names_secret(name: object) -> bool:
    return isinstance(name, str) and len(name) <= 100 and _SECRET_NAME.search(name) is not None


def _is_header(name: object) -> bool:
    return isinstance(name, str) and name.casefold() in _HEADERS


def _is_text(value: object) -> bool:
    return isinstance(value, str | bytes) and bool(value)


def _mask_unquoted(text: str) -> str:
    folded = text.casefold()
    return _UNQUOTED.sub(_keep_before, text) if any(mark in folded for mark in _UNQUOTED_MARKS) else text


def _mask_encoded(text: str) -> str:
    """Text without those runs of Base64 that hold a secret once they are decoded."""
    return _BASE64.sub(lambda match: MASK if _encodes_secret(match[0]) else match[0], text)


def _encodes_secret(run: str) -> bool:
    """Tried from each of the four places where a run that was glued to other letters may begin."""
    letters = run.rstrip("=").translate(_TO_STANDARD)
    for start in range(4):
        whole = letters[start:]
        whole = whole[: len(whole) - 1] if len(whole) % 4 == 1 else whole
        try:
            decoded = base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8", "replace")
        except binascii.Error:
            continue
        if mask(decoded) != decoded:
            return True
    return False
