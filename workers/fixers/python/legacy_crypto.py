"""PyCrypto, which nobody maintains."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.required import required
from workers.fixers.python.source.requirement import asks_for
from workers.fixers.registry import Harmless, NoFix, Target, fixer


@fixer(
    name="python-legacy-crypto",
    weakness="unmaintained cryptography library",
    cwes=(327,),
    rules={"bandit": ["B413"]},
    explain="""PyCrypto had its last release in 2013 and has known holes (CVE-2013-7459, CVE-2018-6594; CWE-1104).
PyCryptodome is its maintained successor; installed as `pycryptodomex` it is imported as `Cryptodome`, so nothing can
load the old library by mistake.

All imports of a file move together: objects of the two libraries must not meet.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`Crypto` → `Cryptodome`, in every import of the file."""
    file, _statement = flagged(target, ast.stmt, _imports_crypto)
    statements = [node for node in file.nodes if isinstance(node, ast.stmt) and _imports_crypto(file, node)]
    if any(isinstance(node, ast.Import) and not node.names[0].asname for node in statements):
        message = f"{file.path} uses `Crypto` by its whole name; import what is needed from it first"
        raise NoFix(message)
    if asks_for(target.tree, file.path, "pycryptodome") and not asks_for(target.tree, file.path, "pycrypto"):
        message = f"{file.path} gets its `Crypto` from PyCryptodome, which the project asks for and which is maintained"
        raise Harmless(message)
    if any(_falls_back(file, node) for node in statements):
        message = f"{file.path} takes either library, whichever is installed: require pycryptodomex, and drop the other"
        raise NoFix(message)
    edits = []
    for node in statements:
        start, end = file.span(node)
        at = start + file.content[start:end].index(b"Crypto")
        edits.append(file.edit(at, at + len("Crypto"), "Cryptodome"))
    lines = sorted({node.lineno for node in statements})
    asked = required(target.tree, file.path, "pycryptodomex")
    yield candidate(
        "cryptodome",
        [*edits, *asked.edits],
        "PyCryptodome has the same modules and functions, and is maintained.",
        declares=(
            "import:Cryptodome",
            "import:Crypto/delete",
            *(f"statement:{line}" for line in lines),
            *asked.declares,
        ),
        warnings=(*asked.warnings, "Drop pycrypto where nothing else imports `Crypto`."),
    )


def _falls_back(file: Module, node: ast.stmt) -> bool:
    """Whether a failure of the import is caught."""
    inside: ast.AST = node
    for outer in file.ancestors(node):
        if isinstance(outer, ast.Try) and (inside in outer.body or inside in outer.handlers):
            return True
        inside = outer
    return False


def _imports_crypto(_file: Module, node: ast.stmt) -> bool:
    match node:
        case ast.ImportFrom(module=str(name), level=0):
            return name.partition(".")[0] == "Crypto"
        case ast.Import(names=[alias]):
            return alias.name.partition(".")[0] == "Crypto"
    return False
