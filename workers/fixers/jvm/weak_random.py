"""Random values that an observer can predict, in Java and Kotlin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate, region
from workers.fixers.jvm.imports import import_in_order
from workers.fixers.jvm.source import flagged_bytes, is_kotlin, jvm, matches, statement
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test

_IMPORT = r"import\s+(?P<value>java\.util\.Random)\b"
_MADE = r"(?<![\w.])(?:java\.util\.)?Random(?:\(|\s*::\s*new\b)|\bMath\.random\("
_MATH = r"(?:java\.lang\.)?\bMath\.random\(\s*\)"
_NEW = r"new\s+(?:java\.util\.)?Random\(\s*\)(?=\s*\.)"

_SECRET = re.compile(
    r"(?i:token|secret|passw|pwd|nonce|salt|csrf|otp|captcha|session|verif|invit|challenge|coupon|voucher|ticket|crypt"
    r"|cipher|uuid|guid|alphabet|letters|charAt|characters|toChars|toHex|nextBytes)"
    r"|(?<!hash)(?<!Hash)Code\b|CODE\b|\bcode\b|(?<!Primary)(?<!primary)(?<!Foreign)[kK]ey\b|KEY\b|\biv\b|IV\b|\bpin\b|PIN"
)
"""What somebody may gain by guessing, and how texts are put together."""
_NAMED_ID = re.compile(
    r"(?i:session|user|request|device|client|account|reset|activation|trace)_?Id\b|\bappend\(|\+\s*\""
)
"""Of a draw's own line: what it names, or a text that it becomes a part of."""
_NEAR = 6
_HOLDERS = ("local_variable_declaration", "field_declaration")
_OURS = re.compile(r"(?:@\w+\s+)*(?:[a-z]+\s+)*(?:private|final)\b")
"""What begins a field that no other class gives a value."""


@fixer(
    name="jvm-weak-random",
    weakness="predictable random values",
    cwes=(330, 338),
    rules={
        "semgrep": ["weak-random"],
        "mobsfscan": ["java_insecure_random", "android_kotlin_insecure_random"],
    },
    explain="""`java.util.Random` is a linear congruential generator: two outputs give its state, and with it every
token, code or password it makes afterwards. `Math.random()` is one of them (CWE-330, CWE-338).

`java.security.SecureRandom` extends `Random`, so it takes its place everywhere, and asks the operating system's
generator. It is slower and cannot be made to repeat itself from a seed: a simulation that must be reproducible keeps
`Random`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A predictable generator → SecureRandom."""
    file = jvm(target)
    if is_test(file.path):
        message = (
            f"{file.path}:{region(target).start_line} is test code: nobody gains by guessing its draws; exclude tests"
        )
        raise Harmless(message)
    seeded = matches(file, r"\bRandom\(\s*[^)\s]", 0, len(file.content)) and not is_kotlin(file)
    if seeded or matches(file, r"\.setSeed\(", 0, len(file.content)):
        message = f"{file.path} seeds its generator, so its values are meant to be reproducible"
        raise NoFix(message)
    span = flagged_bytes(target, file)
    if matches(file, _IMPORT, *span) and not matches(file, _MADE, 0, len(file.content)):
        message = f"{file.path}:{region(target).start_line} imports the type alone: no generator of it is made here"
        raise Harmless(message)
    if not _may_be_secret(file):
        message = (
            f"{file.path}:{region(target).start_line} draws neither a text nor anything that is named as a secret is: "
            "nobody gains by a guess"
        )
        raise Harmless(message)
    yield from any_of(
        lambda: _imported(target, file, span),
        lambda: _shared(target, file),
        lambda: _one(target, file, span),
    )


def _may_be_secret(file: Parsed) -> bool:
    """Whether a method that draws, the class or a variable made of a draw has to do with secrets, or makes a text."""
    generators = [
        match[1].decode()
        for match in re.finditer(rb"\bRandom\s+(\w+)|\b(\w+)\s*=\s*Random\b", file.content)
        if match[1]
    ]
    drawn = re.compile(
        rf"\bRandom\b|\bMath\.random|\b(?:{'|'.join([*map(re.escape, generators), 'RANDOM'])})\b\s*[.,)]"
    )
    methods = file.of("method_declaration", "function_declaration", "constructor_declaration")
    texts = [each for node in methods if drawn.search(text := file.text(node)) for each in _near(text, drawn)]
    lines = [line for line in file.content.decode("utf-8", "replace").split("\n") if drawn.search(line)]
    named = any(_NAMED_ID.search(line) for line in (PurePosixPath(file.path).stem, *lines))
    return named or any(_SECRET.search(text) for text in (PurePosixPath(file.path).stem, *texts, *lines))


def _near(method: str, drawn: re.Pattern[str]) -> Iterator[str]:
    """The method's head and the lines around each draw: what a long method does elsewhere says nothing of it."""
    lines = method.split("\n")
    yield method.partition("{")[0]
    for number, line in enumerate(lines):
        if drawn.search(line):
            yield "\n".join(lines[max(0, number - _NEAR) : number + _NEAR + 1])


def _imported(target: Target, file: Parsed, span: tuple[int, int]) -> Candidate:
    """The import and every use of the name: SecureRandom is a Random."""
    found = matches(file, _IMPORT, *span)
    if matches(file, r"(?<![\w.])Random\(\s*\)", *span):
        found = matches(file, _IMPORT, 0, len(file.content))
    if not found:
        return _refuse(target, file)
    if matches(
        file,
        r"\bclass\s+SecureRandom\b|import\s+(?!java\.security\.SecureRandom)[\w.]+\.SecureRandom\b",
        0,
        len(file.content),
    ):
        return _refuse(target, file)
    uses = matches(file, r"(?<![\w.])Random\b", found[0].end(), len(file.content))
    edits = [file.edit(match.start(), match.end(), _new_name(file, match)) for match in uses]
    if matches(file, r"import\s+java\.security\.SecureRandom\b", 0, len(file.content)):
        line = file.line_of(found[0].start())
        edits.append(file.edit(file.starts[line - 1], file.starts[line], ""))
    else:
        edits += import_in_order(file, found[0], "java.security.SecureRandom")
    used = {number for match in uses for number in _lines(file, match.start())}
    lines = sorted({file.line_of(edit.start) for edit in edits} | used)
    return candidate(
        "secure-random",
        edits,
        "SecureRandom has the same methods over the operating system's generator.",
        declares=(
            *(f"statement:{line}" for line in lines),
            "import:java.security.SecureRandom",
            "import:java.util.Random/delete",
        ),
        warnings=("Every generator of this file changes; none of them can be seeded any more.",),
    )


def _lines(file: Parsed, offset: int) -> tuple[int, int]:
    """The byte's own line, and that where its statement begins."""
    return file.line_of(offset), file.number(statement(file, offset))


def _new_name(file: Parsed, use: re.Match[bytes]) -> str:
    """SecureRandom where one is made, and for a variable that holds no other; else the type that callers know."""
    after = file.content[use.end() :]
    if re.match(rb"\s*(?:\(\s*\)|::\s*new\b)", after):
        return "SecureRandom"
    holder = statement(file, use.start())
    text = file.text(holder)
    ours = holder.type == "local_variable_declaration" or re.match(
        r"(?:@\w+\s+)*(?:[a-z]+\s+)*(?:private|final)\b", text
    )
    kotlin = re.match(r"(?:private\s+)?va[lr]\s+\w+\s*:\s*Random\s*=", text) if is_kotlin(file) else None
    named = re.match(rb"\s+(\w+)\s*(?:;|=)", after)
    if kotlin or (ours and named and holder.type in _HOLDERS and _only_made(file, named[1].decode())):
        return "SecureRandom"
    return "java.util.Random"


def _only_made(file: Parsed, name: str) -> bool:
    """Whether each value that the file gives the variable is a generator made there."""
    given = re.findall(rf"\b{name}\s*=(?!=)\s*([^;]*);", file.content.decode())
    return bool(given) and all(re.fullmatch(r"new\s+Random\(\s*\)", each.strip()) for each in given)


def _shared(target: Target, file: Parsed) -> Candidate:
    """One generator of the class for all of its draws, where each makes its own.

    Raises:
        NoFix: a generator is kept or handed on, or the file has several classes or another RANDOM.
    """
    whole = (0, len(file.content))
    found = matches(file, _IMPORT, *whole)
    draws = matches(file, _NEW, *whole)
    uses = matches(file, r"(?<![\w.])(?:java\.util\.)?Random\b", found[0].end() if found else 0, whole[1])
    tops = [node for node in file.syntax.root.named_children if node.type.endswith("_declaration")]
    bodies = [node.child_by_field_name("body") for node in tops if node.type == "class_declaration"]
    body = bodies[0] if len(bodies) == 1 else None
    members = [node for node in body.named_children if "comment" not in node.type] if body is not None else []
    plain = (
        found and draws and len(draws) == len(uses) and members and file.line_of(found[0].start()) < len(file.starts)
    )
    if is_kotlin(file) or not plain or re.search(rb"\b(?:RANDOM|SecureRandom)\b", file.content):
        return _refuse(target, file)
    line, first, top = file.line_of(found[0].start()), file.number(members[0]), body.named_children[0] if body else None
    if top is None or file.slice(file.starts[file.number(top) - 1], top.start_byte).strip():
        return _refuse(target, file)
    field = f"{file.indent(first)}private static final SecureRandom RANDOM = new SecureRandom();\n\n"
    used = {number for match in draws for number in _lines(file, match.start())}
    return candidate(
        "shared-secure-random",
        [
            *import_in_order(file, found[0], "java.security.SecureRandom"),
            file.insert(file.starts[file.number(top) - 1], field),
            *(file.edit(match.start(), match.end(), "RANDOM") for match in draws),
        ],
        "All draws come from one generator of the class, over the operating system's; several threads may use it.",
        declares=(
            f"insert:{first}",
            *(f"statement:{number}" for number in sorted({line} | used)),
            "import:java.security.SecureRandom",
            "import:java.util.Random/delete",
        ),
    )


def _one(target: Target, file: Parsed, span: tuple[int, int]) -> Candidate:
    """One draw, with the generator named in full so that no import is needed."""
    new = "" if is_kotlin(file) else "new "
    for pattern, text in (
        (_MATH, f"{new}java.security.SecureRandom().nextDouble()"),
        (_NEW, f"{new}java.security.SecureRandom()"),
    ):
        found = matches(file, pattern, *span)
        if found and pattern == _NEW and _is_only_one(file):
            return _refuse(target, file)
        if found:
            return _drawn(file, found[0], text)
    return _refuse(target, file)


def _is_only_one(file: Parsed) -> bool:
    """Whether the file imports the generator for this one draw, and would be left with an import of nothing."""
    found = matches(file, _IMPORT, 0, len(file.content))
    return bool(found) and len(matches(file, r"(?<![\w.])Random\b", found[0].end(), len(file.content))) == 1


def _drawn(file: Parsed, match: re.Match[bytes], text: str) -> Candidate:
    return candidate(
        "secure-random",
        [file.edit(match.start(), match.end(), text)],
        "The draw comes from the operating system's generator, which nobody can predict from its outputs.",
    )


def _refuse(target: Target, file: Parsed) -> Candidate:
    message = f"{file.path}:{region(target).start_line} draws its values in a form that has no plain replacement"
    raise NoFix(message)
