"""Random values that an observer can predict, in JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.random_source import crypto, is_node
from workers.fixers.javascript.random_text import signs
from workers.fixers.javascript.random_whole import whole_number
from workers.fixers.javascript.script import called, flagged_node
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_PARAMETER = re.compile(
    r"[?&](?:_|s|t|r|v|ts|rnd|rand\w*|time\w*|date|cache\w*|nocache|bust\w*|refresh|version)?=?"
    r"(?:['\"]\s*\+\s*\(?|\$\{)\s*$",
    re.IGNORECASE,
)
"""`"…&s=" + `, as pictures are asked for that change under one address."""
_WAIT = re.compile(
    r"(?!.*(?:[Tt]oken|[Kk]ey|[Ss]ecret|[Nn]once|[Cc]ode|Id$))"
    r"(?:(?:delay|jitter|backoff|wait|sleep|pause|timeout|interval|retry)\w*"
    r"|\w*(?:Delay|Jitter|Backoff|Wait|Timeout|Interval)(?:Ms)?)"
)
_BUSTS = re.compile(r"cache_?bust|no_?cache\b", re.IGNORECASE)
_SECRET = re.compile(
    r"(?i:token|secret|passw|pwd|nonce|session|salt|csrf|otp|captcha|key(?!board|word|frame|up|down|press)|verif|hash"
    r"|uuid|guid|ticket|cookie|invit|reset|challenge|coupon|voucher|(?:^|[^a-z])(?:id|pin|code|state|iv|sid)(?![a-z]))"
    r"|[a-z](?:Id|ID|Code|Pin)(?![a-z])"
)
"""What somebody may gain by guessing."""
_ID = re.compile(r"(?:^|_)u?id$|[a-z](?:Id|ID)$", re.IGNORECASE)
_OPENS = re.compile(r"token|secret|passw|session|nonce|csrf|otp|verif|invit|reset|auth|state", re.IGNORECASE)
_SEEDED = re.compile(rb"\bMath\.seedrandom\(|\bMath\.random\s*=(?!=)")
_COLOUR = re.compile(r"(?i:^|_)colou?r|Colou?r|^(?:hue|rgba?|hex)$")
_TEXT = re.compile(r"[\s)]*\.toString\(")
_SIGNS = re.compile(r"chars?\b|charAt|characters|letters|alphabet|possible|digits", re.IGNORECASE)
_FEW_LINES = 8


@fixer(
    name="javascript-weak-random",
    weakness="predictable random values",
    cwes=(330, 338),
    rules={
        "njsscan": ["node_insecure_random_generator"],
        "semgrep": ["detect-pseudoRandomBytes", "insecure-random", "node_insecure_random_generator"],
        "eslint": ["security/detect-pseudoRandomBytes"],
        "eslint-plugin-security": ["detect-pseudoRandomBytes"],
    },
    explain="""`Math.random()` is a small generator (xorshift128+) whose state follows from a few outputs; every token
or code made with it afterwards is known (CWE-330, CWE-338).

`crypto.randomInt(n)` draws a whole number from the operating system's generator without bias, and is the plain
replacement of `Math.floor(Math.random() * n)` in Node where n is surely a whole number above zero. A text of so many
signs is drawn sign by sign. `crypto.getRandomValues` gives the same source in browsers; bits of it, divided by as many
as they can be, are a fraction in [0, 1) as `Math.random()` gives.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A predictable draw → one from the operating system's generator."""
    file, call = flagged_node(target, ("call_expression",), _is_draw)
    if _spreads_waits(file, call):
        message = f"{file.path}:{file.number(call)} spreads how long is waited: nobody gains by a guess"
        raise Harmless(message)
    if _keeps_caches_away(file, call):
        message = (
            f"{file.path}:{file.number(call)} makes an address new, so that no cache answers: nobody gains by a guess"
        )
        raise Harmless(message)
    if called(file, call).endswith("pseudoRandomBytes"):
        yield _bytes(file, call)
        return
    if _SEEDED.search(file.content):
        message = f"{file.path}:{file.number(call)} draws the same again from the same seed, as it is meant to"
        raise Harmless(message)
    if _draws_a_colour(file, call):
        message = f"{file.path}:{file.number(call)} draws a colour: nobody gains by a guess"
        raise Harmless(message)
    if not _may_be_secret(file, call):
        message = (
            f"{file.path}:{file.number(call)} draws neither a text nor anything that is named as a secret is: "
            "nobody gains by a guess"
        )
        raise Harmless(message)
    if not is_node(file) and _names_only(file, call):
        message = f"{file.path}:{file.number(call)} draws an id, which tells things of one page apart and opens nothing"
        raise Harmless(message)
    draws = [each for each in file.of("call_expression") if _is_beside(file, each, call)]
    yield from any_of(
        lambda: _each(draws, lambda draw: whole_number(target, file, draw)),
        lambda: _each(draws, lambda draw: signs(target, file, draw)),
        lambda: _each(draws, lambda draw: _fraction(file, draw)),
        lambda: _each(draws, lambda draw: _fine(file, draw)),
    )


def _is_beside(file: Parsed, other: Node, call: Node) -> bool:
    """Whether it is a draw of the same line: one fix ends both, since the scanner tells them apart by their line."""
    return file.number(other) == file.number(call) and called(file, other) == "Math.random"


def _each(draws: Sequence[Node], make: Callable[[Node], Candidate]) -> Candidate:
    """What is made of each draw, as one candidate."""
    made = [make(draw) for draw in draws]
    return msgspec.structs.replace(made[0], edits=tuple(dict.fromkeys(edit for each in made for edit in each.edits)))


def _is_draw(file: Parsed, call: Node) -> bool:
    name = called(file, call)
    return name == "Math.random" or name.rpartition(".")[2] == "pseudoRandomBytes"


def _draws_a_colour(file: Parsed, call: Node) -> bool:
    """Whether the variable, or the function, that takes the draw is called a colour."""
    for outer in ancestors(call):
        name = outer.child_by_field_name("name") or outer.child_by_field_name("left")
        if name is not None and _COLOUR.search(file.text(name)):
            return True
        if outer.type in {"function_declaration", "method_definition"}:
            return False
    return False


def _keeps_caches_away(file: Parsed, call: Node) -> bool:
    """Whether the draw is put behind a parameter of an address that nobody takes for a secret."""
    before = file.slice(file.starts[file.number(call) - 1], call.start_byte)
    block = next((each for each in ancestors(call) if each.type == "statement_block"), None)
    text = file.text(block) if block is not None else ""
    busts = text.count("\n") <= _FEW_LINES and _BUSTS.search(text) and not _SECRET.search(text)
    return bool(busts) or _PARAMETER.search(before) is not None


def _spreads_waits(file: Parsed, call: Node) -> bool:
    """Whether the draw is a part of how long a timer waits, by the variable's name or as its argument."""
    for outer in ancestors(call):
        if outer.type == "variable_declarator":
            name = outer.child_by_field_name("name")
            return name is not None and _WAIT.fullmatch(file.text(name)) is not None
        if outer.type == "call_expression" and called(file, outer) in {"setTimeout", "setInterval"}:
            return True
        if outer.type in {"arrow_function", "function_expression", "statement_block"}:
            return False
    return False


def _may_be_secret(file: Parsed, call: Node) -> bool:
    """Whether a text is made of the draw, or something that is named as a secret is, or any range in Node."""
    number = file.number(call)
    before = file.slice(file.starts[number - 1], call.start_byte)
    after = file.slice(call.end_byte, file.line_end(number))
    names = [before]
    for outer in ancestors(call):
        if outer.type in {"variable_declarator", "function_declaration", "method_definition"}:
            name = outer.child_by_field_name("name")
            names.append(file.text(name) if name is not None else "")
        parameters = outer.child_by_field_name("parameters")
        if parameters is not None:
            if not is_node(file):
                break
            given = {file.text(each) for each in parameters.named_children}
            return _is_secret(names, before, after) or bool(given & set(re.findall(r"[A-Za-z_$][\w$]*", after)))
    return _is_secret(names, before, after)


def _names_only(file: Parsed, call: Node) -> bool:
    """Whether the draw is for an id, and nothing around it is named as a secret is."""
    outer = next((each for each in ancestors(call) if each.type in {"variable_declarator", "pair"}), None)
    name = (outer.child_by_field_name("name") or outer.child_by_field_name("key")) if outer is not None else None
    if name is None or outer is None or not _ID.search(file.text(name)):
        return False
    around = next((each for each in ancestors(outer) if each.child_by_field_name("parameters") is not None), None)
    named = around.child_by_field_name("name") if around is not None else None
    return _OPENS.search(file.text(name) + (file.text(named) if named is not None else "")) is None


def _is_secret(names: list[str], before: str, after: str) -> bool:
    return any(_SECRET.search(name) for name in names) or bool(_TEXT.search(after) or _SIGNS.search(before + after))


def _bytes(file: Parsed, call: Node) -> Candidate:
    function = call.child_by_field_name("function")
    name = function.child_by_field_name("property") if function is not None else None
    if name is None:
        message = f"{file.path}:{file.number(call)} imports pseudoRandomBytes by name: import randomBytes in its place"
        raise NoFix(message)
    return candidate("random-bytes", [file.replace(name, "randomBytes")], "The same call over the safe generator.")


def _fraction(file: Parsed, call: Node) -> Candidate:
    """A fraction of as many bits as the generator gives in one step.

    Raises:
        NoFix: a browser's step of 32 bits would draw fewer values than there are now.
    """
    name, edits, declares = crypto(file)
    if is_node(file):
        text, bits = f"{name}.randomBytes(6).readUIntBE(0, 6) / 2 ** 48", 48
    elif _is_scaled(file, call):
        text, bits = f"{name}.getRandomValues(new Uint32Array(1))[0] / 2 ** 32", 32
    else:
        message = f"{file.path}:{file.number(call)} draws more values than 32 bits have"
        raise NoFix(message)
    return candidate(
        "random-fraction",
        [file.replace(call, f"({text})"), *edits],
        f"A fraction in [0, 1) as before, made of {bits} bits from the operating system's generator.",
        declares=declares,
    )


def _fine(file: Parsed, call: Node) -> Candidate:
    """As many bits as a number has, in browsers."""
    name, edits, declares = crypto(file)
    if is_node(file):
        message = f"{file.path}:{file.number(call)} has 48 bits from Node's generator already"
        raise NoFix(message)
    words = f"{name}.getRandomValues(new Uint32Array(2))"
    text = f"{words}.reduce((high, low) => (high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53"
    return candidate(
        "fine-fraction",
        [file.replace(call, f"({text})"), *edits],
        "A fraction in [0, 1) of all the bits that a number has, from the operating system's generator.",
        declares=declares,
    )


def _is_scaled(file: Parsed, call: Node) -> bool:
    """Whether the fraction is stretched to a range at once."""
    outer = call.parent
    sign = outer.child_by_field_name("operator") if outer is not None and outer.type == "binary_expression" else None
    return sign is not None and file.text(sign) == "*"
