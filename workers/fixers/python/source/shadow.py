"""Files that would stand in for a module of the same name."""

from __future__ import annotations

from pathlib import PurePosixPath

from daemon.errors import SourceUnavailable
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix, Target


def refuse_shadow(target: Target, file: Module, root: str) -> None:
    """Decline where a file beside this one would be imported in place of the module.

    Raises:
        NoFix: there is one.
    """
    folder = PurePosixPath(file.path).parent
    if _is_packaged(target, file, folder):
        return
    for beside in (f"{root}.py", f"{root}/__init__.py"):
        path = str(folder / beside)
        try:
            target.tree.read(path)
        except SourceUnavailable:
            continue
        message = f"{path} would stand in for the module `{root}` that this fix needs"
        raise NoFix(message)


def _is_packaged(target: Target, file: Module, folder: PurePosixPath) -> bool:
    """Whether the file is a module of a package and nothing that is run by itself, beside which it would look first."""
    if folder == PurePosixPath() or b"__main__" in file.content or file.content.startswith(b"#!"):
        return False
    try:
        target.tree.read(str(folder / "__init__.py"))
    except SourceUnavailable:
        return False
    return True
