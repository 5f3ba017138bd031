"""Files opened by a name that the request gives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Region
from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, candidate, region
from workers.fixers.python.source.imports import imported, imported_from, together
from workers.fixers.python.source.module import Module, module
from workers.fixers.python.source.statements import inserted, is_sure
from workers.fixers.python.source.strings import f_string, template
from workers.fixers.python.source.variables import definitions
from workers.fixers.registry import NoFix, NotHere, Target, fixer

_REQUEST = re.compile(
    r"\brequest\.(?:GET|POST|args|form|values|COOKIES|cookies|headers|META|json|data|get_json|query_params)\b"
)
_ROUTES = ("route", "get", "post", "put", "patch", "delete")
_FOLDER = re.compile(r".*/")
_NAMES = ("path", "folder")


@fixer(
    name="python-path-below",
    weakness="path that leaves its folder",
    cwes=(22,),
    rules={"semgrep": ["path-traversal-open", "path-traversal-join", "request-data-fileresponse"]},
    explain="""A name such as `../../etc/passwd`, or an absolute one, leads `os.path.join(folder, name)` out of its
folder, and the view hands out, or overwrites, any file that the program may read or write (CWE-22).

Only the whole path says where it leads: made absolute, without `..` and links, it has to begin with the folder. What
leads elsewhere can be refused as not found, or as a bad request that shows in the log. A name that must have no folders
in it can also be cut to its last part by `os.path.basename`.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`open(os.path.join(folder, name))` → after a check that the path is below the folder."""
    file = module(target)
    place = _place(file, region(target))
    yield from any_of(
        lambda: _checked(target, file, place, refused=False), lambda: _checked(target, file, place, refused=True)
    )


class _Place(msgspec.Struct, frozen=True):
    """A file that is opened, below which folder, by which name."""

    opened: ast.expr
    """What the call is given."""
    folder: str
    name: str
    """Sources of both."""
    django: bool


def _place(file: Module, where: Region) -> _Place:
    calls = [
        node
        for node in file.nodes
        if isinstance(node, ast.Call)
        and node.args
        and (file.qualified(node.func) or "") in ("open", "io.open", "builtins.open", "codecs.open")
        and where.overlaps(node.lineno, node.end_lineno or node.lineno)
    ]
    if not calls:
        message = f"{file.path}:{where.start_line} does not hold the code that this rule is about"
        raise NotHere(message)
    call = max(calls, key=lambda each: each.lineno)
    opened = call.args[0]
    built = opened
    if isinstance(opened, ast.Name):
        defined = definitions(file, opened)
        built = defined[0].value if defined and len(defined) == 1 else opened
    parts = _parts(file, built)
    if parts is None:
        message = (
            f"{file.path}:{call.lineno} does not show the folder that the file has to be in: which files a request may "
            "name is for a person to say"
        )
        raise NoFix(message)
    if file.function(call) is None or not is_sure(file, call):
        message = f"{file.path}:{call.lineno} opens the file inside of a condition: check the path before that"
        raise NoFix(message)
    django = any(meaning.partition(".")[0] == "django" for meaning in file.aliases.values())
    flask = any(meaning.partition(".")[0] == "flask" for meaning in file.aliases.values())
    if django == flask:
        message = f"{file.path}:{call.lineno} does not show whose view it is, Flask's or Django's"
        raise NoFix(message)
    return _Place(opened, *parts, django)


def _parts(file: Module, built: ast.expr) -> tuple[str, str] | None:
    """The fixed folder that the path begins with, and the rest of it."""
    if (
        isinstance(built, ast.Call)
        and file.calls(built, "os.path.join")
        and len(built.args) == 2
        and not built.keywords
    ):
        given, last = built.args
        if _is_fixed(file, given) and not isinstance(last, ast.Starred):
            return file.text(given), file.text(last)
        return None
    line = template(file, built)
    if line is None or not line.values or any(not value.plain for value in line.values):
        return None
    first, rest = line.parts[0], list(line.parts[1:])
    if isinstance(first, str):
        folder = _FOLDER.match(first)
        if folder is None or len(folder[0]) < 2:
            return None
        name = f_string([first[folder.end() :], *rest] if first[folder.end() :] else rest)
        return (f'"{folder[0].rstrip("/")}"', name) if name else None
    if not rest or not isinstance(rest[0], str) or not rest[0].startswith("/"):
        return None
    node = ast.parse(f"({first.source})", mode="eval").body
    tail = [rest[0][1:], *rest[1:]] if rest[0][1:] else rest[1:]
    name = f_string(tail) if tail else None
    return (first.source, name) if name and _is_setting(node) else None


def _is_fixed(file: Module, folder: ast.expr) -> bool:
    """Whether the folder is one that the program has, and not one of the request."""
    if _REQUEST.search(file.text(folder)):
        return False
    if isinstance(folder, ast.Constant):
        return isinstance(folder.value, str) and len(folder.value) > 1
    return _is_setting(folder)


def _is_setting(node: ast.expr) -> bool:
    """Whether it is a constant by its name, or a setting: `UPLOADS`, `settings.MEDIA_ROOT`, `app.config["FOLDER"]`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper() or name in ("root_path", "instance_path", "static_folder")
        case ast.Subscript(value=ast.Attribute(attr="config"), slice=ast.Constant(value=str(name))):
            return name.isupper()
    return False


def _checked(target: Target, file: Module, place: _Place, *, refused: bool) -> Candidate:
    function = file.function(place.opened)
    named = isinstance(place.opened, ast.Name)
    bound = {node.id for node in ast.walk(function or file.tree) if isinstance(node, ast.Name)}
    bound |= {node.arg for node in ast.walk(function or file.tree) if isinstance(node, ast.arg)}
    folder, path = "folder", "full_path"
    if {folder, path} & bound:
        message = f"{file.path}:{place.opened.lineno}: `{folder}` or `{path}` already mean something in this function"
        raise NoFix(message)
    system = imported(target, file, "os")
    if place.django:
        source, name = ("django.core.exceptions", "SuspiciousFileOperation") if refused else ("django.http", "Http404")
        stop = imported_from(target, file, source, name)
        then = f'raise {stop.name}("There is no such file.")'
    else:
        stop = imported_from(target, file, "flask", "abort")
        then = f"{stop.name}({400 if refused else 404})"
    needed = together(system, stop)
    os_path = f"{system.name}.path"
    whole = file.text(place.opened) if named else f"{os_path}.join({folder}, {place.name})"
    text = (
        f"{folder} = {os_path}.realpath({place.folder})\n"
        f"{path} = {os_path}.realpath({whole})\n"
        f"if not {path}.startswith({folder} + {system.name}.sep):\n{file.indent_unit}{then}"
    )
    statement = file.statement(place.opened)
    edit, declared = inserted(file, statement, text)
    words = "answered as a bad request" if refused else "answered as not found"
    return candidate(
        "else-bad-request" if refused else "else-not-found",
        [edit, file.replace(place.opened, path), *needed.edits],
        f"What leads out of the folder, by `..`, an absolute name or a link, is {words}.",
        declares=(*needed.declares, declared, f"statement:{statement.lineno}"),
        warnings=("A link in the folder that leads out of it is refused as well.",),
    )
