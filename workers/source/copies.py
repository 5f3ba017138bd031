"""Which files of a repository are a copy of another project's code, by where they lie and how they begin."""

from __future__ import annotations

import re

from workers.source.tree import SourceTree, text_of

_FOLDERS = re.compile(r"(?:^|/)(?:_?vendor(?:ed|s)?|third[-_]?party|bower_components|node_modules)/")
_LIBRARY = re.compile(r"^(?P<folder>(?:.*/)?(?:libs?|external|extern|deps)/(?P<name>[A-Za-z]\w*))/")
_OF_A_RELEASE = re.compile(r"^__(?:version|author|license)__\s*=", re.MULTILINE)
_OWN = re.compile(r"package_dir|package-dir|\bwhere\s*=|from\s*=\s*[\"']libs?")
_TAKEN = re.compile(
    r"(?:\A|\n)\s*(?:#|//|\*)(?![^\n]*\b(?:cf|see|compare|refer\w*|e\.g)\b)[^\n]*https?://git(?:hub|lab)\.com/[\w.-]+/[\w.-]+/(?:blob|tree|raw)/[0-9a-f]{7,40}\b"
    r"|\A\s*(?://|/\*!?)\s*[\w.-]+ v?\d+\.\d+\.\d+ (?:built on|\| )",
    re.IGNORECASE,
)
"""A comment at the head that names the commit from which the file was taken, or the build of a release.

One that only says what to look at, as `see` and `cf.` do, is no origin.
"""
_HEAD = 1500


def is_copy(tree: SourceTree, path: str) -> bool:
    """Whether a file of code is another project's: an edit of it is lost with the next copy."""
    if _FOLDERS.search(path) or _TAKEN.search(text_of(tree, path)[:_HEAD]):
        return True
    match = _LIBRARY.match(path)
    if match is None or not _OF_A_RELEASE.search(text_of(tree, f"{match['folder']}/__init__.py")):
        return False
    manifests = "\n".join(text_of(tree, each) for each in ("setup.py", "setup.cfg", "pyproject.toml"))
    return not _OWN.search(manifests) and match["name"] not in manifests
