"""Private keys in files: whether one is there, or only what the first and the last line of one look like."""

from __future__ import annotations

import re

from workers.fixers.code import Text
from workers.fixers.registry import Harmless

_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?P<body>[^-]{0,20000})-----END (?:[A-Z0-9]+ )*PRIVATE KEY"
)
_HEADER = re.compile(rb"^[\s\"']*(?:[\w-]+: [^\r\n\\]*)(?:\\[rn]|\r?\n)", re.MULTILINE)
"""How an encrypted key begins: `Proc-Type: 4,ENCRYPTED`."""
_AROUND = re.compile(rb"\\[rnt]|[\s\"'`#>*|,;()]")
"""What quotes, comments and lists put around a key's lines."""
_SHORTEST = 48
"""Base64 of the shortest private keys that are used, of 32 bytes and their kind."""
_FEW = 8
"""A key of so few different signs is a row of placeholders."""


def refuse_outline(file: Text, line: int) -> None:
    """Refuse what stands for a key: dots, brackets or nothing between its first line and its last.

    Raises:
        Harmless: it is.
    """
    for match in _KEY.finditer(file.content):
        if not file.line_of(match.start()) - 1 <= line <= file.line_of(match.end()):
            continue
        body = _AROUND.sub(b"", _HEADER.sub(b"", match["body"]))
        if re.fullmatch(rb"[A-Za-z0-9+/=]+", body) and len(body) >= _SHORTEST and len(set(body)) > _FEW:
            return
        message = f"{file.path}:{line} shows where a private key begins and ends, and leaves out the key itself"
        raise Harmless(message)
