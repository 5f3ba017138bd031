"""Credentials in Go, PHP, Ruby, C#, Rust, Scala and Lua: a literal with a name becomes what is read from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import MASKED, Parsed, candidate, flagged_node, parsed
from workers.fixers.registry import Harmless, NoFix, Target
from workers.fixers.secrets.names import ROTATE, environment_name, is_label, refuse_test
from workers.fixers.secrets.places import same_literals
from workers.source.syntax import ancestors
from workers.source.tree import SourceTree, text_of

if TYPE_CHECKING:
    from tree_sitter import Node


class _Language(msgspec.Struct, frozen=True):
    """How one language writes literals, and how it reads the environment; `{}` stands for the variable's name."""

    literals: tuple[str, ...]
    environment: str | None
    required: str | None
    """An expression that stops the program where nobody sets the value."""
    fixed: tuple[str, ...] = ()
    """Nodes whose value has to be known when the code is compiled."""
    mounted: str | None = None
    """An expression that reads the file which a variable names."""
    built_in: str | None = None
    """An expression that the compiler works out, and that stops the build where nobody sets the value."""


_LANGUAGES = {
    "go": _Language(("interpreted_string_literal", "raw_string_literal"), 'os.Getenv("{}")', None),
    "php": _Language(
        ("string", "encapsed_string"),
        "getenv('{}')",
        None,
        ("property_initializer", "const_element", "property_promotion_parameter", "simple_parameter"),
        "trim(file_get_contents(getenv('{}_FILE')))",
    ),
    "ruby": _Language(("string",), 'ENV["{}"]', 'ENV.fetch("{}")'),
    "c_sharp": _Language(
        ("string_literal",),
        'System.Environment.GetEnvironmentVariable("{}")',
        'System.Environment.GetEnvironmentVariable("{}") '
        '?? throw new System.InvalidOperationException("{} is not set")',
        ("parameter", "attribute_argument", "case_switch_label", "constant_pattern"),
    ),
    # A text of the environment belongs to whoever asks for it: only `env!` is as long-lived as a literal.
    "rust": _Language(("string_literal",), None, None, ("attribute_item", "match_pattern"), built_in='env!("{}")'),
    "scala": _Language(("string",), 'System.getenv("{}")', 'sys.env("{}")', ("annotation", "case_clause", "parameter")),
    "lua": _Language(("string",), 'os.getenv("{}")', 'assert(os.getenv("{}"), "{} is not set")'),
}
SUFFIXES = (".go", ".php", ".rb", ".cs", ".rs", ".scala", ".sbt", ".lua")
_NAME = re.compile(r"([A-Za-z_]\w*)\W*$")
_ENV = re.compile(rb"(?<![\w>:$])env\(['\"]")
_OTHER_OS = re.compile(
    rb"\bos\s*(?::=|,[^\n=]*:=)|\bvar\s+os\b|[(,]\s*os\s+[\w*\[]|^\s*(?:import\s+)?(?!import\b)[\w.]+\s+\"os\"",
    re.MULTILINE,
)
_HOLDERS = frozenset({"expression_list", "literal_element", "equals_value_clause", "property_initializer", "argument"})
"""Nodes between a literal and the one that names it."""


def propose(target: Target) -> Iterator[Candidate]:
    """A literal credential → the environment.

    Raises:
        NotHere: the flagged lines hold no literal that has a name.
        NoFix: it is a test's, or fixed when the code is compiled.
    """
    file = parsed(target, *_LANGUAGES)
    language = _LANGUAGES[file.syntax.language]
    file, node = flagged_node(target, file, language.literals, _is_secret)
    refuse_test(file.path, file.number(node))
    if file.syntax.language == "rust" and b"#[cfg(test)]" in file.content[: node.start_byte]:
        message = (
            f"{file.path}:{file.number(node)} stands in the file's tests, where a made-up credential protects nothing"
        )
        raise Harmless(message)
    variable = _variable(file, node, language)
    if file.syntax.language == "go":
        _refuse_unread(target.tree, file, node)
    places = same_literals(file, node, language.literals)
    edits = _made_variable(file, node, language)
    edits += _import_of_os(file) if file.syntax.language == "go" else []
    for approach, expression, source in (
        ("required-environment", language.required, "the environment variable {}; the program stops without it"),
        ("environment", _environment(file, language), "the environment variable {}; it is empty where nobody sets it"),
        ("mounted-file", language.mounted, "the file that {}_FILE names, as Docker and Kubernetes mount secrets"),
        ("build-environment", language.built_in, "the build's variable {}; the build stops without it and keeps it"),
    ):
        if expression is not None:
            name = f"{variable}_FILE" if expression is language.mounted else variable
            yield candidate(
                approach,
                [*(file.replace(each, expression.replace("{}", variable)) for each in places), *edits],
                f"The value comes from {source.replace('{}', variable)}. {ROTATE}",
                declares=(MASKED, "import:os") if file.syntax.language == "go" else (MASKED,),
                warnings=(f"Set {name} wherever this runs.", "Rotate the old value: the history still has it."),
            )


def _variable(file: Parsed, node: Node, language: _Language) -> str:
    """The variable's name, after what holds the value where another value of the file goes by the same name."""
    name = environment_name(_name(file, node) or "")
    alike = [
        each
        for each in file.of(*language.literals)
        if _is_secret(file, each) and environment_name(_name(file, each) or "") == name
    ]
    if all(file.text(each) == file.text(node) for each in alike):
        return name
    holders = [(each.id, _holder(file, each)) for each in alike]
    own = next((holder for identity, holder in holders if identity == node.id), None)
    if own is not None and sum(holder == own for _, holder in holders) == 1:
        return environment_name(f"{own}_{name}")
    return f"{name}_{next(number for number, each in enumerate(alike, 1) if each.id == node.id)}"


def _holder(file: Parsed, node: Node) -> str | None:
    """The next variable, type or function around the value that has a name, besides what names the value itself."""
    for around in list(ancestors(node))[1:]:
        named = around.child_by_field_name("name") or around.child_by_field_name("left")
        if named is not None and named.end_byte < node.start_byte and not named.type.endswith("list"):
            found = _NAME.search(file.text(named))
            if found and found[1] != _name(file, node):
                return found[1]
    return None


def _environment(file: Parsed, language: _Language) -> str | None:
    """The expression that reads a variable, by the file's own way where it has one."""
    return "env('{}')" if file.syntax.language == "php" and _ENV.search(file.content) else language.environment


def _refuse_unread(tree: SourceTree, file: Parsed, node: Node) -> None:
    """Say so where Go would not read the variable there: it is too early, or `os` is something else.

    Raises:
        NoFix: it is.
    """
    where = f"{file.path}:{file.number(node)}"
    if _OTHER_OS.search(file.content):
        message = f"{where} stands in a file that calls something of its own `os`: take the value out by hand. {ROTATE}"
        raise NoFix(message)
    in_function = any(each.type.startswith(("function", "method", "func")) for each in ancestors(node))
    module = next((text for folder in _folders(file.path) if (text := text_of(tree, f"{folder}go.mod"))), "")
    if not in_function and "github.com/joho/godotenv" in module and b"godotenv/autoload" not in file.content:
        message = (
            f"{where} is worked out before the program reads its `.env`, so that it would find no variable there: read "
            f"it in a function that is called later. {ROTATE}"
        )
        raise NoFix(message)


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["".join(f"{part}/" for part in parts[:length]) for length in range(len(parts), -1, -1)]


def _is_secret(file: Parsed, node: Node) -> bool:
    name, value = _name(file, node), file.text(node)[1:-1]
    plain = all(child.type.endswith(("content", "fragment", "value")) for child in node.named_children)
    plain = plain and file.text(node)[:1] in "\"'`"
    return bool(name and plain and value) and not is_label(value, name or "")


def _name(file: Parsed, node: Node) -> str | None:
    """What the code calls the value: what stands before it in the assignment, the pair, or the call that defines it."""
    while node.parent is not None and node.parent.type in _HOLDERS:
        if len(node.parent.named_children) > 1:
            return None
        node = node.parent
    before = node.prev_named_sibling
    while before is not None and before.type.endswith(("operator", "_type", "type_identifier")):
        before = before.prev_named_sibling
    if before is None or node.parent is None:
        return None
    if node.parent.type in ("arguments", "argument_list") and _called(file, node.parent) != "define":
        return None
    found = _NAME.search(file.text(before))
    return found[1] if found else None


def _called(file: Parsed, arguments: Node) -> str:
    return file.text(arguments.prev_named_sibling) if arguments.prev_named_sibling is not None else ""


def _made_variable(file: Parsed, node: Node, language: _Language) -> list[Edit]:
    """What makes a constant one that is worked out when the program starts; nothing where it is one already."""
    for above in ancestors(node):
        if above.type == "const_declaration" and file.syntax.language == "go" and len(above.named_children) == 1:
            return [file.edit(above.start_byte, above.start_byte + len("const"), "var")]
        constant = above.type == "field_declaration" or above.type == "local_declaration_statement"
        if (
            above.type in language.fixed
            or above.type == "const_declaration"
            or (constant and any(file.text(part) == "const" for part in above.children))
        ):
            message = (
                f"{file.path}:{file.number(node)} is fixed when the code is compiled, so it cannot come from the "
                f"environment: make it a value that is read at run time. {ROTATE}"
            )
            raise NoFix(message)
    return []


def _import_of_os(file: Parsed) -> list[Edit]:
    """`"os"`, among Go's imports in their order."""
    paths = list(file.of("import_spec"))
    if any(file.text(spec) == '"os"' for spec in paths):
        return []
    if not paths:
        package = next(file.of("package_clause"))
        return [file.insert(package.end_byte, '\n\nimport "os"')]
    first = paths[0]
    if first.parent is not None and first.parent.type == "import_declaration":
        return [file.insert(first.parent.end_byte, '\nimport "os"')]
    plain = [spec for spec in paths if file.text(spec).startswith('"') and "." not in file.text(spec)]
    later = next((spec for spec in plain if file.text(spec) > '"os"'), None)
    if later is not None:
        return [file.insert(later.start_byte, f'"os"\n{file.indent(file.number(later))}')]
    last = plain[-1] if plain else first
    margin = file.indent(file.number(last))
    if plain:
        return [file.insert(last.end_byte, f'\n{margin}"os"')]
    # Packages of others begin a group of their own.
    return [file.insert(last.start_byte, f'"os"\n\n{margin}')]
