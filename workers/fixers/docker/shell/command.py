"""A simple command of a script: its program, options and operands."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WRAPPERS = frozenset(("sudo", "env", "time", "exec", "command", "nohup", "nice"))


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
