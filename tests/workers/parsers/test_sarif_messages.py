"""SARIF messages in words."""

import pytest

from workers.parsers.sarif_messages import text_of
from workers.parsers.sarif_model import Message


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (None, ""),
        (Message(), ""),
        (Message(text="plain"), "plain"),
        (Message(markdown="**bold**"), "**bold**"),
        (Message(id="default", arguments=["x", "y"]), "'x' meets y"),
        (Message(id="unknown", arguments=["x"]), ""),
        (Message(text="{0} of {1} and {7}", arguments=["a", "b"]), "a of b and {7}"),
        (Message(text="{{0}} is {0}", arguments=["a"]), "{0} is a"),
        (Message(text="${{ github.event }} in {0}"), "${{ github.event }} in {0}"),
        (Message(text="from [a value](1) to [the call](sarif:/runs/0/results/1)"), "from a value to the call"),
        (Message(text="see [the docs](https://example.org)"), "see [the docs](https://example.org)"),
    ],
)
def test_a_message_in_words(message: Message | None, words: str) -> None:
    assert text_of(message, {"default": "'{0}' meets {1}"}) == words
