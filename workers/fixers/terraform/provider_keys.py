"""Keys of an AWS account, written into the provider's block."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, region
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.secrets.terraform import LITERAL, PROVIDERS, by_provider, by_variables, load


@fixer(
    name="terraform-provider-keys",
    weakness="credential in the code",
    cwes=(798,),
    rules={"checkov": ["CKV_AWS_41"]},
    explain="""A key in the provider's block belongs to everyone who can read the repository, now or in any old clone;
public ones are found by bots within minutes (CWE-798). **Rotate it first**: the history still has it.

The provider reads `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` by itself, as it does profiles and the role of the
machine or the job that it runs on, which is better still: a role has no key that could leak. Sensitive variables suit
where one configuration signs in to several accounts.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """Literal keys → what the provider reads by itself, or sensitive variables."""
    file = load(target.finding.path or "", target.tree)
    line = region(target).start_line
    block = file.block_at(line)
    found = block.attributes if block is not None and block.type == "provider" else {}
    literals = {
        name: found[name].expression
        for name in PROVIDERS["aws"]
        if name in found and LITERAL.fullmatch(found[name].text)
    }
    if block is None or not literals:
        message = f"{file.path}:{line} writes no key down"
        raise NoFix(message)
    yield from any_of(
        lambda: by_provider(target.tree, file, block, next(iter(literals)), line),
        lambda: by_variables(target.tree, file, block, literals, line),
    )
