"""SARIF messages in words: found by their id, with their arguments, their links as the text of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.parsers.sarif_model import Message

_LINK = re.compile(r"\[([^\]\[]{1,500})\]\((?:\d+|sarif:[^)\s]{0,200})\)")
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")


def text_of(message: Message | None, strings: Mapping[str, str] | None = None) -> str:
    """The text of a message; nothing where it has none.

    `strings`: the texts that the rule or the tool holds, by their ids.
    """
    if message is None:
        return ""
    text = message.text or message.markdown or (strings or {}).get(message.id or "") or ""
    arguments = message.arguments or []
    if arguments:
        text = _PLACEHOLDER.sub(lambda hit: _filled(hit, arguments), text)
    return _LINK.sub(r"\1", text) if "](" in text else text


def _filled(hit: re.Match[str], arguments: list[str]) -> str:
    """Braces are doubled where they are meant, but only texts with arguments keep to that."""
    if hit[1] is None:
        return hit[0][0]
    return arguments[int(hit[1])] if int(hit[1]) < len(arguments) else hit[0]
