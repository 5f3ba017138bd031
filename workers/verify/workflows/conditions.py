"""Whether two `if` conditions decide alike, found out by deciding both for values that occur in them.

Only plain conditions are understood: comparisons, `contains`, `startsWith`, `endsWith`, `fromJSON`, `!`, `&&`, `||`.
"""

from __future__ import annotations

import itertools
import json
import operator
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<operator>[=!<>]=|[<>]|&&|\|\||[!(),])|(?P<name>[A-Za-z_][\w.\-*\[\]']*)|(?P<number>-?\d[\w.]*))"
)
_ACTOR = re.compile(
    r"(?:^|\.)(?:actor|triggering_actor|user\.login|sender\.login|author\.login)$"
    r"|(?:^|\.)(?P<id>actor_id|user\.id|sender\.id|author\.id)$"
)
"""Who it was, by whichever path: a fix may ask another one."""
_FENCED = re.compile(r"'\$\{\{(?P<text>.*?)\}\}'|\$\{\{(?P<bare>.*?)\}\}", re.DOTALL)
_ALWAYS = {"always": True, "success": True, "failure": False, "cancelled": False}
_MOST = 4096
"""Combinations of values that are tried."""
_OTHER = "another-value"


class _NotPlain(Exception):
    """The condition says more than this module understands."""


class _Parsed(msgspec.Struct, frozen=True):
    tree: Any
    names: frozenset[str]
    texts: frozenset[str]


def differ(before: str, after: str) -> str | None:
    """Values for which the conditions decide differently, as a phrase; none where there are none, or it is unknown."""
    try:
        old, new = (_parse(text.replace("pull_request_target", "pull_request")) for text in (before, after))
    except _NotPlain:
        return None
    fresh = sorted(new.names - old.names)
    values = _values(old.texts | new.texts)
    if not old.names or len(values) ** (len(old.names) + len(fresh)) > _MOST:
        return None
    try:
        for given in _given(sorted(old.names), values):
            was = bool(_decide(old.tree, given))
            # What only the new condition asks may narrow it, and may not open it.
            now = [bool(_decide(new.tree, {**given, **more})) for more in _given(fresh, values)]
            if was not in now or (not was and any(now)):
                shown = ", ".join(f"{name} is {value!r}" for name, value in given.items())
                return f"{'no longer holds' if was else 'holds'} where {shown}"
    except _NotPlain:
        return None
    return None


def constant(expression: str) -> str | None:
    """The text that GitHub makes of an expression that is the same in every run; none where a run decides it."""
    try:
        parsed = _parse(expression)
        value = None if parsed.names else _decide(parsed.tree, {})
    except _NotPlain:
        return None
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else None


def _values(texts: frozenset[str]) -> list[str]:
    """The texts, word by word (that a part of one is found as well is the weakness itself), and others beside them."""
    words = {word for text in texts for word in (re.split(r"[\s,;|]+", text.strip(" ,;|")))}
    return sorted(words | {f"{word.rpartition('/')[0]}/{_OTHER}" for word in words if "/" in word} | {_OTHER})


def _given(names: list[str], values: list[str]) -> Iterator[dict[str, str]]:
    return (dict(zip(names, chosen, strict=True)) for chosen in itertools.product(values, repeat=len(names)))


def _parse(condition: str) -> _Parsed:
    text = condition.strip()
    if text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1:
        text = text[3:-2]
    if "${{" in text:
        # A text, and always true: it is compared as the one expression that it was meant to be.
        text = _FENCED.sub(lambda match: f"({match['text'] or match['bare']})", text)
    tokens = list(_tokens(text))
    tree = _either(tokens)
    if tokens:
        raise _NotPlain
    leaves = list(_leaves(tree))
    names = frozenset(value for kind, value in leaves if kind == "name")
    return _Parsed(tree, names, frozenset(str(value) for kind, value in leaves if kind == "text"))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _NotPlain
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


def _take(tokens: list[tuple[str, str]], value: str) -> bool:
    if tokens and tokens[0] == ("operator", value):
        tokens.pop(0)
        return True
    return False


def _either(tokens: list[tuple[str, str]]) -> Any:
    left = _both(tokens)
    while _take(tokens, "||"):
        left = ("||", left, _both(tokens))
    return left


def _both(tokens: list[tuple[str, str]]) -> Any:
    left = _compared(tokens)
    while _take(tokens, "&&"):
        left = ("&&", left, _compared(tokens))
    return left


def _compared(tokens: list[tuple[str, str]]) -> Any:
    left = _single(tokens)
    for sign in ("==", "!=", "<=", ">=", "<", ">"):
        if _take(tokens, sign):
            return (sign, left, _single(tokens))
    return left


def _single(tokens: list[tuple[str, str]]) -> Any:
    if _take(tokens, "!"):
        return ("!", _single(tokens))
    if _take(tokens, "("):
        inside = _either(tokens)
        if not _take(tokens, ")"):
            raise _NotPlain
        return inside
    if not tokens:
        raise _NotPlain
    kind, value = tokens.pop(0)
    if kind == "text":
        return ("text", value[1:-1].replace("''", "'"))
    if kind == "number":
        return ("text", value)
    if kind == "name":
        return _called(value, tokens) if _take(tokens, "(") else _named(value)
    raise _NotPlain


def _named(value: str) -> Any:
    if value in {"true", "false"}:
        return ("constant", value == "true")
    # Names are the same in any case, and `a['b']` is `a.b`.
    name = re.sub(r"\['([\w-]+)'\]", r".\1", value).lower()
    who = _ACTOR.search(name)
    return ("name", name if who is None else "the actor's number" if who["id"] else "the actor")


def _called(function: str, tokens: list[tuple[str, str]]) -> Any:
    arguments = []
    while not _take(tokens, ")"):
        arguments.append(_either(tokens))
        if not _take(tokens, ",") and tokens[:1] != [("operator", ")")]:
            raise _NotPlain
    return ("call", function.lower(), arguments)


def _leaves(tree: Any) -> Iterator[tuple[str, Any]]:
    if tree[0] in {"name", "text", "constant"}:
        if tree[0] != "constant":
            yield tree
        return
    for part in tree[2] if tree[0] == "call" else tree[1:]:
        if tree[0] == "call" and tree[1] == "fromjson" and part[0] == "text":
            value = _decide(tree, {})
            yield from (("text", str(item)) for item in (value if isinstance(value, list) else [value]))
        else:
            yield from _leaves(part)


def _decide(tree: Any, given: Mapping[str, str]) -> Any:
    kind = tree[0]
    if kind in {"text", "constant"}:
        return tree[1]
    if kind == "name":
        return given[tree[1]]
    if kind == "call":
        return _call(tree[1], [_decide(part, given) for part in tree[2]])
    if kind == "!":
        return not _decide(tree[1], given)
    left, right = _decide(tree[1], given), _decide(tree[2], given)
    if kind in {"==", "!="}:
        return (_folded(left) == _folded(right)) is (kind == "==")
    if kind in _ORDERS:
        try:
            return _ORDERS[kind](float(left), float(right))
        except (TypeError, ValueError) as error:
            raise _NotPlain from error
    return (left and right) if kind == "&&" else (left or right)


_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def _call(function: str, arguments: list[Any]) -> Any:
    if not arguments and function in _ALWAYS:
        return _ALWAYS[function]
    if function == "fromjson" and len(arguments) == 1:
        try:
            return json.loads(arguments[0])
        except (TypeError, ValueError) as error:
            raise _NotPlain from error
    if function in {"contains", "startswith", "endswith"} and len(arguments) == 2:
        place, looked_for = arguments
        if isinstance(place, list):
            return _folded(looked_for) in [_folded(item) for item in place]
        place, looked_for = str(_folded(place)), str(_folded(looked_for))
        if function == "contains":
            return looked_for in place
        return place.startswith(looked_for) if function == "startswith" else place.endswith(looked_for)
    if function == "format" and arguments and "{{" not in str(arguments[0]):
        return re.sub(r"\{(\d+)\}", lambda match: _nth(arguments, int(match[1]) + 1), str(arguments[0]))
    raise _NotPlain


def _nth(arguments: list[Any], index: int) -> str:
    if index >= len(arguments) or not isinstance(arguments[index], (str, bool)):
        raise _NotPlain
    return str(arguments[index]).lower() if isinstance(arguments[index], bool) else str(arguments[index])


def _folded(value: Any) -> Any:
    """GitHub compares text whatever its case."""
    return value.lower() if isinstance(value, str) else value
