"""Masks secrets in anything that is stored, logged, shown, embedded, trained on or published."""

from __future__ import annotations

import re
from typing import Any

MASK = "[secret masked]"

# Token shapes as their issuers document them, then `name = value` where the name says secret. A mask
# too many costs a word of context; one too few costs a credential.
# Hostile text comes through here: every repetition before a required literal is bounded, so that time stays linear.
_TOKENS = re.compile(
    r"""
    -----BEGIN[ A-Z0-9]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----[\s\S]*?
        (?:-----END[ A-Z0-9]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    | \b(?:
      gh[pousr]_[A-Za-z0-9]{20,255}\b
    | github_pat_[A-Za-z0-9_]{22,255}\b
    | glpat-[A-Za-z0-9_-]{20,}
    | A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}\b
    | xox[abeoprs]-[A-Za-z0-9-]{10,}
    | hooks\.slack\.com/services/[A-Za-z0-9/]+
    | [rs]k_(?:live|test)_[A-Za-z0-9]{16,}
    | sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}
    | AIza[A-Za-z0-9_-]{35}
    | ya29\.[A-Za-z0-9_-]{20,}
    | npm_[A-Za-z0-9]{36}\b
    | pypi-[A-Za-z0-9_-]{50,}
    | hf_[A-Za-z0-9]{30,}
    | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
    | eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    )
    """,
    re.VERBOSE,
)
_URL_PASSWORD = re.compile(r"(?P<before>://[^/\s:@]{0,200}:)(?P<secret>[^/\s@]{1,500})(?=@)")
_AUTHORIZATION = re.compile(
    r"(?P<before>\bauthorization['\"]?\s*[:=]\s*['\"]?(?:(?:basic|bearer|token)\s+)?+)"
    r"(?P<secret>(?!\[secret\ masked\])[^\s'\",;]+)",
    re.IGNORECASE,
)
_SIGNED_URL = re.compile(
    r"(?P<before>[?&](?:sig|signature|X-Amz-Signature|token|access_token)=)"
    r"(?P<secret>(?!\[secret\ masked\])[^&\s'\"]+)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"""(?P<before>(?:passw(?:or)?d|secret|token|api[_-]?key|private[_-]?key|credential)
        [\w.-]{0,60}['"]?\s{0,20}(?::=|=>|[:=])\s{0,20})(?P<quote>['"])(?P<secret>[^'"\n$<{]{6,4000})(?P=quote)""",
    re.IGNORECASE | re.VERBOSE,
)


# Literals of which a match of `_TOKENS` has one, by a character that they share. Looking for them first is several
# times quicker than the patterns, and most text has none.
_TOKEN_MARKS = {
    "_": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "k_live_", "k_test_", "npm_", "hf_"),
    "-": ("-----BEGIN", "glpat-", "xox", "sk-", "pypi-"),
    ".": ("hooks.slack.com", "ya29.", "SG.", "eyJ"),
    "A": ("AKIA", "ASIA", "ABIA", "ACCA", "AIza"),
}
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


def mask_all(value: Any) -> Any:
    """`mask` on every string inside a structure of dicts, lists and tuples."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask_all(key): mask_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(mask_all(item) for item in value)
    return value
