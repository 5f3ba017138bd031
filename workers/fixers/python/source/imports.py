"""Adds imports to a Python file where its author would have put them."""

from __future__ import annotations

import ast
import itertools
import sys

from daemon.domain.fix import Edit
from workers.fixers.code import region
from workers.fixers.python.source.module import Module
from workers.fixers.python.source.shadow import refuse_shadow
from workers.fixers.registry import NoFix, Target


class Import:
    """A module made available: the name to call it by, the edits that import it, and what they declare."""

    def __init__(self, name: str, edits: tuple[Edit, ...] = (), declares: tuple[str, ...] = ()) -> None:
        self.name = name
        self.edits = edits
        self.declares = declares


def imported(target: Target, file: Module, name: str) -> Import:
    """`import NAME` at the file's head, or the name under which it is there already.

    Raises:
        NoFix: the name means something else in this file, or a file beside it would shadow the module.
    """
    bound = file.bound_at(region(target).start_line)
    existing = _existing(file, name, bound)
    if existing is not None:
        return Import(existing)
    root = name.partition(".")[0]
    if root in bound or file.aliases.get(root, root) != root:
        message = f"`{root}` already means something else in {file.path}, so `import {name}` would change it"
        raise NoFix(message)
    refuse_shadow(target, file, root)
    return Import(name, (_insertion(file, f"import {name}"),), (f"import:{name}",))


def together(*imports: Import) -> Import:
    """All of them as one, called by the first one's name."""
    edits = tuple(dict.fromkeys(edit for each in imports for edit in each.edits))
    return Import(imports[0].name, edits, tuple(dict.fromkeys(name for each in imports for name in each.declares)))


def imported_from(target: Target, file: Module, source: str, name: str) -> Import:
    """`from SOURCE import NAME` at the file's head, or the name it has already.

    Raises:
        NoFix: as `imported` does.
    """
    bound = file.bound_at(region(target).start_line)
    dotted = f"{source}.{name}"
    beside: ast.ImportFrom | None = None
    for statement in file.tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == source and not statement.level:
            found = next((each.asname or each.name for each in statement.names if each.name == name), None)
            if found is not None and found not in bound:
                return Import(found)
            beside = None if statement.names[0].name == "*" else beside or statement
    if name in bound or file.aliases.get(name, dotted) != dotted:
        message = f"`{name}` already means something else in {file.path}, so importing it would change that"
        raise NoFix(message)
    refuse_shadow(target, file, source.partition(".")[0])
    if beside is not None:
        edit = file.insert(file.span(beside.names[-1])[1], f", {name}")
        return Import(name, (edit,), (f"import:{source}", f"statement:{beside.lineno}"))
    return Import(name, (_insertion(file, f"from {source} import {name}"),), (f"import:{source}",))


def replaced(file: Module, statement: ast.stmt, line: str) -> list[Edit]:
    """The import `statement` as another one, in the place that this one would have; in its own where that is near."""
    new = _insertion(file, line)
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    start, end = file.starts[first - 1], file.starts[last] if last < len(file.starts) else len(file.content)
    whole = not statement.col_offset and ends_line(file, statement) and "#" not in file.slice(start, end)
    near = start <= new.start <= end
    if not whole or near or statement not in _leading_imports(file):
        return [file.replace(statement, line)]
    alone = first == 1 or not file.line(first - 1).strip()
    if alone and last + 1 < len(file.starts) and not file.line(last + 1).strip():
        end = file.starts[last + 1]
    if new.start == end:
        return [file.edit(start, end, new.text)]
    return [file.edit(start, end, ""), new]


def _existing(file: Module, name: str, bound: frozenset[str]) -> str | None:
    for statement in file.tree.body:
        if not isinstance(statement, ast.Import):
            continue
        for alias in statement.names:
            local = alias.asname or alias.name
            if alias.name == name and local.partition(".")[0] not in bound:
                return local
    return None


def _insertion(file: Module, line: str) -> Edit:
    """One whole line, sorted into the first run of imports: by form, beside the standard library's or others'."""
    run = _leading_imports(file)
    if not run:
        return _after_head(file, line)
    own = [each for each in run if _group(_source(each)) == _group(line.split()[1])]
    if not own and (made := _group_of_its_own(file, run, line)) is not None:
        return made
    own = own or run
    same = [each for each in own if isinstance(each, ast.Import) == line.startswith("import")]
    later = [each for each in same if file.text(each) > line and each.col_offset == 0]
    if not same and line.startswith("import"):
        later = [each for each in own[:1] if each.col_offset == 0]
    if later and later[0] is not run[0]:
        above = run[run.index(later[0]) - 1]
        beside = _is_standard(_source(above)) == _is_standard(_source(later[0]))
        if beside and ends_line(file, above) and above.col_offset == 0:
            return _append(file, above, line)
        return file.insert(_before_comment(file, later[0]), f"{line}\n")
    last = (same or own)[-1]
    if not later and ends_line(file, last):
        return _append(file, last, line)
    first = run[0]
    if first.col_offset == 0:
        return file.insert(file.starts[first.lineno - 1], f"{line}\n")
    return _append(file, run[-1], line)


def _group_of_its_own(file: Module, run: list[ast.stmt], line: str) -> Edit | None:
    """The first import of its group: the standard library's before all others, a package before the file's own."""
    standard = _is_standard(line.split()[1])
    after = [each for each in run if standard or _group(_source(each)) == "relative"]
    if after and after[0].col_offset == 0:
        return file.insert(file.starts[after[0].lineno - 1], f"{line}\n\n")
    return None if after or not ends_line(file, run[-1]) else _append(file, run[-1], f"\n{line}")


def _before_comment(file: Module, statement: ast.stmt) -> int:
    """The start of the statement's line, or of the comment right above it."""
    number = statement.lineno
    while number > 1 and file.line(number - 1).startswith(b"#"):
        number -= 1
    return file.starts[number - 1]


def _source(statement: ast.stmt) -> str:
    """The module that is imported; the first of several."""
    match statement:
        case ast.Import(names=[first, *_]):
            return first.name
        case ast.ImportFrom(module=name, level=level):
            return "." * level + (name or "")
    return ""


def _group(name: str) -> str:
    """Which of the groups it is sorted into: the standard library's, other packages, or the file's own."""
    return "standard" if _is_standard(name) else "relative" if name.startswith(".") else "package"


def _is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def _leading_imports(file: Module) -> list[ast.stmt]:
    """The unbroken run of imports that the file's code begins with, after `from __future__` and names as `__all__`."""
    rest = itertools.dropwhile(_is_about_itself, file.tree.body[len(_head(file)) :])
    return list(itertools.takewhile(lambda each: isinstance(each, ast.Import | ast.ImportFrom), rest))


def _head(file: Module) -> list[ast.stmt]:
    """The docstring and `from __future__`, which must stay first."""
    docstring = ast.get_docstring(file.tree, clean=False) is not None
    body = file.tree.body
    futures = itertools.takewhile(_is_future, body[docstring:])
    return [*body[:docstring], *futures]


def _is_about_itself(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.List() | ast.Tuple()):
            return name.startswith("__") and name.endswith("__")
    return False


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _after_head(file: Module, line: str) -> Edit:
    """After what must stay first, in a file whose code does not begin with imports."""
    head = _head(file)
    if head:
        return _append(file, head[-1], line)
    start = _after_comments(file)
    first = file.content[start : start + 1]
    return file.insert(start, f"{line}\n" if first in {b"", b"\r", b"\n"} else f"{line}\n\n")


def _after_comments(file: Module) -> int:
    """Past the shebang, coding line and licence comment at the top."""
    number = 1
    while file.line(number).startswith(b"#"):
        number += 1
    return file.starts[number - 1] if number <= len(file.starts) else len(file.content)


def _append(file: Module, statement: ast.stmt, line: str) -> Edit:
    if not ends_line(file, statement):
        message = f"{file.path}:{statement.lineno} has more than one statement on the line that an import would follow"
        raise NoFix(message)
    return file.insert(file.line_end(statement.end_lineno or statement.lineno), f"\n{line}")


def ends_line(file: Module, statement: ast.stmt) -> bool:
    """Whether nothing but a comment follows the statement on its line."""
    end = statement.end_lineno or statement.lineno
    rest = file.content[file.span(statement)[1] : file.line_end(end)].strip()
    return not rest or rest.startswith(b"#")
