"""What a finding asks for beyond its scanner's silence, by bandit's rule."""

from __future__ import annotations

from collections.abc import Iterator

from workers.verify.python import arguments, commands, sql, statements, values
from workers.verify.python.arguments import Check, argument
from workers.verify.python.sides import Side


def unmet(rule: str, old: Side, new: Side) -> Iterator[str]:
    """Why the weakness of a bandit rule is still there, or what else the call lost; nothing where it is gone."""
    for check in _CHECKS.get(rule, ()):
        yield from check(old, new)


_CHECKS: dict[str, tuple[Check, ...]] = {
    "B101": (statements.asserted,),
    "B103": (values.mode,),
    "B104": (values.address,),
    **dict.fromkeys(("B105", "B106", "B107"), (statements.secret,)),
    **dict.fromkeys(("B110", "B112"), (statements.handled,)),
    "B113": (argument("timeout"), arguments.timeout),
    "B201": (argument("debug"), arguments.debug),
    "B202": (argument("members", "filter"), arguments.extraction),
    **dict.fromkeys(("B301", "B302"), (values.loaders,)),
    "B305": (values.gone(r"modes\.ECB$"), values.modes),
    "B306": (values.gone(r"mktemp$"),),
    "B307": (values.evaluated,),
    "B311": (values.gone(r"^random\."), values.random),
    **dict.fromkeys(("B313", "B314", "B315", "B316", "B317", "B318", "B319"), (values.xml,)),
    "B324": (values.hashed,),
    "B501": (argument("verify"), arguments.verified),
    "B506": (values.yaml,),
    "B507": (values.host_keys,),
    **dict.fromkeys(("B602", "B604", "B605", "B609"), (commands.unmet,)),
    "B608": (sql.unmet,),
    "B701": (argument("autoescape"), arguments.escaped),
}
