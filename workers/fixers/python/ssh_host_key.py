"""SSH connections to whoever answers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import FLAGGED, candidate
from workers.fixers.python.source.import_instead import instead
from workers.fixers.python.source.imports import Import, imported_from
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer

_WARNING = "A host whose key is not in the known hosts is refused: add it with ssh-keyscan, checked by another way."
_TRUSTING = ("AutoAddPolicy", "WarningPolicy")


@fixer(
    name="python-ssh-host-key",
    weakness="SSH host key not verified",
    cwes=(295, 322),
    rules={"bandit": ["B507"], "semgrep": ["paramiko-implicit-trust-host-key"]},
    explain="""With `AutoAddPolicy` the client trusts whatever key the other side shows, so a machine in between can
take the password and read the session (CWE-295). `WarningPolicy` only prints.

`RejectPolicy` refuses unknown hosts. It needs the keys it may trust: `load_system_host_keys()` reads the user's
`known_hosts`, `load_host_keys(file)` one that is deployed with the program.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A trusting policy → refusal of unknown hosts, with the known ones loaded."""
    file, call = flagged(target, ast.Call, _sets_policy)
    policy = call.args[0]
    named = policy.func if isinstance(policy, ast.Call) else policy
    statement = file.statement(call)
    if not isinstance(statement, ast.Expr) or not isinstance(call.func, ast.Attribute):
        message = f"{file.path}:{call.lineno} sets the policy inside another expression"
        raise NoFix(message)
    load = _loading(file, call.func.value, statement)
    refusing, unused = _refusing(target, file, named)
    yield candidate(
        "reject-unknown-hosts",
        [file.replace(named, refusing.name), *refusing.edits, *load],
        "Unknown hosts are refused; the user's known_hosts says which are known.",
        declares=refusing.declares,
        warnings=(_WARNING,),
    )
    yield candidate(
        "default-policy",
        [*_removed(file, call.func.value, statement), *unused.edits],
        "Without this line paramiko refuses unknown hosts, which is its default.",
        declares=(f"{FLAGGED}/delete", *unused.declares),
        warnings=(_WARNING,),
    )


def _refusing(target: Target, file: Module, named: ast.expr) -> tuple[Import, Import]:
    """`RejectPolicy` as this file reaches the policy that trusts, and what to do with an import that it alone used."""
    if isinstance(named, ast.Attribute):
        return Import(f"{file.text(named.value)}.RejectPolicy"), Import("")
    source = (file.qualified(named) or "").rpartition(".")[0]
    if source.partition(".")[0] != "paramiko":
        message = f"{file.path}:{named.lineno} names a policy whose import is not in sight"
        raise NoFix(message)
    return _renamed(target, file, named, source), instead(file, named, Import(""))


def _renamed(target: Target, file: Module, named: ast.expr, source: str) -> Import:
    """The import under the other policy's name, where nothing else uses it; else one beside it."""
    own = [node for node in file.nodes if isinstance(node, ast.alias) and node.name == _last(named)]
    uses = [node for node in file.nodes if isinstance(node, ast.Name) and node.id == _last(named)]
    if len(own) != 1 or own[0].asname is not None or len(uses) != 1 or "RejectPolicy" in file.aliases:
        return imported_from(target, file, source, "RejectPolicy")
    declares = (f"statement:{own[0].lineno}", f"import:{source}", f"import:{source}/delete")
    return Import("RejectPolicy", (file.replace(own[0], "RejectPolicy"),), declares)


def _sets_policy(_file: Module, call: ast.Call) -> bool:
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "set_missing_host_key_policy" and call.args):
        return False
    policy = call.args[0]
    named = policy.func if isinstance(policy, ast.Call) else policy
    return isinstance(named, ast.Attribute | ast.Name) and _last(named) in _TRUSTING


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _loading(file: Module, client: ast.expr, statement: ast.stmt) -> list[Edit]:
    if _loads_already(file):
        return []
    start = file.span(statement)[0]
    return [file.insert(start, f"{file.text(client)}.load_system_host_keys()\n{file.indent(statement.lineno)}")]


def _removed(file: Module, client: ast.expr, statement: ast.stmt) -> list[Edit]:
    """The line becomes the one that loads the known hosts, or goes where that is done already."""
    if not _loads_already(file):
        return [file.replace(statement, f"{file.text(client)}.load_system_host_keys()")]
    block = file.parents[statement]
    if len(getattr(block, "body", [])) < 2:
        message = f"{file.path}:{statement.lineno} is the only statement of its block"
        raise NoFix(message)
    last = statement.end_lineno or statement.lineno
    if file.slice(file.starts[statement.lineno - 1], file.span(statement)[0]).strip() or last >= len(file.starts):
        message = f"{file.path}:{statement.lineno} shares its line"
        raise NoFix(message)
    return [file.edit(file.starts[statement.lineno - 1], file.starts[last], "")]


def _loads_already(file: Module) -> bool:
    names = ("load_system_host_keys", "load_host_keys")
    return any(isinstance(node, ast.Attribute) and node.attr in names for node in file.nodes)
