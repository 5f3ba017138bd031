"""Random values that an observer can predict, in JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.manifest import refuse_older_node
from workers.fixers.javascript.script import arguments, called, flagged_node, imported, in_browser
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_WHOLE_SUM = re.compile(r"\(\s*[\w.]+(?:\s*[-+]\s*[\w.]+)*\s*\)|[A-Za-z_$][\w$]*")
"""Names added up, which `randomInt` takes where they hold whole numbers, and refuses where not."""
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
_TEXT = re.compile(r"[\s)]*\.toString\(")
_SIGNS = re.compile(r"chars?\b|charAt|characters|letters|alphabet|possible|digits", re.IGNORECASE)
_FEW_LINES = 8
_RANDOM_INT = 12
"""The first Node with `randomInt`."""
_SMALL = re.compile(r"[1-9]\d{0,13}")


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
replacement of `Math.floor(Math.random() * n)` in Node. `crypto.getRandomValues` gives the same source in browsers and
Node; divided by 2³² it is a fraction in [0, 1) as `Math.random()` gives.""",
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
    if not _may_be_secret(file, call):
        message = (
            f"{file.path}:{file.number(call)} draws neither a text nor anything that is named as a secret is: "
            "nobody gains by a guess"
        )
        raise Harmless(message)
    try:
        yield _integer(target, file, call)
    except NoFix:
        yield from any_of(lambda: _fraction(file, call), lambda: _fine(target, file, call))
        return
    yield _fraction(file, call)


def _is_draw(file: Parsed, call: Node) -> bool:
    name = called(file, call)
    return name == "Math.random" or name.rpartition(".")[2] == "pseudoRandomBytes"


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
            if not _is_node(file):
                break
            given = {file.text(each) for each in parameters.named_children}
            return _is_secret(names, before, after) or bool(given & set(re.findall(r"[A-Za-z_$][\w$]*", after)))
    return _is_secret(names, before, after)


def _is_secret(names: list[str], before: str, after: str) -> bool:
    return any(_SECRET.search(name) for name in names) or bool(_TEXT.search(after) or _SIGNS.search(before + after))


def _bytes(file: Parsed, call: Node) -> Candidate:
    function = call.child_by_field_name("function")
    name = function.child_by_field_name("property") if function is not None else None
    if name is None:
        message = f"{file.path}:{file.number(call)} imports pseudoRandomBytes by name: import randomBytes in its place"
        raise NoFix(message)
    return candidate("random-bytes", [file.replace(name, "randomBytes")], "The same call over the safe generator.")


def _integer(target: Target, file: Parsed, call: Node) -> Candidate:
    """`Math.floor(Math.random() * n + m)` → `crypto.randomInt(m, m + n)`; `Math.ceil` begins at 1."""
    if not _is_node(file):
        message = f"{file.path} is not for Node, and browsers have no whole random numbers of their own"
        raise NoFix(message)
    refuse_older_node(target.tree, file.path, _RANDOM_INT, "crypto.randomInt")
    whole, bounds = _whole(file, call)
    name, edits, declares = _crypto(file)
    return candidate(
        "random-int",
        [file.replace(whole, f"{name}.randomInt({bounds})"), *edits],
        "A whole number below the bound from the operating system's generator, without bias. Node only.",
        declares=declares,
        warnings=("`randomInt` throws where a bound is no whole number.",) if re.search(r"[A-Za-z_]", bounds) else (),
    )


def _whole(file: Parsed, call: Node) -> tuple[Node, str]:
    """The rounding call around a draw, and the bounds for `randomInt`."""
    product = _around(call)
    factor = _other(file, product, "*", _outermost(call))
    if product is None or factor is None:
        return _refuse(file, call)
    summed = _around(product)
    added = _other(file, summed, "+", _outermost(product))
    inside = summed if summed is not None and added is not None else product
    outer = _around(inside)
    outer = outer.parent if outer is not None and outer.type == "arguments" else outer
    if outer is None or outer.type != "call_expression" or len(arguments(outer)) != 1:
        return _refuse(file, call)
    bound, rounds = file.text(factor), called(file, outer)
    if rounds == "Math.floor" and added is None and (_SMALL.fullmatch(bound) or re.fullmatch(r"[\w.]+\.length", bound)):
        return outer, bound
    if rounds == "Math.floor" and added is None and _WHOLE_SUM.fullmatch(bound):
        return outer, bound.removeprefix("(").removesuffix(")").strip()
    low = file.text(added) if added is not None else "0"
    if rounds not in ("Math.floor", "Math.ceil") or not _SMALL.fullmatch(bound) or not re.fullmatch(r"\d{1,9}", low):
        return _refuse(file, call)
    first = int(low) + (rounds == "Math.ceil")
    return outer, f"{first}, {first + int(bound)}"


def _outermost(node: Node) -> Node:
    """The node with the parentheses around it."""
    while node.parent is not None and node.parent.type == "parenthesized_expression":
        node = node.parent
    return node


def _around(node: Node) -> Node | None:
    """What holds the node, parentheses left out."""
    return _outermost(node).parent


def _other(file: Parsed, whole: Node | None, operator: str, one: Node) -> Node | None:
    """The other operand, where this is a sum or product of that operator."""
    if whole is None or whole.type != "binary_expression":
        return None
    left, right, sign = (whole.child_by_field_name(name) for name in ("left", "right", "operator"))
    if left is None or right is None or sign is None or file.text(sign) != operator:
        return None
    return right if left == one else left


def _refuse(file: Parsed, call: Node) -> tuple[Node, str]:
    message = f"{file.path}:{file.number(call)} does not draw a whole number below a known bound"
    raise NoFix(message)


def _fraction(file: Parsed, call: Node) -> Candidate:
    name, edits, declares = _crypto(file)
    bits = (
        f"{name}.randomBytes(4).readUInt32BE(0)" if _is_node(file) else f"{name}.getRandomValues(new Uint32Array(1))[0]"
    )
    return candidate(
        "random-fraction",
        [file.replace(call, f"({bits} / 2 ** 32)"), *edits],
        "A fraction in [0, 1) as before, made of 32 bits from the operating system's generator.",
        declares=declares,
    )


def _fine(target: Target, file: Parsed, call: Node) -> Candidate:
    """As many bits as a number has, where the fraction itself is what is drawn."""
    if _is_node(file):
        refuse_older_node(target.tree, file.path, _RANDOM_INT, "crypto.randomInt")
    name, edits, declares = _crypto(file)
    words = f"{name}.getRandomValues(new Uint32Array(2))"
    text = (
        f"{name}.randomInt(2 ** 47) / 2 ** 47"
        if _is_node(file)
        else f"{words}.reduce((high, low) => (high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53"
    )
    return candidate(
        "fine-fraction",
        [file.replace(call, f"({text})"), *edits],
        "A fraction in [0, 1) of nearly as many bits as `Math.random()` gives, from the operating system's generator.",
        declares=declares,
    )


def _is_node(file: Parsed) -> bool:
    known = re.search(rb"\brequire\(|\bmodule\.exports|\bprocess\.|from ['\"]node:", file.content)
    return bool(known) and not in_browser(file)


def _crypto(file: Parsed) -> tuple[str, tuple[Edit, ...], tuple[str, ...]]:
    """Node's module where the file is for Node; the global of browsers elsewhere."""
    if _is_node(file):
        return imported(file, "crypto")
    if re.search(rb"\b(?:const|let|var|import)\s[^;\n]*\bcrypto\b", file.content):
        message = f"`crypto` already means something else in {file.path}"
        raise NoFix(message)
    if not re.search(rb"\b(?:window|document|navigator|jQuery)\b|(?<![\w.])\$\(", file.content):
        message = f"{file.path} shows neither Node nor a browser, and each has its generator elsewhere"
        raise NoFix(message)
    return "crypto", (), ()
