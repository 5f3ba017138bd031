"""Pickles read from somewhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.imports import imported, together
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.top_level import before, first_call
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test
from workers.source.tree import SourceTree, text_of

_LOADS = ("pickle.load", "pickle.loads")
_DUMPS = ("pickle.dump", "pickle.dumps")
_DUMP = re.compile(r"\bpickle\.(?:dumps?|Pickler)\(|^from pickle import [^\n]*\bdump", re.MULTILINE)
_VALUE_MODULES = (
    "collections",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "numpy",
    "pandas",
    "pathlib",
    "uuid",
    "torch",
)
_NAME = "RestrictedUnpickler"
_FROM_OUTSIDE = re.compile(
    r"\brequest\b|\bself\.(?:rfile|request)\b|b(?:ase)?64|recv|\bstdin\b|cookie|header|urlopen|\brequests\.|httpx\.|\bbody\b"
    r"|payload|packet|\bGET\b|\bPOST\b",
    re.IGNORECASE,
)
"""What strangers send; of what was stored once only who stored it knows which classes it holds."""
_PLAIN = frozenset(name for kind in (str, bytes, bytearray, int, float, complex, list, dict, set) for name in dir(kind))
"""What plain values can be asked."""


@fixer(
    name="python-pickle-load",
    weakness="unsafe deserialisation",
    cwes=(502,),
    rules={
        "bandit": ["B301"],
        "semgrep": [
            "avoid-pickle",
            "avoid-cPickle",
            "insecure-deserialization",
            "tainted-pickle-deserialization",
            "avoid-insecure-deserialization",
        ],
    },
    explain="""A pickle is a program: `pickle.loads` imports what it names and calls it, so whoever writes the bytes
runs code in this process (CWE-502).

Where the data may change its form, JSON holds the same plain values and can call nothing. Where it must stay a pickle,
an `Unpickler` whose `find_class` refuses (the way Python's own documentation names) reads numbers, strings, lists,
dicts and the like, and stops at the first class or function. Classes of this module can be let through by name: then a
forged pickle can make instances of these, and nothing else. Bytes that only this program writes can also be signed
(`hmac.compare_digest`) before they are read.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`pickle.load(…)` → an unpickler that finds no class, or only those of this module."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, *_LOADS, *_DUMPS))
    if file.calls(call, *_DUMPS):
        message = f"{file.path}:{call.lineno} writes a pickle, which runs nothing: its reader has a finding of its own"
        raise Harmless(message)
    source = _source(file, call)
    _refuse_own_objects(file, call)
    if not _writes(file) and (writer := _writer(target.tree, file.path)):
        message = (
            f"{file.path}:{call.lineno} may read what {writer} pickles, and which classes that holds is not in sight: "
            "allow these in an Unpickler with find_class, or sign the bytes with hmac and check that first"
        )
        raise NoFix(message)
    if not _writes(file) and not _FROM_OUTSIDE.search(_whence(file, call)):
        message = (
            f"{file.path}:{call.lineno} reads what was stored once, and which classes that holds is not in sight: "
            "allow these in an Unpickler with find_class, or sign the bytes with hmac and check that first"
        )
        raise NoFix(message)
    theirs = [node for node in file.nodes if isinstance(node, ast.Name | ast.ClassDef) and _named(node) == _NAME]
    own = next((node for node in theirs if isinstance(node, ast.ClassDef)), None)
    if theirs and (own is None or own not in file.tree.body or own.lineno > call.lineno or not _restricts(own)):
        message = f"{_NAME} already means something else in {file.path}"
        raise NoFix(message)
    pickle, streams = imported(target, file, "pickle"), imported(target, file, "io")
    many = (file.qualified(call.func) or "").endswith("loads")
    needed = together(pickle, streams) if many else pickle
    stream = f"{streams.name}.BytesIO({source})" if many else source
    if own is not None:
        yield candidate(
            "own-unpickler",
            [file.replace(call, f"{_NAME}({stream}).load()"), *needed.edits],
            f"It is read as this file reads its other pickles: {_NAME} lets through only what it names.",
            declares=needed.declares,
        )
        return
    plain = [("plain-data", ())] if not _writes(file) else []
    for approach, allowed in (*plain, *([("own-classes", _classes(file))] if _classes(file) else [])):
        definition, declared = before(file, first_call(file, *_LOADS), _unpickler(file, pickle.name, allowed))
        yield candidate(
            approach,
            [
                file.replace(call, f"{_NAME}({stream}).load()"),
                definition,
                *needed.edits,
            ],
            "Only plain values are read; a pickle that names a class or a function is refused."
            if not allowed
            else f"Plain values and instances of {', '.join(allowed)} are read; any other name is refused.",
            declares=(*needed.declares, declared),
            warnings=("A pickle that holds other objects now raises UnpicklingError.",),
        )


def _refuse_own_objects(file: Module, call: ast.Call) -> None:
    """Raise where what is read back was surely, or may well be, an object that no allowed class makes."""
    if is_test(file.path):
        message = f"{file.path}:{call.lineno} is test code, which reads back what it pickled itself; exclude tests"
        raise Harmless(message)
    if not _writes(file) and (used := _as_object(file, call)):
        message = (
            f"{file.path}:{call.lineno} reads an object of a class that is not in sight (`{used}`): allow that in an "
            "Unpickler with find_class, or sign the bytes with hmac and check that first"
        )
        raise NoFix(message)
    if _writes(file) and not _writes_own(file):
        message = (
            f"{file.path}:{call.lineno} reads what this file pickles, and which classes that holds is not in sight: "
            "allow these in an Unpickler with find_class, or sign the bytes with hmac and check that first"
        )
        raise NoFix(message)


def _whence(file: Module, call: ast.Call) -> str:
    """What is read, and what the variables in it are given."""
    names = {node.id for node in ast.walk(call.args[0]) if isinstance(node, ast.Name)}
    scope = file.function(call) or file.tree
    given = (
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign | ast.With | ast.For)
        and any(isinstance(each, ast.Name) and each.id in names for each in _bound(node))
    )
    return "\n".join((file.text(call), *(file.text(node).partition("\n")[0] for node in given)))


def _bound(node: ast.Assign | ast.With | ast.For) -> Iterator[ast.AST]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.For) else []
    held = [one.optional_vars for one in node.items if one.optional_vars] if isinstance(node, ast.With) else []
    for each in (*targets, *held):
        yield from ast.walk(each)


def _writer(tree: SourceTree, path: str) -> str | None:
    """Another module of the repository that pickles."""
    modules = (each for each in tree.paths() if each.endswith(".py") and each != path and not is_test(each))
    return next((each for each in modules if _DUMP.search(text_of(tree, each))), None)


def _as_object(file: Module, call: ast.Call) -> str | None:
    """What the code asks of what it read that no plain value has."""
    held: ast.AST = call
    while isinstance(parent := file.parents.get(held), ast.BoolOp | ast.IfExp | ast.NamedExpr):
        held = parent
    targets = (
        parent.targets
        if isinstance(parent, ast.Assign)
        else [parent.target]
        if isinstance(parent, ast.AnnAssign)
        else []
    )
    names = {ast.unparse(target) for target in targets} | {ast.unparse(held)}
    for node in file.nodes:
        if isinstance(node, ast.Attribute) and node.attr not in _PLAIN and ast.unparse(node.value) in names:
            return ast.unparse(node)
    return None


def _writes(file: Module) -> bool:
    return any(file.calls(node, "pickle.dump", "pickle.dumps", "pickle.Pickler") for node in file.nodes)


def _writes_own(file: Module) -> bool:
    """Whether all that this file pickles are instances of its own classes, which hold nothing of other modules."""
    written = [node for node in file.nodes if isinstance(node, ast.Call) and file.calls(node, *_DUMPS)]
    foreign = any(name.partition(".")[0] in _VALUE_MODULES for name in file.aliases.values())
    return not foreign and bool(written) and all(_is_own(file, node) for node in written)


def _is_own(file: Module, call: ast.Call) -> bool:
    match call.args[:1]:
        case [ast.Name(id="self")]:
            return True
        case [ast.Call(func=ast.Name(id=name))]:
            return name in _classes(file)
        case [ast.Name(id=name)]:
            values = [
                node.value
                for node in file.nodes
                if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
            ]
            own = _classes(file)
            return bool(values) and all(
                isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in own
                for value in values
            )
    return False


def _source(file: Module, call: ast.Call) -> str:
    if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        message = f"{file.path}:{call.lineno} reads its pickle with options of its own: keep them in an Unpickler"
        raise NoFix(message)
    return file.text(call.args[0])


def _restricts(own: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.FunctionDef) and each.name == "find_class" for each in own.body)


def _named(node: ast.Name | ast.ClassDef) -> str:
    return node.id if isinstance(node, ast.Name) else node.name


def _classes(file: Module) -> Sequence[str]:
    """Classes at the top of this file that hold data: what is pickled may be instances of these.

    One that builds on another module's class (a server, a thread) does things when a forged pickle calls it.
    """
    found: list[str] = []
    for statement in file.tree.body:
        if isinstance(statement, ast.ClassDef):
            bases = {ast.unparse(base).rpartition(".")[2] for base in statement.bases}
            if bases <= {"object", "NamedTuple", "Enum", "IntEnum", "StrEnum", "Protocol", *found}:
                found.append(statement.name)
    return tuple(found)


def _unpickler(file: Module, pickle: str, allowed: Sequence[str]) -> str:
    one, two, three = (file.indent_unit * depth for depth in (1, 2, 3))
    names = "{" + ", ".join(f'"{name}": {name}' for name in allowed) + "}"
    let = f"{two}allowed = {names}\n{two}if module == __name__ and name in allowed:\n{three}return allowed[name]\n"
    let = let if allowed else ""
    return (
        f"class {_NAME}({pickle}.Unpickler):\n"
        f"{one}def find_class(self, module, name):\n{let}"
        f'{two}raise {pickle}.UnpicklingError(f"{{module}}.{{name}} is not allowed in a pickle")\n'
    )
