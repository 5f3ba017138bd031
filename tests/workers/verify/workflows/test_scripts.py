"""Whether a rewritten script passes the same arguments."""

import pytest

from workers.source.tree import MemoryTree
from workers.verify.workflows.model import Step
from workers.verify.workflows.preserved import broken
from workers.verify.workflows.scripts import changed_meaning


def _step(
    run: str, env: dict[str, str] | None = None, around: dict[str, str] | None = None, shell: str = "bash"
) -> Step:
    return Step(uses=None, run=run, shell=shell, env=env or {}, inputs={}, around=around or {})


@pytest.mark.parametrize(
    ("before", "after", "env", "around"),
    [
        ('echo "${{ inputs.a }}"', 'echo "${A}"', {"A": "${{ inputs.a }}"}, {}),
        ("echo '${{ inputs.a }}'", 'echo "${A}"', {"A": "${{ inputs.a }}"}, {}),
        ('echo "${{ env.V }}"', 'echo "${V}"', {}, {"V": "21"}),
        ('echo "${{ env.V }}:${{ inputs.a }}"', 'echo "${V}:${A}"', {"A": "${{ inputs.a }}"}, {"V": "${{ vars.v }}"}),
        ('echo "${{ env.LATER }}"', 'echo "${LATER}"', {}, {}),
        ("T=\"$(ls | grep '${{ inputs.a }}')\"", 'T="$(ls | grep "${A}")"', {"A": "${{ inputs.a }}"}, {}),
        ("cat <<E >x.txt\nls ${{ inputs.a }}\nE\n", "cat <<E >x.txt\nls ${A}\nE\n", {"A": "${{ inputs.a }}"}, {}),
        ('awk -v "a=${{ inputs.a }}" 1 f', 'awk -v "a=${A}" 1 f', {"A": "${{ inputs.a }}"}, {}),
        ("echo ${{ github.ref_name }}", 'echo "${GITHUB_REF_NAME}"', {}, {}),
        ("echo ${{ format('{0}', true && 'a') }}", "echo a", {}, {}),
        ('echo "V=${{ env.V }}"', 'echo "V=${ENV_V}"', {"ENV_V": "${{ env.V }}"}, {}),
        ('echo "V=${{ env.V }}"', 'echo "V=${ENV_V}"', {"ENV_V": "${{ env.V }}"}, {"V": "21"}),
        (
            "jq . <<< '${{ inputs.a }}'\necho '${{ inputs.a }}'",
            'jq . <<< "${A}"\necho "${A}"',
            {"A": "${{ inputs.a }}"},
            {},
        ),
    ],
)
def test_the_same_arguments_are_the_same_however_they_are_written(before, after, env, around):
    """Variables of a step, of the workflow, and those that an earlier step writes."""
    assert changed_meaning(_step(before, around=around), _step(after, env, around)) is None


@pytest.mark.parametrize(
    ("before", "after", "env", "around"),
    [
        ("echo '${{ inputs.a }}'", "echo '${A}'", {"A": "${{ inputs.a }}"}, {}),
        ("echo '${{ env.LATER }}'", "echo '${LATER}'", {}, {}),
        ('echo "${{ inputs.a }}"', 'echo "${A}"', {"A": "${{ inputs.b }}"}, {}),
        ("echo ${{ format('{0}', true && 'a') }}", "echo b", {}, {}),
        ('V=1; echo "${{ env.V }}"', 'V=1; echo "${V}"', {}, {"V": "21"}),
        ("run ${{ env.FLAGS_AND_MORE }}", 'run "${FLAGS_AND_MORE}"', {}, {"FLAGS_AND_MORE": "-a -b"}),
        ('echo "${{ inputs.a }}"', 'PATH=x echo "${PATH}"', {"PATH": "${{ inputs.a }}"}, {}),
        ("python3 -c \"print('${{ inputs.a }}')\"", "python3 -c \"print('${A}')\"", {"A": "${{ inputs.a }}"}, {}),
        (
            'rsync --rsync-path="mkdir ${{ inputs.a }}" a b',
            'rsync --rsync-path="mkdir ${A}" a b',
            {"A": "${{ inputs.a }}"},
            {},
        ),
        ('echo "ls ${{ inputs.a }}" | bash', 'echo "ls ${A}" | bash', {"A": "${{ inputs.a }}"}, {}),
        ('su ci -c "ls ${{ inputs.a }}"', 'su ci -c "ls ${A}"', {"A": "${{ inputs.a }}"}, {}),
        ("ssh host <<E\nls ${{ github.head_ref }}\nE\n", "ssh host <<E\nls ${GITHUB_HEAD_REF}\nE\n", {}, {}),
        ("${{ inputs.a }} --help", "${A} --help", {"A": "${{ inputs.a }}"}, {}),
        ('ssh host "ls ${{ inputs.a }}"', 'ssh host "ls ${A}"', {"A": "${{ inputs.a }}"}, {}),
        ('eval "ls ${{ inputs.a }}"', 'eval "ls ${A}"', {"A": "${{ inputs.a }}"}, {}),
        ('trap "rm ${{ inputs.a }}" EXIT', 'trap "rm ${A}" EXIT', {"A": "${{ inputs.a }}"}, {}),
        ('awk "/${{ inputs.a }}/" f', 'awk "/${A}/" f', {"A": "${{ inputs.a }}"}, {}),
        ("ssh host <<E\nls ${{ inputs.a }}\nE\n", "ssh host <<E\nls ${A}\nE\n", {"A": "${{ inputs.a }}"}, {}),
        ("cat <<E >x.sh\nls ${{ inputs.a }}\nE\n", "cat <<E >x.sh\nls ${A}\nE\n", {"A": "${{ inputs.a }}"}, {}),
        ('echo "ls ${{ inputs.a }}" >x.sh', 'echo "ls ${A}" >x.sh', {"A": "${{ inputs.a }}"}, {}),
        ("cat <<'E'\n${{ inputs.a }}\nE\n", "cat <<'E'\n${A}\nE\n", {"A": "${{ inputs.a }}"}, {}),
        ("jq . <<< a\necho '${{ inputs.a }}'", "jq . <<< a\necho '${A}'", {"A": "${{ inputs.a }}"}, {}),
    ],
)
def test_another_argument_is_told(before, after, env, around):
    """Single quotes, literal heredocs, other values, a clash, and several words that become one."""
    assert changed_meaning(_step(before, around=around), _step(after, env, around)) is not None


@pytest.mark.parametrize(
    ("shell", "after", "same"),
    [
        ("zsh --no-rcs {0}", "make ${=A}", True),
        ("zsh --no-rcs {0}", "make ${A}", False),
        ("zsh --no-rcs {0}", 'make "${A}"', False),
        ("bash", "make ${A}", True),
        ("bash", "make ${=A}", False),
        ("dash", "make ${A}", True),
        ("fish", "make ${A}", False),
    ],
)
def test_each_shell_splits_in_its_own_way(shell, after, same):
    """Zsh keeps a bare variable one word unless it is told to split it; a shell that is not known is not judged."""
    before = _step("make ${{ inputs.args }}", shell=shell)
    found = changed_meaning(before, _step(after, {"A": "${{ inputs.args }}"}, shell=shell))
    assert (found is None) == same


@pytest.mark.parametrize(("words", "told"), [("make", False), ("bash -c 'make all'", True)])
def test_a_piece_of_a_command_line_is_no_variable(words, told):
    """Quotes that a caller writes are read where the text is pasted, and are text in a variable."""
    action = "inputs: {a: {required: true}}\nruns:\n  using: composite\n  steps:\n    - shell: bash\n"
    before = f"{action}      run: docker run x ${{{{ inputs.a }}}}\n".encode()
    after = f"{action}      run: docker run x ${{A}}\n      env:\n        A: ${{{{ inputs.a }}}}\n".encode()
    caller = f'jobs:\n  a:\n    steps:\n      - uses: ./build\n        with:\n          a: "{words}"\n'.encode()
    tree = MemoryTree({"build/action.yml": before, ".github/workflows/ci.yml": caller})
    assert bool(broken(before, after, tree, "build/action.yml")) is told


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("zip a ${{ inputs.a }}.zip", 'zip a "${env:A}.zip"', True),
        ("zip a ${{ inputs.a }}.zip", "zip a $env:A.zip", False),
        ("zip a x-${{ inputs.a }}.zip", "zip a x-$env:A.zip", True),
        ("@'\n${{ inputs.a }}\n'@ | Out-File x", "@'\n$env:A\n'@ | Out-File x", False),
        ('iex "run ${{ inputs.a }}"', 'iex "run ${env:A}"', False),
        ("${{ inputs.a }} --version", "$env:A --version", False),
    ],
)
def test_powershell_reads_a_variable_in_its_own_ways(before, after, same):
    """A part of a value, a text that expands nothing, code, and a command."""
    told = changed_meaning(_step(before, shell="pwsh"), _step(after, {"A": "${{ inputs.a }}"}, shell="pwsh"))
    assert (told is None) is same
