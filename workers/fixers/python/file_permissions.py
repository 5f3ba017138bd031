"""Files that others may write to or run."""

from __future__ import annotations

import ast
import re
import stat
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import argument
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_ITS_OWNERS = re.compile(r"key|secret|cred|token|passw|private|\.ssh|\.env\b|mkdtemp|mkstemp|temp", re.IGNORECASE)
"""What nobody but its owner has business with."""


@fixer(
    name="python-file-permissions",
    weakness="permissions too wide",
    cwes=(276, 732),
    rules={"bandit": ["B103"], "semgrep": ["insecure-file-permissions"]},
    explain="""A file that everyone may write (`0o777`, `0o666`) can be replaced by every process on the machine,
whatever user it runs as; one that the group may run or write gives the same to the group (CWE-732).

Owner-only permissions (`0o600`, and `0o700` for folders and programs) are right for what one service uses. Where
others read the file, they keep that (`0o644` of `0o666`, `0o640` of `0o660`) and nothing else. A Unix socket is another
thing: connecting takes the right to write, so the group of its clients has to keep it.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A wide mode → the owner's alone, or readable by others."""
    file, call = flagged(target, ast.Call, _is_chmod)
    mode = _mode_argument(file, call)
    value = mode.value if isinstance(mode, ast.Constant) and isinstance(mode.value, int) else None
    if mode is None or value is None:
        message = (
            f"{file.path}:{call.lineno} computes the mode: take the group's and others' write and execute "
            "bits out of it"
        )
        raise NoFix(message)
    socket = "sock" in file.text(call).lower()
    if socket and not value & stat.S_IRWXO:
        message = (
            f"{file.path}:{call.lineno} lets the socket's group connect, which takes the right to write, and nobody "
            "else"
        )
        raise Harmless(message)
    if socket:
        message = (
            f"{file.path}:{call.lineno} lets everybody connect to the socket, which takes the right to write: name the "
            "group of its clients by os.chown first, then 0o660"
        )
        raise NoFix(message)
    if not value & (stat.S_IWGRP | stat.S_IWOTH) and value & stat.S_IXUSR:
        message = (
            f"{file.path}:{call.lineno} lets others read and start it, as programs and folders are, and nobody but the "
            "owner change it"
        )
        raise Harmless(message)
    if value & (stat.S_IXGRP | stat.S_IXOTH) and not _ITS_OWNERS.search(file.text(call)):
        message = (
            f"{file.path}:{call.lineno} lets others start or enter it, and whether they do is not in sight: "
            f"{oct(value & ~(stat.S_IWGRP | stat.S_IWOTH))} takes the right to write alone (bandit asks about that, "
            f"too), {oct(value & stat.S_IRWXU)} all of it"
        )
        raise NoFix(message)
    owner = (value & stat.S_IRWXU) | stat.S_IRUSR | stat.S_IWUSR
    warning = "Check that no other user or group needs what is taken away."
    yield candidate(
        "owner-only",
        [file.replace(mode, oct(owner))],
        f"Only the owner keeps rights ({oct(owner)}).",
        warnings=(warning,),
    )
    readers = value & (stat.S_IRGRP | stat.S_IROTH)
    if readers and not value & (stat.S_IXGRP | stat.S_IXOTH):
        yield candidate(
            "others-read",
            [file.replace(mode, oct(owner | readers))],
            "Who may read it still may, only the owner may change it.",
            warnings=(warning,),
        )


def _is_chmod(file: Module, call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and "chmod" in function.attr and _mode_argument(file, call) is not None


def _mode_argument(file: Module, call: ast.Call) -> ast.expr | None:
    of_os = (file.qualified(call.func) or "").startswith("os.")
    return argument(call, 1 if of_os else 0, "mode") or argument(call, 1, "mode")
