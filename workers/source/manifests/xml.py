"""XML with byte spans, by expat; a document type is refused, so no entity can be defined."""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

MAX_DEPTH = 100


class Broken(ValueError):
    """Not well-formed, not UTF-8, too deep, or with a document type."""


class Element:
    """One element: `start:end` is its whole text, `inner:close` what stands between its tags."""

    def __init__(self, tag: str, start: int, parent: Element | None) -> None:
        self.tag = tag
        self.start = start
        self.parent = parent
        self.inner = self.close = self.end = start
        self.children: list[Element] = []
        self.text = ""

    def child(self, tag: str) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.tag == tag), None)

    def at(self, *tags: str) -> Element | None:
        """The first descendant along a path of names."""
        element: Element | None = self
        for tag in tags:
            element = element.child(tag) if element else None
        return element

    def value(self, tag: str) -> str:
        """The text of a child, stripped; empty where there is none."""
        child = self.child(tag)
        return child.text.strip() if child else ""

    def walk(self) -> Iterator[Element]:
        """Itself and all below, in order."""
        stack = [self]
        while stack:
            element = stack.pop()
            yield element
            stack.extend(reversed(element.children))


def read_xml(content: bytes) -> Element:
    """The root element, with byte offsets into `content`.

    Raises:
        Broken: see there.
    """
    reader = _Reader(content)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Broken(str(error)) from error
    if reader.root is None:
        message = "no root element"
        raise Broken(message)
    return reader.root


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.root: Element | None = None
        self.open: list[Element] = []
        self.parser = expat.ParserCreate("utf-8", None)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        if len(self.open) >= MAX_DEPTH:
            message = f"more than {MAX_DEPTH} levels"
            raise Broken(message)
        at = self.parser.CurrentByteIndex
        element = Element(tag.rpartition(":")[2], at, self.open[-1] if self.open else None)
        element.inner = self._tag_end(at)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def _end(self, _tag: str) -> None:
        element = self.open.pop()
        at = self.parser.CurrentByteIndex
        empty = not self.content.startswith(b"</", at)
        element.close = element.inner if empty else at
        element.end = element.inner if empty else self._tag_end(at)

    def _text(self, data: str) -> None:
        if self.open:
            self.open[-1].text += data

    def _tag_end(self, at: int) -> int:
        """Just after the `>` that ends the tag at `at`; quoted attribute values may hold one."""
        quote = 0
        for index in range(at, len(self.content)):
            byte = self.content[index]
            if quote:
                quote = 0 if byte == quote else quote
            elif byte in b"\"'":
                quote = byte
            elif byte == ord(">"):
                return index + 1
        return len(self.content)

    @staticmethod
    def _doctype(*_arguments: object) -> None:
        message = "it has a document type"
        raise Broken(message)
