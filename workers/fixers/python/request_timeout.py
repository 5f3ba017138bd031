"""HTTP requests that may wait for ever."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import argument, keyword, set_keyword
from workers.fixers.python.source.expected_calls import refuse_stand_in
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test

_VERBS = ("get", "options", "head", "post", "put", "patch", "delete", "request")
_HTTPX = (*_VERBS, "stream", "Client", "AsyncClient")
_CALLS = (*(f"requests.{verb}" for verb in _VERBS), *(f"httpx.{name}" for name in _HTTPX))
_READ = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple)
"""What bandit can read off; of all else, such as `60 * 5`, it takes none for given."""
_USUAL = (10, 27, ("ten seconds", "27"))
_SLOW_WORK = (600, 600, ("ten minutes", "ten minutes"))
_SLOW = re.compile(
    r"generat|caption|completion|\bchat|llm|gpt|ollama|embed|infer|predict|\btrain|transcri|summari[sz]|nlp|annotat|classif|sentiment|analy[sz]e|export|import_"
    r"|/build(?![/s])|render|convert|backup|restore|migrat|reindex|similarity|upload|extract|\bocr\b|\.(?:zip|tar|csv|xlsx|pdf)\b|long_?poll|getUpdates",
    re.IGNORECASE,
)
"""Work of models and of whole data sets, and uploads."""
_EVENTS = re.compile(r"\.iter_lines\(|event-stream|SSEClient|EventSource|long_?poll", re.IGNORECASE)


@fixer(
    name="python-request-timeout",
    weakness="request without a timeout",
    cwes=(400, 1088),
    rules={"bandit": ["B113"], "semgrep": ["use-timeout"]},
    explain="""`requests` has no timeout of its own: a server that accepts the connection and then says nothing holds
the calling thread for ever, and a few such servers hold the whole service (CWE-400). `httpx` has one unless the code
passes `timeout=None`.

`timeout=10` bounds the connection and each wait for data, not the whole download. A pair, `timeout=(3.05, 27)`, gives
up quickly on a host that is down (a little over TCP's 3 s retransmission) and is patient with one that is slow. What a
model makes, and what is converted or uploaded as a whole, takes minutes.
Choose figures that the caller can live with and handle `requests.Timeout`. A test waits for nobody but itself.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A request without a bound → one with a single bound, or with one each for connecting and reading."""
    file, call = flagged(target, ast.Call, _unbounded)
    if (given := keyword(call, "timeout")) is not None and not isinstance(given.value, _READ):
        message = (
            f"{file.path}:{call.lineno} gives up after `{file.text(given.value)}`, a bound that the scanner cannot read"
        )
        raise Harmless(message)
    if _EVENTS.search(file.text(file.function(call) or file.statement(call))) and keyword(call, "stream") is not None:
        message = (
            f"{file.path}:{call.lineno} reads a stream that may be silent for as long as nothing happens: a bound on "
            "each wait would end it; bound the connection alone, and let the server send something now and then"
        )
        raise NoFix(message)
    refuse_stand_in(target, file.path, call.lineno, file.qualified(call.func) or "")
    single, pair, words = _SLOW_WORK if _is_slow(file, call) else _USUAL
    warning = "A slower answer now raises a Timeout: check that the caller handles it."
    yield candidate(
        "single-timeout",
        [set_keyword(file, call, "timeout", str(single), alone=True)],
        f"The call gives up after {words[0]} without an answer, instead of holding its thread for ever.",
        warnings=(warning,),
    )
    how = f"A dead host is noticed within about three seconds, a slow one may take up to {words[1]} between two pieces."
    if (file.qualified(call.func) or "").startswith("requests."):
        text, needed = f"(3.05, {pair})", None
    else:
        needed = imported(target, file, "httpx")
        text = f"{needed.name}.Timeout({pair}, connect=3.05)"
    yield candidate(
        "connect-and-read-timeout",
        [set_keyword(file, call, "timeout", text, alone=True), *(needed.edits if needed else ())],
        how,
        declares=needed.declares if needed else (),
        warnings=(warning,),
    )


def _is_slow(file: Module, call: ast.Call) -> bool:
    """Whether minutes may pass before the answer: by what is asked for, or because the code waits on purpose."""
    if keyword(call, "files") is not None:
        return True
    function = file.function(call)
    address = argument(call, 1 if (file.qualified(call.func) or "").endswith("request") else 0, "url")
    return bool(
        (address is not None and _SLOW.search(file.text(address)))
        or (function is not None and not is_test(file.path) and _SLOW.search(function.name))
    ) or (keyword(call, "timeout") is not None)


def _unbounded(file: Module, call: ast.Call) -> bool:
    given = keyword(call, "timeout")
    value = given.value if given is not None else ast.Constant(None)
    none = not isinstance(value, _READ) or (isinstance(value, ast.Constant) and value.value is None)
    return none and file.calls(call, *_CALLS)
