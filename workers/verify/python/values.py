"""Findings about what is called or given: it is gone under every name, and what came instead is no worse."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from workers.verify.python.arguments import Check, argument, called
from workers.verify.python.fold import constant
from workers.verify.python.sides import Side

_WORLD_WRITABLE = 0o002
_ANY_ADDRESS = re.compile(r"(?:0x0+|[0.:])*|\[?::\]?|\*")
_UNSAFE_LOADERS = re.compile(
    r"^(?:dill|joblib|cloudpickle|shelve|jsonpickle|marshal|_pickle|cPickle|pickle)\.|read_pickle$|Unpickler$|\._loads?$"
)
_STRONG_RANDOM = re.compile(r"^secrets\.|SystemRandom|\.urandom$|^uuid\.uuid4$|^(?:nacl|Crypto|Cryptodome)\.|\.token_")
_UNSAFE_YAML = re.compile(r"^yaml\.(?:Unsafe|Full|C?)Loader$|^yaml\.(?:unsafe|full)_load(?:_all)?$")
_SAFE_YAML = {"yaml.load": ("yaml.load", "yaml.safe_load"), "yaml.load_all": ("yaml.load_all", "yaml.safe_load_all")}
_FRESH = re.compile(r"\.urandom$|^secrets\.|get_random_bytes$|\.generate\w*$|\.random$")


def gone(pattern: str) -> Check:
    """The function that the finding is about is not mentioned any more, under whichever name."""
    about = re.compile(pattern)

    def check(old: Side, new: Side) -> Iterator[str]:
        was = {name for call in old.calls() if about.search(name := old.dotted(call.func))}
        if still := was & new.mentioned():
            yield f"{min(still)} is still used, by a way that the scanner does not follow"
        roots = {name.rpartition(".")[0] for name in was} - {""}
        for node in new.nodes:
            if isinstance(node, ast.Assign) and new.dotted(node.value) in roots:
                yield f"{new.dotted(node.value)} is only given another name"

    return check


def random(_old: Side, new: Side) -> Iterator[str]:
    """It comes from a source that nobody can guess."""
    if not any(_STRONG_RANDOM.search(name) for name in new.mentioned()):
        yield "what it takes instead can be guessed"


def address(old: Side, new: Side) -> Iterator[str]:
    """It is not every address in another spelling."""
    yield from argument("host", "bind", "address")(old, new) if any(old.calls()) else ()
    for node in new.nodes:
        value = constant(node) if isinstance(node, ast.BinOp | ast.Constant | ast.JoinedStr | ast.BoolOp) else None
        if isinstance(value, str) and _ANY_ADDRESS.fullmatch(value) and not _is_part(node, new):
            yield f"{value!r} is every address as well"


def _is_part(node: ast.AST, side: Side) -> bool:
    """Whether the constant is a piece of a larger one."""
    return any(
        isinstance(other, ast.BinOp | ast.JoinedStr) and other is not node and node in ast.walk(other)
        for other in side.nodes
    )


def mode(_old: Side, new: Side) -> Iterator[str]:
    """Not everybody may write, and somebody may read."""
    for call in new.calls():
        mode = constant(call.args[-1], None) if call.args and called(new, call) == "chmod" else None
        if isinstance(mode, int) and (mode & _WORLD_WRITABLE or mode == 0):
            yield f"mode {mode:#o} is writable for everybody, or readable for nobody"
        if any(constant(part, "") in {"777", "0777", "a+rwx"} for part in ast.walk(call)):
            yield "the same is done by another program"


def loaders(_old: Side, new: Side) -> Iterator[str]:
    """No other loader that runs what it loads."""
    chooses = {
        node.name
        for node in ast.walk(new.tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(part, ast.FunctionDef) and part.name == "find_class" for part in node.body)
    }
    allowed = {"pickle.Unpickler", "pickle.UnpicklingError", *chooses} if chooses else set()
    if unsafe := {name for name in new.mentioned() - allowed if _UNSAFE_LOADERS.search(name)}:
        yield f"{min(unsafe)} runs what it loads as well"


def evaluated(_old: Side, new: Side) -> Iterator[str]:
    """No text is run."""
    last = {name for name in new.mentioned() if name.rpartition(".")[2] in {"eval", "exec"} or name == "compile"}
    if last:
        yield f"{min(last)} runs text as well"


def host_keys(_old: Side, new: Side) -> Iterator[str]:
    """An unknown host is refused."""
    unsafe = {name for name in new.mentioned() if re.search(r"(?:AutoAdd|Warning|MissingHostKey)Policy$", name)}
    if unsafe:
        yield f"{min(unsafe)} accepts every host"


def xml(_old: Side, new: Side) -> Iterator[str]:
    """The parser is another one, with its protection on."""
    for call in new.calls():
        for keyword in call.keywords:
            value = constant(keyword.value)
            if (str(keyword.arg).startswith("forbid_") and value is False) or (
                keyword.arg == "resolve_entities" and value is True
            ):
                yield f"{keyword.arg}={value} switches the protection off"
    handlers = (node.type for node in ast.walk(new.tree) if isinstance(node, ast.ExceptHandler) and node.type)
    caught = {id(part) for each in handlers for part in ast.walk(each)}
    used = (node for node in new.nodes if isinstance(node, ast.Name | ast.Attribute) and id(node) not in caught)
    if any(name.startswith("xml.") and name.count(".") > 1 for name in map(new.dotted, used)):
        yield "it is still the standard library's parser"


def yaml(old: Side, new: Side) -> Iterator[str]:
    """Plain data only, and of the same kind."""
    if unsafe := {name for name in new.mentioned() if _UNSAFE_YAML.search(name)}:
        yield f"{min(unsafe)} builds whatever the document names"
    for call in old.calls():
        allowed = _SAFE_YAML.get(old.dotted(call.func))
        if allowed and not any(new.dotted(one.func) in allowed for one in new.calls()):
            yield f"`{old.dotted(call.func)}` became something that gives another kind of value"


def modes(_old: Side, new: Side) -> Iterator[str]:
    """No constant start."""
    for call in new.calls():
        if re.search(r"modes\.(?:CBC|CTR|GCM|OFB|CFB\w*)$", new.dotted(call.func)) and call.args:
            start = call.args[0]
            fresh = any(isinstance(part, ast.Call) and _FRESH.search(new.dotted(part.func)) for part in ast.walk(start))
            named = isinstance(start, ast.Name | ast.Attribute)
            if not fresh and not named:
                yield "the mode starts with the same bytes every time"


def hashed(_old: Side, new: Side) -> Iterator[str]:
    """A hash of that kind, and of enough bytes."""
    for call in new.calls():
        if new.dotted(call.func) in {"hash", "zlib.crc32", "zlib.adler32"}:
            yield f"{new.dotted(call.func)} is no hash of that kind"
        size = next((constant(one.value, 32) for one in call.keywords if one.arg == "digest_size"), 32)
        if isinstance(size, int) and size < 16:
            yield f"{size} bytes are too few"
