"""A value that stands in where the environment has none: without it, the environment alone decides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, MASKED, Text, candidate
from workers.fixers.python.source.at_build import refuse_at_build
from workers.fixers.registry import NoFix
from workers.fixers.secrets.names import ROTATE
from workers.source.tree import SourceTree

_TEXT = r"(?:\"[^\"\n]+\"|'[^'\n]+')"
_CALL = rf"(?<![\w.>$])(?P<reader>{{}})\(\s*(?P<name>{_TEXT})\s*,\s*(?:default\s*=\s*)?(?P<value>{_TEXT})\s*,?\s*\)"


class _Way(NamedTuple):
    """How a language asks for a variable, with a value beside it; and what it writes without one."""

    pattern: re.Pattern[str]
    required: str | None
    """`{name}` is the variable's name as a text of the language, `{reader}` what was called."""
    plain: str | None


_WAYS: dict[str, tuple[_Way, ...]] = {
    ".py": (
        _Way(re.compile(_CALL.format(r"os\.environ\.get|os\.getenv")), "os.environ[{name}]", "{reader}({name})"),
        _Way(re.compile(_CALL.format(r"environ\.get")), "environ[{name}]", "{reader}({name})"),
        _Way(re.compile(_CALL.format(r"(?:decouple\.)?config|env(?:\.str)?")), "{reader}({name})", None),
    ),
    ".rb": (_Way(re.compile(_CALL.format(r"ENV\.fetch")), "ENV.fetch({name})", "ENV[{name}]"),),
    ".php": (_Way(re.compile(_CALL.format("env")), None, "env({name})"),),
}
"""What asks in Python, Ruby and PHP; `config` is python-decouple's, `env` django-environ's and Laravel's."""


def propose(tree: SourceTree, file: Text, line: int) -> Iterator[Candidate]:
    """The call without its second argument, in each form that the language has for it."""
    text, start = file.line(line).decode("utf-8", "replace"), file.starts[line - 1]
    ways = next((ways for suffix, ways in _WAYS.items() if file.path.endswith(suffix)), ())
    found = [(way, match) for way in ways for match in way.pattern.finditer(text)]
    if len(found) != 1:
        return
    way, match = found[0]
    first = start + len(text[: match.start()].encode())
    last, name = first + len(match[0].encode()), match["name"][1:-1]
    refused = _refusal(tree, file, line, name) if way.required is not None else None
    for approach, form, how in (
        ("required-environment", None if refused else way.required, "the program stops at once where nobody sets it"),
        ("environment", way.plain, "there is none where nobody sets it"),
    ):
        if form is not None:
            text = form.format(name=match["name"], reader=match["reader"])
            yield candidate(
                approach,
                [file.edit(first, last, text)],
                f"The environment variable {name} alone gives the value: {how}. {ROTATE}",
                declares=(FLAGGED, MASKED),
                warnings=(f"Set {name} wherever this runs.", "Rotate the old value: the history still has it."),
            )
    if refused is not None and way.plain is None:
        raise refused


def _refusal(tree: SourceTree, file: Text, line: int, name: str) -> NoFix | None:
    try:
        refuse_at_build(tree, file, line, name)
    except NoFix as reason:
        return reason
    return None
