"""YAML loaded with a loader that builds arbitrary Python objects."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import argument, keyword, refuse_unpacked, remove_argument, set_keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tree import text_of

_LOADS = ("load", "load_all", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all")
_UNSAFE = ("Loader", "UnsafeLoader", "FullLoader", "CLoader", "CFullLoader", "CUnsafeLoader")

_ADDS_TAG = re.compile(
    r"\byaml\.(?:add_(?:multi_)?constructor|add_(?:implicit|path)_resolver)\((?![^\n]*SafeLoader)|\byaml\.YAMLObject\b"
)


@fixer(
    name="python-yaml-load",
    weakness="unsafe YAML deserialisation",
    cwes=(502,),
    rules={
        "bandit": ["B506"],
        "semgrep": ["avoid-pyyaml-load", "*avoid-p-load*", "pyyaml-load", "avoid-insecure-deserialization"],
    },
    explain="""YAML can name any Python class in a tag such as `!!python/object/apply:os.system`. `yaml.load` with
`Loader` or `UnsafeLoader`, or with none at all, obeys such tags, so whoever writes the document runs code in this
process (CWE-502). `SafeLoader` knows only plain data: mappings, lists, strings, numbers, dates.

`yaml.safe_load(stream)` is the same call with that loader fixed. `Loader=yaml.SafeLoader` keeps the call's form,
which suits code that passes other arguments on. Documents that rely on `!!python/…` tags are refused by both: that
refusal is the fix.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A call of `yaml.load` → the safe function, or the safe loader."""
    file, call = flagged(target, ast.Call, _is_load)
    refuse_unpacked(file, call)
    loader = argument(call, 1, "Loader")
    if loader is not None and not _known_unsafe(file, loader):
        message = (
            f"{file.path}:{call.lineno} loads with `{file.text(loader)}`, a loader of its own: "
            "let that class inherit from yaml.SafeLoader"
        )
        raise NoFix(message)
    if _has_tags(target):
        message = (
            f"{file.path}:{call.lineno} may read tags that the repository makes known to PyYAML's other loaders: make "
            "them known to SafeLoader first"
        )
        raise NoFix(message)
    if isinstance(call.func, ast.Attribute):
        yield from _safe_function(file, call, call.func, loader)
        yield from _safe_loader(file, call, call.func, loader)
        return
    message = (
        f"{file.path}:{call.lineno} calls `{file.text(call.func)}`, imported by name: import yaml and its safe_load"
    )
    raise NoFix(message)


def _has_tags(target: Target) -> bool:
    """Whether some module adds a constructor or a class for a tag, without a loader or to another than the safe one."""
    sources = (text_of(target.tree, path) for path in target.tree.paths() if path.endswith(".py"))
    return any(_ADDS_TAG.search(text) for text in sources)


def _is_load(file: Module, call: ast.Call) -> bool:
    return file.calls(call, *(f"yaml.{name}" for name in _LOADS))


def _known_unsafe(file: Module, loader: ast.expr) -> bool:
    return file.qualified(loader) in {f"yaml.{name}" for name in _UNSAFE}


def _safe_function(file: Module, call: ast.Call, func: ast.Attribute, loader: ast.expr | None) -> Iterator[Candidate]:
    many = func.attr.endswith("_all")
    name = "safe_load_all" if many else "safe_load"
    edits = [file.edit(file.span(func)[1] - len(func.attr), file.span(func)[1], name)]
    if loader is not None:
        edits.append(remove_argument(file, call, keyword(call, "Loader") or loader))
    yield candidate(
        "safe-load",
        edits,
        f"`yaml.{name}` builds only plain data, so a document can no longer name classes to construct or call.",
        warnings=("Documents with `!!python/…` tags will raise a ConstructorError.",),
    )


def _safe_loader(file: Module, call: ast.Call, func: ast.Attribute, loader: ast.expr | None) -> Iterator[Candidate]:
    safe = f"{file.text(func.value)}.SafeLoader"
    name = "load_all" if func.attr.endswith("_all") else "load"
    edits = [file.replace(loader, safe) if loader is not None else set_keyword(file, call, "Loader", safe)]
    if func.attr != name:
        edits.append(file.edit(file.span(func)[1] - len(func.attr), file.span(func)[1], name))
    yield candidate(
        "safe-loader",
        edits,
        "The call keeps its form and gets the loader that builds only plain data.",
        warnings=("Documents with `!!python/…` tags will raise a ConstructorError.",),
    )
