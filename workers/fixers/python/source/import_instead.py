"""Takes an import away with the last use of what it binds."""

from __future__ import annotations

import ast

from workers.fixers.python.source.imports import Import, ends_line
from workers.fixers.python.source.module import Module


def instead(file: Module, used: ast.expr, new: Import) -> Import:
    """`new` in the place of the import of which the expression `used`, which the fix replaces, is the only use.

    As it is where that import has other uses, or may be meant for other modules.
    """
    root = used
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or file.path.endswith("__init__.py"):
        return new
    uses = [node for node in file.nodes if isinstance(node, ast.Name) and node.id == root.id]
    named = any(isinstance(node, ast.Constant) and node.value == root.id for node in file.nodes)
    statement = next((each for each in file.tree.body if _binds_alone(each, root.id)), None)
    inner = [node for node in file.nodes if isinstance(node, ast.stmt) and _binds_alone(node, root.id)]
    if statement is None and len(uses) == 1 and not named and len(inner) == 1 and _has_its_line(file, inner[0]):
        gone = (f"statement:{inner[0].lineno}/delete", f"import:{root.id}/delete")
        line = file.edit(file.starts[inner[0].lineno - 1], file.starts[inner[0].lineno], "")
        return Import(new.name, (*new.edits, line), (*new.declares, *gone))
    if len(uses) != 1 or named:
        return new
    if statement is None:
        return _without_name(file, root.id, new)
    if statement.col_offset or not ends_line(file, statement):
        return new
    start, end = file.span(statement)
    if file.content[end : file.line_end(statement.end_lineno or statement.lineno)].strip():
        return new
    old = file.text(statement).split()[1].partition(".")[0]
    declares = (f"statement:{statement.lineno}/delete", f"import:{old}/delete", *new.declares)
    following = statement.end_lineno or statement.lineno
    after = file.starts[following] if following < len(file.starts) else end
    inside = [start <= edit.start <= after for edit in new.edits]
    if any(inside) and not all(inside):
        return new  # one edit would cut through the other
    if all(inside) and inside:
        lines = sorted(edit.text.strip() for edit in new.edits)
        return Import(new.name, (file.replace(statement, "\n".join(lines)),), declares)
    after = _past_blank(file, statement.lineno, following, after, [edit.start for edit in new.edits])
    return Import(new.name, (*new.edits, file.edit(start, after, "")), declares)


def _past_blank(file: Module, first: int, following: int, after: int, taken: list[int]) -> int:
    """The end of what goes with an import that is a group of its own: the blank line below, too."""
    blank = following < len(file.starts) - 1 and not file.line(following + 1).strip()
    alone = first == 1 or not file.line(first - 1).strip()
    end = file.starts[following + 1] if blank and alone else after
    return after if any(after <= each <= end for each in taken) else end


def _has_its_line(file: Module, statement: ast.stmt) -> bool:
    """Whether the statement is one line of its own, with another line below it."""
    end = statement.end_lineno or statement.lineno
    whole = file.line(statement.lineno).decode().strip() == file.text(statement)
    return end == statement.lineno and whole and end < len(file.starts)


def _without_name(file: Module, name: str, new: Import) -> Import:
    """`new`, and the name no longer among those that `from … import` takes at the file's top."""
    for statement in file.tree.body:
        names = statement.names if isinstance(statement, ast.ImportFrom) and not statement.level else []
        found = next((index for index, each in enumerate(names) if (each.asname or each.name) == name), None)
        if found is None:
            continue
        whole = file.span(statement)
        start, end = file.span(names[found])
        last = found == len(names) - 1
        start, end = (file.span(names[found - 1])[1], end) if last else (start, file.span(names[found + 1])[0])
        if "#" in file.slice(start, end) or any(whole[0] < edit.start < whole[1] for edit in new.edits):
            return new
        gone = f"import:{names[found].name}/delete"
        return Import(new.name, (*new.edits, file.edit(start, end, "")), (*new.declares, _line_of(statement), gone))
    return new


def _line_of(statement: ast.stmt) -> str:
    return f"statement:{statement.lineno}"


def _binds_alone(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Import(names=[alias]) | ast.ImportFrom(names=[alias], level=0):
            return (alias.asname or alias.name) == name
    return False
