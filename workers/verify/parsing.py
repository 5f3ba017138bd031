"""L1: a patched file parses wherever the original did, by the format's own strict parser and by tree-sitter."""

from __future__ import annotations

import ast
import functools
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

from daemon.errors import ScannerUnavailable
from workers.source import syntax
from workers.verify.kinds import is_dockerfile, is_shell, suffix
from workers.verify.process import execute, said
from workers.verify.python.parts import parts
from workers.verify.structure import dockerfile
from workers.verify.structure.documents import Malformed, reader

_SECONDS = 20


@functools.lru_cache(maxsize=512)
def new_problem(path: str, before: bytes, after: bytes) -> str | None:
    """Why the patched file is broken where the original was not; none where it parses."""
    try:
        before.decode()
    except UnicodeDecodeError:
        return "the original is not UTF-8, so an edit's offsets cannot be trusted"
    for check in _checks(path, before):
        if (problem := check(after)) is not None and check(before) is None:
            return problem
    return _tree(path, before, after)


def _checks(path: str, before: bytes) -> list[Callable[[bytes], str | None]]:
    if is_dockerfile(path):
        return [_dockerfile]
    if (read := reader(path)) is not None:
        return [_document(read)]
    if suffix(path) in {".py", ".pyw", ".pyi"}:
        return [functools.partial(_python, before)]
    if suffix(path) in {".js", ".cjs", ".mjs"} and shutil.which("node"):
        return [_node(suffix(path))]
    return [_shell] if is_shell(path, before) and shutil.which("bash") else []


def _dockerfile(content: bytes) -> str | None:
    try:
        dockerfile.instructions(content)
    except Malformed as error:
        return f"the Dockerfile does not parse: {error}"
    return None


def _document(read: Callable[[bytes], object]) -> Callable[[bytes], str | None]:
    def check(content: bytes) -> str | None:
        try:
            read(content)
        except Malformed as error:
            return f"it does not parse: {error}"
        return None

    return check


def _python(before: bytes, content: bytes) -> str | None:
    if parts(before, content) is not None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, "patched", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"Python does not parse it: {error}"
    return None


def _node(ending: str) -> Callable[[bytes], str | None]:
    # A module's imports are a syntax error in a script and the other way round: the original decides which it is.
    kind = "module" if ending == ".mjs" else "commonjs"

    def check(content: bytes) -> str | None:
        return _command(["node", f"--input-type={kind}", "--check", "-"], content, "Node")

    return check


def _shell(content: bytes) -> str | None:
    return shell_problem(content)


@functools.lru_cache(maxsize=8192)
def shell_problem(script: bytes) -> str | None:
    """What bash finds wrong with a script's syntax."""
    return _command(["bash", "--norc", "--noprofile", "-n"], script, "bash")


def _command(command: list[str], content: bytes, name: str) -> str | None:
    try:
        done = execute(
            [shutil.which(command[0]) or command[0], *command[1:]],
            folder=Path("/"),
            timeout=_SECONDS,
            stdin=content,
            allowed=None,
        )
    except ScannerUnavailable as error:
        return str(error)
    return None if done.code == 0 else f"{name} does not parse it: {said(done.stderr)}"


def _tree(path: str, before: bytes, after: bytes) -> str | None:
    old = syntax.parse(before, path)
    new = syntax.parse(after, path, language=old.language) if old else None
    if old is None or new is None or len(new.problems) <= len(old.problems):
        return None
    if is_dockerfile(path):
        # The grammar errs on many sound Dockerfiles (heredocs, `COPY --link`); the strict parser above has spoken.
        return None
    known = {(problem.kind, problem.text) for problem in old.problems}
    fresh = next((problem for problem in new.problems if (problem.kind, problem.text) not in known), new.problems[0])
    return f"line {fresh.line}, column {fresh.column}: tree-sitter finds a new {fresh.kind}"
