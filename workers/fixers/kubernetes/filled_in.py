"""Manifests that a program of the repository reads, and makes objects of: what they run is decided there."""

from __future__ import annotations

import posixpath
import re

from workers.source.tests import is_test
from workers.source.tree import SourceTree, text_of

_CODE = (".js", ".mjs", ".ts", ".py", ".go", ".java", ".kt", ".cs", ".rb", ".rs")
_READS = (
    r"(?:readFile\w*|\bopen|read_text|read_bytes|ReadFile|ParseFiles|include_str!|go:embed|\w*[lL]oad\w*)\b"
    r"[^\n;]*\n?[^\n;]{0,100}"
)


def read_by(tree: SourceTree, path: str) -> str:
    """The program that reads a manifest, beside it or one folder above; empty where none does."""
    folder, name = posixpath.split(path)
    above = posixpath.dirname(folder)
    here = re.compile(rf"{_READS}[/\"'`\s]{re.escape(name)}[\"'`\s]")
    there = re.compile(rf"{_READS}[/\"'`\s]{re.escape(posixpath.join(posixpath.basename(folder), name))}[\"'`\s]")
    for one in tree.paths():
        where = posixpath.dirname(one)
        if one.endswith(_CODE) and where in (folder, above) and not is_test(one):
            wanted = here if where == folder else there
            if wanted.search(text_of(tree, one)):
                return one
    return ""
