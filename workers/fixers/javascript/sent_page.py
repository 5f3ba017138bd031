"""Pages that an answer puts together from markup and from what the request says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.script import quote
from workers.fixers.javascript.strings import quoted, template
from workers.fixers.pieces import Value

if TYPE_CHECKING:
    from tree_sitter import Node

_PAGE = """function sendPage(res, parts, ...values) {
  const escaped = values.map((value) => String(value)
    .replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;').replace(/'/g, '&#39;'));
  return res.send(parts.map((part, place) => part + (place < escaped.length ? escaped[place] : '')).join(''));
}"""
_TYPED = "res: any, parts: string[], ...values: any[]"
_REQUESTED = re.compile(r"(?:req|request|ctx)\.(?:query|params|body|headers|cookies)\b[\w.$\[\]'\"-]*")
_TAG = re.compile(r"<[a-zA-Z][^<>]*$")
_ATTRIBUTE = re.compile(r"\s(?P<name>[\w-]+)\s*=\s*(?:\"[^\"]*|'[^']*)$")
_READ_AS_MORE = re.compile(r"on\w+|style|href|src|srcset|srcdoc|action|formaction|data|xlink", re.IGNORECASE)
"""Attributes whose value is an address, a script or a page, in which escaping is not enough."""
_RAW = re.compile(r"<(?P<name>script|style|noscript|iframe|textarea|title)\b", re.IGNORECASE)


def escaped_page(file: Parsed, call: Node, response: str, body: Node) -> Candidate | None:
    """The same page with each value of the request escaped; none where other values are in it, or a place of which
    more is read than text.
    """
    built = template(file, body)
    parts = built.parts if built is not None else ()
    if built is None or not re.search(r"<[a-zA-Z]", built.literal):
        return None
    texts: list[str] = [""]
    values: list[Value] = []
    before = ""
    for part in parts:
        if isinstance(part, str):
            texts[-1] += part
            before += part
            continue
        if not _REQUESTED.fullmatch(part.source) or not _is_text_there(before):
            return None
        values.append(part)
        texts.append("")
    mark = quote(file)
    given = f"[{', '.join(quoted(text, mark) for text in texts)}]{''.join(f', {each.source}' for each in values)}"
    added = helper(file, _PAGE, typed=_TYPED)
    return candidate(
        "escaped-values",
        [file.replace(call, f"sendPage({response}, {given})"), *added.edits],
        "What the request says is shown as text; the page's own markup stays.",
        declares=added.declares,
    )


def _is_text_there(before: str) -> bool:
    """Whether a browser reads what stands behind the markup as text, or as an attribute's plain value."""
    opened = next(reversed(list(_RAW.finditer(before))), None)
    if opened is not None and f"</{opened['name'].lower()}" not in before[opened.start() :].lower():
        return False
    if _TAG.search(before) is None:
        return True
    attribute = _ATTRIBUTE.search(before)
    return attribute is not None and not _READ_AS_MORE.fullmatch(attribute["name"])
