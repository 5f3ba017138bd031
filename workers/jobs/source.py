"""artifact → the tree of the commit that was scanned."""

from __future__ import annotations

from pathlib import Path

from daemon.domain.artifact import Artifact
from daemon.errors import SourceUnavailable
from daemon.paths import Paths
from workers.source.git import CommitTree
from workers.source.tree import AbsentTree, FolderTree, SourceTree


def scanned_tree(artifact: Artifact, paths: Paths) -> SourceTree:
    """The scanned commit, from the given checkout or a mirror; where it is in neither, a tree that says so."""
    try:
        return _tree(artifact, paths)
    except SourceUnavailable as error:
        return AbsentTree(f"source not available: {error}")


def _tree(artifact: Artifact, paths: Paths) -> SourceTree:
    if artifact.source:
        source = Path(artifact.source)
        return CommitTree(source, artifact.commit) if artifact.commit else FolderTree(source)
    mirror = paths.mirrors / f"{artifact.repository}.git"
    if artifact.repository and artifact.commit and mirror.is_dir():
        return CommitTree(mirror, artifact.commit)
    message = (
        f"there is no checkout or mirror of {artifact.repository or 'the scanned repository'}: "
        "give one with `secaid ingest --source DIR`, or poll the repository"
    )
    raise SourceUnavailable(message)
