"""Tables for a spreadsheet, whose cells may begin a formula."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate, region
from workers.fixers.python.source.import_instead import instead
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.module import Module, module
from workers.fixers.python.source.required import required
from workers.fixers.registry import NoFix, NotHere, Target, fixer

_DOWNLOAD = re.compile(rb"text/csv|Content-Disposition|as_attachment", re.IGNORECASE)
_WRITES = ("writerow", "writerows")


@fixer(
    name="python-csv-formulas",
    weakness="formula in a table",
    cwes=(1236,),
    rules={"semgrep": ["use-defusedcsv", "csv-writer-injection"]},
    explain="""A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, which can read other
cells, ask servers and start programs. Where people download a table with texts of other people, who writes one runs
such a formula on the reader's machine (CWE-1236).

`defusedcsv.csv` has the same functions as `csv` and puts an apostrophe before such texts; numbers stay numbers. A table
that a program reads again would get the apostrophes, too: there the standard module is right.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`csv.writer(…)` of a download → of defusedcsv."""
    file = module(target)
    call = _writer(file, region(target).start_line)
    if not _DOWNLOAD.search(file.content):
        message = (
            f"{file.path}:{call.lineno} does not show that people open this table: one that a program reads again must "
            "not have its texts changed"
        )
        raise NoFix(message)
    asked = required(target.tree, file.path, "defusedcsv")
    library = instead(file, call.func, imported(target, file, "defusedcsv.csv"))
    yield candidate(
        "defused-csv",
        [file.replace(call.func, f"{library.name}.writer"), *library.edits, *asked.edits],
        "Texts that a spreadsheet would take for formulas get an apostrophe before them.",
        declares=(*library.declares, *asked.declares, f"statement:{file.statement(call).lineno}"),
        warnings=asked.warnings,
    )


def _writer(file: Module, line: int) -> ast.Call:
    """The call that makes the writer: at the line, or of the variable whose row is written there."""
    calls = [node for node in file.nodes if isinstance(node, ast.Call) and file.calls(node, "csv.writer")]
    for call in calls:
        if call.lineno <= line <= (call.end_lineno or call.lineno):
            return call
    for node in file.nodes:
        if not isinstance(node, ast.Call) or not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in _WRITES:
            name, function = ast.unparse(node.func.value), file.function(node)
            made = [each for each in calls if file.function(each) is function and _is_given(file, each, name)]
            if len(made) == 1:
                return made[0]
            message = f"{file.path}:{line} writes to `{name}`, which is not made in this function alone"
            raise NoFix(message)
    message = f"{file.path}:{line} does not hold the code that this rule is about"
    raise NotHere(message)


def _is_given(file: Module, call: ast.Call, name: str) -> bool:
    holder = file.parents.get(call)
    return isinstance(holder, ast.Assign) and any(ast.unparse(each) == name for each in holder.targets)
