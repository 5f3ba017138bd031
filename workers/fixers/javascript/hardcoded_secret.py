"""Credentials written into JavaScript code."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import MASKED, Parsed, any_of, candidate, region
from workers.fixers.javascript.pages import refuse_pages
from workers.fixers.javascript.script import TYPED, called, flagged_node, imported, literal, script
from workers.fixers.javascript.secret_role import (
    OF_TOKENS,
    WORDS,
    holder_of,
    is_same,
    is_secret,
    refuse_elsewhere,
    role_of,
)
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer
from workers.fixers.secrets.names import ROTATE, given_out, is_label, own_name, refuse_test
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_SAYS = re.compile(r"(?:errors?|messages?|labels?|hints?|placeholders?)(?:\.|\[['\"])\w+(?:['\"]\])?$", re.IGNORECASE)

_TEXTS = ("string", "template_string")
_DRAWN = re.compile(r"(?=\D*\d)[\w.-]{16,}")
"""What a provider draws: no words, and none of it put in from elsewhere."""
_LOGS = re.compile(r"(?:\w+\.)*(?:log|logger|console)(?:\.\w+)?$")
_TECHNICAL = re.compile(
    r"utf-?(?:8|16le)|hex|base64(?:url)?|binary|ascii|latin1|(?:hmac-?)?sha-?\d+|md5|aes-[\w-]+", re.IGNORECASE
)


@fixer(
    name="javascript-hardcoded-secret",
    weakness="credential in the code",
    cwes=(259, 321, 798),
    rules={
        "njsscan": [
            "node_password",
            "node_api_key",
            "node_secret",
            "hardcoded_jwt_secret",
            "jwt_express_hardcoded",
            "hardcoded_passport_secret",
        ],
        "semgrep": [
            "jwt-hardcode*",
            "hardcoded-jwt-secret",
            "hardcoded-hmac-key",
            "hardcoded-passport-secret",
            "express-jwt-hardcoded-secret",
            "express-session-hardcoded-secret",
        ],
        "eslint-plugin-no-secrets": ["no-secrets"],
    },
    explain="""A secret in the code is known to everyone who ever reads the code, its history, its bundle or its
container image, and it cannot differ between a test machine and the real one (CWE-798).

`process.env.NAME` takes it from the process' environment. Reading it from a file that `NAME_FILE` points to suits
Docker and Kubernetes secrets and keeps it out of the environment, which child processes inherit. In both cases:
rotate it, because the history still has it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A literal credential → the environment, or a mounted file."""
    parsed = script(target)
    refuse_test(parsed.path, region(target).start_line)
    _refuse_labels(target, parsed)
    provider = given_out(target.finding)
    file, node = _credential(target, provider)
    refuse_pages(target.tree, file)
    refuse_elsewhere(target, file, node)
    variable = own_name(role_of(file, node) or provider or "secret", holder_of(file, node))
    left = node.parent.child_by_field_name("left") if node.parent is not None else None
    fallen = _fallback(file, node)
    if fallen is None and left is not None and file.text(left) == f"process.env.{variable}":
        message = (
            f"{file.path}:{file.number(node)} gives the environment's own variable a value: set {variable} where this "
            "runs, and take the line out"
        )
        raise NoFix(message)
    # TypeScript takes what may be unset for `string | undefined`, which does not fit where the literal stood.
    typed = " as string" if file.path.endswith(TYPED) else ""
    rotate = "Rotate the old value: the history still has it."

    if fallen is not None:
        whole, read, name = fallen
        yield candidate(
            "environment",
            [file.replace(whole, f"{read}{typed}")],
            f"The environment variable {name} alone gives the value; there is none where nobody sets it. {ROTATE}",
            declares=(f"statement:{_statement_line(file, node)}", MASKED),
            warnings=(f"Set {name} wherever this runs.", rotate),
        )
        return
    same = [each for each in file.of(*_TEXTS) if is_same(file, each, node)]
    places = tuple(f"statement:{_statement_line(file, each)}" for each in same)

    def mounted() -> Candidate:
        name, edits, declares = imported(file, "fs")
        text = f"{name}.readFileSync(process.env.{variable}_FILE{typed}).toString().trim()"
        return candidate(
            "mounted-file",
            [*(file.replace(each, text) for each in same), *edits],
            f"The value is read from the file that {variable}_FILE names, as Docker and Kubernetes mount it. {ROTATE}",
            declares=(*declares, *places, MASKED),
            warnings=(f"Set {variable}_FILE to the file's path wherever this runs.", rotate),
        )

    def environment() -> Candidate:
        if _is_joined(file, node):
            message = (
                f"{file.path}:{file.number(node)} is joined to a text, in which a missing one would stand as a word"
            )
            raise NoFix(message)
        return candidate(
            "environment",
            [file.replace(each, f"process.env.{variable}{typed}") for each in same],
            f"The value comes from the environment variable {variable}. {ROTATE}",
            declares=(*places, MASKED),
            warnings=(f"Set {variable} wherever this runs.", rotate),
        )

    yield from any_of(
        environment,
        *([] if file.path.endswith((".jsx", ".tsx")) else [mounted]),
    )


def _credential(target: Target, provider: str | None) -> tuple[Parsed, Node]:
    """The file and the text that is meant."""
    if "jwt" in target.finding.rule_name:
        # The finding begins where the module is loaded, and other credentials may stand before the token's key.
        with contextlib.suppress(NotHere):
            return flagged_node(
                target, _TEXTS, lambda file, node: is_secret(file, node) and role_of(file, node) == OF_TOKENS
            )
    return flagged_node(
        target,
        _TEXTS,
        lambda file, node: is_secret(file, node) or (provider is not None and _is_argument(file, node)),
    )


def _fallback(file: Parsed, node: Node) -> tuple[Node, str, str] | None:
    """What `process.env.NAME || 'value'` is as a whole, how it reads the variable, and that variable's name."""
    left = node.parent.child_by_field_name("left") if node.parent is not None else None
    if left is None or node.parent is None or node.parent.type != "binary_expression":
        return None
    match = re.fullmatch(r"process\.env\.(\w+)|process\.env\[['\"](\w+)['\"]\]", file.text(left))
    operator = node.parent.child_by_field_name("operator")
    if match is None or operator is None or file.text(operator) not in {"||", "??"}:
        return None
    return node.parent, file.text(left), match[1] or match[2]


def _is_joined(file: Parsed, node: Node) -> bool:
    """Whether the variable that holds it becomes a part of a longer text, where `undefined` would be one, too."""
    holder = node.parent
    name = holder.child_by_field_name("name") if holder is not None and holder.type == "variable_declarator" else None
    if name is None:
        return False
    text, source = re.escape(file.text(name)), file.content.decode("utf-8", "replace")
    joined = rf"\+\s*{text}(?![\w$])|(?<![\w$.]){text}\s*\+(?!\+)|\$\{{\s*{text}\s*\}}"
    return re.search(joined, source) is not None


def _refuse_labels(target: Target, file: Parsed) -> None:
    """Say so where each text of the flagged lines is a word for a credential: a label, a sentence, a field's name.

    Raises:
        Harmless: it is so.
    """
    where = region(target)
    nodes = [each for each in file.of(*_TEXTS) if file.number(each) in where.lines]
    named = [(literal(file, each), role_of(file, each)) for each in nodes]
    held = [(value, name) for value, name in named if name is not None and WORDS.search(name)]
    if any(_is_example(file, each) for each in nodes):
        message = f"{file.path}:{where.start_line} is the example of a description: it shows a form and opens nothing"
        raise Harmless(message)
    said = nodes and all(_is_said(file, each) for each in nodes)
    if held and (said or all(value is not None and is_label(value, name) for value, name in held)):
        message = f"{file.path}:{where.start_line} is a label or a sentence, not a credential: suppress it so"
        raise Harmless(message)
    if not held and all(_is_no_value(file, each) for each in nodes):
        message = f"{file.path}:{where.start_line} holds no credential: what it names is given to it from elsewhere"
        raise Harmless(message)


def _is_no_value(file: Parsed, node: Node) -> bool:
    """Whether it is an algorithm, an encoding, what a log says, or a sentence."""
    value = literal(file, node)
    call = node.parent.parent if node.parent is not None and node.parent.type == "arguments" else None
    logged = call is not None and call.type == "call_expression" and _LOGS.match(called(file, call)) is not None
    return logged or (value is not None and (_TECHNICAL.fullmatch(value) is not None or is_label(value, "")))


def _is_said(file: Parsed, node: Node) -> bool:
    """Whether it is what people read about a field: `errors.password = 'Too short'`."""
    left = node.parent.child_by_field_name("left") if node.parent is not None else None
    return left is not None and _SAYS.search(file.text(left)) is not None


def _is_example(file: Parsed, node: Node) -> bool:
    """Whether it stands below a key called `example`, as descriptions of an API have them."""
    keys = (outer.child_by_field_name("key") for outer in ancestors(node) if outer.type == "pair")
    return any(key is not None and file.text(key).strip("'\"") in {"example", "examples"} for key in keys)


def _statement_line(file: Parsed, node: Node) -> int:
    inner = node
    for outer in ancestors(node.parent):
        if outer.type in {"program", "statement_block", "class_body"}:
            break
        inner = outer
    return file.number(inner)


def _is_argument(file: Parsed, node: Node) -> bool:
    """Whether a call takes it as it is, and no name says what it is: `require("stripe")("…")`."""
    return (
        node.parent is not None
        and node.parent.type == "arguments"
        and _DRAWN.fullmatch(file.text(node)[1:-1]) is not None
    )
