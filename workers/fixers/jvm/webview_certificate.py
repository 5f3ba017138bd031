"""Web views that go on where a certificate is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, Parsed, any_of, candidate, flagged_node
from workers.fixers.jvm.source import jvm
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_CHECKS = re.compile(r"\.verify\(|[cC]heckServerTrusted|\.equals\(|[fF]ingerprint|[pP]rimaryError|X509Certificate")
_DECIDING = frozenset((
    "if_statement", "if_expression", "when_expression", "switch_expression", "ternary_expression", "lambda_expression",
    "lambda_literal", "object_creation_expression", "object_literal", "annotated_lambda",
))  # fmt: skip
_PROCEEDS = re.compile(r"\b\w+\s*\??\.\s*(?P<call>proceed)\(\s*\)")


@fixer(
    name="jvm-webview-certificate",
    weakness="web view without certificate check",
    cwes=(295,),
    rules={
        "mobsfscan": ["ignore_ssl_certificate_errors", "android_kotlin_webview_ignore_ssl"],
        "semgrep": ["webview-ignore-ssl*", "*onreceivedsslerror*"],
    },
    explain="""`handler.proceed()` in `onReceivedSslError` shows the page although its certificate is expired, of
another host or of nobody known: whoever is on the way can put their own page there, and read what is typed into it
(CWE-295).

`cancel()` stops the page, and what the method does besides, such as telling the user, stays. Without the method Android
cancels by itself. A server of one's own with a private authority is trusted in the network security configuration.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`handler.proceed()` → `handler.cancel()`, or Android's own answer."""
    file, method = flagged_node(target, jvm(target), ("method_declaration", "function_declaration"), _answers)
    found = list(_PROCEEDS.finditer(file.text(method)))
    _refuse_decided(file, method, found)
    yield from any_of(lambda: _cancelled(file, method, found), lambda: _removed(file, method, found))


def _refuse_decided(file: Parsed, method: Node, found: list[re.Match[str]]) -> None:
    """Raise where the method goes on only after a check of its own, or where a person says so.

    Raises:
        NoFix: it does: the page that was meant would no longer be shown.
    """
    text = file.text(method)
    for match in found:
        start = method.start_byte + len(text[: match.start()].encode())
        around = list(ancestors(file.syntax.node_at(start, start + 1)))
        inner = around[: around.index(method)] if method in around else around
        if _CHECKS.search(text) or any(each.type in _DECIDING for each in inner):
            message = (
                f"{file.path}:{file.line_of(start)} goes on where its own check or a person says so: see whether it may"
            )
            raise NoFix(message)


def _cancelled(file: Parsed, method: Node, found: list[re.Match[str]]) -> Candidate:
    text = file.text(method)
    edits, declares = [], []
    for match in found:
        start = method.start_byte + len(text[: match.start("call")].encode())
        edits.append(file.edit(start, start + len(match["call"]), "cancel"))
        declares.append(f"statement:{file.line_of(start)}")
    return candidate(
        "cancel",
        edits,
        "A page whose certificate is wrong is not shown.",
        declares=declares,
        warnings=("Servers with a private certificate need the network security configuration.",),
    )


def _removed(file: Parsed, method: Node, found: list[re.Match[str]]) -> Candidate:
    body = method.child_by_field_name("body") or method.named_children[-1]
    inside = re.sub(r"\s+|//[^\n]*|^\{|\}$", "", file.text(body)).strip("{};")
    first, last = file.number(method), method.end_point[0] + 1
    alone = not file.slice(file.starts[first - 1], method.start_byte).strip() and last < len(file.starts)
    if (
        len(found) != 1
        or not re.fullmatch(r"(?:super\.onReceivedSslError\(\w+,\w+,\w+\);?)?\w+\??\.proceed\(\)", inside)
        or not alone
    ):
        message = f"{file.path}:{first} does more in this method than going on"
        raise NoFix(message)
    after = file.starts[last]
    before = file.line(first - 1).strip()
    if not file.line(last + 1).strip() and (not before or before.endswith(b"{")) and last + 1 < len(file.starts):
        after = file.starts[last + 1]
    return candidate(
        "method-removed",
        [file.edit(file.starts[first - 1], after, "")],
        "Android's own answer to a wrong certificate is to stop.",
        declares=(f"{FLAGGED}/delete", f"statement:{first}/delete"),
        warnings=("Servers with a private certificate need the network security configuration.",),
    )


def _answers(file: Parsed, node: Node) -> bool:
    text = file.text(node)
    return "onReceivedSslError" in text.partition("{")[0] and _PROCEEDS.search(text) is not None
