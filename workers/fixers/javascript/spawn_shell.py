"""Programs that `spawn` starts through a shell although they need none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.options import remove_pair
from workers.fixers.javascript.script import arguments, called, flagged_node, literal, pairs
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_PROGRAM = re.compile(r"[\w./+-]+")
_BATCH = frozenset(
    [
        "npm",
        "npx",
        "yarn",
        "pnpm",
        "bun",
        "bunx",
        "gulp",
        "grunt",
        "tsc",
        "tsx",
        "ts-node",
        "jest",
        "mocha",
        "eslint",
        "prettier",
        "code",
        "ng",
        "vue",
        "vite",
        "nx",
        "turbo",
        "lerna",
        "webpack",
        "rollup",
        "electron",
        "electron-builder",
        "cypress",
        "serve",
        "nodemon",
        "pm2",
        "cross-env",
        "rimraf",
        "node-gyp",
        "mvn",
        "gradle",
        "gradlew",
        "composer",
        "bundle",
        "gem",
        "rails",
        "rake",
        "flutter",
        "dart",
        "az",
        "gcloud",
        "sam",
        "cdk",
        "serverless",
        "firebase",
        "heroku",
        "vercel",
        "netlify",
        "sf",
    ]
)
"""Which are batch files on Windows, that only a shell starts there."""
_OF_SHELL = re.compile(r"[|&;<>*?`$~\\\"'()%!#]")
_WHY = "The program gets each argument as it is; no shell reads them."


@fixer(
    name="javascript-spawn-shell",
    weakness="command run through a shell",
    cwes=(78,),
    rules={"semgrep": ["spawn-shell-true"]},
    explain="""`spawn` hands a program a list of arguments, unless `shell` is set: then all of them are joined to one
line, and the shell reads `;`, `|` and `$(…)` in whichever of them a caller had a part in (CWE-78).

A program that is named, with its arguments in a list, starts without a shell as well. `spawn` takes none unless it is
told to.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`spawn(program, […], { shell: true })` → without the shell."""
    file, call = flagged_node(target, ("call_expression",), _with_shell)
    given = arguments(call)
    where = f"{file.path}:{file.number(call)}"
    pair = next(pair for name, pair, _ in pairs(file, given[-1]) if name == "shell")
    value = pair.child_by_field_name("value")
    program = literal(file, given[0])
    if (
        value is None
        or program is None
        or not _PROGRAM.fullmatch(program)
        or len(given) != 3
        or given[1].type != "array"
    ):
        message = f"{where} gives a whole line, or a program that is not named here: start it with a list of arguments"
        raise NoFix(message)
    refuse_batch(target, file, program, where)
    fixed = [literal(file, each) for each in given[1].named_children if each.type in {"string", "template_string"}]
    if any(text is not None and (_OF_SHELL.search(text) or " " in text) for text in fixed):
        message = f"{where} writes what its shell reads into the arguments"
        raise NoFix(message)
    yield from any_of(
        lambda: candidate("no-shell", [file.replace(value, "false")], _WHY),
        lambda: candidate(
            "default", [remove_pair(file, pair)], f"{_WHY} That is what spawn does unless told otherwise."
        ),
    )


def refuse_batch(target: Target, file: Parsed, program: str, where: str) -> None:
    """Raise where the program is a batch file on Windows.

    Raises:
        NoFix: it is.
    """
    name = program.rpartition("/")[2]
    if name in _BATCH or name in dependencies(target.tree, file.path):
        message = f"{where} starts {name}, which is a batch file on Windows, and needs the shell there"
        raise NoFix(message)


def _with_shell(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    if called(file, call).rpartition(".")[2] not in {"spawn", "spawnSync"} or not given or given[-1].type != "object":
        return False
    return any(name == "shell" and file.text(value) != "false" for name, _, value in pairs(file, given[-1]))
