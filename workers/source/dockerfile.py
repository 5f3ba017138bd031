r"""Dockerfiles as instructions with byte offsets: continuations, heredocs, the escape directive, comments, stages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daemon.domain.fix import Edit
from daemon.errors import Permanent

KEYWORDS = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
_BOM = "\ufeff"
_LINE = re.compile(r"[^\n]*(?:\n|$)")
_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(.*?)[ \t]*\r?\n?$")
_WORD = re.compile(r"[ \t]*([A-Za-z]+)")
_HEREDOC = re.compile(r"<<(-?)(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\2")
_FLAG = re.compile(r"--[a-z][a-z-]*(?:=(?:\"[^\"]*\"|\S)*)?")


class DockerfileBroken(Permanent):
    """The text is not a Dockerfile; the message says where."""


@dataclass(frozen=True)
class Instruction:
    """One instruction. Offsets are bytes of the file; `end` is that of its last visible character."""

    keyword: str
    """In upper case."""
    start: int
    arguments: int
    """Where its arguments start, flags included."""
    body: int
    """Where they start behind the flags (`--from=…`)."""
    end: int
    text: str
    """The arguments behind the flags on one line: continuations joined, comments left out, no heredoc."""
    flags: tuple[str, ...]
    line: int
    """The first line, from 1."""
    last_line: int
    stage: int
    """The build stage it belongs to, from 0; -1 before the first FROM."""
    heredocs: tuple[str, ...] = ()
    """The bodies of its here-documents."""

    @property
    def json(self) -> bool:
        """Whether the arguments are a JSON array of strings: no shell reads them. A test in brackets is none."""
        if not self.text.startswith("["):
            return False
        try:
            words = json.loads(self.text)
        except ValueError:
            return False
        return isinstance(words, list) and all(isinstance(word, str) for word in words)


@dataclass(frozen=True)
class Stage:
    """What one FROM builds."""

    origin: Instruction
    image: str
    name: str | None
    instructions: tuple[Instruction, ...]
    """Those behind FROM."""

    def all(self, *keywords: str) -> list[Instruction]:
        """Its instructions of these kinds."""
        return [one for one in self.instructions if one.keyword in keywords]

    def last(self, *keywords: str) -> Instruction | None:
        """Its last instruction of these kinds."""
        found = self.all(*keywords)
        return found[-1] if found else None


class Dockerfile:
    """A Dockerfile's instructions, and edits of it."""

    def __init__(self, path: str, content: bytes, escape: str, instructions: Sequence[Instruction]) -> None:
        self.path = path
        self.content = content
        self.escape = escape
        self.instructions = tuple(instructions)

    @property
    def newline(self) -> str:
        """The file's own line ending: that of its first line."""
        return "\r\n" if re.match(rb"[^\n]*\r\n", self.content) else "\n"

    @property
    def windows(self) -> bool:
        """Whether it says that its shell is not a POSIX one."""
        return self.escape == "`" or any(
            one.keyword == "SHELL" and re.search(r"powershell|pwsh|cmd", one.text, re.IGNORECASE)
            for one in self.instructions
        )

    @property
    def stages(self) -> list[Stage]:
        """The build stages, in order; the last is what the image is."""
        found = []
        for origin in (one for one in self.instructions if one.keyword == "FROM"):
            image, _, rest = origin.text.partition(" ")
            match = re.match(r"as\s+(\S+)", rest.strip(), re.IGNORECASE)
            inner = [one for one in self.instructions if one.stage == origin.stage and one is not origin]
            found.append(Stage(origin, image, match[1] if match else None, tuple(inner)))
        return found

    def at_line(self, line: int) -> Instruction | None:
        """The instruction that a line (from 1) belongs to."""
        return next((one for one in self.instructions if one.line <= line <= one.last_line), None)

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.content[start:end].decode("utf-8", "replace")

    def edit(self, start: int, end: int, text: str) -> Edit:
        r"""An edit; `\n` in `text` becomes the file's own line ending."""
        return Edit(path=self.path, start=start, end=end, text=text.replace("\r\n", "\n").replace("\n", self.newline))

    def insert_before(self, instruction: Instruction, text: str) -> Edit:
        """Whole lines in front of an instruction (and behind the comments above it)."""
        return self.edit(instruction.start, instruction.start, f"{text}\n")

    def insert_after(self, instruction: Instruction, text: str) -> Edit:
        """Whole lines behind an instruction; a file without a final line ending keeps having none.

        A continuation of the last line that nothing follows would swallow them: it goes.
        """
        end = self.line_end(instruction)
        continued = self.content[instruction.end : end].strip()
        # hadolint reads on behind a here-document only where an empty line is.
        apart = "\n" if instruction.heredocs else ""
        return self.edit(instruction.end if continued else end, end, f"{apart}\n{text}")

    def line_end(self, instruction: Instruction) -> int:
        """Where its last line ends: behind blanks, and a continuation that nothing follows."""
        rest = re.compile(rb"[ \t]*(?:" + re.escape(self.escape.encode()) + rb")?[ \t]*")
        match = rest.match(self.content, instruction.end)
        return match.end() if match else instruction.end

    def delete(self, instruction: Instruction) -> Edit:
        """An instruction goes, with its lines."""
        match = re.compile(rb"[ \t]*(?:\r?\n|$)").match(self.content, instruction.end)
        start = self.content.rfind(b"\n", 0, instruction.start) + 1
        start = start if not self.content[start : instruction.start].strip() else instruction.start
        return self.edit(start, match.end() if match else instruction.end, "")


def parse(content: bytes, path: str = "") -> Dockerfile:
    """The file's instructions.

    Raises:
        DockerfileBroken: it is not UTF-8, starts with something else than an instruction, or leaves one open.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is not UTF-8"
        raise DockerfileBroken(message) from error
    reader = _Reader(text, path)
    return Dockerfile(path, content, reader.escape, list(reader.instructions()))


class _Reader:
    """Lines to instructions."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._text = text
        self._lines = [match[0] for match in _LINE.finditer(text) if match[0]]
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._ascii = text.isascii()
        self._stage = -1
        self.escape = self._directive()

    def _directive(self) -> str:
        for line in self._lines:
            match = _DIRECTIVE.match(line.removeprefix(_BOM))
            if match is None:
                break
            if match[1].lower() == "escape" and match[2] in ("\\", "`"):
                return match[2]
        return "\\"

    def instructions(self) -> Iterator[Instruction]:
        row = 0
        while row < len(self._lines):
            line = self._lines[row].removeprefix(_BOM)
            if not line.strip() or line.lstrip().startswith("#"):
                row += 1
                continue
            last, joined = self._logical(row)
            last, bodies = self._heredocs(last, joined)
            yield self._instruction(row, last, joined, bodies)
            row = last + 1

    def _logical(self, row: int) -> tuple[int, str]:
        """The last row of the instruction that starts at `row`, and its text on one line."""
        parts: list[str] = []
        last = row
        while row < len(self._lines):
            line = self._lines[row].removeprefix(_BOM).rstrip()
            if parts and (not line.strip() or line.lstrip().startswith("#")):
                row += 1
                continue
            last = row
            parts.append(line.removesuffix(self.escape))
            if not line.endswith(self.escape):
                break
            row += 1
        return last, "".join(parts)

    def _heredocs(self, row: int, joined: str) -> tuple[int, list[str]]:
        bodies: list[str] = []
        if not re.match(r"\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\b", joined, re.IGNORECASE):
            return row, bodies
        for match in _HEREDOC.finditer(joined):
            first = row + 1
            row = next((number for number in range(first, len(self._lines)) if self._closes(number, match)), -1)
            if row < 0:
                message = f"{self._path}: heredoc {match[3]} never ends"
                raise DockerfileBroken(message)
            bodies.append("".join(self._lines[first:row]))
        return row, bodies

    def _closes(self, row: int, match: re.Match[str]) -> bool:
        line = self._lines[row].rstrip("\r\n")
        return (line.lstrip("\t") if match[1] else line) == match[3]

    def _instruction(self, row: int, last: int, joined: str, bodies: list[str]) -> Instruction:
        word = _WORD.match(joined)
        if word is None or word[1].upper() not in KEYWORDS:
            message = f"{self._path}: line {row + 1} starts with no instruction"
            raise DockerfileBroken(message)
        keyword = word[1].upper()
        self._stage += keyword == "FROM"
        bom = len(_BOM) if self._lines[row].startswith(_BOM) else 0
        start = self._starts[row] + bom + word.start(1)
        end = self._starts[last] + len(self._lines[last].rstrip().removesuffix(self.escape).rstrip())
        arguments = self._skip(start + len(keyword), end)
        body, flags = self._flags(arguments, end)
        text = joined[word.end() :].strip()
        for flag in flags:
            text = text.removeprefix(flag).lstrip()
        return Instruction(
            keyword=keyword, start=self._byte(start), arguments=self._byte(arguments), body=self._byte(body),
            end=self._byte(end), text=text, flags=tuple(flags), line=row + 1, last_line=last + 1, stage=self._stage,
            heredocs=tuple(bodies),
        )  # fmt: skip

    def _skip(self, at: int, end: int) -> int:
        """Past blanks, continued line ends, and the comments between them."""
        blank = re.compile(rf"(?:[ \t]+|{re.escape(self.escape)}[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*)*")
        match = blank.match(self._text, at, end)
        return match.end() if match else at

    def _flags(self, at: int, end: int) -> tuple[int, list[str]]:
        flags: list[str] = []
        while (match := _FLAG.match(self._text, at, end)) is not None:
            flags.append(match[0])
            at = self._skip(match.end(), end)
        return at, flags

    def _byte(self, index: int) -> int:
        return index if self._ascii else len(self._text[:index].encode())
