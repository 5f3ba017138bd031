"""Grammars: which language a path is, and the grammar that parses it, loaded when first asked for.

Current per-language wheels come first. Every other language falls back to the one shared library inside
tree-sitter-languages: its own Python API breaks on current tree-sitter, but each grammar in it still loads
through a capsule. Where that package is absent (it has no wheels past Python 3.12) only the languages narrow.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language

_WHEELS = {
    "bash": ("tree_sitter_bash", "language"),
    "dockerfile": ("tree_sitter_dockerfile", "language"),
    "go": ("tree_sitter_go", "language"),
    "hcl": ("tree_sitter_hcl", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "json": ("tree_sitter_json", "language"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "python": ("tree_sitter_python", "language"),
    "toml": ("tree_sitter_toml", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "xml": ("tree_sitter_xml", "language_xml"),
    "yaml": ("tree_sitter_yaml", "language"),
}
_NAMES = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "make",
    "gemfile": "ruby",
    "rakefile": "ruby",
    "go.mod": "gomod",
    "jenkinsfile": "java",
}
_SUFFIXES = {
    "bash": "bash sh",
    "c": "c h",
    "c_sharp": "cs",
    "cpp": "cc cpp cxx hh hpp",
    "css": "css",
    "dockerfile": "dockerfile",
    "elixir": "ex exs",
    "erlang": "erl",
    "go": "go",
    "haskell": "hs",
    "hcl": "hcl tf tfvars",
    "html": "htm html",
    "java": "java",
    "javascript": "cjs js jsx mjs",
    "json": "json sarif",
    "julia": "jl",
    "kotlin": "kt kts",
    "lua": "lua",
    "make": "mk",
    "markdown": "md",
    "objc": "m mm",
    "ocaml": "ml",
    "perl": "pl pm",
    "php": "php",
    "python": "py pyi pyw",
    "r": "r",
    "ruby": "gemspec rb",
    "rust": "rs",
    "scala": "sbt scala",
    "sql": "sql",
    "toml": "toml",
    "tsx": "tsx",
    "typescript": "cts mts ts",
    "xml": "csproj plist pom xml",
    "yaml": "yaml yml",
}
_BY_SUFFIX = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_ABORTS = frozenset({"markdown"})
"""Grammars of the fallback whose scanner ends the whole process by an assertion, which nothing here can catch:
tree-sitter-markdown at a table that is wider than it expects. Documents are compared by their lines anyway."""
_INTERPRETERS = {"sh": "bash", "bash": "bash", "python": "python", "python3": "python", "node": "javascript"}


def language_of(path: str, content: bytes = b"") -> str | None:
    """The grammar's name for a path (`python`, `tsx`, `c_sharp` …); a script without a suffix by its `#!` line."""
    name = PurePosixPath(path).name.lower()
    if name in _NAMES:
        return _NAMES[name]
    if name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    suffix = name.rpartition(".")[2] if "." in name else ""
    return _BY_SUFFIX.get(suffix) or _by_interpreter(content)


@functools.cache
def grammar(language: str) -> Language | None:
    """The grammar, or none where no installed package has one that can be trusted with any bytes."""
    if language in _WHEELS:
        return _from_wheel(*_WHEELS[language])
    return None if language in _ABORTS else _from_fallback(language)


def _by_interpreter(content: bytes) -> str | None:
    first = content[:200].split(b"\n", 1)[0]
    if not first.startswith(b"#!"):
        return None
    words = first[2:].decode("utf-8", "replace").split()
    names = [word.rpartition("/")[2] for word in words[:3] if not word.startswith("-")]
    return next((_INTERPRETERS[name] for name in names if name in _INTERPRETERS), None)


def _from_wheel(module: str, function: str) -> Language | None:
    from tree_sitter import Language

    try:
        return Language(getattr(importlib.import_module(module), function)())
    except ImportError:
        return None


def _from_fallback(language: str) -> Language | None:
    from tree_sitter import Language

    library = _fallback_library()
    entry = getattr(library, f"tree_sitter_{language}", None) if library is not None else None
    if entry is None:
        return None
    entry.restype = ctypes.c_void_p
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype = ctypes.py_object
    capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return Language(capsule(entry(), b"tree_sitter.Language", None))


@functools.cache
def _fallback_library() -> ctypes.CDLL | None:
    spec = importlib.util.find_spec("tree_sitter_languages")
    if spec is None or spec.origin is None:
        return None
    name = "languages.dll" if sys.platform == "win32" else "languages.so"
    file = Path(spec.origin).parent / name
    return ctypes.CDLL(str(file)) if file.exists() else None
