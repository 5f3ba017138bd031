"""Which of the findings that come to light behind another one were there all along."""

import pytest

from daemon.domain.finding import Finding, Location
from daemon.domain.severity import Severity
from workers.verify.masked import was_masked

HEAD = b"FROM debian:12\n"


def _one(rule: str, tool: str = "hadolint") -> Finding:
    return Finding(tool=tool, rule=rule, message="m", severity=Severity.LOW, locations=(Location(path="Dockerfile"),))


@pytest.mark.parametrize(
    ("before", "after", "hidden"),
    [
        (b"RUN rm `find .` $A\n", b"RUN rm $(find .) $A\n", True),
        (b"RUN a $A; source /x\n", b'RUN a "$A"; source /x\n', True),
        (b"RUN pushd /a\n", b'SHELL ["/bin/bash", "-c"]\nRUN pushd /a\n', True),
        (b"RUN ls *.txt | xargs rm\n", b"RUN ls ./*.txt | xargs rm\n", True),
        (b'RUN a "$A"; b `c`\n', b"RUN a $A; b $(c)\n", False),
        (b"RUN a $A; b `c`\n", b'RUN a "$A"; b $(c) $D\n', False),
        (b"RUN a `b`\n", b"RUN a $(b\n", False),
    ],
)
def test_what_a_change_of_quotes_alone_brings_to_light_was_there(before, after, hidden):
    assert was_masked(_one("SC2046"), [_one("SC2006")], HEAD + before, HEAD + after) is hidden


def test_only_remarks_of_shellcheck_hide_behind_one_another_and_none_about_quotes():
    sides = (HEAD + b"RUN a $A\n", HEAD + b'RUN a "$A"\n')
    assert was_masked(_one("SC2046"), [_one("SC2086")], *sides)
    assert not was_masked(_one("SC2140"), [_one("SC2086")], *sides)
    assert not was_masked(_one("DL3008"), [_one("SC2086")], *sides)
    assert not was_masked(_one("SC2046"), [_one("DL3008")], *sides)
    assert not was_masked(_one("SC2046", tool="shellcheck"), [_one("SC2086")], *sides)


@pytest.mark.parametrize(
    ("after", "hidden"),
    [
        (b"RUN echo 'a ${B}' > \"$C\"/d\n", True),
        (b"RUN echo \"'a ${B}'\" > $C/d\n", False),
        (b"RUN echo 'a \"${B}\"' > $C/d\n", False),
    ],
)
def test_an_expression_in_single_quotes_was_there_where_these_stay_as_they_were(after, hidden):
    before = HEAD + b"RUN echo 'a ${B}' > $C/d\n"
    assert was_masked(_one("SC2016"), [_one("SC2086")], before, HEAD + after) is hidden
