"""Cases of code fixers: a text file each, read by every test that asks for `code_case`.

    == bandit B506 | a loader that builds anything
    import yaml
    »yaml.load(stream, Loader=yaml.Loader)
    -- safe-load
    import yaml
    yaml.safe_load(stream)
    == bandit B506 | its own loader
    »yaml.load(stream, Loader=Mine)
    -- nothing: a loader of its own

`»` marks the flagged line. Every approach that the fixer proposes must be listed, and no other. In a header, `@ NAME`
before the bar names the file where its name matters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import Candidate
from daemon.domain.severity import Severity
from workers.fixers.propose import Proposal, propose
from workers.fixers.registry import NoFix, Target
from workers.source.tree import MemoryTree


@dataclasses.dataclass(frozen=True)
class CodeCase:
    name: str
    tool: str
    rule: str
    path: str
    line: int
    before: str
    after: dict[str, str]
    nothing: str | None

    @property
    def finding(self) -> Finding:
        region = Region(start_line=self.line)
        return Finding(
            tool=self.tool,
            rule=self.rule,
            message="",
            severity=Severity.MEDIUM,
            locations=(Location(path=self.path, region=region),),
        )

    @property
    def target(self) -> Target:
        return Target(finding=self.finding, tree=MemoryTree({self.path: self.before.encode()}))


def read_cases(folder: Path) -> list[CodeCase]:
    return [case for file in sorted((folder / "cases").glob("*.txt")) for case in _cases(file)]


def _all_cases(root: Path) -> list[CodeCase]:
    return [case for folder in sorted(root.iterdir()) for case in read_cases(folder)]


def _cases(file: Path) -> Iterator[CodeCase]:
    suffix = f".{file.stem.rpartition('.')[2]}"
    for number, block in enumerate(("\n" + file.read_text("utf-8")).split("\n== ")[1:]):
        header, *outcomes = ("\n" + block).split("\n-- ")
        title, _, source = header[1:].partition("\n")
        head, _, name = title.partition(" | ")
        words = head.split()
        path = words[3] if len(words) > 3 else f"code_{number}{suffix}"
        line = source[: source.index("»")].count("\n") + 1
        after = dict(_outcome(outcome) for outcome in outcomes if not outcome.startswith("nothing:"))
        nothing = next((each.partition(":")[2].strip() for each in outcomes if each.startswith("nothing:")), None)
        before = source.replace("»", "")
        yield CodeCase(f"{file.stem}: {name}", words[0], words[1], path, line, _ended(before), after, nothing)


def _outcome(text: str) -> tuple[str, str]:
    name, _, source = text.partition("\n")
    return name.strip(), _ended(source)


def _ended(text: str) -> str:
    return text.rstrip("\n") + "\n"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "code_case" in metafunc.fixturenames:
        here = Path(str(metafunc.definition.path)).parent
        cases = read_cases(here) or _all_cases(here)
        metafunc.parametrize("code_case", cases, ids=[case.name for case in cases])


@pytest.fixture
def code_cases(request: pytest.FixtureRequest) -> list[CodeCase]:
    return read_cases(request.path.parent)


@pytest.fixture
def all_code_cases(request: pytest.FixtureRequest) -> list[CodeCase]:
    """Those of every language."""
    return _all_cases(Path(__file__).parent)


@pytest.fixture
def asked() -> Callable[..., Proposal]:
    """What is proposed for a scanner's rule at a line of one of some files."""

    def proposal(files: dict[str, str], tool: str, rule: str, path: str, line: int = 1) -> Proposal:
        place = Location(path=path, region=Region(start_line=line))
        finding = Finding(tool=tool, rule=rule, message="", severity=Severity.MEDIUM, locations=(place,))
        tree = MemoryTree({name: text.encode() for name, text in files.items()})
        return propose(Target(finding=finding, tree=tree))

    return proposal


@pytest.fixture
def proposed() -> Callable[[Target], list[Candidate]]:
    """The candidates for a target; `NoFix` with the reason where there are none."""

    def candidates(target: Target) -> list[Candidate]:
        proposal = propose(target)
        if not proposal.candidates:
            raise NoFix(proposal.reason or "no reason was given")
        return list(proposal.candidates)

    return candidates
