"""Text files read in whatever encoding the machine happens to use."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import argument, keyword, set_keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Target, fixer


@fixer(
    name="python-open-encoding",
    weakness="encoding left to the machine",
    rules={"semgrep": ["unspecified-open-encoding"]},
    explain="""`open()` in text mode uses the locale's encoding: UTF-8 on most servers, cp1252 on Windows, ASCII in
bare containers. The same file then reads differently or fails, and checks on its text see other text than the program
that wrote it (CWE-838).

`encoding="utf-8"` is what such files are nearly always in, and will be the default (PEP 686).""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`open(path)` → with UTF-8."""
    file, call = flagged(target, ast.Call, _opens_text)
    yield candidate(
        "utf-8",
        [set_keyword(file, call, "encoding", '"utf-8"')],
        "The file is read and written as UTF-8 on every machine.",
        warnings=("A file in another encoding must be converted, or that encoding be named.",),
    )


def _opens_text(file: Module, call: ast.Call) -> bool:
    mode = argument(call, 1, "mode")
    text = mode is None or (isinstance(mode, ast.Constant) and "b" not in str(mode.value))
    return file.calls(call, "open") and text and keyword(call, "encoding") is None and len(call.args) < 4
