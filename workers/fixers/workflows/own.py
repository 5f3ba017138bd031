"""Actions and workflows that a repository uses by its own name, although they lie in the tree."""

from __future__ import annotations

import posixpath

from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix
from workers.source import whose, yamldoc
from workers.source.actions_lock import numbers
from workers.source.tree import SourceTree, has


def path_of(uses: str, tree: SourceTree) -> str | None:
    """Where the tree holds what `owner/name/path@branch` names; none where it is not the tree's own.

    Raises:
        NoFix: it is, and the commit of the workflow would not give the same.
    """
    path = whose.own_path(uses, tree)
    if path is None:
        return None
    ref = uses.rpartition("@")[2]
    if numbers(ref.removeprefix("release/")):
        message = f"`{uses}` is a release of this repository: which commit it is, only its own tags say"
        raise NoFix(message)
    if (missing := unbuilt(path, tree)) is not None:
        message = f"`{missing}` of the action is not in the tree: a build makes it for the branch that is used"
        raise NoFix(message)
    return path


def unbuilt(path: str, tree: SourceTree) -> str | None:
    """The program of a JavaScript action that the tree does not hold, as the action names it."""
    for name in ("action.yml", "action.yaml"):
        try:
            runs = yamldoc.parse(tree.read(f"{path}/{name}"), name).root.get("runs")
        except (SourceUnavailable, yamldoc.YamlBroken):
            continue
        main = runs.text("main") if runs is not None else ""
        # `../dist/index.js` is what several actions of one repository share.
        return main if main and not has(tree, posixpath.normpath(f"{path}/{main}")) else None
    return None
