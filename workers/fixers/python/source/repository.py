"""Names whose every value stands in the repository's own code, whichever file binds them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.fixers.python.source.fixed import is_fixed
from workers.fixers.python.source.given import Function, passed
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix
from workers.source.tests import is_test
from workers.source.tree import SourceTree

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_RECORDS = ("dataclass", "define", "frozen", "attrs", "attr", "s", "NamedTuple", "TypedDict", "BaseModel", "Struct")
_CONSTANT = ("ClassVar", "Final")


class InRepository(Module):
    """A file that also knows what the other files of its repository bind."""

    def __init__(self, file: Module, repository: SourceTree) -> None:
        self.path, self.content, self.tree = file.path, file.content, file.tree
        self._repository = repository
        self._known: dict[str, bool] = {}

    def is_constant(self, name: str) -> bool:
        """Whether each class, module and object that binds this name gives it what the code itself writes."""
        if name not in self._known:
            self._known[name] = False  # a name that is made of itself
            self._known[name] = self._is_constant(name)
        return self._known[name]

    def others(self, text: str) -> Iterator[Module]:
        """The other files of the repository that hold the word or words."""
        sought = re.compile(rf"\b{re.escape(text)}\b".encode())
        for path in self._repository.paths():
            if not path.endswith(".py") or path == self.path or is_test(path):
                continue
            try:
                if sought.search(content := self._repository.read(path)):
                    yield Module(path, content)
            except (SourceUnavailable, NoFix):
                continue

    def handed(self, line: int, name: str) -> list[tuple[Module, ast.expr]]:
        """What the repository passes for this parameter of the innermost function around the line that has it."""
        around = [node for node in self.nodes if isinstance(node, Function) and _has(node, line, name)]
        if not around:
            return []
        function = max(around, key=lambda node: node.lineno)
        method = isinstance(self.parents.get(function), ast.ClassDef)
        return passed((self, *self.others(function.name)), function, name, method=method)

    def _is_constant(self, name: str) -> bool:
        found = 0
        for path in self._repository.paths():
            if not path.endswith(".py") or is_test(path):
                continue
            try:
                content = self._repository.read(path)
                named = re.search(rf"\b{name}\b".encode(), content)
                bound = list(_bound(Module(path, content), name)) if named else []
            except (SourceUnavailable, NoFix):
                return False
            if not all(bound):
                return False
            found += len(bound)
        return bool(found)


def _has(function: Function, line: int, name: str) -> bool:
    """Whether the function is around the line and has that parameter."""
    given = function.args
    names = {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    return name in names and function.lineno <= line <= (function.end_lineno or function.lineno)


def _bound(file: Module, name: str) -> Iterator[bool]:
    """For each binding of the name that other code can see: whether what it gives is fixed."""
    for node in file.nodes:
        match node:
            case ast.Assign(targets=targets, value=value) if any(_is_seen(file, each, name) for each in targets):
                yield len(targets) == 1 and is_fixed(file, value, node.lineno)
            case ast.AugAssign(target=target, value=value) if _is_seen(file, target, name):
                yield is_fixed(file, value, node.lineno)
            case ast.AnnAssign(target=target, value=value, annotation=kind) if _is_seen(file, target, name):
                if _is_given(file, node) and not any(word in ast.unparse(kind) for word in _CONSTANT):
                    yield False
                elif value is not None:
                    yield is_fixed(file, value, node.lineno)
            case _ if _is_bound_otherwise(file, node, name):
                yield False


def _is_seen(file: Module, target: ast.expr, name: str) -> bool:
    """Whether it is that name of a module or a class, or that attribute of an object."""
    match target:
        case ast.Name(id=bound):
            return bound == name and not _is_local(file, target)
        case ast.Attribute(attr=bound):
            return bound == name
    return False


def _is_local(file: Module, node: ast.AST) -> bool:
    return any(isinstance(each, _FUNCTIONS) for each in file.ancestors(node))


def _is_given(file: Module, node: ast.AnnAssign) -> bool:
    """Whether it is a field that whoever makes such a record chooses."""
    record = file.parents.get(node)
    if not isinstance(record, ast.ClassDef):
        return False
    around = [each.func if isinstance(each, ast.Call) else each for each in (*record.decorator_list, *record.bases)]
    return any(ast.unparse(each).rpartition(".")[2] in _RECORDS for each in around)


def _is_bound_otherwise(file: Module, node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=bound, ctx=ast.Store()) if bound == name and not _is_local(file, node):
            return not isinstance(file.parents[node], ast.Assign | ast.AugAssign | ast.AnnAssign)
        case ast.Attribute(attr=bound, ctx=ast.Store()) if bound == name:
            return not isinstance(file.parents[node], ast.Assign | ast.AugAssign | ast.AnnAssign)
        case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound) | ast.ClassDef(name=bound):
            return bound == name and not _is_local(file, node)
        case ast.Global(names=names):
            return name in names
        case ast.alias(name=original, asname=bound):
            return bound == name and original != name
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=bound), *_]):
            return bound == name
    return False
