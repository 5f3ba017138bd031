"""Fixed paths in a folder that everyone may write to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from daemon.errors import SourceUnavailable
from workers.fixers.code import any_of, candidate
from workers.fixers.python.source.calls import argument
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.test_code import harmless_in_tests
from workers.source.tests import is_test

_FOLDERS = re.compile(r"(?:/tmp|/var/tmp|/dev/shm)(?:/|$)")
_MET = re.compile(r"\.(?:lock|lck|pid|sock(?:et)?|fifo)$", re.IGNORECASE)
"""What processes meet at, by its name."""
_NAME = re.compile(r"/(?P<stem>[\w-]+)(?P<suffix>\.\w+)?")


@fixer(
    name="python-temporary-path",
    weakness="predictable path in a shared folder",
    cwes=(377,),
    rules={"bandit": ["B108"], "semgrep": ["hardcoded-tmp-path"]},
    explain="""Everyone on the machine may write to /tmp. A file with a known name there can be made first by someone
else: as a link to a file that this program then overwrites, or with contents that it then trusts (CWE-377, CWE-379).

`NamedTemporaryFile` and `mkdtemp` make a file or folder of a name that nobody could guess, for its owner only: right
where the code keeps the name in a variable and uses it again. A file that is the program's result belongs where people
look for it: the folder they started it in, or their home. Where another program looks for the fixed name, the file
belongs in a folder that only the two can enter, and the path into the settings.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A fixed path that is written → a fresh private file, or one in a fresh private folder."""
    with harmless_in_tests(target, "what it does with that path, it does to files of its own"):
        file, constant = flagged(target, ast.Constant, _is_path)
        if isinstance(file.parents.get(constant), ast.JoinedStr):
            message = (
                f"{file.path}:{constant.lineno} puts a value into the path: agree on a folder that others cannot enter"
            )
            raise NoFix(message)
    path = str(constant.value)
    if path.rstrip("/").count("/") <= (2 if path.startswith(("/var", "/dev")) else 1):
        yield _folder(target, file, constant)
        return
    written = _written(file, constant)
    _refuse_agreed(target, file, constant, written)
    name = _NAME.fullmatch(path[path.rindex("/") :])
    if name is None:
        message = f"{file.path}:{constant.lineno} is not a plain file name"
        raise NoFix(message)
    suffix = name["suffix"] or ""

    def fresh() -> Candidate:
        temporary = imported(target, file, "tempfile")
        given = f'prefix="{name["stem"]}-", ' + (f'suffix="{suffix}", ' if suffix else "")
        return candidate(
            "named-temporary-file",
            [
                file.replace(constant, f"{temporary.name}.NamedTemporaryFile({given}delete=False).name"),
                *temporary.edits,
            ],
            "The file has a name that nobody could guess, and exists for its owner only before it is opened.",
            declares=temporary.declares,
            warnings=("The name differs each time, and the file stays until the code removes it.",),
        )

    def private() -> Candidate:
        temporary, system = imported(target, file, "tempfile"), imported(target, file, "os")
        text = f'{system.name}.path.join({temporary.name}.mkdtemp(), "{name["stem"]}{suffix}")'
        return candidate(
            "private-folder",
            [file.replace(constant, text), *temporary.edits, *system.edits],
            "The file keeps its name, in a fresh folder that only this user can enter.",
            declares=(*temporary.declares, *system.declares),
            warnings=("The folder differs each time, and stays until the code removes it.",),
        )

    def here() -> Candidate:
        return candidate(
            "working-folder",
            [file.replace(constant, f'"{name["stem"]}{suffix}"')],
            "The result is written into the folder in which the program was started, which is rarely everyone's.",
            warnings=("Whoever looked for the file in the shared folder finds it in the working folder now.",),
        )

    def home() -> Candidate:
        system = imported(target, file, "os")
        text = f'{system.name}.path.join({system.name}.path.expanduser("~"), "{name["stem"]}{suffix}")'
        return candidate(
            "home-folder",
            [file.replace(constant, text), *system.edits],
            "The result is written into the user's own folder, under the same name.",
            declares=system.declares,
            warnings=("Whoever looked for the file in the shared folder finds it in the home folder now.",),
        )

    yield from any_of(*((fresh, private) if written == "kept" or is_test(file.path) else (here, home)))


def _refuse_agreed(target: Target, file: Module, constant: ast.Constant, written: str | None) -> None:
    """Say so where the path is not written here, or is one that other code knows as well.

    Raises:
        Harmless: only tests name it.
        NoFix: another program may look for it.
    """
    elsewhere = _is_elsewhere(target, file, constant)
    where = f"{file.path}:{constant.lineno}"
    if is_test(file.path) and written is None:
        message = f"{where} is test code, and nothing there writes to that path; exclude tests"
        raise Harmless(message)
    if is_test(file.path) and elsewhere:
        message = f"{where} is test code, whose own programs agree on that path; exclude tests"
        raise Harmless(message)
    if written is None or elsewhere or _MET.search(str(constant.value)):
        message = (
            f"{where} may name a file that another program makes or looks for: agree on a folder that only the two can "
            "enter"
        )
        raise NoFix(message)


def _folder(target: Target, file: Module, constant: ast.Constant) -> Candidate:
    """The shared folder itself, given as a place for fresh files."""
    if is_test(file.path):
        message = f"{file.path}:{constant.lineno} is test code, and makes no file of a known name there; exclude tests"
        raise Harmless(message)
    if not _is_place(file, constant):
        message = f"{file.path}:{constant.lineno} names the folder without making a file of a known name in it here"
        raise NoFix(message)
    temporary = imported(target, file, "tempfile")
    return candidate(
        "system-folder",
        [file.replace(constant, f"{temporary.name}.gettempdir()"), *temporary.edits],
        "The system's own folder for temporary files, which its settings can make private.",
        declares=temporary.declares,
    )


def _is_place(file: Module, constant: ast.Constant) -> bool:
    """Whether it is the folder for fresh files, or the one that is taken where the settings name none."""
    match file.parents.get(constant):
        case ast.keyword(arg="dir"):
            return True
        case ast.BoolOp(op=ast.Or(), values=values):
            return values[-1] is constant
        case ast.Call(args=[_, second], keywords=[]) as call if second is constant:
            return file.calls(call, "os.environ.get", "os.getenv")
    return False


def _is_path(file: Module, constant: ast.Constant) -> bool:
    parent = file.parents.get(constant)
    begins = not isinstance(parent, ast.JoinedStr) or parent.values[0] is constant
    return isinstance(constant.value, str) and begins and bool(_FOLDERS.match(constant.value))


def _written(file: Module, constant: ast.Constant) -> str | None:
    """`once` where it is opened for writing right here; `kept` where a local variable keeps it that is used again.

    A file that only grows is `once`, too: what is added to it would be lost with a fresh one each time.
    """
    here, parent = _as_path(file, constant)
    if not isinstance(parent, ast.Assign):
        return "once" if _mode(file, here) else None
    function = file.function(constant)
    name = parent.targets[0]
    if len(parent.targets) != 1 or not isinstance(name, ast.Name) or function is None:
        return None
    uses = [
        node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name.id and node is not name
    ]
    modes = {_mode(file, node) for node in uses} - {""}
    if not modes:
        return None
    return "kept" if len(uses) > 1 and modes != {"a"} else "once"


def _as_path(file: Module, constant: ast.Constant) -> tuple[ast.expr, ast.AST | None]:
    """The constant, or the Path that is made of it, and what it stands in."""
    parent = file.parents.get(constant)
    if isinstance(parent, ast.Call) and file.calls(parent, "pathlib.Path") and parent.args == [constant]:
        return parent, file.parents.get(parent)
    return constant, parent


def _is_elsewhere(target: Target, file: Module, constant: ast.Constant) -> bool:
    """Whether anything else in the repository names the same path."""
    path = str(constant.value).encode()
    if len(re.findall(re.escape(path) + rb"(?![\w.-])", file.content)) > 1:
        return True
    for other in target.tree.paths():
        if other == file.path:
            continue
        try:
            if path in target.tree.read(other):
                return True
        except SourceUnavailable:
            continue
    return False


def _mode(file: Module, path: ast.expr) -> str:
    """`w`, `x` or `a` where the path is opened for writing by what it stands in; empty where it is not."""
    parent = file.parents.get(path)
    if isinstance(parent, ast.Attribute):
        call = file.parents.get(parent)
        if parent.attr in ("write_text", "write_bytes"):
            return "w"
        mode = argument(call, 0, "mode") if isinstance(call, ast.Call) and parent.attr == "open" else None
    elif isinstance(parent, ast.Call) and file.calls(parent, "open", "io.open") and parent.args[:1] == [path]:
        mode = argument(parent, 1, "mode")
    else:
        return ""
    first = str(mode.value)[:1] if isinstance(mode, ast.Constant) else ""
    return first if first in {"w", "x", "a"} else ""
