"""What an Android app's own code and build say about plain HTTP."""

from __future__ import annotations

import re
from collections.abc import Collection

from workers.fixers.code import Text
from workers.fixers.registry import NoFix, Target
from workers.source.tests import is_test
from workers.source.tree import text_of

_ADDRESS = re.compile(r"[\"'>]http://(?P<host>[\w.-]+\.[\w-]+)(?=[:/\"'<?#])")
_NAMES = re.compile(
    r"(?:^|\.)(?:schemas\.\w+\.\w+|w3\.org|xmlpull\.org|xml\.org|apache\.org|adobe\.com|purl\.org|example\.\w+|localhost"
    r"|xmlsoap\.org|openxmlformats\.org|json-schema\.org)$|^(?:127\.|10\.0\.[23]\.2$)"
)
"""Hosts of namespaces, which nothing is fetched from, and the device itself."""
_OPEN = re.compile(r"<base-config\b[^>]*cleartextTrafficPermitted\s*=\s*\"true\"")
_TARGET = re.compile(r"\btargetSdk(?:Version)?\s*[=(]?\s*(\d+)\b")
REFUSED_SINCE = 28
"""The target release from which on the system refuses plain HTTP unless it is told otherwise."""


def refuse_plain_addresses(target: Target, file: Text, hosts: Collection[str] = ()) -> None:
    """Say so where the app itself asks a server by plain HTTP, at one of the hosts where some are named.

    Raises:
        NoFix: it does, and would no longer be answered.
    """
    module = file.path.partition("src/")[0]
    for path in target.tree.paths():
        decides = not hosts and path != file.path and path.startswith(module) and "/res/xml/" in path
        if decides and _OPEN.search(text_of(target.tree, path)):
            message = f"{path} lets plain HTTP through to all hosts, and decides from Android 7 on: close that first"
            raise NoFix(message)
        if not path.startswith(module) or not path.endswith((".java", ".kt", "strings.xml")) or is_test(path):
            continue
        for found in _ADDRESS.finditer(text_of(target.tree, path)):
            asked = found["host"]
            if _NAMES.search(asked) or (hosts and not any(asked == one or asked.endswith(f".{one}") for one in hosts)):
                continue
            message = f"{path} asks http://{asked}, which would be refused: let it ask by HTTPS first"
            raise NoFix(message)


def targets_since(target: Target, file: Text, release: int) -> bool:
    """Whether the module's build says that the app is made for this release of Android's API or a later one."""
    module = file.path.partition("src/")[0]
    builds = (text_of(target.tree, f"{module}{name}") for name in ("build.gradle", "build.gradle.kts"))
    found = [int(each) for text in builds for each in _TARGET.findall(text)]
    return bool(found) and min(found) >= release
