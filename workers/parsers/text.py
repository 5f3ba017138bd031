"""Text of strangers, made safe to keep: bounded, without control characters, secrets masked."""

from __future__ import annotations

import html
import re

from daemon.masking import MASK, mask

_TAGS = re.compile(
    r"<(/?)(p|br|li|ul|ol|div|h[1-6]|tr|td|table|b|i|strong|em|a|code|pre|span)\b[^<>]{0,500}>", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CACHE_LIMIT = 4096


class Cleaner:
    """Cleans the text of one report; equal texts are cleaned once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], str] = {}

    def __call__(self, text: str, limit: int) -> str:
        """At most `limit` characters of the text, without control characters, secrets masked."""
        key = (text, limit)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _CACHE_LIMIT:
                self._known.clear()
            known = self._known[key] = clean(text, limit)
        return known


def clean(text: str, limit: int) -> str:
    """See `Cleaner`. Cut before masked, so that time is bounded; a secret cut in half is still masked or broken."""
    if len(text) > limit:
        text = f"{text[: limit - 1]}…"
    plain_lines = text.replace("\n", "") if "\n" in text else text
    return mask(text if plain_lines.isprintable() else _CONTROL.sub("", text))


def plain(markup: str | None) -> str:
    """HTML as some reports quote it → plain text."""
    if not markup:
        return ""
    text = _TAGS.sub(
        lambda tag: "\n" if tag[2].lower() in {"p", "br", "li", "div", "tr"} and not tag[1] else "", markup
    )
    return html.unescape(text).strip()


def hide(text: str | None, *secrets: str | None) -> str | None:
    """The text with secrets replaced that the report itself names."""
    for secret in secrets:
        if text and secret and len(secret) >= 4:
            text = text.replace(secret, MASK)
    return text


def first_line(text: str | None, limit: int = 200) -> str:
    """A title from longer text: its first line, or its first sentence where that is long."""
    line = (text or "").strip().partition("\n")[0].strip()
    if len(line) <= limit:
        return line
    sentence = line.partition(". ")[0]
    return sentence if len(sentence) <= limit else f"{line[: limit - 1]}…"
