"""Expressions that are the same in every run, and what GitHub makes of them."""

from __future__ import annotations

import re

from workers.fixers.registry import NoFix

Value = str | float | bool | None
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<operator>[=!<>]=|[<>]|&&|\|\||[!(),])"
    r"|(?P<name>[A-Za-z_]\w*)(?![\w.\[-]))"
)
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}


def evaluate(expression: str) -> Value:
    """The value of a constant expression.

    Raises:
        NoFix: a run decides it, or it uses more than is known here.
    """
    reader = _Reader(expression)
    value = reader.either()
    if reader.tokens:
        raise _unknown(expression)
    return value


def as_text(value: Value) -> str:
    """What GitHub pastes for it."""
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return value if isinstance(value, str) else f"{value:g}"


def as_literal(value: Value) -> str:
    """How an expression writes it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else as_text(value)


def _unknown(expression: str) -> NoFix:
    return NoFix(f"what `{' '.join(expression.split())[:60]}` comes to is for a person to write plainly")


class _Reader:
    """Reads and works out an expression in one go: nothing in it has an effect."""

    def __init__(self, expression: str) -> None:
        self._all = expression
        self.tokens: list[tuple[str, str]] = []
        at, text = 0, expression.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise _unknown(expression)
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()

    def _take(self, *operators: str) -> str:
        if self.tokens and self.tokens[0][0] == "operator" and self.tokens[0][1] in operators:
            return self.tokens.pop(0)[1]
        return ""

    def either(self) -> Value:
        """`a || b`."""
        left = self._both()
        while self._take("||"):
            right = self._both()
            left = left or right
        return left

    def _both(self) -> Value:
        left = self._compared()
        while self._take("&&"):
            right = self._compared()
            left = left and right
        return left

    def _compared(self) -> Value:
        left = self._single()
        while operator := self._take("==", "!=", "<", "<=", ">", ">="):
            left = self._decided(left, operator, self._single())
        return left

    def _decided(self, left: Value, operator: str, right: Value) -> bool:
        if type(left) is not type(right):
            raise _unknown(self._all)
        if operator in ("==", "!="):
            return (_folded(left) == _folded(right)) is (operator == "==")
        if not isinstance(left, float) or not isinstance(right, float):
            raise _unknown(self._all)
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]

    def _single(self) -> Value:
        if self._take("!"):
            return not self._single()
        if self._take("("):
            value = self.either()
            if not self._take(")"):
                raise _unknown(self._all)
            return value
        kind, word = self.tokens.pop(0) if self.tokens else ("", "")
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return float(word)
        if kind == "name" and self._take("("):
            return self._called(word.lower())
        if kind == "name" and word.lower() in _WORDS:
            return _WORDS[word.lower()]
        raise _unknown(self._all)

    def _called(self, function: str) -> Value:
        given: list[Value] = []
        while not self._take(")"):
            given.append(self.either())
            if not self._take(",") and self.tokens[:1] != [("operator", ")")]:
                raise _unknown(self._all)
        if function == "format" and given and isinstance(given[0], str):
            return self._formatted(given[0], given[1:])
        if function in ("contains", "startswith", "endswith") and len(given) == 2:
            place, part = (as_text(one).lower() for one in given)
            return {"contains": part in place, "startswith": place.startswith(part)}.get(function, place.endswith(part))
        raise _unknown(self._all)

    def _formatted(self, text: str, values: list[Value]) -> str:
        if re.search(r"\{\{|\}\}", text) or any(int(one) >= len(values) for one in re.findall(r"\{(\d+)\}", text)):
            raise _unknown(self._all)
        return re.sub(r"\{(\d+)\}", lambda match: as_text(values[int(match[1])]), text)


def _folded(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value
