"""Credentials written into Java and Kotlin code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from daemon.domain.fix import Candidate
from workers.fixers.code import MASKED, Parsed, candidate, region
from workers.fixers.jvm.constant_names import is_a_name
from workers.fixers.jvm.source import flagged_bytes, is_kotlin, jvm, matches, on_android
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.secrets.names import ROTATE, is_label, own_name, refuse_test
from workers.source.syntax import ancestors
from workers.source.tree import text_of

_ASSIGNED = r"\b(?P<name>\w+)\s*(?::\s*String\??\s*)?=\s*(?P<value>\"[^\"\n\\$]+\")(?=\s*[;,)\n]|\s*$)"
_WORDS = re.compile(r"passw|pwd|passphrase|secret|token|api_?key|credential|private_?key|access_?key", re.IGNORECASE)
_KEY = re.compile(r"[a-z]+(?:[._-][a-z]+)+|[A-Za-z_]\w*(?:\.[A-Za-z_-]+)+")
_OF_A_CIPHER = re.compile(
    r"(?:\w*(?:aes|des|rsa|hmac|encrypt|crypt|cipher|sign|jwt|salt)\w*?|str|raw|my|_)_?key", re.IGNORECASE
)
_DRAWN = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[\w+/=!@$%&*-]{8,}")
"""Letters with digits: a key, and no name of a field."""
_SETTINGS = re.compile(r"@(?:\w+\.)*(?:ConfigurationProperties|ConfigMapping)\b")
_SHOWN = re.compile(r"X-[A-Za-z]+(?:-[A-Za-z]+)*$|(?=[^\x00-\x7f])")
"""A header's name, or the beginning of a text for people in another script."""
_STANDARD = re.compile(
    r"(?i:utf-?\d+|iso-8859-\d+|us-ascii|gbk|gb2312|big5|md[245]|sha-?\d*|hmac\w+|(?:aes|des|desede|rsa)(?:/\S+)?"
    r"|pbkdf2\w*|pkcs\d+|jks|hex|base64)"
)
"""A character set, an algorithm or a kind of store, given beside what is secret."""
_GIVEN = re.compile(rf"(?:{_WORDS.pattern})\w*\"?\s*[,(=:]\s*\"(?P<value>[^\"\n]+)\"", re.IGNORECASE)


@fixer(
    name="jvm-hardcoded-secret",
    weakness="credential in the code",
    cwes=(259, 321, 798),
    rules={
        "mobsfscan": ["hardcoded_password", "hardcoded_api_key", "hardcoded_secret", "android_kotlin_hardcoded"],
        "semgrep": ["hardcoded-*-secret", "hardcoded-password", "jwt-hardcode", "java-jwt-hardcoded-secret"],
    },
    explain="""A secret in the code is known to everyone who ever reads the code, its history or its class files
(`strings` finds it in a jar), and it cannot differ between a test machine and the real one (CWE-798).

`System.getenv("NAME")` takes it from the process' environment; `requireNonNull` (in Kotlin `?: error(…)`) says at
once that it is missing. An Android app has no environment and can keep no secret from its user: there the
server must hold it. In every case: rotate it, because the history still has it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A literal credential → the environment."""
    file = jvm(target)
    refuse_test(file.path, region(target).start_line)
    name, start, end = _secret(target, file)
    line = file.line_of(start)
    if re.search(r"(?i:trust_?store)", name):
        message = (
            f"{file.path}:{line} is the password of a trust store, which holds certificates that everybody may know: "
            "it opens nothing, and who writes the store and who reads it have to say the same"
        )
        raise Harmless(message)
    if re.match(r"(?i:default|initial|init)_?(?=[A-Z_])", name) or _is_of_a_new_account(file, start):
        message = (
            f"{file.path}:{line} is what a new account or installation begins with: draw one and print it once, or ask "
            "for it; a required variable would stop each installation"
        )
        raise NoFix(message)
    if on_android(target, file):
        message = (
            f"{file.path}:{line} is part of an Android app, which can keep no secret from its user: let the "
            "server hold it"
        )
        raise NoFix(message)
    constant = list(matches(file, rf"\bconst\s+(?=val\s+{name}\b)", 0, start))[-1:]
    if _is_asked_for(target, file, name, start) or (constant and _is_needed_early(target, name)):
        message = (
            f"{file.path}:{line} is a compile-time constant that annotations may use, so it cannot be read at run time"
        )
        raise NoFix(message)
    if _is_bound(file, start):
        yield _without_default(file, start, end)
        return
    variable = own_name(name, PurePosixPath(file.path).stem)
    read = f'System.getenv("{variable}")'
    checked = (
        f'{read} ?: error("{variable} is not set")' if is_kotlin(file) else f"java.util.Objects.requireNonNull({read})"
    )
    warnings = (f"Set {variable} wherever this runs.", "Rotate the old value: the history still has it.")
    # What is read when the program starts is no constant of the compiler's any more.
    plain = [file.edit(each.start(), each.end(), "") for each in constant]
    yield candidate(
        "required-environment",
        [*plain, file.edit(start, end, checked)],
        f"The value comes from {variable}, and the program stops at once where it is missing. {ROTATE}",
        declares=(MASKED,),
        warnings=warnings,
    )
    if _is_compared(target, file, name) or _is_joined(file, name):
        return
    yield candidate(
        "environment",
        [*plain, file.edit(start, end, read)],
        f"The value comes from the environment variable {variable}; it is null where nobody sets it. {ROTATE}",
        declares=(MASKED,),
        warnings=warnings,
    )


def _is_bound(file: Parsed, start: int) -> bool:
    """Whether it is the default of a field that the application's settings give a value."""
    around = list(ancestors(file.syntax.node_at(start, start + 1)))
    field = next((each for each in around if each.type == "field_declaration"), None)
    heads = (file.text(each).partition("{")[0] for each in around if each.type == "class_declaration")
    bound = field is not None and ("@JsonProperty" in file.text(field) or any(_SETTINGS.search(head) for head in heads))
    return bound and field is not None and not re.search(r"\b(?:static|final)\b", file.slice(field.start_byte, start))


def _without_default(file: Parsed, start: int, end: int) -> Candidate:
    """The field without what it is where the settings say nothing."""
    before = file.slice(file.starts[file.line_of(start) - 1], start)
    begin = start - len(before.encode()) + len(re.sub(r"\s*=\s*$", "", before).encode())
    return candidate(
        "no-default",
        [file.edit(begin, end, "")],
        f"The settings say the value, as they do for the other fields; there is none in the code. {ROTATE}",
        declares=(MASKED,),
        warnings=("Where the settings left it to the default, they have to name the value.",),
    )


def _is_of_a_new_account(file: Parsed, start: int) -> bool:
    """Whether it is given to an account that the method makes."""
    around = ancestors(file.syntax.node_at(start, start + 1))
    method = next((each for each in around if each.type in {"method_declaration", "constructor_declaration"}), None)
    held = re.search(r"(\w+)\.\w+\s*=\s*$", file.slice(file.starts[file.line_of(start) - 1], start))
    if method is None or held is None:
        return False
    return (
        re.search(rf"\b{held[1]}\s*=\s*new\s+\w*(?:User|Account|Admin|Person|Member)\w*\(", file.text(method))
        is not None
    )


def _is_asked_for(target: Target, file: Parsed, name: str, start: int) -> bool:
    """Whether an annotation or a `case` takes the constant, here or, where it is not private, elsewhere."""
    asked = re.compile(rf"@\w+\s*\([^)]*\b{name}\b|\bcase\s+(?:[\w.]*\.)?{name}\b")
    if asked.search(file.content.decode()):
        return True
    declared = file.slice(file.starts[file.line_of(start) - 1], start)
    if "private" in declared or not re.search(r"\bfinal\b", declared):
        return False
    others = (path for path in target.tree.paths() if path.endswith((".java", ".kt")) and path != file.path)
    return any(asked.search(text) for path in others if name in (text := text_of(target.tree, path)))


def _is_needed_early(target: Target, name: str) -> bool:
    """Whether something takes the constant when it is compiled, or from Java, which finds none but a constant there."""
    early = re.compile(rf"@[\w:.]+\s*\([^)]*\b{name}\b|\bconst\s+val\s+\w+[^\n]*=[^\n]*\b{name}\b")
    for path in target.tree.paths():
        text = text_of(target.tree, path) if path.endswith((".kt", ".kts", ".java")) else ""
        if name in text and (path.endswith(".java") or early.search(text)):
            return True
    return False


def _is_compared(target: Target, file: Parsed, name: str) -> bool:
    """Whether something asks if another value equals it in a way by which one that is missing equals none given."""
    equal = re.compile(
        rf"\b(?:Objects|StringUtils)\.equals\([^;\n]*\b{name}\b|\b{name}\s*[!=]=|[!=]=\s*(?:\w+\.)*{name}\b"
        if is_kotlin(file)
        else rf"\b(?:Objects|StringUtils)\.equals\([^;\n]*\b{name}\b"
    )
    sources = (path for path in target.tree.paths() if path.endswith((".java", ".kt")))
    return any(name in (text := text_of(target.tree, path)) and equal.search(text) for path in sources)


def _is_joined(file: Parsed, name: str) -> bool:
    """Whether it becomes a part of a longer text, in which one that is missing would stand as `null`."""
    text = file.content.decode("utf-8", "replace")
    return re.search(rf"\+\s*{name}\b|\b{name}\s*\+|\$\{{?{name}\b|\bappend\(\s*{name}\b", text) is not None


def _given_by_people(file: Parsed, match: re.Match[bytes]) -> bool:
    """Whether the variable held what a request or a form says, and gets the text only where that says nothing."""
    around = ancestors(file.syntax.node_at(match.start(), match.end()))
    method = next((each for each in around if each.type in {"method_declaration", "function_declaration"}), None)
    before = file.slice(file.starts[file.line_of(match.start()) - 1], match.start())
    if method is None or before.strip(" \t{"):
        return False
    asked = rf"\b{match['name'].decode()}\s*=\s*[^;=]*\b(?:getParameter|getHeader|getText)\("
    return bool(matches(file, asked, method.start_byte, match.start()))


def _secret(target: Target, file: Parsed) -> tuple[str, int, int]:
    labels = set()
    for match in matches(file, _ASSIGNED, *flagged_bytes(target, file)):
        name, value = match["name"].decode(), match["value"].decode()[1:-1]
        named_so = is_a_name(file, name, value)
        label = is_label(value, name) or _KEY.fullmatch(value) or named_so
        named = _WORDS.search(name) or (_OF_A_CIPHER.fullmatch(name) and _DRAWN.fullmatch(value))
        if named and _given_by_people(file, match):
            message = f"{file.path}:{file.line_of(match.start())} stands in where a request names no {name}"
            raise Harmless(message)
        if named and not label:
            return name, match.start("value"), match.end("value")
        if value.lower() == name.lower() or named_so:
            labels.add(value)
    start, end = flagged_bytes(target, file)
    text = file.slice(start, end)
    given = re.findall(r'"([^"\n]+)"', text) if _WORDS.search(re.sub(r'"[^"\n]*"', "", text)) else []
    given += [match["value"] for match in _GIVEN.finditer(text)]
    where = f"{file.path}:{region(target).start_line}"
    if target.finding.tool == "mobsfscan" and all(
        value in labels
        or is_label(value, "")
        or _KEY.fullmatch(value)
        or _SHOWN.match(value)
        or _STANDARD.fullmatch(value)
        for value in given
    ):
        message = (
            f"{where} holds no credential: the rule names each word like `key` or `secret` that stands near a text"
        )
        raise Harmless(message)
    message = f"{where} holds no literal that is surely a credential"
    raise NoFix(message)
