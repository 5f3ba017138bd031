"""AES in a mode that shows patterns or can be altered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, candidate, region
from workers.fixers.jvm.cipher_compared import refuse_compared, refuse_one_sided
from workers.fixers.jvm.cipher_sites import Site, arguments, known_before, sites, text_of
from workers.fixers.jvm.source import is_kotlin, jvm
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer
from workers.source.syntax import ancestors

_MODES = re.compile(r"AES(?:/ECB/\w+|/CBC/PKCS[57]PADDING)?")
_RSA = re.compile(r"getInstance\(\s*\"RSA/")
_FIXED_IV = (
    r"\b{name}\s*(?::\s*ByteArray\s*)?=\s*(?:new\s+byte\s*\[[^;\n]*|\{{|byteArrayOf\(|ByteArray\(\d+\)|\"[^\"\n]*\")"
)
_THROWN = re.compile(r"throws\s[^{]*\b(?:Exception|GeneralSecurityException|InvalidAlgorithmParameterException)\b")
_CAUGHT = re.compile(
    r"catch\s*\([^)]*\b(?:Exception|GeneralSecurityException|InvalidAlgorithmParameterException|Throwable)\b"
)
_HELPER = (
    "private static byte[] encryptedWithNonce(javax.crypto.Cipher cipher, byte[] text)",
    "        throws javax.crypto.IllegalBlockSizeException, javax.crypto.BadPaddingException {",
    "    byte[] nonce = cipher.getIV();",
    "    byte[] encrypted = cipher.doFinal(text);",
    "    byte[] whole = java.util.Arrays.copyOf(nonce, nonce.length + encrypted.length);",
    "    System.arraycopy(encrypted, 0, whole, nonce.length, encrypted.length);",
    "    return whole;",
    "}",
)


@fixer(
    name="jvm-cipher-mode",
    weakness="encryption without authentication",
    cwes=(327, 329),
    rules={
        "mobsfscan": [
            "aes_ecb_mode",
            "aes_ecb_mode_default",
            "cbc_padding_oracle",
            "cbc_static_iv",
            "android_kotlin_aes_ecb",
            "android_kotlin_aes_ecb_default",
            "android_kotlin_cbc_static_iv",
            "cbc_kotlin_padding_oracle",
        ],
        "semgrep": [
            "ecb-cipher",
            "use-of-aes-ecb",
            "use-of-default-aes",
            "cbc-padding-oracle",
            "no-static-initialization-vector",
        ],
    },
    explain="""ECB encrypts equal blocks to equal blocks, so patterns stay visible; `AES` alone means ECB. CBC hides
them, but whoever may alter a message and sees how the answer differs can read it, block by block (CWE-327, CWE-329).

GCM encrypts and authenticates: an altered message is refused. It takes a nonce that never repeats under one key: the
cipher draws twelve random bytes for each message, they are sent in front of it, and the other side takes them from
there. Both sides have to change together, and what was encrypted before has to be decrypted the old way once more.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """AES/ECB and AES/CBC → AES/GCM with a random nonce in front, where both sides are in the file."""
    file = jvm(target)
    where = region(target)
    line = where.start_line
    if not any("Cipher" in file.line(number).decode() for number in where.lines):
        message = f"{file.path}:{line} makes no cipher"
        raise NotHere(message)
    if any(_RSA.search(file.line(number).decode()) for number in where.lines):
        message = f"{file.path}:{line} is RSA, which encrypts one block: `ECB` is a part of its name, and no mode"
        raise Harmless(message)
    found = [site for site in sites(file) if _MODES.fullmatch(text_of(file, site.transformation))]
    if not found:
        message = f"{file.path}:{line} holds no AES in ECB or CBC"
        raise NotHere(message)
    if {site.encrypts for site in found} != {True, False}:
        side = "decrypts" if found and not found[0].encrypts else "encrypts"
        message = (
            f"{file.path}:{line} only {side} here: GCM changes what is sent, so the other side has to be known to "
            "change with it"
        )
        raise NoFix(message)
    encrypting, decrypting = ([site.method for site in found if site.encrypts is side] for side in (True, False))
    refuse_compared(target, file, encrypting)
    refuse_one_sided(target, file, encrypting, decrypting)
    edits = [edit for site in found for edit in _converted(file, site)]
    helper = () if is_kotlin(file) else _helper(file, next(site for site in found if site.encrypts))
    lines = {file.number(node) for site in found for node in (site.transformation, site.init, site.final)}
    inserted = {file.number(site.init) for site in found if not site.encrypts}
    methods = {file.number(site.method) for site in found if helper and site.encrypts}
    yield candidate(
        "gcm",
        [*edits, *helper],
        "Each message has a random nonce of its own in front, and one that was altered is refused.",
        declares=(
            *(f"statement:{number}" for number in sorted(lines)),
            *(f"insert:{number}" for number in sorted(inserted | methods)),
        ),
        warnings=("What was encrypted before can no longer be decrypted: decrypt it once with the old code.",),
    )


def _converted(file: Parsed, site: Site) -> Iterator[Edit]:
    where = f"{file.path}:{file.number(site.init)}"
    if site.extra is not None and not _fixed(file, site):
        message = (
            f"{where} takes its initialisation vector from elsewhere: how it gets to the other side is not known here"
        )
        raise NoFix(message)
    yield file.replace(site.transformation, '"AES/GCM/NoPadding"')
    if site.encrypts:
        yield from _encrypting(file, site)
    else:
        yield from _decrypting(file, site, where)


def _encrypting(file: Parsed, site: Site) -> Iterator[Edit]:
    if site.extra is not None:
        key = arguments(site.init)[1]
        yield file.edit(key.end_byte, site.extra.end_byte, "")
    data = file.text(site.data)
    if is_kotlin(file):
        yield file.replace(site.final, f"({site.name}.iv + {site.name}.doFinal({data}))")
    else:
        yield file.replace(site.final, f"encryptedWithNonce({site.name}, {data})")


def _decrypting(file: Parsed, site: Site, where: str) -> Iterator[Edit]:
    if not is_kotlin(file):
        text = file.text(site.method)
        if not (_THROWN.search(text.partition("{")[0]) or _CAUGHT.search(text)):
            message = f"{where} has no room for InvalidAlgorithmParameterException, which init with a nonce may throw"
            raise NoFix(message)
    if not known_before(file, site.data, site.init, site.method):
        message = f"{where} sets the cipher up before it has what it decrypts"
        raise NoFix(message)
    data = file.text(site.data)
    if not data.isidentifier():
        data, line = "sealed", file.number(site.init)
        indent = file.indent(line)
        alone = not file.slice(file.starts[line - 1], site.init.start_byte).strip()
        if re.search(r"\bsealed\b", file.text(site.method)) or not alone:
            message = f"{where} shares its line with other code, or has a variable called sealed"
            raise NoFix(message)
        made = f"val sealed = {file.text(site.data)}" if is_kotlin(file) else f"byte[] sealed = {file.text(site.data)};"
        yield file.insert(file.starts[line - 1], f"{indent}{made}\n")
    new = "" if is_kotlin(file) else "new "
    key, last = arguments(site.init)[1], site.extra or arguments(site.init)[1]
    spec = f", {new}javax.crypto.spec.GCMParameterSpec(128, {data}, 0, 12)"
    yield file.edit(key.end_byte, last.end_byte, spec)
    size = f"{data}.size" if is_kotlin(file) else f"{data}.length"
    yield file.replace(site.data, f"{data}, 12, {size} - 12")


def _fixed(file: Parsed, site: Site) -> bool:
    """Whether the initialisation vector is a constant of the file."""
    text = file.text(site.extra) if site.extra is not None else ""
    source = file.content.decode()
    if re.fullmatch(r"\w+", text):
        made = re.search(rf"\b{text}\s*=\s*(?:new\s+)?IvParameterSpec\((?P<bytes>[^;\n]*)\)", source)
        text = made["bytes"] if made else ""
    inner = re.fullmatch(
        r"(?:(?:new\s+)?IvParameterSpec\()?(?P<name>\w+)(?:\.(?:getBytes|toByteArray)\([^()]*\))?\)?", text
    )
    name = inner["name"] if inner else None
    zeros = re.search(r"new\s+byte\s*\[\s*\d+\s*\]\s*\)?$|ByteArray\(\d+\)\)?$", text)
    return zeros is not None or bool(name and re.search(_FIXED_IV.format(name=name), source))


def _helper(file: Parsed, site: Site) -> Sequence[Edit]:
    """The method that puts the nonce in front, before the one that encrypts."""
    line = file.number(site.method)
    start, indent = file.starts[line - 1], file.indent(line)
    classes = [
        node for node in ancestors(site.method) if node.type in {"class_declaration", "object_creation_expression"}
    ]
    if len(classes) != 1 and "static " not in file.text(classes[0]).partition("{")[0]:
        message = f"{file.path}:{line} is in an inner class, which may hold no static method"
        raise NoFix(message)
    if re.search(rb"\bencryptedWithNonce\b", file.content) or file.slice(start, site.method.start_byte).strip():
        message = f"{file.path}:{line} has no line for the method that puts the nonce in front"
        raise NoFix(message)
    unit = file.indent_unit
    lines = [indent + re.sub(r"^(?: {4})+", lambda found: unit * (len(found[0]) // 4), each) for each in _HELPER]
    return (file.insert(start, "\n".join(lines) + "\n\n"),)
