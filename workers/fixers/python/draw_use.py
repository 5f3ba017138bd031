"""What somebody may gain by guessing what is drawn at random."""

from __future__ import annotations

import ast
import itertools
import re

from workers.fixers.python.source.module import Module
from workers.fixers.registry import Harmless
from workers.source.tests import is_test

_MADE_UP = ("faker", "mimesis", "model_bakery")
_PLAIN = ("int", "float", "round", "min", "max", "abs")
_WAIT = re.compile(r"jitter|back_?off|sleep|delay|interval|call_?later|timeout", re.IGNORECASE)
_SHOWN = re.compile(
    r"title|descri|caption|comment|sentence|subject|boundary|(?:mess?age_?|\bm)id|\bmid[A-Z_]|colou?r", re.IGNORECASE
)
_SECRET = re.compile(
    r"token|secret|passw|pwd|passphrase|key(?!board|word|frame)|salt|nonce|otp|captcha|csrf|session|cookie|verif|reset"
    r"|invit|hash|digest|uuid|guid|serial|challenge|coupon|voucher|ticket"
    r"|(?:^|_|\b)(?:pin|state|code|iv|sid)s?(?:$|_|\b)|[a-z]Code\b",
    re.IGNORECASE,
)
"""What somebody may gain by guessing."""
_ADDRESS = re.compile(r"addr|(?:^|_)(?:ip|mac)(?:v?\d)?(?:_|$)", re.IGNORECASE)
_MANY_BITS = 64
_FEW = 7  # signs
_SIGNS = re.compile(r"\bstring\.|ascii_|letters|alphabet|chars\b|characters|digits", re.IGNORECASE)
_OF_TEXT = ("join", "hexdigest", "md5", "sha1", "sha256", "encode", "hex", "to_bytes")


def refuse_sample_data(file: Module, call: ast.Call) -> None:
    """Say so where nobody gains by guessing what is drawn: in tests, for waits, beside a library that makes up names.

    Raises:
        Harmless: it is drawn there.
    """
    if is_test(file.path):
        message = f"{file.path}:{call.lineno} is test code: nobody gains by guessing what it draws; exclude tests"
        raise Harmless(message)
    for pattern, what in ((_WAIT, "spreads waits over time"), (_SHOWN, "makes what everybody is shown")):
        if pattern.search(_receiver(file, call)):
            message = f"{file.path}:{call.lineno} {what}: nobody gains by guessing what it draws"
            raise Harmless(message)
    if _decides(file, call):
        message = (
            f"{file.path}:{call.lineno} decides how often something is done: nobody gains by guessing what it draws"
        )
        raise Harmless(message)
    if any(name.partition(".")[0] in _MADE_UP for name in file.aliases.values()):
        message = f"{file.path}:{call.lineno} makes up sample data: nobody gains by guessing what it draws"
        raise Harmless(message)
    if not (_makes_text(file, call) or _is_named_secret(file, call)):
        message = (
            f"{file.path}:{call.lineno} draws neither a text nor anything that is named as a secret is: "
            "nobody gains by guessing it"
        )
        raise Harmless(message)


def _makes_text(file: Module, call: ast.Call) -> bool:
    """Whether a name or a code is put together of what is drawn: of signs, or of so many bits."""
    if method_of(file, call) in {"choice", "choices", "sample"} and _SIGNS.search(_arguments(file, call)):
        return not _is_short(file, call) or any(_SECRET.search(name) for name in _names(file, call))
    match call.args:
        case [ast.Constant(value=str())]:
            return True
        case [ast.Constant(value=int(bits))] if file.calls(call, "random.getrandbits"):
            function = file.function(call)
            return bits >= _MANY_BITS and not (function is not None and _ADDRESS.search(function.name))
    around = itertools.takewhile(lambda each: not isinstance(each, ast.stmt), file.ancestors(call))
    texts = (each.func.attr for each in around if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute))
    return file.calls(call, "random.randbytes") or any(name in _OF_TEXT for name in texts)


def _is_named_secret(file: Module, call: ast.Call) -> bool:
    """Whether what takes the value, or the function that draws it, is named as secrets are; one that is chosen among
    things that there are already is none.
    """
    return method_of(file, call) != "choice" and any(_SECRET.search(name) for name in _names(file, call))


def _names(file: Module, call: ast.Call) -> tuple[str, ...]:
    """What the code calls the value, and the function that draws it."""
    function = file.function(call)
    before = file.slice(file.span(file.statement(call))[0], file.span(call)[0])
    return _receiver(file, call), re.split(r"[,\n]", before)[-1], function.name if function is not None else ""


def _is_short(file: Module, call: ast.Call) -> bool:
    """Whether so few signs are drawn that nothing would be safe behind them."""
    around = itertools.takewhile(lambda each: not isinstance(each, ast.stmt), file.ancestors(call))
    loops = [part.iter for each in around for part in getattr(each, "generators", ())]
    counts = [each.args[0] for each in loops if isinstance(each, ast.Call) and file.calls(each, "range") and each.args]
    counts += [each.value for each in call.keywords if each.arg == "k"]
    counts += call.args[1:2] if method_of(file, call) == "sample" else []
    return any(isinstance(each, ast.Constant) and each.value in range(_FEW + 1) for each in counts)


def _arguments(file: Module, call: ast.Call) -> str:
    return " ".join(file.text(each) for each in (*call.args, *call.keywords))


def _decides(file: Module, call: ast.Call) -> bool:
    """`if random.random() < 0.3:`."""
    match file.parents.get(call):
        case ast.Compare(left=left, comparators=[right]):
            other = right if left is call else left
            known = isinstance(other, ast.Constant | ast.Name | ast.Attribute)
            number = isinstance(other, ast.Constant) and isinstance(other.value, int)
            likely = file.calls(call, "random.randint", "random.randrange") and number
            return likely or (known and file.calls(call, "random.random", "random.uniform"))
    return False


def _receiver(file: Module, call: ast.Call) -> str:
    """What takes the value, as the code names it: a variable, an argument or a function."""
    for inner, outer in itertools.pairwise([call, *file.ancestors(call)]):
        match outer:
            case ast.Assign(targets=[target]) | ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                return ast.unparse(target)
            case ast.keyword(arg=str(name)):
                return name
            case ast.Call(func=ast.Attribute(attr="join")):
                continue
            case ast.Call(func=func) if func is not inner and not file.calls(outer, *_PLAIN):
                return ast.unparse(func)
            case ast.stmt() | ast.Lambda():
                return ""
    return ""


def method_of(file: Module, call: ast.Call) -> str:
    """The function of `random` that is called."""
    return (file.qualified(call.func) or "").rpartition(".")[2]
