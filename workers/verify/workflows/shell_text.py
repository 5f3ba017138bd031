"""A script as the shell reads it: quotes removed, escapes undone, variables replaced where the shell expands them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<plain>[A-Za-z_]\w*))")
_ZSH_VARIABLE = re.compile(r"\$(?:\{=?(?P<braced>[A-Za-z_]\w*)\}|(?P<plain>[A-Za-z_]\w*))")
"""In zsh `${=NAME}` is split into words; other shells stop at it."""
_HEREDOC = re.compile(
    r"(?<!<)<<(?!<)(?P<dash>-?)\s*(?:(?P<quote>['\"])(?P<quoted>[^'\"]+)(?P=quote)|\\?(?P<plain>[A-Za-z_]\w*))"
)
"""Not `<<<`: what follows that is a word like any other, not the end of a document."""
_INNER_SHELL = re.compile(
    r"(?:^|[;&|(]|\b(?:then|do|else)\b)\s*(?:(?:time|exec|nohup|timeout\s+\S+)\s+)?(?:/usr)?(?:/bin/)?(?:env\s+)?"
    r"(?:ba|da|k|z)?sh\s+(?:-\w+\s+)*-\w*c\s+$",
    re.MULTILINE,
)
"""A command up to the single-quoted script that it gives to a shell of its own."""


def read(script: str, values: Mapping[str, str], *, zsh: bool = False) -> str:
    """The script's text without its quotes, with each variable of `values` that the shell expands as its value."""
    return _Reader(script, values, _ZSH_VARIABLE if zsh else _VARIABLE).read()


class _Reader:
    """Reads a script left to right, in and out of quotes and here-documents."""

    def __init__(self, script: str, values: Mapping[str, str], variable: re.Pattern[str]) -> None:
        self._script = script
        self._variable = variable
        self._values = values
        self._at = 0
        self._out: list[str] = []
        self._heredocs: list[tuple[str, bool]] = []

    def read(self) -> str:
        """The normalised text."""
        self._commands()
        return "".join(self._out)

    def _commands(self, *, nested: bool = False) -> None:
        """Commands up to the end, or up to the parenthesis that closes a substitution inside double quotes."""
        depth = 0
        while self._at < len(self._script):
            char = self._script[self._at]
            depth += (char == "(") - (char == ")")
            if nested and depth < 0:
                return
            if char == "'":
                self._single()
            elif char == '"':
                self._at += 1
                self._double()
            elif char == "\\":
                following = self._script[self._at + 1 : self._at + 2]
                self._emit("" if following == "\n" else following, 2)
            elif char == "#" and (self._at == 0 or self._script[self._at - 1].isspace()):
                end = self._script.find("\n", self._at)
                self._at = end if end >= 0 else len(self._script)
            elif char == "\n":
                self._emit("\n", 1)
                self._bodies()
            elif match := _HEREDOC.match(self._script, self._at):
                self._heredocs.append((match["quoted"] or match["plain"], match["quoted"] is not None))
                self._emit("<<", match.end() - self._at)
            else:
                self._expand()

    def _emit(self, text: str, length: int) -> None:
        self._out.append(text)
        self._at += length

    def _single(self) -> None:
        end = self._script.find("'", self._at + 1)
        end = end if end >= 0 else len(self._script)
        inside = self._script[self._at + 1 : end]
        if _INNER_SHELL.search(self._script, self._script.rfind("\n", 0, self._at) + 1, self._at):
            # A shell of the same machine inherits the variables, and expands them itself.
            inside = _Reader(inside, self._values, self._variable).read()
        self._emit(inside, end + 1 - self._at)

    def _double(self) -> None:
        while self._at < len(self._script) and self._script[self._at] != '"':
            escaped = self._script[self._at : self._at + 2]
            if escaped in {'\\"', "\\\\", "\\$", "\\`"}:
                self._emit(escaped[1], 2)
            elif escaped == "$(":
                self._emit(escaped, 2)
                self._commands(nested=True)
            else:
                self._expand()
        self._at += 1

    def _expand(self) -> None:
        match = self._variable.match(self._script, self._at)
        if match is None:
            self._emit(self._script[self._at], 1)
        else:
            self._emit(self._values.get(match["braced"] or match["plain"], match[0]), match.end() - self._at)

    def _bodies(self) -> None:
        for delimiter, literal in self._heredocs:
            while self._at < len(self._script):
                end = self._script.find("\n", self._at)
                end = end if end >= 0 else len(self._script)
                line = self._script[self._at : end]
                if line.strip() == delimiter:
                    self._at = min(end + 1, len(self._script))
                    break
                expanded = line if literal else self._variable.sub(self._value, line)
                self._emit(f"{expanded}\n", end + 1 - self._at)
        self._heredocs.clear()

    def _value(self, match: re.Match[str]) -> str:
        return self._values.get(match["braced"] or match["plain"], match[0])
