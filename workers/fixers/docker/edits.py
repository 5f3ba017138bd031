"""Edits of a Dockerfile: whole lines in front of or behind an instruction, flags, other keywords and images."""

from __future__ import annotations

import re

from daemon.domain.fix import Edit
from workers.source.dockerfile import Dockerfile, Instruction, Stage

_BUILDKIT = re.compile(rb"^#\s*syntax\s*=", re.IGNORECASE)


def above(file: Dockerfile, instruction: Instruction) -> int:
    """Where whole lines go in front of an instruction and of the comment that belongs to it."""
    content = file.content
    at = content.rfind(b"\n", 0, instruction.start) + 1
    if content[at : instruction.start].strip():
        return instruction.start
    while at > 0:
        start = content.rfind(b"\n", 0, at - 1) + 1
        line = content[start:at].strip()
        if not line.startswith(b"#") or re.match(rb"#\s*(?:syntax|escape|check)\s*=", line, re.IGNORECASE):
            break
        at = start
    return at


def insert_above(file: Dockerfile, instruction: Instruction, text: str) -> Edit:
    """Whole lines in front of an instruction and of its comment."""
    at = above(file, instruction)
    return file.edit(at, at, f"{text}\n")


def insert_at_end(file: Dockerfile, stage: Stage, text: str) -> Edit:
    """Whole lines behind everything that builds the stage, in front of the CMD and ENTRYPOINT that close it."""
    closing = None
    for one in reversed(stage.instructions):
        if one.keyword not in {"CMD", "ENTRYPOINT"}:
            break
        closing = one
    if closing is not None:
        return insert_above(file, closing, text)
    return file.insert_after(stage.instructions[-1] if stage.instructions else stage.origin, text)


def insert_behind_flags(file: Dockerfile, instruction: Instruction, flag: str) -> Edit:
    """One more flag (`--mount=…`) of an instruction, in front of the others."""
    return file.edit(instruction.arguments, instruction.arguments, f"{flag} ")


def rename(file: Dockerfile, instruction: Instruction, keyword: str) -> Edit:
    """Another keyword; its arguments stay."""
    old = file.slice(instruction.start, instruction.start + len(instruction.keyword))
    new = keyword.lower() if old.islower() else keyword
    return file.edit(instruction.start, instruction.start + len(instruction.keyword), new)


def syntax_line(file: Dockerfile) -> list[Edit] | None:
    """What makes sure that the builder knows `--link` and here-documents.

    None where the file chooses a version of the syntax, or has directives, of its own.
    """
    if _BUILDKIT.match(file.content):
        return []
    if re.match(rb"\s*#\s*(?:escape|check|syntax)\s*=", file.content, re.IGNORECASE) or file.content[:1] == b"\xef":
        return None
    newline = "\r\n" if b"\r\n" in file.content else "\n"
    return [file.edit(0, 0, f"# syntax=docker/dockerfile:1{newline}")]


def from_image(file: Dockerfile, written: str, image: str) -> tuple[Edit, ...]:
    """Another name for an image, at every FROM that writes it so: stages copy binaries from one another."""
    same = (one for one in file.instructions if one.keyword == "FROM" and one.text.split()[0] == written)
    return tuple(file.edit(one.body, one.body + len(written.encode()), image) for one in same)
