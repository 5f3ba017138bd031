"""Where nginx and Apache listen that the image brings a configuration for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.docker.build import lineage
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree, folders_up, text_of

_CONFIGURATION = re.compile(r"[^\s\"',\[\]]+\.conf(?:\.(?:template|tmpl|tpl))?(?=[\s\"',\]]|$)")
_LISTENS = re.compile(r"^[ \t]*listen[ \t]+(?:\[[^\]]*\]:|[\w.*-]+:)?(?P<port>[^\s;]+)", re.MULTILINE | re.IGNORECASE)


def listened(tree: SourceTree, file: Dockerfile, stage: Stage) -> list[str]:
    """The ports that the copied files name, as they name them: `80`, `${PORT}`; empty where they name none."""
    return [match["port"] for text in _texts(tree, file, stage) for match in _LISTENS.finditer(text)]


def _texts(tree: SourceTree, file: Dockerfile, stage: Stage) -> Iterator[str]:
    copies = [one.text for each in lineage(file, stage) for one in each.all("COPY", "ADD") if not one.flags]
    for source in (match[0] for text in copies for match in _CONFIGURATION.finditer(text.rpartition(" ")[0])):
        # The context is the file's folder as a rule, and one above it where the file has a folder of its own.
        above = folders_up(posixpath.dirname(file.path))
        found = (text_of(tree, posixpath.normpath(posixpath.join(folder, source))) for folder in above)
        yield next((text for text in found if text), "")
