"""Programs that only a shell starts on Windows, and repositories that run there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.fixers.pieces import Template
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix
from workers.source.tree import SourceTree, text_of

_SCRIPTS = re.compile(
    r"\s*(?P<name>echo|mkdir|rmdir|npm|npx|yarn|yarnpkg|pnpm|gulp|grunt|ng|tsc|vue|webpack|bower|az|gcloud|gsutil|mvn|gradle|composer)(?=\s|$)"
)
_HERE = re.compile(rb"win32|['\"]nt['\"]|platform\.system|Windows")
_RUNS = re.compile(r"\bwindows-(?:latest|\d)|^image:.*Visual Studio", re.MULTILINE)
_SAYS = re.compile(r"Operating System :: (?:OS Independent|Microsoft)")


def refuse_scripts(tree: SourceTree, file: Module, number: int, lines: Iterable[Template]) -> None:
    """Decline a `.cmd` file by its bare name, which Windows starts by a shell alone, where the project runs there.

    Raises:
        NoFix: it is one.
    """
    found = next((match for line in lines if (match := _SCRIPTS.match(line.literal))), None)
    if found is not None and (_HERE.search(file.content) or _runs_on_windows(tree)):
        message = (
            f"{file.path}:{number} starts `{found['name']}`, which on Windows only a shell finds: "
            "give shutil.which() of a script to subprocess, and take Python's own function for a command of the shell"
        )
        raise NoFix(message)


def _runs_on_windows(tree: SourceTree) -> bool:
    for path in tree.paths():
        if path.startswith(".github/workflows/") or path.endswith("appveyor.yml"):
            if _RUNS.search(text_of(tree, path)):
                return True
        elif path in ("pyproject.toml", "setup.py", "setup.cfg") and _SAYS.search(text_of(tree, path)):
            return True
    return False
