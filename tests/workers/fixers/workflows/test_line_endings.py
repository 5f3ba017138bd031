"""A script with CRLF endings is rewritten as the same script with LF is: YAML gives the shell LF either way."""

import pytest

from workers.fixers.workflows.script import shell_rewrite

SCRIPTS = (
    "sed -i \\\n  -e s/a/b/ \\\n  ${{ inputs.file }}\n",
    "make ${{ inputs.args }}\n",
    "cat <<'EOF' > x\n${{ inputs.a }}\nEOF\n",
    "cat <<-EOF\n\t${{ inputs.a }}\n\tEOF\n",
    "echo 'v${{ inputs.a }}' # ${{ inputs.b }}\n${{ inputs.a }}x && run \\\n${{ inputs.b }}\n",
    'for t in ${{ inputs.tests }}; do\n  run "$t ${{ inputs.a }}"\ndone\n',
    "x=${{ inputs.a }}\n",
)


def _rewritten(script: str) -> str:
    def name(expression: str) -> str:
        return "_".join(filter(str.isalpha, expression)).upper()

    try:
        changes = shell_rewrite.rewrite(script, lambda _one: True, name, split=shell_rewrite.may_be_several)
    except shell_rewrite.NoFix as reason:
        return str(reason)
    for start, end, text in reversed(changes):
        script = script[:start] + text + script[end:]
    return script


@pytest.mark.parametrize("script", SCRIPTS)
def test_line_endings_do_not_change_how_a_script_is_read(script):
    """Continued lines, words at the end of a line, here-documents."""
    assert _rewritten(script.replace("\n", "\r\n")).replace("\r\n", "\n") == _rewritten(script)


def test_a_word_at_the_end_of_a_line_is_a_whole_one():
    """It may be split as it was."""
    assert _rewritten("make ${{ inputs.args }}\r\n").startswith("make ${")
