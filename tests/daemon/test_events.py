"""Attacks on the one filter: whatever is logged, and however, no secret of a known kind reaches a log file."""

from __future__ import annotations

import base64
import collections
import dataclasses
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon import events
from daemon.masking import MASK, mask, mask_all

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"


def of(alphabet: str, count: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=count, max_size=count)


def after(prefix: str, alphabet: str, count: int) -> st.SearchStrategy[str]:
    return of(alphabet, count).map(lambda rest: prefix + rest)


UPPER = LETTERS[:26] + LETTERS[52:]
TOKENS = st.one_of(
    *(after(prefix, LETTERS, 36) for prefix in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_", "hf_", "lin_api_")),
    *(after(prefix, LETTERS, 60) for prefix in ("github_pat_", "pypi-", "ATATT3", "sntrys_")),
    *(after(prefix, LETTERS, 24) for prefix in ("glpat-", "glrt-", "sk-", "sk-ant-", "sk_live_", "rk_test_", "ya29.")),
    *(after(prefix, LETTERS, 24) for prefix in ("xoxb-", "xapp-", "dckr_pat_", "GOCSPX-", "hvs.", "whsec_")),
    *(after(prefix, UPPER, 16) for prefix in ("AKIA", "ASIA")),
    after("AIza", LETTERS, 35),
    after("dop_v1_", HEX, 64),
    after("shpat_", HEX, 32),
    after("AGE-SECRET-KEY-1", UPPER, 58),
    st.tuples(of(LETTERS, 20), of(LETTERS, 30)).map(lambda two: f"SG.{two[0]}.{two[1]}"),
    st.tuples(of(LETTERS, 20), of(LETTERS, 30)).map(lambda two: f"eyJ{two[0]}.{two[1]}.{two[0]}"),
    st.tuples(of(HEX, 24), of(HEX, 34)).map(lambda two: f"PMAK-{two[0]}-{two[1]}"),
    of(LETTERS, 64).map(lambda body: f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----"),
)
"""Every kind of credential with a shape of its own."""
PLAIN = of(LETTERS, 12).filter(lambda word: mask(word) == word)
"""A credential without a shape: only where it stands can tell."""
BEFORE = st.sampled_from(
    [
        *("", " ", "token is ", "(", "'", '"', "=", "\n", "é", "_", "git clone failed: ", "x/", "${", ":"),
        *("\\n", "\\t", "\\x1b", "\\u00e9", "?a=%3D", "🔑"),
    ]
)
AFTER = st.sampled_from(["", " ", ")", "'", '"', "\n", ", then more", "/", ";", "}", "…", "é", "\\n", "%20"])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A configured process; what it wrote, then its hooks as they were."""
    root, ours = logging.getLogger(), logging.getLogger("secaid")
    before = sys.excepthook, threading.excepthook, root.level, ours.level, ours.propagate
    events.configure(process="attacked", folder=tmp_path, level="debug")
    yield tmp_path / "attacked.log"
    sys.excepthook, threading.excepthook, root.level, ours.level, ours.propagate = before
    for logger in (root, ours):
        for handler in [each for each in logger.handlers if isinstance(each, events._Handler)]:
            logger.removeHandler(handler)
            handler.close()
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def written(log: Path) -> list[dict[str, Any]]:
    """Every line is one whole JSON document, whatever it holds."""
    found = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    log.write_text("")
    return found


def emitted(log: Path, **fields: Any) -> str:
    """What a log holds after an event, and every value as its reader decodes it."""
    events.emit("attack.made", **fields)
    raw = log.read_text(encoding="utf-8")
    return raw + repr(written(log))


def holds(text: str, secret: str) -> bool:
    """Whether enough of the secret is there to be used: any half of it."""
    body = secret.split("\n")[1] if secret.startswith("-----BEGIN") else secret
    half = len(body) // 2
    return body[:half] in text or body[half:] in text


ATTACK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclasses.dataclass
class Holder:
    value: str


class Noun(msgspec.Struct):
    value: str


Pair = collections.namedtuple("Pair", "left right")


class Failed(Exception):
    """Carries what it was given."""


@ATTACK
@given(token=TOKENS, before=BEFORE, end=AFTER)
def test_a_token_is_found_wherever_it_stands(log: Path, token: str, before: str, end: str) -> None:
    text = f"{before}{token}{end}"
    places: list[dict[str, Any]] = [
        {"reason": text},
        {text: "a key"} if text.isidentifier() else {"keys": {text: "a key"}},
        {"nested": {"a": [{"b": (1, [text])}]}},
        {"set": {text}, "frozen": frozenset({text})},
        {"raw": text.encode()},
        {"error": Failed(text)},
        {"holder": Holder(text), "noun": Noun(text), "pair": Pair(text, 1)},
        {"_private": text},
        {"command": ["git", "-c", f"http.extraHeader={text}", "fetch"]},
        {"path": Path(f"/tmp/{text.replace('/', '_')}")},
    ]
    for fields in places:
        assert not holds(emitted(log, **fields), token), fields


@ATTACK
@given(token=TOKENS, before=BEFORE)
def test_a_token_in_a_traceback_is_found(log: Path, token: str, before: str) -> None:
    def fail() -> None:
        raise Failed(f"{before}{token}")

    try:
        try:
            fail()
        except Failed as error:
            error.add_note(f"note: {token}")
            raise ValueError(token) from error
    except ValueError:
        said = emitted(log, exc_info=True)
        logging.getLogger("urllib3").warning("retrying %s", token, exc_info=True)
        said += log.read_text() + repr(written(log))
    assert not holds(said, token)
    assert "Traceback" in said


@ATTACK
@given(token=TOKENS, shift=st.integers(0, 5), urlsafe=st.booleans(), padded=st.booleans())
def test_a_token_in_base64_is_found(log: Path, token: str, shift: int, urlsafe: bool, padded: bool) -> None:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    encoded = encode(("x" * shift + ":" + token).encode()).decode()
    encoded = encoded if padded else encoded.rstrip("=")
    said = emitted(log, reason=f"body={encoded} end")
    assert encoded[: len(encoded) // 2] not in said
    assert "end" in said


@ATTACK
@given(secret=PLAIN, user=st.sampled_from(["", "x-access-token", "me", "a.b%40c"]), at=st.booleans())
def test_a_password_in_a_url_is_found(log: Path, secret: str, user: str, at: bool) -> None:
    password = f"{secret[:6]}@{secret[6:]}" if at else secret
    for scheme in ("https", "postgresql+psycopg", "git+ssh"):
        said = emitted(log, reason=f"cannot reach {scheme}://{user}:{password}@host.example:5432/x?a=b")
        said = said.replace(MASK, "")  # which holds the word `secret`, as a password may
        assert secret[:6] not in said
        assert secret[6:] not in said
        assert "host.example" in said


@ATTACK
@given(
    secret=PLAIN, name=st.sampled_from(["password", "GH_TOKEN", "client-secret", "apiKey", "Authorization", "Cookie"])
)
def test_a_secret_and_its_name_in_two_fields_are_put_together(log: Path, secret: str, name: str) -> None:
    places: list[dict[str, Any]] = [
        {"environment": {name: secret}},
        {"headers": {name: secret.encode()}},
        {"header": {"name": name, "value": secret}},
        {"variables": [{"key": name, "value": secret}]},
        {"url": f"https://host/x?access_token={secret}&y=1"},
        {"line": f"Authorization: Bearer {secret}"},
        {"line": f"{name} = '{secret}'"} if name not in {"Authorization", "Cookie"} else {},
    ]
    if name == "Authorization":
        places += [{"headers": [(name, secret), ["Cookie", secret]]}]
    for fields in places:
        assert secret not in emitted(log, **fields), fields


@ATTACK
@given(text=st.text(max_size=200))
def test_what_holds_no_secret_is_logged_as_it_is_on_one_line(log: Path, text: str) -> None:
    events.emit("plain.said", reason=text)
    (line,) = written(log)
    assert line["reason"] == (text if mask_all(text) == text else mask_all(text))


@ATTACK
@given(
    secret=of(LETTERS, 20).map(lambda word: f"a1{word}"),
    line=st.sampled_from(
        [
            *("AWS_SECRET_ACCESS_KEY={}", "export GH_TOKEN={}", "password: {}", "db.password = {}", "x&api_key={}&y=1"),
            *("--token={}", "AccountKey={}==;EndpointSuffix=x", "client_secret={}\nnext=1", "passphrase:{}"),
        ]
    ),
)
def test_a_secret_without_quotes_behind_its_name_is_found(log: Path, secret: str, line: str) -> None:
    for fields in (
        {"stderr": line.format(secret)},
        {"raw": line.format(secret).encode()},
        {"error": Failed(line.format(secret))},
    ):
        assert secret not in emitted(log, **fields), fields


def test_what_is_said_of_tokens_and_keys_is_no_secret(log: Path) -> None:
    said = (
        "512 tokens, max_tokens=1024, token_type: bearer, key=value, id-token: write, secret = read_secret(1), a token"
    )
    assert mask_all(said) == said


def test_a_value_without_end_and_one_that_holds_itself_are_bounded(log: Path) -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    events.emit("odd.said", long="x" * 1_000_000, cycle=cycle, deep={"a": ["y" * 40_000]})
    (line,) = written(log)
    assert len(line["long"]) < 40_000
    assert line["long"].endswith("(967232 more characters)")
    assert line["deep"]["a"][0].endswith("(7232 more characters)")


def test_a_lone_surrogate_and_control_characters_break_no_line(log: Path) -> None:
    events.emit("odd.said", reason="a\ud800b\x1b[31m\x00\u2028\r\nend")
    (line,) = written(log)
    assert line["reason"].startswith("a")
    assert line["reason"].endswith("end")


def test_many_secrets_and_none_cost_linear_time() -> None:
    """Not a clock's business: a quadratic filter would run into the time limit of the test."""
    for text in (
        "A" * 300_000,
        "://a@" * 60_000,
        "Z2hwX" * 60_000,
        "eyJ" * 100_000,
        "://" + "a" * 300_000,
        "token=" * 50_000,
    ):
        mask_all(text)


def test_masking_again_changes_nothing_and_digests_stay() -> None:
    digest = "sha256:" + "0123456789abcdef" * 4
    assert mask_all(digest) == digest
    assert mask_all({"checked_by": ["detect-secrets", "gitleaks"]}) == {"checked_by": ["detect-secrets", "gitleaks"]}
    once = mask_all({"password": "x", "text": "ghp_" + "a" * 36, "pair": ["token", "y"]})
    assert once == {"password": MASK, "text": MASK, "pair": ["token", MASK]}
    assert mask_all(once) == once


CRASH = """
import sys, threading, logging
from pathlib import Path
from daemon import events
events.configure(process="crashing", folder=Path(sys.argv[1]))
token = "ghp_" + "a" * 36
with events.about(job=7):
    logging.getLogger("some.library").error("it said %s", token)
def fail():
    raise RuntimeError(f"in a thread: {token}")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
raise SystemError(f"at the end: {token}")
"""


def test_a_crash_is_logged_with_its_traceback_and_nothing_of_it_reaches_stderr_unmasked(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in (tmp_path / "crashing.log").read_text().splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        (f"it said {MASK}", "error"),
        ("process.crashed", "critical"),
        ("process.crashed", "critical"),
    ]
    assert lines[0]["job"] == 7
    assert "job" not in lines[1]
    assert "RuntimeError: in a thread" in lines[1]["exception"]
    assert "SystemError: at the end" in done.stderr
    assert "ghp_" not in done.stderr + repr(lines)
    assert done.returncode == 1


def test_the_console_is_masked_too(monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with warnings.catch_warnings():
        events.configure(process="attacked", folder=None, console=True)
        events.emit("said", reason="ghp_" + "b" * 36, error=Failed("ghp_" + "c" * 36))
    assert MASK in stream.getvalue()
    assert "ghp_" not in stream.getvalue()
    events.configure(process="attacked", folder=None)
    assert log.exists()
