"""What only the owner of the infrastructure can decide: rule → why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer

_RIGHTS = "which actions and resources its holders use is in the account's access log (IAM Access Analyzer), not here"
_WAF = "a web ACL is chosen, tried out and paid for by its owner: name its ARN here when it is there"
_TLS = "a listener that speaks TLS needs a certificate for the site's own name: none can be made up"
_MODULE = (
    "the commit of a module is known to its repository alone: `git ls-remote` names it, "
    "and `?ref=` takes it; none is guessed"
)
_WHY = {
    "CKV_TF_1": _MODULE,
    "CKV_TF_2": "which release of the module works here is known to who tries it out: `?ref=` takes its tag",
    "CKV_AWS_40": "users get rights through groups: which group stands for what is the organisation's own",
    "CKV_AWS_273": "people log in through single sign-on: moving them there is not a change of this module",
    "CKV_AWS_107": _RIGHTS,
    "CKV_AWS_108": _RIGHTS,
    "CKV_AWS_109": _RIGHTS,
    "CKV_AWS_110": _RIGHTS,
    "CKV_AWS_111": _RIGHTS,
    "CKV_AWS_283": _RIGHTS,
    "CKV_AWS_290": _RIGHTS,
    "CKV_AWS_355": _RIGHTS,
    "CKV_AWS_356": _RIGHTS,
    "CKV2_AWS_40": _RIGHTS,
    "CKV_AWS_382": "what the program must reach is known to its owner: list those networks and ports",
    "CKV_AWS_115": "how many instances of the function may run at once is a limit that its owner knows",
    "CKV_AWS_116": "a dead-letter queue keeps failed asynchronous calls: the function's role has to be let send to it",
    "CKV_AWS_117": "which network the function belongs into is its owner's decision; it then needs a way out",
    "CKV_AWS_272": "code signing needs a signing profile and a pipeline that signs: set both up first",
    "CKV_AWS_363": "a newer runtime runs other code: raise it with the program's own tests",
    "CKV_AWS_310": "a second origin has to be there before requests can fall back to it",
    "CKV_AWS_374": "in which countries the site is offered is its owner's decision",
    "CKV_AWS_68": _WAF,
    "CKV2_AWS_28": _WAF,
    "CKV2_AWS_47": _WAF,
    "CKV_AWS_2": _TLS,
    "CKV_AWS_127": _TLS,
    "CKV_AWS_376": _TLS,
    "CKV_AWS_144": "a second region costs what the first does: its bucket, its key and a role come first",
    "CKV_AWS_315": "a launch template names its fields otherwise, and the instances are replaced",
    "CKV2_AWS_41": "which rights the instance's programs need is known to their owner: a role gives those",
    "CKV_AZURE_119": "without its public address the machine is reached by a bastion or a gateway: that comes first",
    "CKV_GCP_40": "without its public address the machine needs Cloud NAT and IAP: they come first",
    "CKV_GCP_60": "without its public address the database needs a network that is peered with Google's services",
    "CKV_GCP_79": "a newer release of the database is tried out with the program before it is chosen",
    "CKV_GCP_113": "whether everybody may call it is what its owner decided: name who may, where it was not meant so",
    "CKV2_AZURE_1": "a key of one's own needs a vault, an identity with rights in it, and a plan for its loss",
    "CKV2_AZURE_33": "a private endpoint needs a subnet and a private DNS zone: the network's owner names them",
}


@fixer(
    name="terraform-owner-decides",
    weakness="configuration",
    rules={"checkov": tuple(_WHY)},
    explain="""Some findings have no change that follows from the module: a certificate for a name, a network, a role,
a budget have to be chosen. Each is answered with what has to be decided, and where it is written then.""",
    for_a_person=True,
)
def owner_decides(target: Target) -> Iterator[Candidate]:
    """None: the reason says what a person has to decide."""
    raise NoFix(_WHY[target.finding.rule])
