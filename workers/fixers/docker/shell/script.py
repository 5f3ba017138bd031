"""The shell script of a RUN instruction as commands and words that know their bytes in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workers.fixers.docker.shell.command import Command, Word
from workers.fixers.docker.shell.flat_text import and_list, flat, flat_list, top
from workers.fixers.registry import NoFix
from workers.source import syntax
from workers.source.dockerfile import Dockerfile, Instruction

if TYPE_CHECKING:
    from tree_sitter import Node

_HEREDOC_ONLY = re.compile(r"<<-?(['\"]?)(\w+)\1")


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
            yield Command(words[0].start, self.offset + node.end_byte, words, self.offset + node.start_byte, top(node))

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
        nodes = and_list(statements[0])
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
            for node in flat_list(statements[0])
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
