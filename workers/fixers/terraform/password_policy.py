"""The account's rules for the passwords of its IAM users."""

from __future__ import annotations

from workers.fixers.terraform.settings import Setting, settings_fixer
from workers.source.hcltext import Body

_RULES = {
    "CKV_AWS_9": ("max_password_age", "90"),
    "CKV_AWS_10": ("minimum_password_length", "14"),
    "CKV_AWS_11": ("require_lowercase_characters", "true"),
    "CKV_AWS_12": ("require_numbers", "true"),
    "CKV_AWS_13": ("password_reuse_prevention", "24"),
    "CKV_AWS_14": ("require_symbols", "true"),
    "CKV_AWS_15": ("require_uppercase_characters", "true"),
}
_ALL: Body = dict(_RULES.values())
_NEXT = "it holds from each user's next change of password on"

propose = settings_fixer(
    "terraform-password-policy",
    "authentication",
    """Short passwords are guessed, and old ones are known from other sites' leaks. The account's policy holds for all
of its IAM users; people are better off with single sign-on, which has rules of its own.""",
    {
        rule: [
            Setting("one-rule", {name: value}, "New passwords must keep to this rule.", _NEXT),
            Setting("whole-policy", _ALL, "New passwords must keep to every rule that CIS recommends.", _NEXT),
        ]
        for rule, (name, value) in _RULES.items()
    },
)
