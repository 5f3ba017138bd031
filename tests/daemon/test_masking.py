import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import masking
from daemon.masking import MASK, mask, mask_all

PARTS = [
    "password", "PASSWD", "token", "api_key", "client-secret",
    "'", '"', "=", ":", " ", "abcdefgh1234", "ghp_" + "a" * 30,
    "://", "user", "@", "?", "&",
    "sig", "Authorization", "bearer", "AKIAABCDEFGHIJKLMNOP", "eyJabcdefghij.abcdefghij.",
    "-----BEGIN RSA PRIVATE KEY-----", "\n", "sk-" + "a" * 25, "npm_" + "b" * 36, "xoxb-1234567890a",
    "dop_v1_" + "0" * 64, "glrt-" + "c" * 20, "hvs." + "d" * 24, "GOCSPX-" + "e" * 20, "/", "#", "a" * 20,
]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        'password = "hunter22222"',
        "my_api-key: 'abcdefgh'",
        "https://user:p4ssword@host/x",
        "ghp_" + "a" * 36,
        "AKIAABCDEFGHIJKLMNOP",
        "Authorization: Bearer abc.def",
        "https://host/x?sig=abcdef&y=1",
        "postgresql+psycopg://me:p@ss@word@db/secaid",
        "https://" + "a1" * 20 + "@github.com/o/r.git",
        "https://:hunter2@host/",
        "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_credential_is_masked_and_masking_again_changes_nothing(text: str) -> None:
    masked = mask(text)
    assert MASK in masked
    assert mask(masked) == masked


@pytest.mark.parametrize("text", ['http_tokens = "required"', '"HttpTokens": "optional"'])
def test_a_setting_of_session_tokens_is_no_credential(text: str) -> None:
    assert mask(text) == text


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_looking_for_marks_first_masks_exactly_what_the_patterns_do(text: str) -> None:
    expected = masking._TOKENS.sub(MASK, text)
    for pattern in (masking._URL_PASSWORD, masking._AUTHORIZATION, masking._SIGNED_URL):
        expected = pattern.sub(lambda match: match["before"] + MASK, expected)
    expected = masking._ASSIGNED.sub(lambda hit: f"{hit['before']}{hit['quote']}{MASK}{hit['quote']}", expected)
    assert mask(text) == expected


@pytest.mark.parametrize(
    "part", ["a", "a.", "secret", "://a:", "eyJ", 'secret="aaaaaaa', "authorization:", "-----BEGIN"]
)
def test_hostile_repetition_is_masked_in_linear_time(part: str) -> None:
    # The processor's time: a machine with much else to do makes nothing quadratic.
    start = time.process_time()
    mask(part * (200_000 // len(part)))
    assert time.process_time() - start < 2


def test_every_string_of_a_structure_is_masked() -> None:
    assert mask_all({"a": ["ghp_" + "a" * 36, 1], "b": ("plain",)}) == {"a": [MASK, 1], "b": ["plain"]}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('-H "Authorization: Bearer $ACCESS_TOKEN" https://a', True),
        ('-H "Authorization: Bearer ${ACCESS_TOKEN:?ACCESS_TOKEN is not set}"', True),
        ("Authorization: token <GITHUB_TOKEN>", True),
        ("Authorization: Bearer $2y$10$abcdefghij", False),
        ("Authorization: Basic $ecret", False),
        ("Authorization: Bearer $ABC$DEF", False),
    ],
)
def test_what_stands_for_a_credential_in_a_header_is_shown(text, kept):
    assert (mask(text) == text) is kept
