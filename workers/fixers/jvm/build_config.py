"""The class `BuildConfig` that Android's build makes for a module, if it is told to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.code import Parsed
from workers.fixers.registry import NoFix, Target
from workers.source.tests import is_test
from workers.source.tree import text_of

_IMPORTED = re.compile(r"^import\s+(?P<package>[\w.]+)\.BuildConfig\b", re.MULTILINE)
_PACKAGE = re.compile(r"^package\s+(?P<package>[\w.]+)", re.MULTILINE)
_USED = re.compile(r"(?<![\w.])BuildConfig\.")


def build_config(target: Target, file: Parsed) -> str:
    """How the file names the module's BuildConfig.

    Raises:
        NoFix: nothing of the module uses one, or there are several.
    """
    module = file.path.partition("src/")[0]
    found = {
        package
        for path in target.tree.paths()
        if path.startswith(module) and path.endswith((".java", ".kt")) and not is_test(path)
        for package in _packages(text_of(target.tree, path))
    }
    if len(found) != 1:
        message = f"{file.path} is of a module that does not show where its BuildConfig comes from, or has none"
        raise NoFix(message)
    package, text = found.pop(), file.content.decode("utf-8", "replace")
    own = _PACKAGE.search(text)
    at_hand = f"{package}.BuildConfig" in {f"{each['package']}.BuildConfig" for each in _IMPORTED.finditer(text)}
    return "BuildConfig" if at_hand or (own and own["package"] == package) else f"{package}.BuildConfig"


def _packages(text: str) -> Iterator[str]:
    """The packages of the BuildConfigs that a file uses."""
    imported = [each["package"] for each in _IMPORTED.finditer(text)]
    own = _PACKAGE.search(text)
    if not imported and own is not None and _USED.search(text):
        imported = [own["package"]]
    return iter(imported)
