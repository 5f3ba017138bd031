"""What the ecosystems share: the versions chosen, the files of the tree, and how a bump is worded."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from daemon.domain.finding import Package
from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.dependencies.choice import Choice, choose, fixes
from workers.fixers.registry import NoFix, Target
from workers.source.manifests.declaration import Declaration, Span, floor
from workers.source.tree import SKIPPED, AbsentTree, SourceTree, folders_up
from workers.source.versions import parse_version, release_numbers

_YEARS = 1000
MAX_MANIFESTS = 400
"""Build files of one repository that are read for one finding."""


_LIMIT = re.compile(
    rb"[^\n#]*?(?:#|//|<!--)(?P<said>[^\n]*\b(?:newer|later|requires?|pin(?:ned)?|until|don'?t|do not|keep|because"
    rb"|breaks?|upgrad\w+|bump\w*|incompatible)\b[^\n]*?)(?:-->)?[ \t\r]*(?=\n|$)",
    re.IGNORECASE,
)
"""A comment that says which versions are wanted, or why."""


class Job:
    """One vulnerable package in one tree."""

    def __init__(self, target: Target) -> None:
        """Choose the versions.

        Raises:
            NoFix: there is none to go to.
        """
        self.choice: Choice = choose(target)
        self.package: Package = self.choice.package
        self.tree: SourceTree = target.tree
        self.manifest: str = self.package.manifest or target.finding.path or ""

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The manifest's folder and those around it, innermost first; the root is the empty string."""
        return tuple(folders_up(posixpath.dirname(self.manifest)))

    def needs_raising(self, place: Declaration) -> bool:
        """Whether a declaration allows a vulnerable version, or says so little that it may."""
        lowest = floor(place.version)
        if lowest is None or lowest == self.choice.smallest:
            return True
        return not fixes(lowest, self.package.fixed_versions, self.package.ecosystem)

    def lowers(self, place: Declaration) -> bool:
        """Whether a declaration asks for a later version than the one to go to."""
        asked = parse_version(self.package.ecosystem, floor(place.version) or "")
        fixed = parse_version(self.package.ecosystem, self.choice.smallest)
        return asked is not None and fixed is not None and asked > fixed

    @property
    def other_major(self) -> bool:
        """Whether the version to go to is of another major version."""
        return self._is_other_major(self.choice.smallest)

    def refuse_other_major(self) -> None:
        """For a package that another one brings, and that takes what it is given.

        Raises:
            NoFix: what brings it was made for another major version.
        """
        if self.other_major:
            name, version = self.package.name, self.choice.smallest
            message = f"{name} {version} is another major version than {self.package.version}: raise what brings it"
            raise refuse(message)

    @property
    def why(self) -> str:
        """The vulnerabilities, for a sentence: `CVE-1 and 3 others`."""
        return named(self.choice.closes)

    def files(self, wanted: Callable[[str], bool]) -> dict[str, bytes]:
        """Every wanted file of the tree, those nearest to the manifest first."""
        paths = sorted((path for path in self.tree.paths() if _own(path) and wanted(path)), key=self._distance)
        found = {}
        for path in paths[:MAX_MANIFESTS]:
            content = self.read(path)
            if content is not None:
                found[path] = content
        return found

    def read(self, path: str) -> bytes | None:
        """A file's bytes; none where it is not in the tree.

        Raises:
            SourceUnavailable: the whole tree is not to be had, so that nobody knows which files it has.
        """
        try:
            return self.tree.read(path)
        except SourceUnavailable:
            if isinstance(self.tree, AbsentTree):
                raise
            return None

    def nearest(self, *names: str) -> str | None:
        """The first file of one of these names in the manifest's folder or one around it."""
        for folder in self.folders:
            for name in names:
                path = posixpath.join(folder, name)
                if self.read(path) is not None:
                    return path
        return None

    def versions(self) -> Iterator[tuple[str, str, str]]:
        """Approach name, version and its description: the smallest one, the installed line's, the newest line's."""
        yield "smallest-fixed", self.choice.smallest, "the smallest released version outside the advisory's range"
        if self.choice.line:
            yield "installed-line", self.choice.line, "the fixed version named on the installed release line"
        if self.choice.newest:
            yield "newest-line", self.choice.newest, "the fixed version named on the newest release line"

    def candidate(
        self, approach: str, edits: Iterable[Edit], how: str, *, warnings: Sequence[str] = (), names: Iterable[str] = ()
    ) -> Candidate:
        """A candidate that says which vulnerabilities it ends, and which it leaves."""
        on_line = approach == "installed-line"
        closes = self.choice.line_closes if on_line else self.choice.closes
        left = self.choice.line_leaves if on_line else self.choice.leaves
        nothing = "no version of this line fixes" if on_line else "no released version fixes"
        leaves = (
            (f"{named(left)} {'stay' if len(left) > 1 else 'stays'}: {nothing} {'them' if len(left) > 1 else 'it'}",)
            if left
            else ()
        )
        made = tuple(sorted(set(edits)))
        also = (*warnings, *self._jump(approach), *self._said(made), *leaves)
        return Candidate(
            approach=approach,
            edits=made,
            explanation=f"{how} It ends {named(closes)}.",
            declares=tuple(f"dependency:{name}" for name in dict.fromkeys((self.package.name, *names))),
            warnings=also,
        )

    def _said(self, edits: Iterable[Edit]) -> Iterator[str]:
        """What a comment behind a changed version says of other versions."""
        for edit in edits:
            content = self.tree.read(edit.path)
            comment = _LIMIT.match(content[edit.end :]) if edit.end > edit.start else None
            if comment is not None:
                said = comment["said"].decode("utf-8", "replace").strip()
                yield f"{edit.path} says beside it: {said}"

    def _jump(self, approach: str) -> tuple[str, ...]:
        to = {"newest-line": self.choice.newest, "installed-line": self.choice.line}.get(approach)
        to = to or self.choice.smallest
        return (f"{to} is a new major version: read its release notes",) if self._is_other_major(to) else ()

    def _is_other_major(self, version: str) -> bool:
        """Of two numbered by the year neither is a new major version."""
        before, after = ((*release_numbers(text), 0)[0] for text in (self.package.version, version))
        return before != after and max(before, after) < _YEARS

    def _distance(self, path: str) -> tuple[int, str]:
        folder = posixpath.dirname(path)
        index = self.folders.index(folder) if folder in self.folders else len(self.folders)
        return index, path


def replace(span: Span, text: str) -> Edit:
    """An edit of exactly this span."""
    return Edit(path=span.path, start=span.start, end=span.end, text=text)


def named(ids: Sequence[str]) -> str:
    """At most three ids, and how many more."""
    if len(ids) <= 3:
        return " and ".join(filter(None, (", ".join(ids[:-1]), ids[-1]))) if ids else ""
    return f"{', '.join(ids[:3])} and {len(ids) - 3} more"


def newline_of(content: bytes) -> str:
    """The file's line ending."""
    return "\r\n" if b"\r\n" in content else "\n"


def refuse(message: str) -> NoFix:
    """A `NoFix`, to raise."""
    return NoFix(message)


def _own(path: str) -> bool:
    return not SKIPPED.intersection(path.split("/"))
