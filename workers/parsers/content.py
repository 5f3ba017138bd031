"""What the bytes of a file are, before any parser is asked: text or not, JSON, XML, lines."""

from __future__ import annotations

import codecs
import enum
import io
import re
from collections.abc import Mapping, Sequence

import defusedxml
import defusedxml.ElementTree
import msgspec

from daemon.errors import ReportBroken

XMLError = (defusedxml.ElementTree.ParseError, defusedxml.DefusedXmlException, ValueError, LookupError)
_JSON_ERROR = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_MAGIC = {
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
}
_JSON_START = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{"\]]|null\s*\Z)|\s*\{\s*\Z')
_XML_START = re.compile(rb"\s*<(?:\?xml|!--|!DOCTYPE|[A-Za-z])")
_HTML_START = re.compile(
    rb"\s*(?:<!--[^>]*-->\s*)*<(?:!doctype\s+html|html|head|body|div|table|h[1-6]|p)\b", re.IGNORECASE
)
_HEAD = 8192


class Shape(enum.StrEnum):
    """The outermost form of a file."""

    OBJECT = "object"
    ARRAY = "array"
    LINES = "lines"
    """One JSON object a line."""
    XML = "xml"
    TEXT = "text"


class NotReport(msgspec.Struct, frozen=True):
    """A file that is no report at all, and says so quietly: a page, an image, a log."""

    reason: str


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file before it is decoded with types."""

    data: bytes
    """UTF-8 without a byte-order mark; XML as it came."""
    shape: Shape
    fields: Mapping[str, msgspec.Raw] = {}
    """Of the object, or of the first object of an array or of lines."""
    items: Sequence[msgspec.Raw] = ()
    """Of an array or of lines."""
    root: str = ""
    """The XML root's tag, without its namespace."""

    def object_with(self, *keys: str) -> bool:
        """Whether it is one JSON object that has all of these keys."""
        return self.shape is Shape.OBJECT and all(key in self.fields for key in keys)

    def array_with(self, *keys: str) -> bool:
        """Whether it is an array whose first element is an object with all of these keys."""
        return self.shape is Shape.ARRAY and bool(self.items) and all(key in self.fields for key in keys)

    def lines_with(self, *keys: str) -> bool:
        """Whether it is JSON lines whose first object has all of these keys."""
        return self.shape is Shape.LINES and all(key in self.fields for key in keys)

    def start(self, key: str, length: int = 4000) -> bytes:
        """The first bytes of a top-level field, without copying the rest."""
        return bytes(memoryview(self.fields[key])[:length]) if key in self.fields else b""

    def value(self, key: str) -> object:
        """The decoded value of a top-level field; none where it is missing or over-deep."""
        raw = self.fields.get(key)
        try:
            return None if raw is None else msgspec.json.decode(raw)
        except _JSON_ERROR:
            return None


def examine(content: bytes) -> Probe | NotReport:
    """The bytes of a file → what they are.

    Raises:
        ReportBroken: it starts like JSON or XML and cannot be decoded; the message names the byte.
    """
    for magic, noun in _MAGIC.items():
        if content.startswith(magic):
            return NotReport(f"it is {noun}")
    data = _utf8(content)
    if data is None:
        return NotReport("it is binary data")
    head = data[:_HEAD]
    if _JSON_START.match(head):
        return _json(data)
    if _HTML_START.match(head):
        return NotReport("it is an HTML page")
    if _XML_START.match(head):
        return _xml(data)
    return Probe(data=data, shape=Shape.TEXT)


def _utf8(content: bytes) -> bytes | None:
    """The content as UTF-8 without its mark; none for binary data."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    start = content[:2]
    if start in {b"{\0", b"[\0", b"<\0"}:
        return _decoded(content, "utf-16-le")
    if start in {b"\0{", b"\0[", b"\0<"}:
        return _decoded(content, "utf-16-be")
    if _XML_START.match(content[:_HEAD]):
        return content  # its own declaration names the encoding
    if _JSON_START.match(content[:_HEAD]):
        return _decoded(content, "utf-8")
    if b"\0" in content[:_HEAD]:
        return None
    return content.decode("utf-8", "replace").encode()


def _decoded(content: bytes, encoding: str) -> bytes:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"it is not {encoding.upper()}: {error.reason} at byte {error.start} (0x{content[error.start]:02x})"
        raise ReportBroken(message) from None
    return content if encoding == "utf-8" else text.encode("utf-8", "surrogatepass")


def _json(data: bytes) -> Probe:
    try:
        top = msgspec.json.decode(data, type=dict[str, msgspec.Raw] | list[msgspec.Raw] | None)
    except _JSON_ERROR as error:
        lines = _json_lines(data)
        if lines:
            return Probe(data=data, shape=Shape.LINES, items=lines, fields=_fields(lines[0]))
        message = f"it starts like JSON and cannot be decoded: {error}"
        raise ReportBroken(message) from None
    if isinstance(top, dict):
        return Probe(data=data, shape=Shape.OBJECT, fields=top)
    items = top or []
    return Probe(data=data, shape=Shape.ARRAY, items=items, fields=_fields(items[0]) if items else {})


def _json_lines(data: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.Decoder(msgspec.Raw).decode_lines(data)
    except _JSON_ERROR:
        return []


def _fields(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except _JSON_ERROR:
        return {}


def _xml(data: bytes) -> Probe | NotReport:
    try:
        events = defusedxml.ElementTree.iterparse(io.BytesIO(data), events=("start",))
        _, element = next(iter(events))
    except (*XMLError, StopIteration) as error:
        message = f"it starts like XML and cannot be decoded: {error}"
        raise ReportBroken(message) from None
    root = element.tag.rpartition("}")[2]
    if root in {"svg", "html"}:
        return NotReport(f"it is an {root.upper()} document")
    return Probe(data=data, shape=Shape.XML, root=root)
