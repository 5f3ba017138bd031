"""What `os.system`, `os.popen` and `getoutput` give back, and what subprocess gives in its place."""

from __future__ import annotations

import ast

from daemon.domain.fix import Edit
from workers.fixers.python.source.calls import argument
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix

_READS = ("read", "readline", "readlines")
_LOOPS = (ast.For, ast.comprehension)


def without_system(file: Module, call: ast.Call, module: str, words: str) -> Edit:
    """The call of `os.system`, `os.popen` or `getoutput` as one of subprocess that gives the code around it the same.

    Raises:
        NoFix: the code uses of the result what subprocess does not give.
    """
    if file.calls(call, "os.system"):
        if not _asks_for_zero(file, call):
            message = f"{file.path}:{call.lineno} uses the wait status of os.system, which subprocess does not give"
            raise NoFix(message)
        return file.replace(call, f"{module}.call({words})")
    if file.calls(call, "subprocess.getoutput"):
        joined = "" if ", stderr=" in words else f", stderr={module}.STDOUT"
        run = f"{module}.run({words}, stdout={module}.PIPE{joined}, text=True, check=False)"
        return file.replace(call, f'{run}.stdout.removesuffix("\\n")')
    parent = file.parents[call]
    reader = file.parents.get(parent)
    mode = argument(call, 1, "mode")
    reads = mode is None or (isinstance(mode, ast.Constant) and mode.value in {"r", "rt"})
    if isinstance(parent, ast.Attribute) and parent.attr == "read" and isinstance(reader, ast.Call) and not reader.args:
        run = f"{module}.run({words}, stdout={module}.PIPE, text=True, check=False).stdout"
        return file.replace(reader, run)
    if reads and _is_only_read(file, call):
        return file.replace(call, f"{module}.Popen({words}, stdout={module}.PIPE, text=True).stdout")
    message = f"{file.path}:{call.lineno} uses the pipe of os.popen as a file: read it with subprocess.Popen"
    raise NoFix(message)


def _asks_for_zero(file: Module, call: ast.Call) -> bool:
    """Whether nothing but success or failure is read from the status, which both count from zero."""
    parent = file.parents[call]
    if isinstance(parent, ast.Expr) or _only_zero_matters(parent, call):
        return True
    uses = _uses(file, call)
    return uses is not None and all(_only_zero_matters(file.parents[each], each) for each in uses)


def _only_zero_matters(parent: ast.AST, node: ast.expr) -> bool:
    match parent:
        case ast.Compare(ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=0)]):
            return True
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.If(test=test) | ast.While(test=test):
            return test is node
    return False


def _uses(file: Module, call: ast.Call) -> list[ast.Name] | None:
    """Every use of the local variable that the call's result is given; `None` where it is given to none."""
    function = file.function(call)
    match file.parents[call]:
        case ast.Assign(targets=[ast.Name(id=name)]) if function is not None:
            names = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name]
            shared = (node for node in ast.walk(function) if isinstance(node, ast.Global | ast.Nonlocal))
            if any(name in each.names for each in shared):
                return None
            return [node for node in names if isinstance(node.ctx, ast.Load)]
    return None


def _is_only_read(file: Module, call: ast.Call) -> bool:
    """Whether the pipe is read and closed as any file is, and nothing asks `close` for the status."""
    match file.parents[call]:
        case ast.withitem(optional_vars=ast.Name(id=name)):
            around = next(file.ancestors(call))
            block = file.parents[around]
            used = [node for node in ast.walk(block) if isinstance(node, ast.Name) and node.id == name]
            return all(_is_read(file, node) for node in used if isinstance(node.ctx, ast.Load))
    uses = _uses(file, call)
    return all(_is_read(file, node) for node in ([call] if uses is None else uses))


def _is_read(file: Module, pipe: ast.expr) -> bool:
    parent = file.parents[pipe]
    if isinstance(parent, _LOOPS):
        return parent.iter is pipe
    made = file.parents.get(parent)
    if not (isinstance(parent, ast.Attribute) and isinstance(made, ast.Call) and made.func is parent):
        return False
    return parent.attr in _READS or (parent.attr == "close" and isinstance(file.parents.get(made), ast.Expr))
