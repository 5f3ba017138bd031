"""artifact → the tree of the commit that was scanned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from daemon import mirrors
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


def renamed_files(tree: SourceTree, since: str | None, first_paths: Mapping[str, str]) -> dict[str, str]:
    """Path → the path under which its findings were first seen, for the files renamed since the commit before.

    `first_paths` says so of the files that had been renamed by then. Nothing, where git does not know both commits.
    """
    if since is None or not isinstance(tree, CommitTree):
        return {}
    try:
        return {new: first_paths.get(old, old) for new, old in tree.renames(since).items()}
    except SourceUnavailable:
        return {}  # the commit before is gone, by a force push say: its files are then as good as new


def _tree(artifact: Artifact, paths: Paths) -> SourceTree:
    if artifact.source:
        source = Path(artifact.source)
        return CommitTree(source, artifact.commit) if artifact.commit else FolderTree(source)
    mirror = paths.mirrors / f"{artifact.repository}.git"
    if artifact.repository and artifact.commit and mirrors.holds(mirror, artifact.commit):
        return CommitTree(mirror, artifact.commit, environment=mirrors.blob_access(mirror))
    message = (
        f"there is no checkout or mirror of {artifact.repository or 'the scanned repository'}: "
        "give one with `secaid ingest --source DIR`, or poll the repository"
    )
    raise SourceUnavailable(message)
