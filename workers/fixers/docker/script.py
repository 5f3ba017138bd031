"""The shell script of a RUN instruction as commands and words that know their bytes in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workers.fixers.registry import NoFix
from workers.source import syntax
from workers.source.dockerfile import Dockerfile, Instruction

if TYPE_CHECKING:
    from tree_sitter import Node

_JOINED_WORD = re.compile(rb"[\w\"'/.$}-]")
_COMMENT = re.compile(rb"(?<=[\s\\])`[ \t]*#[^`\n\\]*`(?=[\s\\])")
_WRAPPERS = frozenset(("sudo", "env", "time", "exec", "command", "nohup", "nice"))
_HEREDOC_ONLY = re.compile(r"<<-?(['\"]?)(\w+)\1")


@dataclass(frozen=True)
class Word:
    """One word; offsets are bytes of the file."""

    start: int
    end: int
    text: str
    """As written, quotes included."""


@dataclass(frozen=True)
class Command:
    """One simple command, without the assignments in front of it."""

    start: int
    end: int
    words: tuple[Word, ...]
    whole: int
    """Where it starts with the assignments in front of it."""
    top: bool
    """Whether it stands in no subshell, loop, condition, function or substitution."""

    @property
    def name(self) -> str:
        """The program, behind `sudo`, `env` and the like, without its folder."""
        return self.program.text.rpartition("/")[2]

    @property
    def program(self) -> Word:
        """The word that names the program."""
        return self.words[self._at]

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words behind the program."""
        return self.words[self._at + 1 :]

    @property
    def _at(self) -> int:
        for index, word in enumerate(self.words):
            wrapped = word.text in _WRAPPERS or (index and word.text.startswith("-")) or "=" in word.text
            if not wrapped or index == len(self.words) - 1:
                return index
        return 0

    def says(self, *options: str) -> bool:
        """Whether one of these words is among the arguments; a short option also inside a cluster (`-yqq`)."""
        short = {option[1] for option in options if re.fullmatch(r"-\w", option)}
        for word in self.arguments:
            text = word.text
            if text in options or any(text.startswith(f"{each}=") for each in options if each.startswith("--")):
                return True
            if re.fullmatch(r"-[A-Za-z]+", text) and short & set(text[1:]):
                return True
        return False

    def sub(self, *names: str) -> Word | None:
        """The subcommand, where it is one of these: the first argument that is no option."""
        first = self.operands[:1]
        return first[0] if first and first[0].text in names else None

    @property
    def operands(self) -> list[Word]:
        """The arguments that are no options."""
        return [word for word in self.arguments if not word.text.startswith("-")]


@dataclass(frozen=True)
class Step:
    """One part of a `&&` list; offsets are bytes of the file."""

    start: int
    end: int
    text: str


class Script:
    """A RUN instruction's script."""

    def __init__(self, file: Dockerfile, instruction: Instruction) -> None:
        """Read it.

        Raises:
            NoFix: no shell reads it (JSON), it is a here-document for a program, or the shell could not read it.
        """
        self.file = file
        self.instruction = instruction
        self.offset, raw = self._raw()
        self.text = flat(raw, file.escape.encode())
        tree = syntax.parse(self.text, language="bash")
        if tree is None or tree.problems:
            message = f"{file.path}:{instruction.line} holds a script that could not be read"
            raise NoFix(message)
        self.root = tree.root

    def _raw(self) -> tuple[int, bytes]:
        one, file = self.instruction, self.file
        if one.json:
            message = f"{file.path}:{one.line} runs a program without a shell"
            raise NoFix(message)
        if not one.heredocs:
            return one.body, file.content[one.body : one.end]
        start = file.content.find(b"\n", one.body) + 1
        if not _HEREDOC_ONLY.fullmatch(one.text) or len(one.heredocs) != 1 or one.heredocs[0].startswith("#!"):
            message = f"{file.path}:{one.line} holds a here-document, which is left as it is"
            raise NoFix(message)
        return start, one.heredocs[0].encode()

    @property
    def here(self) -> bool:
        """Whether it is a here-document: lines need no continuation."""
        return bool(self.instruction.heredocs)

    @cached_property
    def commands(self) -> list[Command]:
        """The simple commands in source order."""
        return [one for node in syntax.walk(self.root) if node.type == "command" for one in self._command(node)]

    def named(self, *names: str) -> list[Command]:
        """The commands that run one of these programs."""
        return [one for one in self.commands if one.name in names]

    def _command(self, node: Node) -> Iterator[Command]:
        kinds = {"file_redirect", "variable_assignment", "heredoc_redirect", "herestring_redirect"}
        words = tuple(self._word(child) for child in node.children if child.type not in kinds)
        if words:
            yield Command(words[0].start, self.offset + node.end_byte, words, self.offset + node.start_byte, _top(node))

    def _word(self, node: Node) -> Word:
        start, end = self.offset + node.start_byte, self.offset + node.end_byte
        return Word(start, end, self.text[node.start_byte : node.end_byte].decode())

    @cached_property
    def pipelines(self) -> list[list[str]]:
        """Each pipeline as the source of its parts."""
        found = [node for node in syntax.walk(self.root) if node.type == "pipeline"]
        return [[self.source(child) for child in node.named_children] for node in found]

    def source(self, node: Node) -> str:
        """A node's text on one line."""
        return self.text[node.start_byte : node.end_byte].decode()

    @cached_property
    def chain(self) -> list[Command] | None:
        """Its commands, where it is nothing but simple commands joined by `&&`; none where it is more."""
        statements = [node for node in self.root.named_children if node.type != "comment"]
        if len(statements) != 1 or len(self.root.named_children) != 1:
            return None
        nodes = _and_list(statements[0])
        if nodes is None:
            return None
        starts = {self.offset + node.start_byte for node in nodes}
        found = [one for one in self.commands if one.whole in starts and one.top]
        return found if len(found) == len(nodes) else None

    @cached_property
    def steps(self) -> list[Step]:
        """What `&&` joins at the top, in order; a part with another operator is one step."""
        statements = self.root.named_children
        if len(statements) != 1:
            return []
        return [
            Step(self.offset + node.start_byte, self.offset + node.end_byte, self.source(node))
            for node in _flat_list(statements[0])
        ]

    @property
    def stateful(self) -> bool:
        """Whether it changes the shell's own state: directory, options, variables."""
        kinds = {"variable_assignment", "declaration_command", "function_definition", "unset_command"}
        names = {
            "cd",
            "set",
            "export",
            "source",
            ".",
            "umask",
            "alias",
            "exec",
            "trap",
            "exit",
            "pushd",
            "popd",
            "ulimit",
        }
        assigns = any(
            node.type in kinds and (node.parent is None or node.parent.type != "command")
            for node in syntax.walk(self.root)
        )
        return assigns or any(one.program.text in names for one in self.commands)

    def append(self, command: str) -> tuple[int, str]:
        r"""Where and how one more command follows by `&&`, in the style in which the script is broken into lines.

        Raises:
            NoFix: what the script ends with takes no further command.
        """
        last = [node for node in self.root.children if node.type != "\n"][-1:]
        if not last or last[0].type in {"comment", "&"} or self.root.named_children[-1].type == "comment":
            message = f"{self.file.path}:{self.instruction.line} ends with something that takes no further command"
            raise NoFix(message)
        if self.here and re.search(rb"(?m)^\s*set\s+-\w*e", self.text):
            end = self.offset + len(self.text)
            return end, f"{command}\n"
        # In front of a closing `;`, so that the step still fails where what comes first does.
        end = self.offset + self.root.named_children[-1].end_byte
        return end, f"{' ' if self.here else self.glue(end)}&& {command}"

    def glue(self, at: int) -> str:
        r"""What stands between two commands: a blank, or a continued line where the script has several."""
        content = self.file.content
        lines = content[self.instruction.start : at].split(b"\n")
        if len(lines) == 1:
            return " "
        joining = next((line for line in reversed(lines[1:]) if line.lstrip().startswith(b"&&")), lines[-1])
        indent = re.match(rb"[ \t]*", joining)
        return f" {self.file.escape}\n{(indent[0] if indent else b'').decode() or '    '}"


def scripts(file: Dockerfile, instructions: list[Instruction]) -> list[Script]:
    """The scripts of those RUN instructions that hold one that can be read."""
    found = []
    for one in instructions:
        if one.keyword == "RUN":
            try:
                found.append(Script(file, one))
            except NoFix:
                continue
    return found


def flat(raw: bytes, escape: bytes) -> bytes:
    """Continued text on one line, every byte at its place: continuations and comments become blanks.

    A comment is a line of its own, or stands in backquotes: a command that does nothing, between arguments.

    Raises:
        NoFix: a word is broken over two lines.
    """
    lines = _COMMENT.sub(lambda found: b" " * len(found[0]), raw).splitlines(keepends=True)
    parts: list[bytes] = []
    continued = False
    for line in lines:
        bare = line.rstrip()
        if continued and (not bare or bare.lstrip().startswith(b"#")):
            parts.append(b" " * len(line))
            continue
        if continued and _glued(parts[-1] if parts else b"", line):
            message = "a word of the script is broken over two lines"
            raise NoFix(message)
        continued = bare.endswith(escape)
        if continued:
            kept = bare[: -len(escape)]
            parts.append(kept + b" " * (len(line) - len(kept)))
        else:
            parts.append(line)
    return b"".join(parts)


def _glued(before: bytes, line: bytes) -> bool:
    kept = before.rstrip(b" ")
    return bool(
        kept and len(before) - len(kept) <= 2 and _JOINED_WORD.match(kept[-1:]) and _JOINED_WORD.match(line[:1])
    )


def _top(node: Node) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.type not in {"list", "pipeline", "redirected_statement", "program"}:
            return False
        parent = parent.parent
    return True


def _and_list(node: Node) -> list[Node] | None:
    if node.type == "command":
        return [node]
    if node.type == "redirected_statement":
        inner = node.named_children[0]
        return [inner] if inner.type == "command" and "<<" not in str(node.text) else None
    if node.type != "list" or any(child.type != "&&" for child in node.children if not child.is_named):
        return None
    found: list[Node] = []
    for child in node.named_children:
        below = _and_list(child)
        if below is None:
            return None
        found += below
    return found


def _flat_list(node: Node) -> Iterator[Node]:
    if node.type == "list" and all(child.type == "&&" for child in node.children if not child.is_named):
        for child in node.named_children:
            yield from _flat_list(child)
    else:
        yield node
