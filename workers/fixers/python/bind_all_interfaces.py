"""Servers that listen on every network."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, candidate
from workers.fixers.python.credentials.names import parameter_name
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.in_container import composed, starting, variable
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.published import is_published
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test

_EVERYWHERE = "0.0.0.0"  # noqa: S104 -- of a container's own network
_WORDS = ("host", "bind", "address", "addr", "interface", "listen", "server_name", "ip")

_NOT_OWN = re.compile(r"(?:^|_)(?:src|source|remote|client|peer|dst|dest\w*|from|to|target)(?:_|$)", re.IGNORECASE)
"""Parameters for the address of somebody else."""
_HEARS_ALL = re.compile(rb"MEMBERSHIP|BROADCAST|multicast|ssdp|mdns|discover", re.IGNORECASE)
_METHODS = ("get", "getenv", "run", "run_app", "listen", "create_server", "start_server")


@fixer(
    name="python-bind-all-interfaces",
    weakness="server bound to every interface",
    cwes=(605, 668),
    rules={"bandit": ["B104"], "semgrep": ["avoid_app_run_with_bad_host", "avoid-bind-to-all-interfaces"]},
    explain="""`0.0.0.0` accepts connections on every network of the machine, also on those nobody thought of: a
hotel's Wi-Fi, a cloud network next to other tenants (CWE-605, CWE-668).

`127.0.0.1` accepts them from this machine alone, which is right behind a proxy and while developing. Where the
address differs by place (a container has to listen on its own network), the environment names it and the safe one is
the default.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`"0.0.0.0"` → the loopback address, or one from the environment that defaults to it."""
    file, constant = flagged(target, ast.Constant, lambda _file, node: node.value == "0.0.0.0")  # noqa: S104 -- sought
    _refuse(target, file, constant)
    quote = file.text(constant)[0]
    if quote not in "'\"":
        quote = '"'

    images = starting(target.tree, file.path)
    if not images and (compose := composed(target.tree, file.path)):
        message = f"{compose} runs {file.path} in a container, whose own network it has to listen on there"
        raise NoFix(message)

    def from_environment() -> Candidate:
        system = imported(target, file, "os")
        text = f"{system.name}.environ.get({quote}HOST{quote}, {quote}127.0.0.1{quote})"
        how = "The address comes from HOST and is the loopback one where nobody sets it"
        return candidate(
            "address-from-environment",
            [file.replace(constant, text), *system.edits, *variable(images, "HOST", _EVERYWHERE)],
            f"{how}; {images[0][0].path} sets it to the container's own network, as before." if images else f"{how}.",
            declares=(*system.declares, *(["instruction:ENV"] if images else [])),
            warnings=() if images else ("In a container set HOST to the address of its own network.",),
        )

    default = isinstance(file.parents.get(constant), ast.Call) and _reads_environment(file, constant)
    if images and default:
        message = f"{images[0][0].path} starts {file.path}, which has to listen on the container's own network there"
        raise NoFix(message)

    def loopback() -> Candidate:
        return candidate(
            "loopback",
            [file.replace(constant, f"{quote}127.0.0.1{quote}")],
            "Only this machine can connect; put a proxy before it, or name one address, for others.",
            warnings=("Nothing outside of this machine or container can connect any more.",),
        )

    # A port that a container publishes leads to its own network, never to its loopback address.
    yield from any_of(*([] if images else [loopback]), *([] if default else [from_environment]))


def _refuse(target: Target, file: Module, constant: ast.Constant) -> None:
    """Say so where the address has to stay, or is bound to by nobody.

    Raises:
        Harmless: nothing is served there.
        NoFix: its users, or a platform, expect it.
    """
    if is_test(file.path):
        message = f"{file.path}:{constant.lineno} is test code, which serves nobody; exclude tests"
        raise Harmless(message)
    if not _is_bound(file, constant):
        message = f"{file.path}:{constant.lineno} holds the address without binding to it there"
        raise Harmless(message)
    if _assigned_port(file, constant):
        message = (
            f"{file.path}:{constant.lineno} takes its port from a platform that reaches the program from outside: it "
            "has to listen on every network there"
        )
        raise NoFix(message)
    if _HEARS_ALL.search(file.content) and b"SOCK_DGRAM" in file.content:
        message = (
            f"{file.path}:{constant.lineno} may hear what is sent to all of a network, which never comes to one address"
        )
        raise NoFix(message)
    if _is_of_a_socket(file, constant):
        message = (
            f"{file.path}:{constant.lineno} is where a server of the program's own listens, which others may reach on "
            "purpose: which of its networks they come by is not in the code; let a setting name the address"
        )
        raise NoFix(message)
    if _is_choice(file, constant):
        message = f"{file.path}:{constant.lineno} is one of the addresses that this program lets its users choose"
        raise NoFix(message)
    if _is_one_of_several(file, constant):
        message = (
            f"{file.path}:{constant.lineno} is one way of several: the function listens on every network of IPv6 as "
            "well, so that its users expect it; let a setting name the address, for all of them"
        )
        raise NoFix(message)
    if is_published(target.tree, file.path):
        message = (
            f"{file.path}:{constant.lineno} is what everybody who installs this package has: who names no address "
            "would no longer be reached; change it with a release, and say so"
        )
        raise NoFix(message)
    if asked := _asked_for(file, constant):
        message = (
            f"{file.path}:{constant.lineno} says what `{asked}` of the function's caller means: who passes it chooses "
            "the address"
        )
        raise NoFix(message)


def _is_of_a_socket(file: Module, constant: ast.Constant) -> bool:
    """`server.bind(("0.0.0.0", 8000))` outside of what is only run by hand."""
    around = list(file.ancestors(constant))
    by_hand = any(isinstance(each, ast.If) and "__main__" in file.text(each.test) for each in around)
    pair = around[0] if around else None
    call = file.parents.get(pair) if isinstance(pair, ast.Tuple) else None
    return not by_hand and isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "bind"


def _asked_for(file: Module, constant: ast.Constant) -> str | None:
    """The condition on another parameter of the function that the address stands for."""
    statement = file.statement(constant)
    inside: ast.AST = statement
    for outer in file.ancestors(statement):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        if isinstance(outer, ast.If) and inside in outer.body:
            given = {name.id for name in ast.walk(outer.test) if isinstance(name, ast.Name)}
            set_here = {name.id for name in ast.walk(statement) if isinstance(name, ast.Name)}
            around = next((one for one in file.ancestors(outer) if isinstance(one, ast.FunctionDef)), None)
            own = {one.arg for one in around.args.args} if around else set()
            if own & given - set_here:
                return ast.unparse(outer.test)
        inside = outer
    return None


def _reads_environment(file: Module, constant: ast.Constant) -> bool:
    """Whether the address is what stands in for one that the environment names."""
    return file.calls(file.parents[constant], "os.environ.get", "os.getenv")


def _is_choice(file: Module, constant: ast.Constant) -> bool:
    """Whether the file also asks whether the same variable holds this address."""
    parent = file.parents.get(constant)
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    compared = (node for node in file.nodes if isinstance(node, ast.Compare) and target is not None)
    return any(
        ast.unparse(node.left) == ast.unparse(target)
        and any(isinstance(part, ast.Constant) and part.value == constant.value for part in ast.walk(node))
        for node in compared
        if target is not None
    )


def _is_one_of_several(file: Module, constant: ast.Constant) -> bool:
    """Whether the function around it also listens at `("::", port)` or `("", port)`."""
    function = file.function(constant)
    pairs = (node for node in ast.walk(function) if isinstance(node, ast.Tuple)) if function is not None else ()
    return any(
        len(pair.elts) == 2 and isinstance(pair.elts[0], ast.Constant) and pair.elts[0].value in ("::", "")
        for pair in pairs
    )


def _assigned_port(file: Module, constant: ast.Constant) -> bool:
    """Whether the port beside the address is that which a platform sets in PORT, as Heroku and Cloud Run do."""
    whole = file.statement(constant)
    around = [whole, *(node.test for node in file.ancestors(whole) if isinstance(node, ast.If))]
    return any(
        isinstance(node, ast.Constant) and node.value == "PORT" for each in around for node in ast.walk(each)
    ) and any("environ" in file.text(each) or "getenv" in file.text(each) for each in around if hasattr(each, "lineno"))


def _is_bound(file: Module, constant: ast.Constant) -> bool:
    match file.parents.get(constant):
        case ast.keyword(arg=str(name)):
            return name.lower() in _WORDS
        case ast.Tuple(elts=[first, second]):
            return first is constant and not (isinstance(second, ast.Constant) and type(second.value) is not int)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return any(word in name.lower() for word in _WORDS)
        case ast.Assign(targets=[ast.Attribute(attr=name)]):
            return any(word in name.lower() for word in _WORDS)
        case ast.Dict(keys=keys, values=values):
            key = next(key for key, value in zip(keys, values, strict=True) if value is constant or key is constant)
            word = str(key.value).lower() if isinstance(key, ast.Constant) else ""
            return any(each in word for each in _WORDS) and not re.search(r"local_addr|ipv\d", word)
        case ast.arguments() as arguments:
            return _NOT_OWN.search(parameter_name(arguments, constant) or "") is None
        case ast.Call(
            func=ast.Attribute(attr="get" | "getenv" | "run" | "run_app" | "listen" | "create_server" | "start_server")
        ):
            return True
    return False
