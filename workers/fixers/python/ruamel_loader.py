"""ruamel.yaml with a loader that builds arbitrary Python objects."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_WRITES = ("dump", "dump_all", "register_class")


@fixer(
    name="python-ruamel-loader",
    weakness="unsafe YAML deserialisation",
    cwes=(502,),
    rules={"semgrep": ["avoid-unsafe-ruamel"]},
    explain="""With `typ="unsafe"` ruamel.yaml obeys tags such as `!!python/object/apply:os.system`, so whoever writes
the document runs code in this process (CWE-502).

`typ="safe"` reads plain data: mappings, lists, strings, numbers, dates. `typ="rt"`, the default, reads the same and
keeps comments and order for writing it back; its mappings and lists are classes of its own that behave like dict and
list. `typ="base"` makes strings of everything, and no objects.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`YAML(typ="unsafe")` → a loader of plain data."""
    file, call = flagged(target, ast.Call, _is_yaml)
    given = keyword(call, "typ")
    if given is None or not isinstance(given.value, ast.Constant) or given.value.value != "unsafe":
        message = f"{file.path}:{call.lineno} reads texts alone: this loader makes no objects"
        raise Harmless(message)
    if any(isinstance(node, ast.Attribute) and node.attr in _WRITES for node in file.nodes):
        message = (
            f"{file.path}:{call.lineno} may write objects by the same loader, which the safe ones neither write nor "
            "read: register their classes first"
        )
        raise NoFix(message)
    quote = file.text(given.value)[:1]
    warning = ("Documents with `!!python/…` tags are refused now.",)
    yield candidate(
        "safe", [file.replace(given.value, f"{quote}safe{quote}")], "Only plain data is read.", warnings=warning
    )
    yield candidate(
        "round-trip",
        [file.replace(given.value, f"{quote}rt{quote}")],
        "Only plain data is read, with its comments and order, for programs that write the document back.",
        warnings=warning,
    )


def _is_yaml(file: Module, call: ast.Call) -> bool:
    return file.calls(call, "ruamel.yaml.YAML", "ruamel.yaml.main.YAML", "ruamel_yaml.YAML")
