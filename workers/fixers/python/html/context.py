"""Where in a page a value stands: escaping for HTML is right in text and in quoted attributes, and nowhere else."""

from __future__ import annotations

import re

from workers.fixers.pieces import Template

_CODE = re.compile(r"<\s*(/?)(script|style)\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*([\"'])[^\"']*$")
_ADDRESSES = ("href", "src", "action", "formaction", "data", "xlink:href", "srcdoc")


def unescapable(line: Template, *, addresses: bool) -> str | None:
    """Why a value stays dangerous although it is escaped for HTML; `None` where none does.

    With `addresses`, also where a value alone begins an address, which may then be `javascript:…`.
    """
    before = ""
    for part in line.parts:
        if isinstance(part, str):
            before += part
            continue
        if (why := _at(before, addresses=addresses)) is not None:
            return why
        before += "x"
    return None


def _at(before: str, *, addresses: bool) -> str | None:
    opened = [match for match in _CODE.finditer(before) if ">" in before[match.end() :]]
    if opened and not opened[-1][1]:
        return "inside of a script or style, which reads other marks than HTML"
    tag = before.rfind("<")
    if tag < before.rfind(">") or not re.match(r"<\s*[\w/!]", before[tag:] if tag >= 0 else ""):
        return None
    attribute = _ATTRIBUTE.search(before[tag:])
    if attribute is None:
        return "inside of a tag without quotes around it"
    name = attribute[1].lower()
    if name.startswith("on") or name == "style":
        return f"inside of `{name}`, which is code"
    if addresses and name in _ADDRESSES and before.endswith(attribute[2]):
        return f"as the whole of `{name}`, which may then be a `javascript:` address"
    return None
