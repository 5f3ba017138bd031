"""Findings about one argument: the call stays with all its others, and this one has a value that ends the weakness."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator

from workers.verify.python.fold import constant, is_constant
from workers.verify.python.sides import Side

Check = Callable[[Side, Side], Iterator[str]]
_LONGEST_TIMEOUT = 24 * 3600


def argument(*subjects: str) -> Check:
    """The call stays, with all its arguments but those that the finding is about."""

    def check(old: Side, new: Side) -> Iterator[str]:
        for call in old.calls():
            name = call.func.attr if isinstance(call.func, ast.Attribute) else old.dotted(call.func)
            twins = [one for one in new.calls() if called(new, one) == name]
            if not twins:
                yield f"`{name}` is no longer called"
            elif not any(_keeps(call, twin, subjects) for twin in twins):
                yield f"`{name}` lost an argument that the finding is not about"

    return check


def called(side: Side, call: ast.Call) -> str:
    """The last name of what is called: `extractall`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else side.dotted(call.func)


def _keeps(call: ast.Call, twin: ast.Call, subjects: tuple[str, ...]) -> bool:
    if len(twin.args) < len(call.args):
        return False
    kept = {keyword.arg: ast.dump(keyword.value) for keyword in twin.keywords}
    return all(keyword.arg in subjects or kept.get(keyword.arg) == ast.dump(keyword.value) for keyword in call.keywords)


def _given(new: Side, name: str) -> Iterator[ast.expr]:
    return (keyword.value for call in new.calls() for keyword in call.keywords if keyword.arg == name)


def verified(_old: Side, new: Side) -> Iterator[str]:
    """Certificates are checked."""
    for value in _given(new, "verify"):
        if is_constant(value) and not constant(value):
            yield "certificates are still not checked"
    if any(_sets(node, "verify", "check_hostname", value=False) for node in new.nodes):
        yield "certificates are still not checked: it is set on the session instead"
    if any(re.search(r"CERT_NONE|_unverified_context", name) for name in new.mentioned()):
        yield "certificates are still not checked"
    if any(isinstance(node, ast.Constant) and node.value in ("https", "http") for node in new.nodes):
        yield "the address is changed to one without TLS"


def _sets(node: ast.AST, *names: str, value: bool) -> bool:
    """Whether the node sets an attribute or a key of that name to something that is as true as `value`."""
    if not isinstance(node, ast.Assign) or bool(constant(node.value, not value)) is not value:
        return False
    return any(
        (isinstance(target, ast.Attribute) and target.attr.lower() in names)
        or (isinstance(target, ast.Subscript) and str(constant(target.slice, "")).lower() in names)
        for target in node.targets
    )


def timeout(_old: Side, new: Side) -> Iterator[str]:
    """The time is bounded by a number."""
    for value in _given(new, "timeout"):
        known = constant(value, 1)
        for part in known if isinstance(known, tuple) else (known,):
            if isinstance(part, bool) or not isinstance(part, int | float) or not 0 < part < _LONGEST_TIMEOUT:
                yield f"a timeout of {part!r} ends nothing"


def debug(old: Side, new: Side) -> Iterator[str]:
    """No debugger, by whichever way."""
    before = Counter(ast.dump(call) for call in old.calls())
    if any(_sets(node, "debug", value=True) for node in new.nodes):
        yield "the debugger is switched on by another way"
    for call in new.calls():
        names = {keyword.arg for keyword in call.keywords}
        if names & {"use_debugger", "use_evalex", "evalex"}:
            yield "the debugger is switched on by another way"
        asks = called(new, call) in {"get", "getenv"} and len(call.args) == 2 and constant(call.args[1], "")
        same = ast.dump(call)
        before[same] -= 1
        if asks and before[same] < 0:
            default = str(constant(call.args[1])).lower()
            if default not in {"0", "false", "no", "off"}:
                yield "it is on where nobody sets the variable"


def extraction(_old: Side, new: Side) -> Iterator[str]:
    """Not every member is taken out as it is named."""
    for call in new.calls():
        if called(new, call) != "extractall":
            continue
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if "filter" in given:
            value = given["filter"]
            if constant(value, "data") not in {"data", "tar"} or isinstance(value, ast.Lambda):
                yield "that filter lets every member through"
        elif (members := given.get("members")) is not None and _all_members(members):
            yield "every member is still taken out"


def _all_members(node: ast.expr) -> bool:
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"getmembers", "getnames"}
    ):
        return True
    return isinstance(node, ast.ListComp | ast.GeneratorExp) and not any(one.ifs for one in node.generators)


def escaped(_old: Side, new: Side) -> Iterator[str]:
    """Something is escaped."""
    for value in _given(new, "autoescape"):
        nothing = isinstance(value, ast.Call) and value.args and constant(value.args[0], 1) in ([], ())
        if nothing or isinstance(value, ast.Lambda) or (is_constant(value) and not constant(value)):
            yield "nothing is escaped"
