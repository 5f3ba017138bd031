"""Connections in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import flagged_node, statement
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_PLAIN = re.compile(
    r"(?P<scheme>ws|http)://(?!localhost|127\.|\[?::1|0\.0\.0\.0)(?P<host>[\w.-]*)(?P<port>:[\w${}.]+)?", re.IGNORECASE
)
_TEXTS = (
    ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".vue", ".html", ".json", ".md", ".yml", ".yaml", ".env", ".example",
)  # fmt: skip
_INSIDE = re.compile(
    r"^[\d.]+$|\.(?:local|lan|internal|intranet|corp|home|localdomain|svc|test|example|invalid)$", re.IGNORECASE
)
"""An address, or a name that no authority gives a certificate for."""


@fixer(
    name="javascript-insecure-url",
    weakness="unencrypted connection",
    cwes=(319,),
    rules={"semgrep": ["detect-insecure-websocket", "react-insecure-request", "http-request"]},
    explain="""`ws://` and `http://` send everything in plain text: whoever is on the way reads it and changes it
(CWE-319).

The same address with `wss://` or `https://` is encrypted and authenticated. The other side must offer it; where it
does not, putting it behind a proxy with a certificate is the way.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A plain address → the encrypted one."""
    file, node = flagged_node(target, ("string", "template_string"), _is_plain)
    match = _PLAIN.search(file.text(node))
    if match is None:
        message = f"{file.path}:{file.number(node)} holds no plain address"
        raise NoFix(message)
    host, port = match["host"] or "", match["port"]
    if "." not in host or _INSIDE.search(host) or port:
        message = (
            f"{file.path}:{file.number(node)} asks a machine of one's own network, or a port of its own, which has "
            "no certificate by itself: put it behind a proxy with one first"
        )
        raise NoFix(message)
    if not _is_known(target, host):
        message = (
            f"{file.path}:{file.number(node)} asks {host}, and nothing here shows that it answers by TLS: try it, and "
            "write the encrypted address then"
        )
        raise NoFix(message)
    start = node.start_byte + len(file.text(node)[: match.start("scheme")].encode())
    yield candidate(
        "encrypted",
        [file.insert(start + len(match["scheme"]), "s")],
        "The connection is encrypted and the other side shows a certificate.",
        declares=(f"statement:{file.number(statement(node))}",),
        warnings=("The server must offer TLS at this address.",),
    )


def _is_known(target: Target, host: str) -> bool:
    """Whether another place of the project asks the same host over TLS."""
    known = re.compile(rf"\b(?:https|wss)://{re.escape(host)}(?![\w.-])", re.IGNORECASE)
    return any(known.search(text_of(target.tree, path)) for path in target.tree.paths() if path.endswith(_TEXTS))


def _is_plain(file: Parsed, node: Node) -> bool:
    return _PLAIN.match(file.text(node)[1:]) is not None
