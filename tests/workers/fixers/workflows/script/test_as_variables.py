"""What is said of a script whose expressions became variables."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

PATH = ".github/workflows/ci.yml"
HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n"


@pytest.mark.parametrize(
    ("script", "warned"),
    [
        ("cat <<'EOF' > all.json\n${{ steps.list.outputs.releases }}\nEOF\n", True),
        ("cat <<EOF > event.json\n${{ toJSON(github.event) }}\nEOF\n", True),
        ("cat <<EOF > name\n${{ inputs.name }}\nEOF\n", False),
        ("echo '${{ steps.list.outputs.releases }}'\n", False),
    ],
)
def test_a_document_of_any_length_may_not_fit_into_a_variable(script, warned):
    workflow = HEAD + "".join(f"          {line}\n" for line in script.splitlines())
    place = Location(path=PATH, region=Region(start_line=workflow[: workflow.index("${{")].count("\n") + 1))
    finding = Finding(tool="zizmor", rule="template-injection", message="", severity=Severity.HIGH, locations=(place,))
    proposed = propose(Target(finding=finding, tree=MemoryTree({PATH: workflow.encode()})))
    assert proposed.candidates
    assert any("128 KiB" in warning for one in proposed.candidates for warning in one.warnings) is warned
