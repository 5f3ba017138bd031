"""Edits of several fixes → edits of which no two touch: what they write at one place is said in one edit.

A dozen settings of one container, or three new resources behind one bucket, are written at the same byte. In YAML and
HCL what such edits mean is known by their lines: a line that both write stands once, what is indented below it is put
together, and a key that they give different values is a contradiction. The caller verifies what comes of it.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterable, Mapping

from daemon.domain.edits import by_path
from daemon.domain.fix import Edit
from daemon.errors import EditConflict
from workers.repair.lines import Contradiction, added
from workers.repair.members import with_members

_SUFFIXES = (".yaml", ".yml", ".template", ".json", ".tf", ".tofu", ".hcl")
"""Files whose indentation shows what belongs together."""
_MODULES = (".tf", ".tofu")
_BLOCK = re.compile(
    r"""\s*^(?P<name>(?:variable|data|resource)(?: "[\w-]+"){1,2}) \{(?:\}|\r?\n.*?^\})""", re.MULTILINE | re.DOTALL
)
"""A whole block of a module: its files may not have two of one name between them."""
_Span = tuple[int, int]


class Joined:
    """Edits taken one fix at a time."""

    def __init__(self) -> None:
        self._texts: dict[str, dict[_Span, str]] = {}
        self._blocks: dict[tuple[str, str], str] = {}
        """Folder and name of a module's block that is new → its text."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What they come to."""
        return tuple(
            Edit(path=path, start=start, end=end, text=text)
            for path, texts in sorted(self._texts.items())
            for (start, end), text in sorted(texts.items())
        )

    def includes(self, fix: Iterable[Edit]) -> bool:
        """Whether this fix says nothing that is not said already."""
        return all(self._texts.get(path, {}) == texts for path, texts in self._with(fix)[0].items())

    def add(self, fix: Iterable[Edit]) -> None:
        """Take a fix's edits in, all or none; its own are in order as they are.

        Raises:
            EditConflict: one shares bytes with another's, contradicts it, or is of a file whose lines say no order.
        """
        texts, blocks = self._with(fix)
        self._texts |= texts
        self._blocks |= blocks

    def _with(self, fix: Iterable[Edit]) -> tuple[dict[str, dict[_Span, str]], dict[tuple[str, str], str]]:
        """The files of these edits, with them; and the blocks that they bring."""
        found: dict[str, dict[_Span, str]] = {}
        blocks: dict[tuple[str, str], str] = {}
        for path, edits in by_path(fix).items():
            old = self._texts.get(path, {})
            new: dict[_Span, str] = {}
            for edit in edits:
                span = (edit.start, edit.end)
                text, more = self._once(path, edit.text)
                blocks |= more
                if text or not edit.text:
                    new[span] = new.get(span, "") + text
            found[path] = old | {span: _fitted(path, span, text, old) for span, text in new.items()}
        return found, blocks

    def _once(self, path: str, text: str) -> tuple[str, dict[tuple[str, str], str]]:
        """A text without the blocks that its module gets from another fix already; and those that are left in it."""
        blocks: dict[tuple[str, str], str] = {}
        folder = posixpath.dirname(path)
        for match in _BLOCK.finditer(text) if path.endswith(_MODULES) else ():
            name, body = (folder, match["name"]), match[0].strip()
            known = self._blocks.get(name)
            if known is None:
                blocks[name] = body
            elif known == body:
                text = text.replace(match[0], "")
            else:
                message = f"{path}: another fix writes {match['name']} too, and otherwise"
                raise EditConflict(message)
        return text, blocks


def joined(fixes: Iterable[Iterable[Edit]]) -> tuple[Edit, ...]:
    """The edits of all these fixes, of which no two touch.

    Raises:
        EditConflict: see `Joined.add`.
    """
    taken = Joined()
    for fix in fixes:
        taken.add(fix)
    return taken.edits


def _fitted(path: str, span: _Span, text: str, old: Mapping[_Span, str]) -> str:
    """What to write there, with what is written there already."""
    if span in old:
        return _both(path, span, old[span], text)
    if any(_touch(path, span, other) for other in old):
        message = f"{path}: an edit at {span[0]} touches another"
        raise EditConflict(message)
    return text


def _both(path: str, span: _Span, text: str, more: str) -> str:
    if text == more:
        return text
    if not path.endswith(_SUFFIXES):
        message = f"{path}: two edits write at {span[0]}: their order would be anybody's guess"
        raise EditConflict(message)
    try:
        return with_members(text, more) if text.startswith(",") else _added(text, more)
    except Contradiction as error:
        message = f"{path}: two edits at {span[0]} contradict each other: {error}"
        raise EditConflict(message) from error


_added = functools.lru_cache(maxsize=4096)(added)


def _touch(path: str, one: _Span, other: _Span) -> bool:
    """Whether two edits of one file share bytes; where its lines say nothing, also whether they meet."""
    if path.endswith(_SUFFIXES):
        return one[0] < other[1] and other[0] < one[1]
    return one[0] <= other[1] and other[0] <= one[1]
