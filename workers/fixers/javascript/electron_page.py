"""The pages that an Electron window shows, and what their scripts ask of it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.code import Parsed
from workers.fixers.registry import NoFix
from workers.source.tree import SourceTree, has, text_of

_LOADS = re.compile(r"\.load(?:URL|File)\((?P<what>[^;]*?)\)\s*(?:;|$|\.then|,|\})", re.MULTILINE)
_PAGE = re.compile(r"(?P<path>[\w./-]+\.html?)\b")
_SITE = re.compile(r"[`'\"]https://(?!localhost|127\.)")
_SCRIPT = re.compile(r"<script\b(?P<said>[^>]*)>(?P<text>.*?)</script>", re.IGNORECASE | re.DOTALL)
_SOURCE = re.compile(r"\bsrc\s*=\s*['\"]?(?P<path>[^'\"\s>]+)", re.IGNORECASE)
_IMPORT = re.compile(r"\b(?:from|import)\s*\(?\s*['\"](?P<path>[^'\"]+)['\"]")
_NODE = re.compile(
    r"\brequire\b|\bprocess\s*\.|\b__dirname\b|\b__filename\b|\bmodule\.|\bBuffer\b|\bglobal\b|\bsetImmediate\b|\bnodeRequire\b"
)
_OTHERS = re.compile(
    r"\bfetch\(|XMLHttpRequest|axios|\$\.(?:ajax|get|post)|WebSocket|EventSource|<iframe|<webview|https?://"
)
_SHARES = re.compile(r"\b(?:window|global|globalThis|self)\s*(?:\.\s*\w+\s*=(?!=)|\[)")
_MOST = 40


def refuse_use_of_node(file: Parsed, tree: SourceTree) -> None:
    """Raise unless the page is another site's, or all of its scripts are there and none calls Node.

    Raises:
        NoFix: one does, or not all are to be seen.
    """
    if _is_of_a_site(file):
        return
    _refuse_where(_NODE, "calls Node: give it what it needs by a preload script first", file, tree)


def refuse_other_origins(file: Parsed, tree: SourceTree) -> None:
    """Raise unless all of the page's scripts are there and none asks another site, or a file, for anything.

    Raises:
        NoFix: one does, or not all are to be seen.
    """
    _refuse_where(_OTHERS, "asks other sites: with the policy on, they have to allow it", file, tree)


def _refuse_where(pattern: re.Pattern[str], what: str, file: Parsed, tree: SourceTree) -> None:
    """Raise where a page or one of its scripts has the pattern, or is not to be seen."""
    for path, text in _texts(file, tree):
        if pattern.search(text):
            message = f"{path}, which the window shows or runs, {what}"
            raise NoFix(message)


def refuse_shared_world(file: Parsed, tree: SourceTree) -> None:
    """Raise unless the window's preload script is there and gives the page nothing by `window`, or it has none.

    Raises:
        NoFix: it does, or is not to be seen.
    """
    text = file.content.decode()
    if re.search(r"nodeIntegration\s*:\s*true", text):
        message = f"{file.path} gives the page Node, too, which it loses together with its own world: mend that first"
        raise NoFix(message)
    named = re.findall(r"\bpreload\s*:\s*([^\n]+)", text)
    paths = [
        posixpath.normpath(posixpath.join(posixpath.dirname(file.path), each)) for one in named for each in _paths(one)
    ]
    if len(paths) != len(named) or not all(has(tree, path) for path in paths):
        message = f"{file.path} has a preload script that is not to be seen: what it puts on `window` would be gone"
        raise NoFix(message)
    for path in paths:
        if _SHARES.search(text_of(tree, path)):
            message = f"{path} puts values on `window` for the page: hand them over by contextBridge first"
            raise NoFix(message)


def _paths(text: str) -> list[str]:
    return [
        each.lstrip("/") if each.startswith("/") else each
        for each in re.findall(r"['\"`/]([\w./-]+\.[cm]?js)['\"`]", text)
    ]


def _is_of_a_site(file: Parsed) -> bool:
    """Whether every page that the file loads is another site's."""
    loaded = [match["what"] for match in _LOADS.finditer(file.content.decode())]
    return bool(loaded) and all(_SITE.match(each.strip()) for each in loaded)


def _texts(file: Parsed, tree: SourceTree) -> Iterator[tuple[str, str]]:
    """Each page with each of its scripts.

    Raises:
        NoFix: one is not in the tree.
    """
    loaded = [match["what"] for match in _LOADS.finditer(file.content.decode())]
    pages = [page["path"] for each in loaded if (page := _PAGE.search(each))]
    if not loaded or len(pages) != len(loaded):
        message = (
            f"{file.path} does not show which page its window loads: whether that calls Node, or other sites, is open"
        )
        raise NoFix(message)
    waiting = [_found(file.path, page.lstrip("/"), tree) for page in pages]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        text = text_of(tree, path)
        asked = _asked(path, text)
        waiting += [_found(path, each, tree) for each in asked if not re.match(r"https?:|//", each)]
        if len(seen) > _MOST:
            message = f"{file.path} has a window whose page has more scripts than can be looked at here"
            raise NoFix(message)
        yield path, text


def _asked(path: str, text: str) -> list[str]:
    """The scripts that a page or a script loads."""
    if not re.search(r"\.html?$", path):
        return [match["path"] for match in _IMPORT.finditer(text)]
    found = []
    for script in _SCRIPT.finditer(text):
        source = _SOURCE.search(script["said"])
        found += [source["path"]] if source else [match["path"] for match in _IMPORT.finditer(script["text"])]
    return found


def _found(beside: str, path: str, tree: SourceTree) -> str:
    """The file's path in the tree.

    Raises:
        NoFix: there is none.
    """
    folder = posixpath.dirname(beside)
    for each in (posixpath.join(folder, path), path, posixpath.join(folder, f"{path}.js")):
        where = posixpath.normpath(each)
        if has(tree, where):
            return where
    message = (
        f"{beside} loads `{path}`, which something builds: whether that calls Node, or other sites, is not to be seen"
    )
    raise NoFix(message)
