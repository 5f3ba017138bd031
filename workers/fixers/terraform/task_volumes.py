"""Tasks of ECS that read and write a shared file system in the clear."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.source.hcltext import Body

_CONFIGURATION = "efs_volume_configuration"
_NEEDS = "machines of your own need the mount helper of EFS (amazon-efs-utils), Fargate its platform 1.4"
_RIGHTS = "where the file system has a policy, it must let the task's role mount and write"


@fixer(
    name="terraform-task-volumes",
    weakness="cryptography",
    rules={"checkov": ["CKV_AWS_97"]},
    explain="""NFS sends files in the clear: whoever is in the network between the task and the file system reads them,
and changes them. EFS' mount helper puts TLS around it, and can say who asks: then a policy decides who mounts.""",
)
def task_volumes(target: Target) -> Iterator[Candidate]:
    """TLS to each file system; and the task's role as who asks."""
    resource = Resource(target)
    volumes = [one for one in resource.block.blocks if one.type == "volume" and one.block(_CONFIGURATION)]
    if not volumes:
        message = f"no volume of {resource.address} names a file system of EFS itself"
        raise NoFix(message)
    declares = resource.declare({"volume": ""})
    tls: Body = {"transit_encryption": '"ENABLED"'}
    edits = [edit for one in volumes for edit in resource.settle({_CONFIGURATION: tls}, block=one)]
    how = "What the tasks read and write of the file system crosses the network inside of TLS."
    yield from resource.candidate("tls", edits, how, declares, [_NEEDS])
    if not resource.block.text("task_role_arn"):
        return
    role: Body = {**tls, "authorization_config": {"iam": '"ENABLED"'}}
    edits = [edit for one in volumes for edit in resource.settle({_CONFIGURATION: role}, block=one)]
    how = f"{how} The task's role is who mounts it."
    yield from resource.candidate("tls-and-role", edits, how, declares, [_NEEDS, _RIGHTS])
