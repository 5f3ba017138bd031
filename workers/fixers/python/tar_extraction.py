"""Archives that write outside of the folder they are unpacked into."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import refuse_unpacked, set_keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.release import may_lack
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_WARNING = "Needs Python 3.12, or 3.8.17, 3.9.17, 3.10.12, 3.11.4 and later; archives with such members now raise."


@fixer(
    name="python-tar-extraction",
    weakness="archive members that leave their folder",
    cwes=(22,),
    rules={"bandit": ["B202"], "semgrep": ["tarfile-extractall-traversal"]},
    explain="""A tar member may be called `../../etc/cron.d/job`, be absolute, or be a link that a later member writes
through. `extractall` before Python 3.14 follows all of that (CWE-22).

`filter="data"` (PEP 706) refuses absolute names, names and links that leave the folder, and device files, and drops
set-uid bits and foreign owners. It is the default from Python 3.14 on and can be named since 3.12 and in all
supported older branches.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`extractall(…)` of a tar file → the same with PEP 706's data filter."""
    file, call = flagged(target, ast.Call, _extracts)
    if isinstance(call.func, ast.Name):
        message = f"{file.path}:{call.lineno} calls a function of this file, whose own extractall is what to look at"
        raise Harmless(message)
    if _is_only(file, call, "zipfile.ZipFile"):
        message = (
            f"{file.path}:{call.lineno} unpacks a zip file, and zipfile takes roots and `..` out of names by itself"
        )
        raise Harmless(message)
    if not _is_tar(file, call):
        message = f"{file.path}:{call.lineno} unpacks something that is not surely a tar file; only those take a filter"
        raise NoFix(message)
    refuse_unpacked(file, call)
    if (old := may_lack(target.tree, file.path, (3, 8))) is not None:
        message = f"{file.path}:{call.lineno} runs on Python {old}, as the repository says, which takes no filter"
        raise NoFix(message)
    yield candidate(
        "data-filter",
        [set_keyword(file, call, "filter", '"data"')],
        "Members that would land outside of the folder, and device files, are refused while unpacking.",
        warnings=(_WARNING,),
    )


def _extracts(file: Module, call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        own = (each.name for each in file.tree.body if isinstance(each, ast.FunctionDef))
        return "extractall" in call.func.id and call.func.id in own
    return isinstance(call.func, ast.Attribute) and call.func.attr == "extractall"


def _is_tar(file: Module, call: ast.Call) -> bool:
    return (
        _is_only(file, call, "tarfile.open", "tarfile.TarFile", "tarfile.TarFile.open")
        or any(each.arg == "numeric_owner" for each in call.keywords)
        or _lists_members(file, call)
    )


def _is_only(file: Module, call: ast.Call, *makers: str) -> bool:
    """Whether what is unpacked is made by one of these, wherever it is bound."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if receiver is not None and file.calls(receiver, *makers):
        return True
    if not isinstance(receiver, ast.Name):
        return False
    sources = list(_bound_values(file, receiver.id))
    return bool(sources) and all(file.calls(value, *makers) for value in sources)


def _lists_members(file: Module, call: ast.Call) -> bool:
    """Whether the function asks the same parameter for its members, which only a tar file has."""
    function = file.function(call)
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if function is None or not isinstance(receiver, ast.Name):
        return False
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("getmembers", "getmember")
        and isinstance(node.value, ast.Name)
        and node.value.id == receiver.id
        for node in ast.walk(function)
    )


def _bound_values(file: Module, name: str) -> Iterator[ast.expr]:
    """What the name is bound to, wherever it is bound."""
    for node in file.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                yield value
            case ast.withitem(context_expr=value, optional_vars=ast.Name(id=bound)) if bound == name:
                yield value
            case ast.NamedExpr(target=ast.Name(id=bound), value=value) if bound == name:
                yield value
