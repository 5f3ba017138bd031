"""How a shell reads each place of a script: quoted, bare, in a comment or a heredoc, and for which command.

Only as much of the grammar as decides how a variable must be written there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from workers.fixers.workflows.model import EXPRESSION

Quote = Literal["bare", "double", "single", "ansi", "comment", "heredoc", "literal-heredoc"]
_HEREDOC = re.compile(r"(?<!<)<<(?!<)(-?)[ \t]*(['\"\\]?)([A-Za-z_][A-Za-z0-9_.-]*)\2?")
_SEPARATORS = frozenset(";|&\n(){}")
_WORD_ENDS = frozenset(" \t\r\n;|&()<>")


@dataclass
class Place:
    """How the shell reads one expression of a script."""

    start: int
    end: int
    quote: Quote
    quote_start: int
    """Where the quoted text, or the word, begins that holds it (its opening quote)."""
    quote_end: int
    """Where that ends (behind its closing quote); 0 until it is known."""
    words: tuple[str, ...]
    """What stands before it in the same simple command, with what stands before it in its own word."""
    before: tuple[str, ...] = ()
    """The whole words before its own."""
    heredoc: Heredoc | None = None


@dataclass
class Heredoc:
    """A here-document."""

    opener: int
    opener_end: int
    word: str
    strips: bool
    quoted: bool
    words: tuple[str, ...]
    start: int = 0
    end: int = 0


@dataclass
class _State:
    quote: Quote = "bare"
    since: int = 0
    command: int = 0
    pending: list[Heredoc] = field(default_factory=list)
    nested: list[tuple[Quote, int, int, int]] = field(default_factory=list)


def places(script: str) -> list[Place]:
    """Every `${{ … }}` of a POSIX-like shell script, with how the shell reads it."""
    return _Reader(script).read()


class _Reader:
    def __init__(self, script: str) -> None:
        self.script = script
        self.found: list[Place] = []
        self.state = _State()
        self.word = 0
        self.depth = 0

    def read(self) -> list[Place]:
        at = 0
        while at < len(self.script):
            at = self._step(at)
        self._close(len(self.script))
        return self.found

    def _step(self, at: int) -> int:
        match = EXPRESSION.match(self.script, at)
        if match is not None:
            self._expression(at, match.end())
            return match.end()
        quote = self.state.quote
        if quote == "bare":
            return self._bare(at)
        if quote == "comment":
            return self._comment(at)
        if quote == "double":
            return self._double(at)
        return self._single(at)

    def _bare(self, at: int) -> int:
        char = self.script[at]
        if char == "\\":
            # A file with CRLF endings is read as it is written; the shell gets LF.
            return at + (3 if self.script.startswith("\r\n", at + 1) else 2)
        if char == "\n" and self.state.pending:
            self._end_word(at)
            return self._heredocs(at + 1)
        if char in "'\"":
            ansi = char == "'" and self.script[at - 1 : at] == "$"
            self._open("double" if char == '"' else "ansi" if ansi else "single", at)
            return at + 1
        if char == "#" and (at == 0 or self.script[at - 1] in " \t\n;"):
            self._open("comment", at)
            return at + 1
        return self._plain(at, char)

    def _plain(self, at: int, char: str) -> int:
        match = _HEREDOC.match(self.script, at) if char == "<" else None
        if match is not None:
            words = self._words(at)
            self.state.pending.append(Heredoc(at, match.end(), match[3], bool(match[1]), bool(match[2]), words))
            return match.end()
        if char == "(" and self.script[at - 1 : at] in ("$", "<", ">"):
            self._nest(at + 1)
        elif char == "(":
            self.depth += bool(self.state.nested)
        elif char == ")":
            self._unnest(at)
        if char in _WORD_ENDS:
            self._end_word(at)
            self.word = at + 1
        if char in _SEPARATORS and not (char in "{}" and self.script[at - 1 : at] not in ("", " ", "\n", ";")):
            self.state.command = at + 1
        return at + 1

    def _nest(self, at: int) -> None:
        self.state.nested.append((self.state.quote, self.state.since, self.state.command, self.depth))
        self.state.quote, self.state.command, self.word, self.depth = "bare", at, at, 0

    def _unnest(self, at: int) -> None:
        if self.depth:
            self.depth -= 1
        elif self.state.nested:
            self._end_word(at)
            quote, since, command, depth = self.state.nested.pop()
            self.state.quote, self.state.since, self.state.command, self.depth = quote, since, command, depth

    def _comment(self, at: int) -> int:
        if self.script[at] == "\n":
            self._close(at)
            return self._bare(at)
        return at + 1

    def _double(self, at: int) -> int:
        char = self.script[at]
        if char == "\\":
            return at + 2
        if char == '"':
            self._close(at + 1)
        elif self.script.startswith("$(", at):
            self._nest(at + 2)
            return at + 2
        return at + 1

    def _single(self, at: int) -> int:
        if self.state.quote == "ansi" and self.script[at] == "\\":
            return at + 2
        if self.script[at] == "'":
            self._close(at + 1)
        return at + 1

    def _open(self, quote: Quote, at: int) -> None:
        self.state.quote, self.state.since = quote, at - (quote == "ansi")

    def _close(self, at: int) -> None:
        """The open quote ends: its expressions learn where."""
        for place in self.found:
            if place.quote_end == 0 and place.quote == self.state.quote and place.quote_start == self.state.since:
                place.quote_end = at
        self._end_word(at) if self.state.quote == "bare" else None
        self.state.quote = "bare"

    def _end_word(self, at: int) -> None:
        for place in self.found:
            if place.quote_end == 0 and place.quote == "bare" and place.quote_start == self.word:
                place.quote_end = at

    def _expression(self, at: int, end: int) -> None:
        quote = self.state.quote
        since = self.word if quote == "bare" else self.state.since
        self.found.append(Place(at, end, quote, since, 0, self._words(at), self._words(since)))

    def _words(self, at: int) -> tuple[str, ...]:
        return tuple(
            EXPRESSION.sub("$X", self.script[self.state.command : at])
            .replace("\\\r\n", " ")
            .replace("\\\n", " ")
            .split()
        )

    def _heredocs(self, at: int) -> int:
        for document in self.state.pending:
            document.start = at
            at = self._heredoc(document, at)
        self.state.pending = []
        self.state.command = self.word = at
        return at

    def _heredoc(self, document: Heredoc, at: int) -> int:
        quote: Quote = "literal-heredoc" if document.quoted else "heredoc"
        # In a block scalar every line is indented alike, the closing word too.
        closing = re.compile(rf"^[ \t]*{re.escape(document.word)}[ \t]*\r?$", re.MULTILINE).search(self.script, at)
        document.end = closing.start() if closing else len(self.script)
        for match in EXPRESSION.finditer(self.script, at, document.end):
            place = Place(match.start(), match.end(), quote, at, document.end, document.words, document.words, document)
            self.found.append(place)
        return closing.end() if closing else len(self.script)
