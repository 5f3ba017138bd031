"""What a script of a workflow runs of its repository: files, targets of make, and scripts of `package.json`."""

from __future__ import annotations

import contextlib
import json
import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from workers.source.tree import SourceTree, text_of

_WORKSPACE = re.compile(r"\"?\$\{?GITHUB_WORKSPACE\}?\"?/|\$\{\{\s*github\.workspace\s*\}\}/")
_FILE = re.compile(
    r"(?<![\w/.$}-])(?:\./|(?:(?:ba|da|z)?sh|source|python3?|node|bun|deno|tsx|ts-node|ruby|perl|php|pwsh|uv[ \t]+run)"
    r"[ \t]+(?:-{1,2}[\w-]+[ \t]+|run[ \t]+)*\"?(?:\./)?)(?P<path>[\w.][\w./-]*)"
    r"|(?:^|[;&|(]|\b(?:then|do|else|exec|time|sudo)\b)[ \t]*"
    r"(?P<plain>[\w.-]+(?:/[\w.-]+)+\.(?:sh|bash|zsh|py|[cm]?js|[cm]?ts|rb|pl|php|ps1))(?![\w/.-])",
    re.MULTILINE,
)
"""A file that a command line starts."""
_SHELLS = re.compile(r"#![^\n]*\b(?:ba|da|k|z)?sh\b")
_FOLDER = re.compile(r"(?:^|[\s;&|(])(?:cd|pushd)[ \t]+[\"']?(?P<path>[\w./-]+)", re.MULTILINE)
_MAKE = re.compile(r"(?:^|[\s;&|(@])(?:g?make|\$[({]MAKE[)}])(?P<rest>(?:[ \t]+[^\s;&|)#]+)*)", re.MULTILINE)
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_RULE = re.compile(
    r"^(?P<names>[A-Za-z0-9_./%-][^:=#\n\t]*?)[ \t]*::?(?!=)(?P<needs>[^\n#=;]*)(?:;[^\n]*|#[^\n]*)?$"
    r"(?P<body>(?:\n\t[^\n]*|\n[ \t]*(?:#[^\n]*)?$)*)",
    re.MULTILINE,
)
_INCLUDE = re.compile(r"^-?include[ \t]+(?P<paths>[\w./ \t-]+)$", re.MULTILINE)
_TASK = re.compile(
    r"(?:^|[\s;&|(\"'])(?:npm|pnpm|yarn|bun)[ \t]+(?:(?:run|run-script)[ \t]+)?(?P<name>[A-Za-z][\w:.-]*)"
)
_MOST = 64


class Ran(NamedTuple):
    """A text that is run."""

    name: str
    """The file's path as the script writes it, `make TARGET`, or `npm run NAME`."""
    text: str | None
    """None where it is not in the tree."""
    is_shell: bool


def ran(script: str, folder: str, tree: SourceTree) -> Iterator[Ran]:
    """What a script that starts in a folder runs, and what that runs in turn where it is a shell's."""
    pending = [(script, _joined("", folder))]
    seen: set[tuple[str, str]] = set()
    while pending and len(seen) < _MOST:
        text, start = pending.pop()
        plain = re.sub(r"^[ \t]*#[^\n]*", "", text, flags=re.MULTILINE).replace("\\\n", " ")
        for found, where in _started(_WORKSPACE.sub("./", plain), start, tree):
            if (found.name, where) in seen:
                continue
            seen.add((found.name, where))
            yield found
            if found.is_shell and found.text is not None:
                pending.append((found.text, where))


def _started(script: str, start: str, tree: SourceTree) -> Iterator[tuple[Ran, str]]:
    folders = _folders(script, start)
    for match in _FILE.finditer(script):
        yield _file(match["path"] or match["plain"], folders, tree), start
    for where in folders:
        for match in _MAKE.finditer(script):
            yield from _targets(match["rest"].split(), where, tree)
        yield from ((found, where) for found in _tasks(script, where, tree))


def _folders(script: str, start: str) -> list[str]:
    """Where the commands of a script may run: where it starts, and where it goes from there."""
    found = [start]
    for match in _FOLDER.finditer(script):
        found += [_joined(one, match["path"]) for one in found]
        found = list(dict.fromkeys(found))[:8]
    return found


def _joined(folder: str, path: str) -> str:
    """A path below a folder; above the root there is nothing, so that it stays in the tree."""
    whole = posixpath.normpath(posixpath.join("/", folder, path.lstrip("/")))
    return whole.lstrip("/")


def _file(path: str, folders: list[str], tree: SourceTree) -> Ran:
    places = dict.fromkeys([*(_joined(one, path) for one in folders), _joined("", path)])
    text = next((found for one in places if (found := text_of(tree, one))), None)
    return Ran(path, text, path.endswith((".sh", ".bash")) or _SHELLS.match(text or "") is not None)


def _targets(words: list[str], where: str, tree: SourceTree) -> Iterator[tuple[Ran, str]]:
    """The recipes of the targets that a call of make names, with those they need."""
    files: tuple[str, ...] = _MAKEFILES
    names: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in ("-C", "--directory"):
            where = _joined(where, next(rest, ""))
        elif word in ("-f", "--file", "--makefile"):
            files = (next(rest, ""),)
        elif not word.startswith("-") and "=" not in word and not word.isdigit():
            names.append(word)
    rules = _rules(where, files, tree)
    pending = names or [name for name in rules if not name.startswith(".")][:1]
    done: set[str] = set()
    while pending:
        name = pending.pop()
        if name in done or name not in rules:
            continue
        done.add(name)
        pending += rules[name][0]
        recipe = re.sub(r"^[ \t]*[@+-]*", "", rules[name][1], flags=re.MULTILINE)
        yield Ran(f"make {name}", recipe.replace("$$", "$"), is_shell=True), where


def _rules(where: str, files: tuple[str, ...], tree: SourceTree) -> dict[str, tuple[list[str], str]]:
    """The targets of a makefile and of those it includes: what each needs, and its recipe."""
    text = next((found for name in files if (found := text_of(tree, _joined(where, name)))), "")
    for match in _INCLUDE.finditer(text):
        text += "".join(f"\n{text_of(tree, _joined(where, path))}" for path in match["paths"].split())
    rules: dict[str, tuple[list[str], str]] = {}
    for match in _RULE.finditer(text):
        for name in match["names"].split():
            needs, recipe = rules.get(name, ([], ""))
            rules[name] = ([*needs, *match["needs"].split()], recipe + match["body"])
    return rules


def _tasks(script: str, where: str, tree: SourceTree) -> Iterator[Ran]:
    """The scripts of `package.json` that are run, with those before and after them.

    They are the folder's own; where it has none of that name, a workspace's, which may be any of the tree.
    """
    names = list(dict.fromkeys(match["name"] for match in _TASK.finditer(script)))
    if not names:
        return
    own = _scripts(_joined(where, "package.json"), tree)
    others = [path for path in tree.paths() if path.endswith("/package.json")] if not own.keys() >= {*names} else []
    for name in names:
        found = [own] if name in own else [one for path in others[:_MOST] if name in (one := _scripts(path, tree))]
        for scripts in found or [own]:
            for each in (f"pre{name}", name, f"post{name}"):
                if each in scripts:
                    yield Ran(f"npm run {each}", scripts[each], is_shell=True)


def _scripts(path: str, tree: SourceTree) -> dict[str, str]:
    package: object = None
    with contextlib.suppress(ValueError):
        package = json.loads(text_of(tree, path) or "{}")
    scripts = package.get("scripts") if isinstance(package, dict) else None
    given = scripts.items() if isinstance(scripts, dict) else ()
    return {name: text for name, text in given if isinstance(text, str)}
