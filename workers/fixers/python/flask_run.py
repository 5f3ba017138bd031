"""Flask's development server, started by whoever imports the module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tree import SourceTree, text_of


@fixer(
    name="python-flask-run",
    weakness="a server started on import",
    cwes=(668,),
    rules={"semgrep": ["avoid_using_app_run_directly"]},
    explain="""`app.run()` at the top of a module starts the development server whenever the module is imported: by a
test, by a shell, or by the WSGI server that was to serve the app, which then never gets it. That server is made for one
developer, not for the network (CWE-668).

Behind `if __name__ == "__main__":` it starts where the file is run as a program, and nowhere else.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`app.run()` at the top level → where the file is run as a program."""
    file, statement = flagged(target, ast.Expr, _runs)
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    if not any(meaning.partition(".")[0] in ("flask", "dash", "quart") for meaning in file.aliases.values()):
        message = f"{file.path}:{first} runs an app that is not surely Flask's"
        raise NoFix(message)
    if statement not in file.tree.body or file.span(statement)[0] != file.starts[first - 1]:
        message = f"{file.path}:{first} is inside of other code already: put that behind `if __name__ == '__main__'`"
        raise NoFix(message)
    if other := _importer(target.tree, file.path):
        message = f"{file.path}:{first} may be what {other} imports in order to start the server: call it from there"
        raise NoFix(message)
    if any(isinstance(node, ast.Constant) and "\n" in str(node.value) for node in ast.walk(statement)):
        message = f"{file.path}:{first} holds a text of several lines, which cannot be set in"
        raise NoFix(message)
    lines = [file.line(number).decode() for number in range(first, last + 1)]
    text = "".join(f"\n{file.indent_unit}{line}" if line.strip() else "\n" for line in lines)
    yield candidate(
        "main-guard",
        [file.edit(file.starts[first - 1], file.line_end(last), f'if __name__ == "__main__":{text}')],
        "The server starts where the file is run as a program; who imports the module gets the app alone.",
    )


def _runs(_file: Module, statement: ast.Expr) -> bool:
    call = statement.value
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "run"


def _importer(tree: SourceTree, path: str) -> str | None:
    """Another module that imports this one."""
    pure = PurePosixPath(path)
    name = re.escape(pure.parent.name if pure.stem in ("__init__", "__main__") else pure.stem)
    imports = re.compile(
        rf"^\s*(?:from\s+[\w.]*\b{name}\s+import\b|import\s+[\w., ]*\b{name}\b"
        rf"|from\s+[\w.]+\s+import\s[^#\n]*\b{name}\b)",
        re.MULTILINE,
    )
    others = (each for each in tree.paths() if each.endswith(".py") and each != path)
    return next((each for each in others if imports.search(text_of(tree, each))), None)
