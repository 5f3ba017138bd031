"""What only the owner of the infrastructure can decide: rule → why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer

_RIGHTS = "which actions and resources its holders use is in the account's access log (IAM Access Analyzer), not here"
_WAF = "a web ACL is chosen, tried out and paid for by its owner: name its ARN here when it is there"
_TLS = "a listener that speaks TLS needs a certificate for the site's own name: none can be made up"
_LOGIN = "which person or group administers the server is the organisation's own"
_ENDPOINT = "a private endpoint needs a subnet and a private DNS zone: the network's owner names them"
_NODES = "nodes without public addresses need Cloud NAT and ranges of their own, and an existing cluster is replaced"
_SNAPSHOT = "a snapshot is as encrypted as the cluster that it is taken of: encrypt that one, and take another"
_EVERYBODY = "whether everybody may call it is what its owner decided: name who may, where it was not meant so"
_WHY = {
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
    "CKV_AWS_62": _RIGHTS,
    "CKV_AWS_63": _RIGHTS,
    "CKV_AWS_286": _RIGHTS,
    "CKV_AWS_287": _RIGHTS,
    "CKV_AWS_288": _RIGHTS,
    "CKV_AWS_289": _RIGHTS,
    "CKV2_AWS_5": "what the group is for is not in this module: attach it where it is used, or delete it",
    "CKV2_AWS_62": "which program is to hear of new and deleted objects is its owner's decision",
    "CKV2_AWS_38": "signing a zone needs a key, and a record at the registrar that its owner adds",
    "CKV_AWS_137": "which network the domain belongs into is its owner's decision, and moving it there makes a new one",
    "CKV_AWS_248": "which security group lets the domain's clients in is its owner's decision",
    "CKV_AWS_318": "three master nodes are paid for: how much is lost without them is its owner's decision",
    "CKV2_AWS_59": "master nodes of their own are paid for: how much is lost without them is its owner's decision",
    "CKV_AWS_382": "what the program must reach is known to its owner: list those networks and ports",
    "CKV_AWS_115": "how many instances of the function may run at once is a limit that its owner knows",
    "CKV_AWS_116": "a dead-letter queue keeps failed asynchronous calls: the function's role has to be let send to it",
    "CKV_AWS_117": "which network the function belongs into is its owner's decision; it then needs a way out",
    "CKV_AWS_272": "code signing needs a signing profile and a pipeline that signs: set both up first",
    "CKV_AWS_363": "a newer runtime runs other code: raise it with the program's own tests",
    "CKV_AWS_279": _SNAPSHOT,
    "CKV_AWS_280": _SNAPSHOT,
    "CKV_AWS_310": "a second origin has to be there before requests can fall back to it",
    "CKV_AWS_374": "in which countries the site is offered is its owner's decision",
    "CKV_AWS_68": _WAF,
    "CKV2_AWS_28": _WAF,
    "CKV2_AWS_47": _WAF,
    "CKV_AWS_2": _TLS,
    "CKV_AWS_127": _TLS,
    "CKV2_AWS_20": _TLS,
    "CKV_AWS_378": "whether what stands behind the balancer speaks TLS its program decides: let it, and then say so",
    "CKV_AWS_339": "a newer release of Kubernetes is tried out with what runs there, one step at a time",
    "CKV_AWS_274": _RIGHTS,
    "CKV2_AWS_39": "a log of questions tells who asks for what: its owner decides who may read that",
    "CKV_AWS_376": _TLS,
    "CKV_AWS_144": "a second region costs what the first does: its bucket, its key and a role come first",
    "CKV_AWS_315": "a launch template names its fields otherwise, and the instances are replaced",
    "CKV2_AWS_8": "which backup plan covers the cluster is the account's own: name its ARN in the plan's selection",
    "CKV2_AWS_19": "what the address is for is not in this module: attach it to what it belongs to, or give it back",
    "CKV2_AWS_23": "what the record points to is not in this module: delete it where that is gone",
    "CKV2_AWS_34": "whether the parameter is a secret its owner knows: a SecureString has to be read as one",
    "CKV2_AWS_57": "a secret is rotated by a function that knows what it opens: its owner writes or chooses that",
    "CKV_AWS_120": "a cache is paid for by the hour, and gives old answers: which may be old the API's owner knows",
    "CKV2_AWS_41": "which rights the instance's programs need is known to their owner: a role gives those",
    "CKV_AZURE_119": "without its public address the machine is reached by a bastion or a gateway: that comes first",
    "CKV_GCP_40": "without its public address the machine needs Cloud NAT and IAP: they come first",
    "CKV_GCP_60": "without its public address the database needs a network that is peered with Google's services",
    "CKV_GCP_79": "a newer release of the database is tried out with the program before it is chosen",
    "CKV_GCP_113": _EVERYBODY,
    "CKV2_AZURE_1": "a key of one's own needs a vault, an identity with rights in it, and a plan for its loss",
    "CKV_AZURE_13": "who logs in, and where they are known, is the owner's decision",
    "CKV_AZURE_88": "which share holds what the app must keep is the owner's decision",
    "CKV_AZURE_17": "which clients have a certificate its owner knows: all others are refused, people in browsers too",
    "CKV_AZURE_213": "which address tells that the app still works is known to its authors",
    "CKV2_AZURE_7": _LOGIN,
    "CKV2_AZURE_27": _LOGIN,
    "CKV2_AZURE_16": "a key of one's own needs a vault, an identity with rights in it, and a plan for its loss",
    "CKV2_AZURE_32": _ENDPOINT,
    "CKV2_AZURE_42": _ENDPOINT,
    "CKV2_AZURE_44": _ENDPOINT,
    "CKV2_AZURE_45": _ENDPOINT,
    "CKV_GCP_21": "labels say whose a cluster is and what it is for: its owner knows",
    "CKV_GCP_25": _NODES,
    "CKV_GCP_28": _EVERYBODY,
    "CKV_GCP_64": _NODES,
    "CKV_GCP_65": "the group of those who may use the cluster is known to its owner",
    "CKV_GCP_102": _EVERYBODY,
    "CKV2_GCP_18": "which traffic the network must let through is known to its owner",
    "CKV2_AZURE_33": _ENDPOINT,
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
