"""MD5 and SHA-1 in Java and Kotlin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, region
from workers.fixers.jvm.source import Setting, flagged_bytes, in_text, jvm, matches, propose_settings, statement
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_ITS_NAME = re.compile(r"md[245]|sha_?1(?!\d)|uuid", re.IGNORECASE)
_ITS_DIGEST = re.compile(rb"md[245]|sha-?1(?!\d)", re.IGNORECASE)
_PASSWORD = re.compile(r"passw|pwd|passphrase", re.IGNORECASE)
_SIGNED = re.compile(r"(?i:\bsign(?:ature|ed)?\b|[a-z]Sign(?:ature)?\b)")
"""What another party checks with the digest that it prescribes."""
_NO_COLLISIONS = re.compile(
    r"getInstance\(\s*\"(?:SHA1PRNG|Hmac-?(?:SHA-?1|MD5)|PBKDF2With\w+|RSA/\w+/OAEP\w*)\"", re.IGNORECASE
)
_FIXED_BY_OTHERS = re.compile(
    r"[HMT]?OTP(?![a-z])|(?i:gravatar|etag|content.?md5|scrobbl|last_?fm|subsonic|cram|ntlm|apop|wsse|digest_?auth"
    r"|web_?socket|fingerprint|x5t|torrent|info_?hash|ed2k|mysql_?native|open_?rosa)|\botp\b"
)
_FRESH = re.compile(r"Random|UUID|currentTimeMillis|nanoTime")
"""What is drawn for the digest, so that nobody makes the same again."""
_SIDE_FILE = re.compile(r"\"[^\"\n]*\.(?:md5|sha1)\"", re.IGNORECASE)
_CHANGES = "Every stored or exchanged digest changes and is longer: columns, cache keys and peers must follow."
_NAMES = (("sha-256", "SHA-256"), ("sha-512", "SHA-512"))
_SETTINGS = (
    Setting(
        pattern=r"MessageDigest\s*\.\s*getInstance\(\s*\"(?P<value>(?i:MD[245]|SHA-?1|SHA))\"",
        approaches=tuple(
            (approach, name, f"{name} has no known collisions and the same interface.") for approach, name in _NAMES
        ),
        warning=_CHANGES,
    ),
    Setting(
        pattern=r"DigestUtils\s*\.\s*(?P<value>md5|sha1|sha|getMd5Digest|getSha1Digest)(?=\()",
        approaches=(
            ("sha-256", "sha256", "SHA-256 has no known collisions and the same interface."),
            ("sha-512", "sha512", "SHA-512 has no known collisions and the same interface."),
        ),
        warning=_CHANGES,
    ),
    Setting(
        pattern=r"DigestUtils\s*\.\s*(?P<value>md5Hex|sha1Hex|shaHex)(?=\()",
        approaches=(
            ("sha-256", "sha256Hex", "SHA-256 has no known collisions and the same interface."),
            ("sha-512", "sha512Hex", "SHA-512 has no known collisions and the same interface."),
        ),
        warning=_CHANGES,
    ),
    Setting(
        pattern=r"Hashing\s*\.\s*(?P<value>md5|sha1)(?=\(\))",
        approaches=(
            ("sha-256", "sha256", "SHA-256 has no known collisions and the same interface."),
            ("sha-512", "sha512", "SHA-512 has no known collisions and the same interface."),
        ),
        warning=_CHANGES,
    ),
)


@fixer(
    name="jvm-weak-hash",
    weakness="broken hash function",
    cwes=(327, 328),
    rules={
        "semgrep": ["use-of-md5", "use-of-sha1", "use-of-md5-digest-utils", "use-of-sha1-digest-utils", "weak-hash"],
        "mobsfscan": [
            "weak_hash",
            "sha1_hash",
            "android_kotlin_weak_hash",
            "android_kotlin_md5",
            "android_kotlin_sha1",
        ],
    },
    in_tests=False,
    explain="""Two inputs with the same MD5 are found in seconds, with the same SHA-1 in days of rented hardware
(CWE-327, CWE-328), so a signature, a token or an integrity check built on them can be forged.

SHA-256 is the drop-in with the same interface; SHA-512 is as safe, faster on 64-bit machines, and twice as long. Both
give other digests than before, so what was stored must be made again. A password wants neither, but a slow salted
function: PBKDF2, bcrypt or argon2.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A weak digest → SHA-256 or SHA-512."""
    file = jvm(target)
    line = file.line(region(target).start_line).decode()
    named = " ".join([line, PurePosixPath(file.path).stem, *(file.text(each) for each in _around(target, file))])
    if _NO_COLLISIONS.search(line):
        message = (
            f"{file.path}:{region(target).start_line} rests on no collision of the hash: HMAC, PBKDF2, OAEP and the "
            "generator of that name are as strong as before"
        )
        raise Harmless(message)
    if _PASSWORD.search(line) or _SIGNED.search(line) or _FIXED_BY_OTHERS.search(named):
        message = (
            f"{file.path}:{region(target).start_line} hashes a password, or makes a digest that another party "
            "prescribes: "
            "another fast hash is no fix"
        )
        raise NoFix(message)
    if _of_a_password(target, file):
        message = (
            f"{file.path}:{region(target).start_line} is where passwords are hashed, as those who call it say: they "
            "want a slow salted function, and those that are stored have to change with it"
        )
        raise NoFix(message)
    around = next((each for each in _around(target, file) if _SIDE_FILE.search(file.text(each))), None)
    if around is not None:
        message = (
            f"{file.path}:{region(target).start_line} makes the digest that a checksum file of another party holds: "
            "that party has to offer another one first"
        )
        raise NoFix(message)
    promised = _promised(target, file)
    if promised:
        message = f"{file.path}:{region(target).start_line} is in `{promised}`, whose callers ask for that very digest"
        raise NoFix(message)
    made = list(propose_settings(target, _SETTINGS))
    twins = [node for each in made for span in _twins(file, each) for node in _methods(file, *span)]
    kept = next((word for node in (*_around(target, file), *twins) for word in _words_of_data(file, node)), None)
    if kept is not None:
        message = (
            f"{file.path}:{region(target).start_line} is kept or handed out by the name {kept}: whoever reads it there "
            "expects that very digest"
        )
        raise NoFix(message)
    drawn = any(_FRESH.search(file.text(each)) for each in _around(target, file))
    if not drawn and not any(True for each in made for _ in _twins(file, each)):
        message = (
            f"{file.path}:{region(target).start_line} makes a digest that is made again from the same, somewhere or "
            "some day: what was stored or handed out by the old function has to be accepted, or made anew"
        )
        raise NoFix(message)
    return (_with_its_words(target, file, each) for each in made)


def _of_a_password(target: Target, file: Parsed) -> bool:
    """Whether the method around the finding is given a password, here or by another class that names this one."""
    names = [re.escape(name) for node in _around(target, file) if (name := _name(file, node))]
    if any(_PASSWORD.search(file.text(each)) for node in _around(target, file) for each in _parameters(node)):
        return True
    if not names:
        return False
    either, own = "|".join(names), re.escape(PurePosixPath(file.path).stem)
    given = r"\s*\([^;{}]*(?i:passw|pwd|passphrase|\bpass\b|\w+pass\b)"
    if re.search(rf"\b(?:{either}){given}", file.content.decode()):
        return True
    called = re.compile(rf"\b{own}\.(?:{either}){given}")
    others = (path for path in target.tree.paths() if path.endswith((".java", ".kt", ".jsp")) and path != file.path)
    return any(called.search(text) for path in others if f"{own}." in (text := text_of(target.tree, path)))


def _parameters(method: Node) -> list[Node]:
    given = method.child_by_field_name("parameters")
    return list(given.named_children) if given is not None else []


def _with_its_words(target: Target, file: Parsed, made: Candidate) -> Candidate:
    """The candidate, with what its method says of the digest: messages, comments, and a variable called after it."""
    new = made.approach.upper()
    edits, lines = list(made.edits), set[int]()
    for first, last in _twins(file, made):
        edits.append(file.edit(first, last, made.edits[0].text))
        lines |= {file.line_of(first), file.number(statement(file, first))}
    for method in _around(target, file)[-1:]:
        taken = re.search(rf"\b{new.replace('-', '').lower()}\b", file.text(method))
        for found in re.compile(rb"\b(?:md[245]|sha-?1)\b", re.IGNORECASE).finditer(
            file.content, method.start_byte, method.end_byte
        ):
            if any(edit.start < found.end() and found.start() < edit.end for edit in made.edits):
                continue
            if in_text(file, found.start()):
                edits.append(file.edit(*found.span(), new))
            elif not taken and found[0].islower():
                edits.append(file.edit(*found.span(), new.replace("-", "").lower()))
            else:
                continue
            lines |= {file.line_of(found.start()), file.number(statement(file, found.start()))}
    declares = (*made.declares, *(f"statement:{line}" for line in sorted(lines)))
    return msgspec.structs.replace(made, edits=tuple(sorted(edits)), declares=tuple(dict.fromkeys(declares)))


def _words_of_data(file: Parsed, method: Node) -> Iterator[str]:
    """Texts of the method without a blank that name the old digest, as keys, columns and endings of files do."""
    span = method.start_byte, method.end_byte
    asked = {found.start("value") for each in _SETTINGS for found in matches(file, each.pattern, *span)}
    for found in re.compile(rb"\"(?P<word>[^\"\s]+)\"").finditer(file.content, *span):
        if _ITS_DIGEST.search(found["word"]) and not asked & {found.start(), found.start() + 1}:
            yield found[0].decode()


def _twins(file: Parsed, made: Candidate) -> Iterator[tuple[int, int]]:
    """The file's other calls of the same digest, outside of methods that are called after it: what checks it."""
    edit = made.edits[0]
    old = file.content[edit.start : edit.end].upper()
    for setting in _SETTINGS:
        found = matches(file, setting.pattern, 0, len(file.content))
        own = any(match.start("value") == edit.start for match in found)
        others = [match for match in found if match.start("value") != edit.start and match["value"].upper() == old]
        for match in others if own else ():
            if not any(_ITS_NAME.search(_name(file, each)) for each in _methods(file, *match.span())):
                yield match.span("value")


def _promised(target: Target, file: Parsed) -> str | None:
    """The name of the method around the finding, of one that calls it or of the file, where it says which digest."""
    names = [_name(file, node) for node in _around(target, file)]
    callers = [
        _name(file, node)
        for node in file.of("method_declaration", "function_declaration")
        if any(re.search(rf"\b{name}\(", file.text(node).partition("{")[2]) for name in names if name)
    ]
    names += [*callers, PurePosixPath(file.path).stem]
    return next((name for name in names if _ITS_NAME.search(name)), None)


def _name(file: Parsed, method: Node) -> str:
    name = method.child_by_field_name("name")
    return file.text(name) if name is not None else ""


def _around(target: Target, file: Parsed) -> list[Node]:
    """The methods around the finding."""
    return _methods(file, *flagged_bytes(target, file))


def _methods(file: Parsed, start: int, end: int) -> list[Node]:
    methods = file.of("method_declaration", "function_declaration")
    return [node for node in methods if node.start_byte <= start and end <= node.end_byte + 1]
