"""Configuration formats: where a value stands, and what its reader puts there from the environment."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

import msgspec

from daemon.domain.finding import Region
from workers.fixers.code import Text
from workers.fixers.registry import NoFix
from workers.fixers.secrets.names import refuse_placeholder, refuse_public

_PAIR = re.compile(
    r"""(?P<key>[A-Za-z_][\w.\-]*)["']?\s*(?::=|=>|[:=])(?!//)\s*(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#;,"'`]*[^\s#;,"'`)\]}]\}*)"""
)
_QUERY = re.compile(r"[?&](?P<key>[A-Za-z_][\w.-]*)=(?P<value>[^\s&\"'#<>`)\]]+)")
"""A parameter of an address: before it a port looks like a value."""
_SAID = re.compile(r"""(?P<key>[A-Za-z][\w .-]*?)\s*[:=]\s+(?P<value>[^\s"'<>]+)\s*$""")
"""A line that tells what something is, in words: `Initial Root Token: …`."""
_COMMENT = re.compile(r"\s*(?:#|//(?![\w-]+\.[\w.-]+/)|--|;|/?\*|<!--)")
_LONGER = re.compile(r"\s|\$[\w({]")
"""Words, or what is put in from elsewhere: the credential is a part of it, and the rest has to stay."""
_SPRING = re.compile(r"(?:^|/)(?:application|bootstrap)[\w-]*\.(?:ya?ml|properties)$")
_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$")
_WORKFLOW = re.compile(r"(?:^|/)\.github/workflows/[^/]+\.ya?ml$")
_RAILS = re.compile(r"(?:^|/)config/(?:secrets|database|cable|storage|mongoid)\.yml$")
_NPM = re.compile(r"(?:^|/)\.npmrc$")
_TEMPLATE = re.compile(r"(?:^|[._-])(?:example|sample|template|tmpl|dist|default)s?(?:$|\.)", re.IGNORECASE)
_SHELLS = (".sh", ".bash")
_EMPTIED = (".env", ".json", ".toml", ".ini", ".cfg", ".conf", ".properties", ".yaml", ".yml")


class Setting(msgspec.Struct, frozen=True):
    """A key and its value's bytes."""

    key: str
    start: int
    end: int
    quote: str
    """The value's own quotation mark, or none."""


def setting(file: Text, where: Region) -> Setting:
    """The key and value at the region.

    Raises:
        NoFix: the line does not assign one value to one name, or the credential is only a part of it.
        Harmless: everybody may know the value.
    """
    text = file.line(where.start_line).decode()
    forms = (_QUERY, _PAIR, _SAID) if is_read(file, where.start_line) else (_PAIR,)
    each = ([match for match in form.finditer(text) if _holds(match, where)] for form in forms)
    found = next((matches for matches in each if matches), [])
    if len(found) != 1:
        message = f"{file.path}:{where.start_line} does not assign one value to one name"
        raise NoFix(message)
    start = file.starts[where.start_line - 1]
    value = found[0]["value"]
    place = f"{file.path}:{where.start_line}"
    refuse_public(found[0]["key"], value.strip("\"'"), place)
    refuse_placeholder(value.strip("\"'"), place)
    if _LONGER.search(value):
        message = f"{file.path}:{where.start_line} holds the value inside of a longer text: take it out by hand"
        raise NoFix(message)
    first = start + len(text[: found[0].start("value")].encode())
    return Setting(found[0]["key"], first, first + len(value.encode()), value[0] if value[0] in "\"'" else "")


def pairs(file: Text) -> tuple[Setting, ...]:
    """All settings of the file that stand on one line each."""
    return _pairs(file.content)


@lru_cache(maxsize=4)
def _pairs(content: bytes) -> tuple[Setting, ...]:
    """One file may have hundreds of findings, and each asks for all of its settings."""
    file = Text("", content)
    found: list[Setting] = []
    for number, start in enumerate(file.starts, 1):
        text = file.line(number).decode("utf-8", "replace")
        for match in _PAIR.finditer(text):
            first = start + len(text[: match.start("value")].encode())
            value = match["value"]
            last = first + len(value.encode())
            found.append(Setting(match["key"], first, last, value[0] if value[0] in "\"'" else ""))
    return tuple(found)


def key_at(file: Text, at: int) -> str | None:
    """The key whose value stands at the byte."""
    number = file.line_of(at)
    column = len(file.content[file.starts[number - 1] : at].decode("utf-8", "replace"))
    pairs = _PAIR.finditer(file.line(number).decode("utf-8", "replace"))
    return next((pair["key"] for pair in pairs if pair.start("value") <= column < pair.end("value")), None)


def reference(path: str, name: str) -> tuple[str, str] | None:
    """What the file's reader replaces by the environment's value, and who that reader is."""
    if _WORKFLOW.search(path):
        return f"${{{{ secrets.{name} }}}}", "GitHub Actions puts the repository's secret of that name there"
    if _COMPOSE.search(path):
        return (
            f"${{{name}:?{name} is not set}}",
            "Compose puts the environment's value there, and stops where there is none",
        )
    if _SPRING.search(path):
        return f"${{{name}}}", "Spring puts the environment's value there, and does not start where there is none"
    if _RAILS.search(path):
        return f'<%= ENV["{name}"] %>', "Rails runs the file as a template and puts the environment's value there"
    if _NPM.search(path):
        return f"${{{name}}}", "npm puts the environment's value there, and says so where there is none"
    if path.endswith((".http", ".rest")):
        return f"{{{{{name}}}}}", "the editor's HTTP client puts the variable of its chosen environment there"
    if path.endswith(_SHELLS):
        return (
            f"${{{name}:?{name} is not set}}",
            "the shell puts the environment's value there, and stops where there is none",
        )
    return None


def passed_through(file: Text, found: Setting) -> tuple[int, int] | None:
    """What goes for a service of Compose to be given its caller's variable of that name; none elsewhere."""
    if not _COMPOSE.search(file.path):
        return None
    number = file.line_of(found.start)
    own = file.line(number).decode()
    above = (file.line(one).decode() for one in range(number - 1, 0, -1))
    parent = next((line for line in above if line.strip() and _holds_line(line, own)), "")
    if found.key not in own:
        return None
    first = file.starts[number - 1] + own.encode().index(found.key.encode()) + len(found.key)
    between = file.content[first : found.start].decode()
    if parent.strip() != "environment:" or between.strip() not in {":", "="}:
        return None
    return first + between.find(":") + 1, found.end


def _holds_line(line: str, item: str) -> bool:
    """Whether a line of YAML is the key above an item of its list or mapping."""
    depths = [len(one) - len(one.lstrip(" ")) for one in (line, item)]
    of_list = item.lstrip().startswith("-") and not line.lstrip().startswith("-")
    return depths[0] < depths[1] or (of_list and depths[0] == depths[1])


def is_compose(path: str) -> bool:
    """Whether Compose reads the file."""
    return _COMPOSE.search(path) is not None


def is_spring(path: str) -> bool:
    """Whether Spring, or what reads its files as it does, takes its properties from the file."""
    return _SPRING.search(path) is not None


def is_workflow(path: str) -> bool:
    """Whether GitHub Actions reads the file."""
    return _WORKFLOW.search(path) is not None


def is_rails(path: str) -> bool:
    """Whether Rails reads the file, as a template with a section for each environment."""
    return _RAILS.search(path) is not None


def is_filled_in(path: str) -> bool:
    """Whether a placeholder may stand anywhere in the file, in an address as well as alone."""
    return reference(path, "NAME") is not None and not path.endswith(_SHELLS)


def is_documentation(path: str) -> bool:
    """Whether people read the file and no program does."""
    return path.lower().endswith((".md", ".markdown", ".mdx", ".rst", ".adoc", ".asciidoc", ".txt"))


def is_read(file: Text, number: int) -> bool:
    """Whether the line is for people: of a document, or a comment."""
    return is_documentation(file.path) or _COMMENT.match(file.line(number).decode("utf-8", "replace")) is not None


def is_template(path: str) -> bool:
    """Whether the file is copied and filled in before any program reads it."""
    return _TEMPLATE.search(PurePosixPath(path).name) is not None


def is_dotenv(path: str) -> bool:
    """Whether each line of the file sets a variable, where nothing else has set it."""
    name = PurePosixPath(path).name
    return name.startswith(".env") or name.endswith(".env")


def may_be_empty(path: str) -> bool:
    """Whether the file still reads with an empty value, and whether anything else can give its program another one."""
    name = PurePosixPath(path).name
    if _WORKFLOW.search(path) or _COMPOSE.search(path) or name == "gradle.properties":
        return False  # of a build's properties, one that is empty goes into the program as it is
    return name.startswith(".env") or name.endswith(_EMPTIED)


def _holds(match: re.Match[str], where: Region) -> bool:
    """Whether the region's columns, where it has some, lie in this pair."""
    if where.start_column is None:
        return True
    return match.start() <= where.start_column <= match.end() + 1
