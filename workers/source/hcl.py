"""HCL (Terraform): blocks and attributes with byte spans, and minimal edits that write as the file writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from daemon.domain.fix import Edit
from daemon.errors import Permanent
from workers.source.hcltext import UNIT, Body, assigned, is_aligned, render, runs
from workers.source.syntax import Syntax, parse

if TYPE_CHECKING:
    from tree_sitter import Node


class HclBroken(Permanent):
    """The text is not HCL, or not UTF-8."""


class Attribute:
    """`name = expression`."""

    def __init__(self, syntax: Syntax, node: Node) -> None:
        self.node = node
        self.name = syntax.text(node.named_children[0])
        self.expression = node.named_children[1]
        self.text = syntax.text(self.expression)


class Block:
    """`type "label" … { body }`."""

    def __init__(self, syntax: Syntax, node: Node) -> None:
        self.syntax = syntax
        self.node = node
        words = [part for part in node.children if part.type in ("identifier", "string_lit")]
        self.type = syntax.text(words[0]) if words else ""
        self.labels = tuple(syntax.text(word).strip('"') for word in words[1:])

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line, from 1."""
        return self.node.start_point[0] + 1, self.node.end_point[0] + 1

    @cached_property
    def body(self) -> Node | None:
        """The node between the braces; none where there is nothing."""
        return next((child for child in self.node.children if child.type == "body"), None)

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """By name."""
        inside = self.body.named_children if self.body else []
        found = (Attribute(self.syntax, child) for child in inside if child.type == "attribute")
        return {attribute.name: attribute for attribute in found}

    @cached_property
    def blocks(self) -> list[Block]:
        """Nested blocks, in order."""
        inside = self.body.named_children if self.body else []
        return [Block(self.syntax, child) for child in inside if child.type == "block"]

    def block(self, kind: str) -> Block | None:
        """The first nested block of a type."""
        return next((block for block in self.blocks if block.type == kind), None)

    def is_dynamic(self, kind: str) -> bool:
        """Whether `dynamic "kind"` makes its nested blocks."""
        return any(block.type == "dynamic" and block.labels == (kind,) for block in self.blocks)

    def text(self, *path: str) -> str:
        """An attribute's expression as written, below nested blocks; empty where there is none."""
        block: Block | None = self
        for kind in path[:-1]:
            block = block.block(kind) if block else None
        attribute = block.attributes.get(path[-1]) if block else None
        return attribute.text if attribute else ""


class Hcl:
    """One parsed file."""

    def __init__(self, path: str, content: bytes) -> None:
        """Parse it.

        Raises:
            HclBroken: see there.
        """
        syntax = parse(content, path, language="hcl")
        try:
            content.decode()
        except UnicodeDecodeError as error:
            message = f"{path} is not UTF-8"
            raise HclBroken(message) from error
        if syntax is None or syntax.problems:
            line = syntax.problems[0].line if syntax else 0
            message = f"{path} is not HCL that can be read (line {line})"
            raise HclBroken(message)
        self.path = path
        self.content = content
        self.syntax = syntax
        self.newline = "\r\n" if b"\r\n" in content else "\n"

    @cached_property
    def blocks(self) -> list[Block]:
        """The top-level blocks."""
        bodies = [child for child in self.syntax.root.children if child.type == "body"]
        return [Block(self.syntax, child) for body in bodies for child in body.named_children if child.type == "block"]

    def block_at(self, line: int) -> Block | None:
        """The top-level block around a line, or the next below it."""
        around = [block for block in self.blocks if block.lines[0] <= line <= block.lines[1]]
        return around[0] if around else None

    def merge(self, block: Block, body: Body) -> Iterator[Edit]:
        """Edits that make the block say what the body says; what it says already stays.

        Raises:
            HclBroken: a dynamic block decides a nested one.
        """
        new: dict[str, str | Body] = {}
        for name, value in body.items():
            nested = block.block(name) if isinstance(value, Mapping) else None
            attribute = block.attributes.get(name)
            if isinstance(value, Mapping) and block.is_dynamic(name):
                message = f"{self.path}: a dynamic block makes {name}: what it makes is decided elsewhere"
                raise HclBroken(message)
            if isinstance(value, Mapping) and nested:
                yield from self.merge(nested, value)
            elif isinstance(value, str) and attribute:
                if attribute.text != value:
                    node = attribute.expression
                    yield self.edit(node.start_byte, node.end_byte, value)
            else:
                new[name] = value
        if new:
            yield from self._add(block, new)

    def append(self, block: Block, kind: str, bodies: Sequence[Body]) -> Edit:
        """Nested blocks of one type more, behind everything in the block.

        Raises:
            HclBroken: the block stands on one line, or a dynamic block makes those of the type.
        """
        if block.lines[0] == block.lines[1] or block.is_dynamic(kind):
            message = f"{self.path}: {block.type} leaves no place for another {kind}"
            raise HclBroken(message)
        inner = self._margin(block.node.start_byte) + UNIT
        at, gap = self._end(block)
        return self.edit(at, at, gap + "\n".join(render({kind: body}, inner) for body in bodies))

    def delete(self, node: Node) -> Edit:
        """An attribute or a block goes, with the lines it alone stands on."""
        start = self.content.rfind(b"\n", 0, node.start_byte) + 1
        end = self.content.find(b"\n", node.end_byte)
        end = len(self.content) if end < 0 else end + 1
        alone = not self.content[start : node.start_byte].strip()
        return self.edit(start, end, "") if alone else self.edit(node.start_byte, node.end_byte, "")

    def after(self, block: Block, text: str) -> Edit:
        """Text as new top-level lines behind a block, an empty line between."""
        at = self._line_end(block.node.end_byte)
        return self.edit(at, at, f"\n\n{text}")

    def edit(self, start: int, end: int, text: str) -> Edit:
        r"""An edit of this file; `\n` in `text` becomes the file's own line ending."""
        return Edit(path=self.path, start=start, end=end, text=text.replace("\r\n", "\n").replace("\n", self.newline))

    def _add(self, block: Block, body: Body) -> Iterator[Edit]:
        attributes = {name: value for name, value in body.items() if isinstance(value, str)}
        nested = {name: value for name, value in body.items() if not isinstance(value, str)}
        margin = self._margin(block.node.start_byte)
        if block.lines[0] == block.lines[1]:
            yield self._unfold(block, body, margin)
            return
        known = [*block.attributes.values()]
        inner = self._margin(known[-1].node.start_byte) if known else margin + UNIT
        if attributes:
            last = known[-1].node if known else None
            at = self._line_end(last.end_byte) if last else self._line_end(self._brace(block))
            first = next(runs(attributes))
            width, gap = self._column(last, max(map(len, first))) if is_aligned(attributes[first[0]]) else (0, "")
            text = "".join(f"\n{inner}{line}" for line in assigned(attributes, width))
            yield self.edit(at, at, gap + text)
        if nested:
            at, gap = self._end(block)
            gap = gap or ("\n" if attributes else "")
            text = "\n".join(render({name: value}, inner) for name, value in nested.items())
            yield self.edit(at, at, f"{gap}{text}")

    def _end(self, block: Block) -> tuple[int, str]:
        """Where the line of the closing brace starts, and the empty line that what stands above asks for."""
        at = self.content.rfind(b"\n", 0, block.node.end_byte - 1) + 1
        return at, "" if self.content[:at].rstrip(b"\r\n ").endswith(b"{") else "\n"

    def _unfold(self, block: Block, body: Body, margin: str) -> Edit:
        """A block on one line becomes one of several."""
        inner = margin + UNIT
        start, end = self._brace(block), block.node.end_byte - 1
        inside = self.content[start:end].decode().strip()
        kept = f"{inner}{inside}\n" if inside else ""
        return self.edit(start, end, f"\n{kept}{render(body, inner)}{margin}")

    def _brace(self, block: Block) -> int:
        """Just behind the opening brace."""
        opening = next(child for child in block.node.children if child.type == "block_start")
        return opening.end_byte

    def _column(self, last: Node | None, longest: int) -> tuple[int, str]:
        """How wide names behind an attribute are written, and the empty line that keeps `terraform fmt` from moving
        those above: it aligns lines that follow each other, up to one whose value goes on below.
        """
        if last is None or last.start_point[0] != last.end_point[0]:
            return longest, ""
        width = self._width(last)
        return (width, "") if longest <= width else (longest, "\n")

    def _width(self, node: Node) -> int:
        """How wide names are written around an attribute, up to their `=`."""
        name = node.named_children[0]
        sign = self.content.find(b"=", name.end_byte)
        return max(sign - 1 - name.start_byte, 1)

    def _margin(self, offset: int) -> str:
        line = self.content[self.content.rfind(b"\n", 0, offset) + 1 : offset]
        blanks = re.match(rb"[ \t]*", line)
        return blanks[0].decode() if blanks else ""

    def _line_end(self, offset: int) -> int:
        if self.content[offset - 1 : offset] == b"\n":
            # A here-document ends with its line.
            offset -= 1
        match = re.compile(rb"\r?\n").search(self.content, offset)
        return match.start() if match else len(self.content)
