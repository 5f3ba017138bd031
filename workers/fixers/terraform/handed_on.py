"""A new variable of a module that other modules of the repository take: each hands it on, or could not be planned."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from daemon.domain.fix import Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix
from workers.fixers.terraform.files import last_variable, module_of
from workers.source.hcl import Block, Hcl, HclBroken
from workers.source.tree import SourceTree, text_of

_SOURCE = re.compile(r'^\s*source\s*=\s*"(\.{1,2}/[^"?]*)"', re.MULTILINE)
_VARIABLE = re.compile(r'^variable "([\w-]+)" \{\r?\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def callers(tree: SourceTree, folder: str) -> Iterator[tuple[Hcl, Block]]:
    """The blocks by which modules of the repository take the one in `folder`.

    Raises:
        NoFix: one stands in a file that does not parse.
    """
    for path in tree.paths():
        text = text_of(tree, path) if path.endswith((".tf", ".tofu")) else ""
        if folder not in (_target(path, each[1]) for each in _SOURCE.finditer(text)):
            continue
        try:
            file = Hcl(path, tree.read(path))
        except (HclBroken, SourceUnavailable) as error:
            raise NoFix(str(error)) from error
        for block in file.blocks:
            source = block.text("source").strip('"')
            if block.type == "module" and source.startswith(".") and _target(path, source) == folder:
                yield file, block


def callers_of(tree: SourceTree, folder: str) -> list[str]:
    """The folders whose modules take the one in `folder`, or take one that does: what they ask of providers holds."""
    calls: dict[str, set[str]] = {}
    for path in tree.paths():
        if path.endswith((".tf", ".tofu")):
            taken = {_target(path, each[1]) for each in _SOURCE.finditer(text_of(tree, path))}
            calls.setdefault(posixpath.dirname(path), set()).update(taken)
    found: list[str] = []
    asked = [folder]
    while asked:
        one = asked.pop()
        more = [caller for caller, called in calls.items() if one in called and caller not in (*found, folder)]
        found += more
        asked += more
    return found


def handed_on(tree: SourceTree, folder: str, edits: Sequence[Edit]) -> tuple[list[Edit], list[str]]:
    """Edits by which every caller hands the variables on that these edits add without a default, and their paths.

    Raises:
        NoFix: a caller has a variable of that name already, or cannot be read.
    """
    texts = (edit.text for edit in edits if posixpath.dirname(edit.path) == folder)
    wanted = {
        found[1]: found[0]
        for text in texts
        for found in _VARIABLE.finditer(text)
        if not re.search(r"\bdefault\b", found[2])
    }
    more: list[Edit] = []
    declares: list[str] = []
    if wanted and (path := _written_out(tree, folder)):
        message = f"{path} is written out as a module that takes this one, and would have to give it the variable"
        raise NoFix(message)
    for name, text in wanted.items():
        _pass(tree, folder, name, text, more, declares, {folder: name})
    return _joined(more), list(dict.fromkeys(declares))


def asked_otherwise(tree: SourceTree, folder: str, variable: str, value: str) -> bool:
    """Whether anything of the repository gives a module's variable another value: a caller, a test, a settings file."""
    given = re.compile(rf"^\s*{re.escape(variable)}\s*=[ \t]*+(?!var\.|{re.escape(value)}\s*$)", re.MULTILINE)
    settings = (path for path in tree.paths() if path.endswith((".tf", ".tfvars", ".tftest.hcl")))
    taken = (block.text(variable) for _, block in callers(tree, folder))
    return any(given.search(text_of(tree, path)) for path in settings) or any(one not in ("", value) for one in taken)


def given_everywhere(tree: SourceTree, folder: str, variable: str) -> bool:
    """Whether whatever uses the module gives the variable, so that its default decides nothing: each caller, or each
    settings file that lies beside it or below.
    """
    taken = [variable in block.attributes for _, block in callers(tree, folder)]
    if taken:
        return all(taken)
    given = re.compile(rf"^\s*{re.escape(variable)}\s*=", re.MULTILINE)
    settings = [
        path for path in tree.paths() if path.endswith(".tfvars") and (not folder or path.startswith(f"{folder}/"))
    ]  # fmt: skip
    return bool(settings) and all(given.search(text_of(tree, path)) for path in settings)


def _written_out(tree: SourceTree, folder: str) -> str:
    """The text of a template engine that takes the module in `folder`; empty where none does."""
    texts = (path for path in tree.paths() if ".tf." in posixpath.basename(path))
    return next(
        (
            path for path in texts
            if folder in (_target(path, each[1]) for each in _SOURCE.finditer(text_of(tree, path)))
        ), "",
    )  # fmt: skip


def _pass(
    tree: SourceTree, folder: str, name: str, text: str, edits: list[Edit], declares: list[str], called: dict[str, str]
) -> None:
    """`called`: what the variable is called in the modules that have it."""
    for file, block in callers(tree, folder):
        above = posixpath.dirname(file.path)
        if name in block.attributes:
            continue
        known = above in called
        if not known:
            called[above] = _free(tree, above, name, block.labels[0])
        theirs = called[above]
        edits += file.merge(block, {name: f"var.{theirs}"})
        declares.append(f"module.{block.labels[0]}.{name}")
        if not known:
            said = text.replace(f'variable "{name}"', f'variable "{theirs}"')
            holder, last = last_variable(module_of(tree, file), file) or (file, block)
            edits.append(holder.after(last, said))
            declares.append(f"variable.{theirs}")
            _pass(tree, above, theirs, said, edits, declares, called)


def _free(tree: SourceTree, folder: str, name: str, label: str) -> str:
    """The name, behind that of the module block where it means something else already."""
    for one in (name, re.sub(r"\W", "_", f"{label}_{name}")):
        if not _has(tree, folder, one):
            return one
    message = f"{folder or 'the root module'} has a variable {name} already, which means something else"
    raise NoFix(message)


def _has(tree: SourceTree, folder: str, name: str) -> bool:
    said = re.compile(rf'^\s*variable\s+"{re.escape(name)}"', re.MULTILINE)
    files = (path for path in tree.paths() if posixpath.dirname(path) == folder and path.endswith((".tf", ".tofu")))
    return any(said.search(text_of(tree, path)) for path in files)


def _joined(edits: Iterable[Edit]) -> list[Edit]:
    """Edits of which those at one place are one."""
    found: dict[tuple[str, int, int], str] = {}
    for one in edits:
        place = (one.path, one.start, one.end)
        found[place] = found.get(place, "") + one.text
    return [Edit(path=path, start=start, end=end, text=text) for (path, start, end), text in found.items()]


def _target(path: str, source: str) -> str:
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
    return "" if found == "." else found
