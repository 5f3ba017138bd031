"""Who gives a program the value that its file of settings no longer holds."""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath

from workers.fixers.code import Text
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.registry import NoFix
from workers.fixers.secrets.configuration import Setting, is_dotenv, is_spring, is_template
from workers.fixers.secrets.names import ROTATE
from workers.fixers.secrets.variables import keys_of
from workers.source.tree import SourceTree, text_of

_OF_DOTNET = re.compile(r"(?:^|/)appsettings(?:\.\w+)?\.json$")
_OF_A_CHART = re.compile(r"(?:^|/)values(?:[.-][\w.-]+)?\.ya?ml$")
_OF_NODE_CONFIG = re.compile(r"(?:^|/)config/[\w-]+\.(?:json|ya?ml|toml)$")


def giver(tree: SourceTree, file: Text, found: Setting) -> str:
    """How the value reaches the program once the file has none, for whoever applies the fix.

    Raises:
        NoFix: nothing of the repository says that anything else than the file gives it.
    """
    keys, name = keys_of(file, found), PurePosixPath(file.path).name
    if is_template(file.path):
        return f"Set {found.key} in the copy of the file, which is not committed."
    if is_dotenv(file.path):
        return f"Set {found.key} where this runs, or in a copy of the file that is not committed."
    if is_spring(file.path):
        return f"Set {_relaxed(keys)} where this runs: it goes before the file."
    if _OF_DOTNET.search(file.path):
        return f"Set {'__'.join(keys)} where this runs, or `dotnet user-secrets set {':'.join(keys)}`: they go first."
    folder = posixpath.dirname(file.path)
    if _OF_A_CHART.search(file.path) and text_of(tree, posixpath.join(folder, "Chart.yaml")):
        return f"Give {'.'.join(keys)} with `--set`, or in a file of values that is not committed."
    if _OF_NODE_CONFIG.search(file.path) and "config" in dependencies(tree, file.path):
        return f"Give {'.'.join(keys)} in {folder}/local{PurePosixPath(name).suffix}, not committed, or in NODE_CONFIG."
    message = (
        f"{file.path}:{file.line_of(found.start)} is read by a program of which nothing here says that it takes the "
        "value from elsewhere: an empty one would be used. Let the program take it from its environment, or commit a "
        f"template in the file's place. {ROTATE}"
    )
    raise NoFix(message)


def _relaxed(keys: tuple[str, ...]) -> str:
    """The variable by which Spring knows a property: dots are underscores, and dashes are left out."""
    return re.sub(r"[.\[\]]+", "_", ".".join(keys)).replace("-", "").strip("_").upper()
