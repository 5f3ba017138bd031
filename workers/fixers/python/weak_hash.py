"""MD5 and SHA-1, which can be made to collide."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.python.narrow_column import narrow_column
from workers.fixers.python.other_side import is_drawn, is_fresh, is_looked_up, is_met, use_of
from workers.fixers.python.source.callers import is_asked_back, told_by_callers
from workers.fixers.python.source.calls import argument, set_keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.release import may_lack
from workers.fixers.registry import NoFix, Target, fixer

_WEAK = ("md4", "md5", "sha", "sha1")
_PROTECTS = re.compile(
    r"passw|passwd|pwd|token|secret|sign|auth|hmac|credential|session|licen[cs]e|cookie|login|nonce|csrf|verif|salt|confirm|activat|invit|integrity|tamper",
    re.IGNORECASE,
)
_GUARDS = re.compile(r"passw|token|secret|credential|csrf|confirm|activat|invit|verif", re.IGNORECASE)
"""What the callers of a function that hashes for them may say of it."""
_PASSWORD = re.compile(r"passw|pwd|passphrase|(?:\b|_)pass\b", re.IGNORECASE)
_FIXED_BY_OTHERS = re.compile(
    r"gravatar|etag|content.md5|md5sum|sha1sum|\bgit\b|websocket|finger_?print|x5t|torrent|info.?hash|magnet:|md5.?crypt"
    r"|digest.?auth|[mht]otp|\botp\b|scrobbl|last_?fm|subsonic|ntlm|cram|apop|wsse|mysql_native|thumbnail|freedesktop|\brfc.?\d{3}|\bspec(?:ification)?s?\b",
    re.IGNORECASE,
)
_ITS_NAME = re.compile(r"md[45]|sha_?1(?!\d)|(?:\b|_)sha(?:\b|_)(?=\s*=)", re.IGNORECASE)
"""A function that says which digest it makes: its callers ask for that one."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_TALKS = re.compile(
    r"https?://|\b(?:requests|httpx|aiohttp)\.|urlopen|\.post\(|api_?(?:request|call|response|data)\(", re.IGNORECASE
)
_ASKS = re.compile(
    r"\.http\.(?:get|post|request)\(|\b(?:requests|httpx)\.[a-zA-Z]+\(|\baiohttp\.|urlopen\(|self\.session\.(?:get|post)\("
)
"""A module that asks another server: what it computes may be what that server expects."""
_CACHED = re.compile(r"cache|memo(?:iz|ry)|tmp|\btemp(?:orary|_|\b)", re.IGNORECASE)
"""What is made anew where it is not found under its name."""
_CHECKSUM_FILE = re.compile(rb"\.(?:md5|sha1)['\"]")
_SAYS_WHICH = re.compile(r"Certificate(?:SigningRequest|RevocationList)?Builder")
"""What tells its reader which digest signs it."""
_LIBRARIES = {
    "Crypto.Hash.MD2.new": "MD2",
    "Crypto.Hash.MD4.new": "MD4",
    "Crypto.Hash.MD5.new": "MD5",
    "Crypto.Hash.SHA.new": "SHA",
    "Crypto.Hash.SHA1.new": "SHA1",
    "cryptography.hazmat.primitives.hashes.MD5": "MD5",
    "cryptography.hazmat.primitives.hashes.SHA1": "SHA1",
}
_STRONGER = {
    "sha256": (64, "SHA-256 has no known collisions and the same interface."),
    "sha512": (128, "SHA-512 has no known collisions, the same interface and a longer digest."),
}


@fixer(
    name="python-weak-hash",
    weakness="broken hash function",
    cwes=(327, 328),
    rules={
        "bandit": ["B303", "B324"],
        "semgrep": [
            "insecure-hash-algorithm-*",
            "insecure-hash-algorithms",
            "insecure-hash-algorithms-*",
            "insecure-hash-function",
            "md5-used-as-password",
        ],
    },
    explain="""Two inputs with the same MD5 are found in seconds, with the same SHA-1 in days of rented hardware
(CWE-327, CWE-328). A signature, token or integrity check built on them can be forged. They stay fine as plain
checksums: cache keys, ETags, file names.

Where the digest protects something, `hashlib.sha256` is the drop-in with the same interface, but the digest differs,
so whatever was stored has to be recomputed; `sha512` is the longer one, and faster on 64-bit machines. Where another
party prescribes the algorithm (a service's signature, a torrent's info hash), only that party can move. Where it is
only a checksum, `usedforsecurity=False` (Python 3.9) says so
to readers, to scanners and to FIPS builds of OpenSSL, and the digest stays. Passwords want neither: use
`hashlib.scrypt`, bcrypt or argon2 with a salt. A test expects what the code under it computes.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A weak digest → SHA-256, or the statement that it protects nothing."""
    file, call = flagged(target, ast.Call, _is_weak)
    name = file.qualified(call.func) or ""
    function = file.function(call)
    if _PASSWORD.search(file.text(file.statement(call))) or (function is not None and _PASSWORD.search(function.name)):
        message = (
            f"{file.path}:{call.lineno} hashes a password: no fast hash will do; move to hashlib.scrypt, bcrypt "
            "or argon2 "
            "with a salt, and to a new column, since the stored hashes cannot be converted"
        )
        raise NoFix(message)
    if function is not None and "usedforsecurity" in file.text(function).replace(file.text(call), ""):
        message = f"{file.path}:{call.lineno} stands where the function itself says that the digest protects nothing"
        raise NoFix(message)
    around = file.text(function or file.statement(call))
    named = any(isinstance(each, _FUNCTIONS) and _ITS_NAME.search(each.name) for each in file.ancestors(call))
    named = named or bool(_ITS_NAME.search(_beside(file, call))) or _is_chosen(file, call)
    named = named or is_looked_up(file, call)
    talks = _TALKS.search(around) or _ASKS.search(file.content.decode("utf-8", "replace"))
    prescribed = named or _FIXED_BY_OTHERS.search(around) or _CHECKSUM_FILE.search(file.content)
    use = use_of(file, call)
    callers = told_by_callers(target.tree, file, call)
    protects = is_drawn(use) or bool(_PROTECTS.search(use) or _GUARDS.search(callers))
    protects = protects or is_asked_back(target.tree, file, call)
    if name.startswith("hashlib.") and not protects:
        if (old := may_lack(target.tree, file.path, (3, 9))) is not None:
            message = (
                f"{file.path}:{call.lineno} runs on Python {old}, as the repository says, which has no "
                "`usedforsecurity` to say that the digest is a checksum"
            )
            raise NoFix(message)
        yield candidate(
            "not-for-security",
            [set_keyword(file, call, "usedforsecurity", "False")],
            "The digest stays what it is, and the code says that it is a checksum on which no protection relies.",
            warnings=("Only right where nobody gains by making two inputs collide. Needs Python 3.9.",),
        )
        if not prescribed and _CACHED.search(use) and not is_met(file, call) and not narrow_column(target.tree):
            yield _stronger(file, call, name, "sha256")
        return
    if prescribed or talks:
        message = (
            f"{file.path}:{call.lineno} makes a digest whose algorithm another party prescribes, or whose name says "
            "which it is"
        )
        raise NoFix(message)
    same = _compared_with(file, call, name)
    if all(is_met(file, each) for each in same):
        message = (
            f"{file.path}:{call.lineno} makes a digest that whoever calls or is called makes, too: both have to change "
            "at once"
        )
        raise NoFix(message)
    if column := narrow_column(target.tree):
        message = (
            f"{file.path}:{call.lineno} makes a digest, and {column} has no room for a longer one: widen it first, and "
            "make what is stored anew"
        )
        raise NoFix(message)
    checked = len(same) > 1 and any(is_met(file, each) for each in same)
    if not (is_fresh(use) or checked or _SAYS_WHICH.search(around)):
        message = (
            f"{file.path}:{call.lineno} makes a digest that is made again from the same, somewhere or some day: what "
            "was stored or handed out by the old function has to be accepted, or made anew, when it changes"
        )
        raise NoFix(message)
    yield _stronger(file, call, name, "sha256", together=True)
    yield _stronger(file, call, name, "sha512", together=True)


def _is_chosen(file: Module, call: ast.Call) -> bool:
    """Whether the function holds the name as a text: its callers choose by it, or find it beside the digest."""
    function, inside = file.function(call), set(ast.walk(call))
    texts = (node for node in ast.walk(function) if isinstance(node, ast.Constant)) if function else ()
    return any(isinstance(each.value, str) and _ITS_NAME.search(each.value) for each in texts if each not in inside)


def _beside(file: Module, call: ast.Call) -> str:
    """The statement without the call: what it says of the digest that it makes."""
    statement = file.statement(call)
    if hasattr(statement, "body"):
        return ""
    (first, last), (start, end) = file.span(statement), file.span(call)
    return file.slice(first, start) + file.slice(end, last)


def _is_weak(file: Module, call: ast.Call) -> bool:
    name = file.qualified(call.func) or ""
    if name == "hashlib.new":
        chosen = argument(call, 0, "name")
        return isinstance(chosen, ast.Constant) and str(chosen.value).lower() in _WEAK
    return name in {"hashlib.md5", "hashlib.sha1"} or name.replace("Cryptodome", "Crypto") in _LIBRARIES


def _stronger(file: Module, call: ast.Call, name: str, new: str, *, together: bool = False) -> Candidate:
    chosen = argument(call, 0, "name") if name == "hashlib.new" else None
    declares: tuple[str, ...] = ()
    if chosen is not None:
        quote = file.text(chosen)[0]
        edits = [file.replace(chosen, f"{quote}{new}{quote}")]
    elif name.startswith("hashlib.") and isinstance(call.func, ast.Attribute):
        made = _compared_with(file, call, name) if together else [call]
        edits = [_renamed(file, each.func, new) for each in made if isinstance(each.func, ast.Attribute)]
        declares = tuple(f"statement:{file.statement(each).lineno}" for each in made if each is not call)
    else:
        edits, declares = _library(file, call, name, new)
    digits, why = _STRONGER[new]
    changes = (
        f"Every stored or exchanged digest changes, and is {digits} hex digits long instead of 32 or 40: "
        "columns, cache keys and peers must follow."
    )
    return candidate(new, edits, why, declares=declares, warnings=(changes,))


def _compared_with(file: Module, call: ast.Call, name: str) -> list[ast.Call]:
    """The call and the file's others that protect something by the same digest: who checks one makes it, too."""
    calls = [node for node in file.nodes if isinstance(node, ast.Call) and file.qualified(node.func) == name]
    return [each for each in calls if each is call or _PROTECTS.search(use_of(file, each))]


def _library(file: Module, call: ast.Call, name: str, new: str) -> tuple[list[Edit], tuple[str, ...]]:
    """Cryptography's hash classes and PyCryptodome's hash modules: renamed where they are used and imported."""
    if name.startswith("hashlib."):
        return _import_renamed(file, call, call.func, name.rpartition(".")[2], new)
    old, better = _LIBRARIES[name.replace("Cryptodome", "Crypto")], new.upper()
    holder = call.func.value if name.endswith(".new") and isinstance(call.func, ast.Attribute) else call.func
    if isinstance(holder, ast.Attribute):
        return [_renamed(file, holder, better)], ()
    return _import_renamed(file, call, holder, old, better)


def _import_renamed(
    file: Module, call: ast.Call, used: ast.expr, old: str, new: str
) -> tuple[list[Edit], tuple[str, ...]]:
    """`from M import OLD` used once: the import and its one use are renamed together."""
    uses = [node for node in file.nodes if isinstance(node, ast.Name) and node.id == old]
    aliases = [node for node in file.nodes if isinstance(node, ast.alias) and node.name == old and node.asname is None]
    if not isinstance(used, ast.Name) or used.id != old or len(uses) != 1 or len(aliases) != 1 or new in file.aliases:
        message = f"{file.path}:{call.lineno} is not the only use of `{old}`: change its import and all uses together"
        raise NoFix(message)
    line = aliases[0].lineno
    edits = [file.replace(aliases[0], new), file.replace(used, new)]
    return edits, (f"statement:{line}", f"import:{new}", f"import:{old}/delete")


def _renamed(file: Module, func: ast.Attribute, name: str) -> Edit:
    end = file.span(func)[1]
    return file.edit(end - len(func.attr), end, name)
