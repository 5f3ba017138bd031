"""Random values that an observer can predict."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import any_of, candidate
from workers.fixers.python.draw_use import method_of, refuse_sample_data
from workers.fixers.python.source.expected_calls import refuse_replaced
from workers.fixers.python.source.import_instead import instead
from workers.fixers.python.source.imports import Import, imported, imported_from
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer

_METHODS = (
    "random",
    "randrange",
    "randint",
    "choice",
    "choices",
    "uniform",
    "triangular",
    "randbytes",
    "sample",
    "getrandbits",
)
_DIRECT = {"choice": "choice", "getrandbits": "randbits", "randbytes": "token_bytes"}


@fixer(
    name="python-weak-random",
    weakness="predictable random values",
    cwes=(330, 338),
    rules={"bandit": ["B311"]},
    explain="""`random` is the Mersenne Twister: 624 observed outputs give its whole state, and with it every token,
code or password it makes afterwards (CWE-330, CWE-338).

`secrets` asks the operating system's generator, of which outputs reveal nothing. `secrets.choice`,
`secrets.randbelow` and `secrets.randbits` are the direct functions; `random.SystemRandom()` has every method of
`random` over the same source. Both are slower, and neither can be seeded: a simulation that must be reproducible
keeps `random`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A call of `random` → the same draw from the operating system's generator."""
    file, call = flagged(target, ast.Call, _is_draw)
    refuse_sample_data(file, call)
    if any(file.calls(node, "random.seed", "random.setstate") for node in file.nodes):
        message = (
            f"{file.path} seeds `random`, so its values are meant to be reproducible: they cannot be unpredictable too"
        )
        raise NoFix(message)
    if file.calls(call, "random.Random"):
        yield _generator(file, call)
        return
    refuse_replaced(target, file.path, call.lineno, method_of(file, call))
    draws = _beside(file, call)
    yield from any_of(lambda: _direct(target, file, draws), lambda: _system(target, file, draws))


def _is_draw(file: Module, call: ast.Call) -> bool:
    return file.calls(call, "random.Random", *(f"random.{name}" for name in _METHODS))


def _generator(file: Module, call: ast.Call) -> Candidate:
    if call.args or call.keywords or not isinstance(call.func, ast.Attribute):
        message = f"{file.path}:{call.lineno} seeds its generator, so its values are meant to be reproducible"
        raise NoFix(message)
    return candidate(
        "system-random",
        [file.replace(call.func, f"{file.text(call.func.value)}.SystemRandom")],
        "The generator has the same methods over the operating system's source.",
        warnings=("`seed()` has no effect on it, and getstate()/setstate() raise.",),
    )


def _beside(file: Module, call: ast.Call) -> list[ast.Call]:
    """The draws of the same line, which the scanner tells apart by their line alone."""
    draws = (node for node in file.nodes if isinstance(node, ast.Call) and node.lineno == call.lineno)
    return [node for node in draws if _is_draw(file, node) and not file.calls(node, "random.Random")]


def _direct(target: Target, file: Module, draws: Sequence[ast.Call]) -> Candidate:
    secrets = imported(target, file, "secrets")
    secrets = instead(file, draws[0].func, secrets) if len(draws) == 1 else secrets
    return candidate(
        "secrets-function",
        [*(_secrets_call(file, each, method_of(file, each), secrets.name) for each in draws), *secrets.edits],
        "`secrets` draws from the operating system's generator, which nobody can predict from its outputs.",
        declares=secrets.declares,
    )


def _secrets_call(file: Module, call: ast.Call, name: str, secrets: str) -> Edit:
    if name in _DIRECT and len(call.args) == 1 and not call.keywords:
        return file.replace(call.func, f"{secrets}.{_DIRECT[name]}")
    if name == "randrange" and len(call.args) == 1 and not call.keywords:
        return file.replace(call.func, f"{secrets}.randbelow")
    if name == "randint" and len(call.args) == 2 and not call.keywords and all(map(_is_integer, call.args)):
        low, high = (_integer(each) for each in call.args)
        written = hex if file.text(call.args[1]).lower().startswith("0x") else str
        text = f"{secrets}.randbelow({written(high - low + 1)})"
        if low:
            text = f"{low} + {text}"
            text = f"({text})" if _binds_tighter(file.parents[call]) else text
        return file.replace(call, text)
    if name == "randint" and len(call.args) == 2 and not call.keywords and file.text(call.args[0]) == "0":
        limit = file.text(call.args[1])
        plain = isinstance(call.args[1], ast.Name | ast.Attribute | ast.Subscript)
        return file.replace(call, f"{secrets}.randbelow({limit if plain else f'({limit})'} + 1)")
    return file.replace(call.func, f"{secrets}.SystemRandom().{name}")


def _system(target: Target, file: Module, draws: Sequence[ast.Call]) -> Candidate:
    generator = _generator_class(target, file, draws)
    return candidate(
        "system-random",
        [
            *(file.replace(each.func, f"{generator.name}().{method_of(file, each)}") for each in draws),
            *generator.edits,
        ],
        "`SystemRandom` has the same methods as `random`, over the operating system's generator.",
        declares=generator.declares,
    )


def _generator_class(target: Target, file: Module, draws: Sequence[ast.Call]) -> Import:
    """SystemRandom by the module, or imported by itself where the function that draws was."""
    used = draws[0].func
    if not isinstance(used, ast.Name):
        return Import(f"{file.text(used).rpartition('.')[0]}.SystemRandom")
    uses = [node for node in file.nodes if isinstance(node, ast.Name) and node.id == used.id]
    for statement in file.tree.body:
        match statement:
            case ast.ImportFrom(module="random", level=0, names=[alias]) if (alias.asname or alias.name) == used.id:
                if len(uses) == len(draws) and "SystemRandom" not in file.aliases:
                    declares = (f"statement:{statement.lineno}", "import:random", f"import:{alias.name}/delete")
                    return Import("SystemRandom", (file.replace(alias, "SystemRandom"),), declares)
    return imported_from(target, file, "random", "SystemRandom")


def _is_integer(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _integer(node: ast.expr) -> int:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else 0


def _binds_tighter(parent: ast.AST) -> bool:
    """Whether `a + b` in place of a call would be read differently."""
    return isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Subscript | ast.Await)
