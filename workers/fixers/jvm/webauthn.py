"""WebAuthn checks that were switched off."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.jvm.source import Setting, propose_settings
from workers.fixers.registry import Target, fixer


def _switch(name: str, bad: str, why: str, warning: str | None = None) -> Setting:
    good = "true" if bad == "false" else "false"
    return Setting(
        pattern=rf"\b{name}\s*(?:\(|=)\s*(?P<value>{bad})\b",
        approaches=(("switched-back", good, why),),
        warning=warning,
    )


_SETTINGS = (
    _switch(
        "validateSignatureCounter",
        "false",
        "A signature counter that goes back shows a cloned authenticator, and the sign-in is refused.",
        "Passkeys that sync send a counter of 0 each time: that stays allowed.",
    ),
    _switch(
        "allowUntrustedAttestation",
        "true",
        "Only authenticators whose attestation leads to a trusted root can be registered.",
        "Configure an attestation trust source first, or no authenticator that attests can be registered.",
    ),
    _switch("allowCredentialCloning", "true", "A cloned credential is refused."),
    _switch("allowOriginPort", "true", "Only the origins listed, with their ports, are accepted."),
    _switch(
        "allowOriginSubdomain",
        "true",
        "Only the origins listed are accepted: whoever holds a forgotten subdomain cannot sign users in.",
        "List every subdomain that really signs users in.",
    ),
    _switch("strictTimestampValidation", "false", "An assertion from the past is refused."),
    _switch("debug", "true", "No debugging output shows challenges or credentials."),
    Setting(
        pattern=r"\bAttestationConveyancePreference\.(?P<value>NONE)\b",
        approaches=(
            ("direct", "DIRECT", "The authenticator says what it is, and the server can check it."),
            (
                "indirect",
                "INDIRECT",
                "The authenticator says what it is, through a service that keeps the user private.",
            ),
        ),
        warning="Browsers ask the user for consent to attestation.",
    ),
    Setting(
        pattern=r"\bUserVerificationRequirement\.(?P<value>DISCOURAGED)\b",
        approaches=(
            ("required", "REQUIRED", "The authenticator checks PIN or biometrics each time."),
            ("preferred", "PREFERRED", "The authenticator checks PIN or biometrics where it can."),
        ),
        warning="Authenticators without PIN or biometrics cannot be used where verification is required.",
    ),
)


@fixer(
    name="jvm-webauthn",
    weakness="WebAuthn check switched off",
    rules={
        "semgrep": [
            "webauthn-signature-validation-disabled",
            "webauthn-attestation-bypass",
            "webauthn-debug-mode-in-production",
            "webauthn-origin-port*",
            "webauthn-origin-subdomain*",
            "webauthn-user-verification*",
        ]
    },
    explain="""WebAuthn is as strong as the checks of the server. The signature counter shows cloned authenticators,
the attestation what kind of device it is, origin and RP ID that the browser talked to this site, user verification
that its owner was there (CWE-287, CWE-347).

Each of these is one option of the relying party's builder. The fix puts it back to what the specification asks for
(W3C WebAuthn, section 7); what it takes beside it is said with each.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A check switched off → on."""
    return propose_settings(target, _SETTINGS)
