"""The outline of a private key, and a key."""

import base64
import random

import pytest

BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
_BODY = base64.b64encode(random.Random(7).randbytes(96)).decode()


@pytest.mark.parametrize(
    ("body", "harmless"),
    [
        ("MIIEpAIBAAKCAQEA...\n[Full contents of your private key]\n...", True),
        ("<your key>", True),
        ("x" * 64, True),
        ("${KEY}", True),
        ("\n".join(_BODY[at : at + 64] for at in range(0, len(_BODY), 64)), False),
        (_BODY, False),
        ("\\n".join((_BODY[:64], _BODY[64:])), False),
        ('" +\n  "'.join((_BODY[:64], _BODY[64:])), False),
        ("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n" + _BODY, False),
    ],
)
def test_an_outline_is_nothing_to_mend(asked, body, harmless):
    text = f'# GitHub App\nGITHUB_PRIVATE_KEY="{BEGIN}\n{body}\n{END}"\n'
    assert asked({".env.sample": text}, "gitleaks", "private-key", ".env.sample", 2).harmless is harmless
