"""Temporary file names that another process can take first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.python.source.import_instead import instead
from workers.fixers.python.source.imports import Import, imported, together
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.strings import literal
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_MAKERS = ("mkdir", "makedirs", "mkfifo", "mknod", "symlink", "symlink_to", "link", "bind", "copytree",
           "start_unix_server", "create_unix_server", "clone_from", "clone", "run", "call", "check_call",
           "check_output", "Popen", "system", "popen")  # fmt: skip
"""What makes something of a name, or hands it to a program, which may refuse or read what is there already."""
_NEW_ALONE = re.compile(r"\bopen\([^()]*,\s*(?:mode\s*=\s*)?[\"']x[bt+]*[\"']")


_REMOVES = re.compile(r"\b(?:remove|unlink)\(")


@fixer(
    name="python-temporary-name",
    weakness="temporary file name that can be raced",
    cwes=(377,),
    rules={"bandit": ["B306"], "semgrep": ["tempfile-insecure", "mktemp", "*.mktemp.*"]},
    explain="""`tempfile.mktemp()` returns a name and creates nothing. Between that moment and the `open`, another
user of the machine can put a link there and so choose which file is written (CWE-377, CWE-379).

`NamedTemporaryFile(delete=False).name` and `mkstemp()`, whose descriptor is closed, create the file, readable by its
owner only, and then give its name, so the path is already ours. Code that needs the name to be free (a directory, a
link or a socket is made there) gets a name inside `tempfile.mkdtemp()`, a fresh folder that nobody else can enter.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`mktemp(…)` → a file that exists and the name of it, or a free name in a private folder."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, "tempfile.mktemp"))
    if len(call.args) > 3 or any(each.arg is None for each in call.keywords):
        message = f"{file.path}:{call.lineno} passes unpacked arguments to mktemp"
        raise NoFix(message)
    name = _assigned(file, call)
    if _is_taken_alone(file, call):
        message = (
            f"{file.path}:{call.lineno} opens what nobody may have made before (O_EXCL, mode x): who takes the name "
            "first gains nothing"
        )
        raise Harmless(message)
    if name is not None and _becomes_folder(file, call, name):
        library, needed = _library(target, file, call)
        yield candidate(
            "private-folder",
            [_call(file, call, f"{library}.mkdtemp", ""), *needed.edits],
            "The folder is made at once, for its owner only; what makes it where it is missing finds it there.",
            declares=needed.declares,
        )
        return
    if not _needs_free(file, call, name):
        library, needed = _library(target, file, call)
        yield candidate(
            "named-temporary-file",
            [_call(file, call, f"{library}.NamedTemporaryFile", "delete=False", ".name"), *needed.edits],
            "The file is created at once, for its owner only; its name is what the code goes on to use.",
            declares=needed.declares,
            warnings=("The file now exists before the code opens it, and stays until the code removes it.",),
        )
        if name is not None and (opened := _opened(target, file, call, name)) is not None:
            yield opened
        if _REMOVES.search(file.content.decode()):
            return  # the file alone: a folder around it would stay each time
    yield _in_folder(target, file, call)


def _is_taken_alone(file: Module, call: ast.Call) -> bool:
    """Whether the code around it makes the file only where there is none."""
    around = file.function(call) or file.statement(call)
    opened = (file.text(node) for node in ast.walk(around) if isinstance(node, ast.Call))
    return "O_EXCL" in file.text(around) or any(_NEW_ALONE.search(text) for text in opened)


def _assigned(file: Module, call: ast.Call) -> ast.Name | ast.Attribute | None:
    """The one name that the call's result is given, as a whole statement."""
    match file.parents[call]:
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as name]):
            return name
    return None


def _needs_free(file: Module, call: ast.Call, name: ast.expr | None) -> bool:
    """Whether something is made of that name that takes one which does not exist yet."""
    used = file.text(name) if name is not None else None
    own = file.function(call)
    for node in file.nodes if own is None or isinstance(name, ast.Attribute) else ast.walk(own):
        if isinstance(node, ast.Call):
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [each for argument in node.args for each in ast.walk(argument)]
            if function in _MAKERS and any(each is call or file.text(each) == used for each in given if _names(each)):
                return True
    return False


def _becomes_folder(file: Module, call: ast.Call, name: ast.expr) -> bool:
    """Whether a folder of that name is made next, unless it is there."""
    scope = file.function(call) or file.tree
    made = (node for node in ast.walk(scope) if isinstance(node, ast.Call) and file.calls(node, "os.makedirs"))
    return any(
        each.args and file.text(each.args[0]) == file.text(name) and "exist_ok=True" in file.text(each) for each in made
    )


def _names(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute | ast.Call)


def _library(target: Target, file: Module, call: ast.Call, *more: str) -> tuple[str, Import]:
    """The module's name, and what imports it, in the place of its function where that was imported, and others."""
    others = [imported(target, file, each) for each in more]
    if isinstance(call.func, ast.Attribute):
        return file.text(call.func.value), together(*others) if others else Import("")
    temporary = imported(target, file, "tempfile")
    return temporary.name, instead(file, call.func, together(temporary, *others))


def _opened(target: Target, file: Module, call: ast.Call, name: ast.expr) -> Candidate | None:
    """`mkstemp`, its descriptor closed by a statement of its own."""
    statement = file.statement(call)
    taken = {node.id for node in file.nodes if isinstance(node, ast.Name)} | file.aliases.keys()
    before, after = file.span(statement)
    line = statement.lineno
    alone = not file.slice(file.starts[line - 1], before).strip() and _ends_its_line(file, statement)
    if "descriptor" in taken or not alone:
        return None
    library, needed = _library(target, file, call, "os")
    system = imported(target, file, "os")
    given = ", ".join(f"{each}={value}" for each, value in _arguments(file, call).items())
    text = f"descriptor, {file.text(name)} = {library}.mkstemp({given})\n"
    text += f"{file.indent(line)}{system.name}.close(descriptor)"
    return candidate(
        "mkstemp",
        [file.edit(before, after, text), *needed.edits],
        "`mkstemp` creates the file, for its owner only, and gives its descriptor, which is closed, and its name.",
        declares=needed.declares,
        warnings=("The file now exists before the code opens it, and stays until the code removes it.",),
    )


def _ends_its_line(file: Module, statement: ast.stmt) -> bool:
    rest = file.slice(file.span(statement)[1], file.line_end(statement.end_lineno or statement.lineno)).strip()
    return not rest or rest.startswith("#")


def _in_folder(target: Target, file: Module, call: ast.Call) -> Candidate:
    """A name that is free, as before, in a folder that only this user can enter."""
    given = _arguments(file, call)
    library, needed = _library(target, file, call, "os")
    system = imported(target, file, "os")
    where = given.get("dir")
    folder = f"{library}.mkdtemp({f'dir={where}' if where else ''})"
    return candidate(
        "private-folder",
        [file.replace(call, f"{system.name}.path.join({folder}, {_file_name(given)})"), *needed.edits],
        "The name is still free, as mktemp promised, and nobody else can enter the fresh folder to take it.",
        declares=needed.declares,
        warnings=("The folder stays until the code removes it.",),
    )


def _file_name(given: dict[str, str]) -> str:
    """The name in the folder: what the call wants it to begin and to end with."""
    pieces = [given.get("prefix", '"tmp"'), given["suffix"]] if "suffix" in given else [given.get("prefix", '"tmp"')]
    read = [_text(piece) for piece in pieces]
    if all(each is not None for each in read):
        whole = "".join(each or "" for each in read)
        return literal(whole or "tmp")
    return " + ".join(piece if piece.isidentifier() or _text(piece) is not None else f"({piece})" for piece in pieces)


def _text(source: str) -> str | None:
    match ast.parse(f"({source})", mode="eval").body:
        case ast.Constant(value=str(text)):
            return text
    return None


def _arguments(file: Module, call: ast.Call) -> dict[str, str]:
    """`mktemp(suffix, prefix, dir)` by name."""
    named = dict(zip(("suffix", "prefix", "dir"), (file.text(each) for each in call.args), strict=False))
    return named | {str(each.arg): file.text(each.value) for each in call.keywords}


def _call(file: Module, call: ast.Call, function: str, *more: str) -> Edit:
    *added, after = more
    named = [f"{name}={value}" for name, value in _arguments(file, call).items()]
    return file.replace(call, f"{function}({', '.join([*named, *added])}){after}")
