"""Credentials that a document shows: what belongs there instead, or the variable of the shell that runs the command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from daemon.domain.fix import Candidate
from workers.fixers.code import MASKED, Text, candidate
from workers.fixers.registry import Harmless, NoFix
from workers.fixers.secrets.configuration import Setting, is_read, key_at
from workers.fixers.secrets.names import ROTATE, environment_name

_COMMAND = re.compile(
    r"\s*(?:[$#>%]\s+)?(?:sudo\s+)?(?:curl|wget|https?|httpie|xh|docker|podman|kubectl|helm|gh|glab|aws|az|gcloud|psql"
    r"|mysql|redis-cli|npm|pip|twine|vault)\s"
)
"""What people copy into a shell."""
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?(---|\+\+\+)[ \t]*\r?\n[\s\S]*?\n\1[ \t]*(?:\r?\n|\Z)")
"""What stands in front of the text of many documents: settings of its page."""
_MADE_UP = re.compile(
    rb"\byour[_-]|(?<=[_-])your[_-]|[_-]here\b|example|placeholder|dummy|fake|x{4}|change[_-]?me", re.IGNORECASE
)
"""Words of a value that say what they stand for."""


class _Place(NamedTuple):
    """The bytes of the value, with its own quotation mark where it has one."""

    start: int
    end: int
    quote: str
    name: str
    """What it is called there: the same value may stand for two things."""


def propose(file: Text, found: Setting, name: str) -> Iterator[Candidate]:
    """A shown value → its name, and in a command the reader's own variable of that name.

    Raises:
        NoFix: the value stands in code as well, which compares or sends it.
        Harmless: the value says itself that the reader's own belongs there.
    """
    if _MADE_UP.search(file.content[found.start : found.end]):
        message = f"{file.path}:{file.line_of(found.start)} says itself that a value of the reader's own belongs there"
        raise Harmless(message)
    if (head := _HEAD.match(file.content)) is not None and found.start < head.end():
        message = (
            f"{file.path}:{file.line_of(found.start)} stands in the head of the text, which the program that makes a "
            f"page of it reads: take it from elsewhere there. {ROTATE}"
        )
        raise NoFix(message)
    places = _places(file, found, name)
    code = next((one for one in places if not is_read(file, file.line_of(one.start))), None)
    if code is not None:
        message = (
            f"{file.path}:{file.line_of(code.start)} holds the same value as code does: take it out there first, "
            f"and with it out of the comment. {ROTATE}"
        )
        raise NoFix(message)
    yield _made(
        file,
        "described",
        [(one, f"{one.quote}<{one.name}>{one.quote}") for one in places],
        f"The text names what belongs there and shows nobody's own value. {ROTATE}",
    )
    if not _expanded(file, places[0]) or _assigned(file, places[0], name):
        return
    texts = [(one, f'"${one.name}"' if one.quote else f"${one.name}") for one in places if _expanded(file, one)]
    texts += [(one, f"{one.quote}<{one.name}>{one.quote}") for one in places if not _expanded(file, one)]
    why = (
        f"The command takes the value from its reader's shell (`export {name}=…`), so it runs as it is copied. {ROTATE}"
    )
    yield _made(file, "shell-variable", texts, why)


def _places(file: Text, found: Setting, name: str) -> list[_Place]:
    """Wherever the document shows it: the answer's token is the next request's."""
    bare = file.content[found.start : found.end].strip(b"\"'")
    same = re.finditer(rb"(?<![\w.-])" + re.escape(bare) + rb"(?![\w-])", file.content)
    others = [match.span() for match in same if not found.start <= match.start() < found.end]
    named = [_Place(*span, "", environment_name(key_at(file, span[0]) or name)) for span in others]
    return [_Place(found.start, found.end, found.quote, name), *named]


def _made(file: Text, approach: str, texts: list[tuple[_Place, str]], why: str) -> Candidate:
    return candidate(
        approach,
        [file.edit(one.start, one.end, text) for one, text in texts],
        why,
        declares=(MASKED, *(f"line:{file.line_of(one.start)}" for one, _ in texts)),
        warnings=("Rotate the old value, unless it was made up: the history still has it.",),
    )


def _before(file: Text, place: _Place) -> str:
    """The command's text in front of the value; its lines are joined by a backslash."""
    number = file.line_of(place.start)
    text = file.content[file.starts[number - 1] : place.start].decode("utf-8", "replace")
    while number > 1 and (above := file.line(number - 1).decode("utf-8", "replace").rstrip()).endswith("\\"):
        text, number = f"{above[:-1]}{text}", number - 1
    return text


def _expanded(file: Text, place: _Place) -> bool:
    """Whether a shell that runs this line would put a variable there: not in prose, and not in single quotes."""
    text = _before(file, place)
    return _COMMAND.match(text) is not None and re.sub(r"\"[^\"]*\"", "", text).count("'") % 2 == 0


def _assigned(file: Text, place: _Place, name: str) -> bool:
    """Whether the command gives the variable of that name itself: it would take it from itself."""
    return re.search(rf"(?<![\w-]){re.escape(name)}=$", _before(file, place)) is not None
