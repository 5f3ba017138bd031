"""A Dockerfile's instructions lie where the text has them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.edits import apply_edits
from workers.source import dockerfile

TEXT = """\
# syntax=docker/dockerfile:1
ARG V=1
FROM --platform=linux/amd64 python:3.12 AS build
# é comment
run apt-get update \\
    # inner
    && apt-get install -y curl  \\

    && true
COPY --from=build --chown=1:1 \\
    a b
RUN <<EOF
echo FROM nothing
EOF
FROM scratch
CMD ["x", "y"]
"""


def test_instructions_keywords_stages_and_lines() -> None:
    parsed = dockerfile.parse(TEXT.encode(), "Dockerfile")
    rows = [(one.keyword, one.stage, one.line, one.last_line) for one in parsed.instructions]
    assert rows == [
        ("ARG", -1, 2, 2), ("FROM", 0, 3, 3), ("RUN", 0, 5, 9), ("COPY", 0, 10, 11), ("RUN", 0, 12, 14),
        ("FROM", 1, 15, 15), ("CMD", 1, 16, 16),
    ]  # fmt: skip
    assert [(stage.image, stage.name) for stage in parsed.stages] == [("python:3.12", "build"), ("scratch", None)]


def test_flags_text_and_offsets() -> None:
    parsed = dockerfile.parse(TEXT.encode(), "Dockerfile")
    copy, run = parsed.instructions[3], parsed.instructions[2]
    assert copy.flags == ("--from=build", "--chown=1:1")
    assert parsed.slice(copy.body, copy.end) == "a b"
    assert run.text.split() == ["apt-get", "update", "&&", "apt-get", "install", "-y", "curl", "&&", "true"]
    assert parsed.slice(run.start, run.body) == "run "
    assert parsed.instructions[4].heredocs == ("echo FROM nothing\n",)
    assert parsed.instructions[-1].json


def test_lines_are_inserted_and_deleted_whole() -> None:
    text = b"FROM a\r\nUSER root\r\nCMD x"
    parsed = dockerfile.parse(text)
    origin, user, command = parsed.instructions
    assert apply_edits(text, [parsed.delete(user)]) == b"FROM a\r\nCMD x"
    assert apply_edits(text, [parsed.insert_after(command, "USER 1")]) == b"FROM a\r\nUSER root\r\nCMD x\r\nUSER 1"
    assert apply_edits(text, [parsed.insert_before(origin, "ARG a")]).startswith(b"ARG a\r\nFROM")


def test_the_escape_directive_is_obeyed() -> None:
    parsed = dockerfile.parse(b"# escape=`\nFROM a\nRUN dir C:\\\nRUN x `\n  y\n")
    assert [one.text for one in parsed.instructions] == ["a", "dir C:\\", "x   y"]
    assert parsed.windows


@pytest.mark.parametrize("broken", [b"hello", b"FROM a\nRUN <<EOF\nx", b"\xff", b"FROM a\n1 b"])
def test_what_is_no_dockerfile_is_refused(broken: bytes) -> None:
    with pytest.raises(dockerfile.DockerfileBroken):
        dockerfile.parse(broken)


LINES = ["FROM é:1", "FROM a AS b", "RUN x \\", "  && y", "# c", "", 'CMD ["a"]', "RUN <<E", "E", "COPY --from=b \\",
    "a b", "ENV é=1"]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_offsets_are_in_order_and_spell_the_keyword(parts: list[str], newline: str, mark: bool) -> None:
    content = (("\ufeff" if mark else "") + newline.join(parts)).encode()
    try:
        parsed = dockerfile.parse(content)
    except dockerfile.DockerfileBroken:
        return
    position = 0
    for one in parsed.instructions:
        assert position <= one.start < one.arguments <= one.body
        assert one.body <= one.end or not one.text
        assert parsed.slice(one.start, one.start + len(one.keyword)).upper() == one.keyword
        position = one.end


@pytest.mark.parametrize(
    ("text", "is_json"),
    [
        ('RUN ["a", "b c"]', True),
        ("CMD []", True),
        ('RUN [ "$A" = x ] && [ -f /y ]', False),
        ('RUN [ "a" ]', True),
        ("RUN ['a']", False),
        ("RUN [1]", False),
        ("RUN [[ -z $A ]]", False),
    ],
)
def test_only_a_json_array_of_strings_is_run_without_a_shell(text, is_json):
    assert dockerfile.parse(f"FROM a\n{text}\n".encode()).instructions[-1].json is is_json
