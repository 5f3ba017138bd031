"""Tasks of ECS in CloudFormation templates that read and write a shared file system in the clear."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer

_CONFIGURATION = "EFSVolumeConfiguration"
_NEEDS = "machines of your own need the mount helper of EFS (amazon-efs-utils), Fargate its platform 1.4"
_RIGHTS = "where the file system has a policy, it must let the task's role mount and write"


@fixer(
    name="cloudformation-task-volumes",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_97"]},
    explain="""NFS sends files in the clear: whoever is in the network between the task and the file system reads them,
and changes them. EFS' mount helper puts TLS around it, and can say who asks: then a policy decides who mounts.""",
)
def task_volumes(target: Target) -> Iterator[Candidate]:
    """TLS to each file system; and the task's role as who asks."""
    template = Template(target)
    listed = template.property("Volumes")
    volumes = [
        found for one in (listed.items if listed is not None else ())
        if one.kind == "mapping" and (found := one.child(_CONFIGURATION)) is not None and found.entries
    ]  # fmt: skip
    if not volumes:
        message = f"no volume of {template.name} names a file system of EFS itself"
        raise NoFix(message)
    declares = template.declare("Volumes")
    edits = [template.set_key(one, "TransitEncryption", "ENABLED") for one in volumes]
    how = "What the tasks read and write of the file system crosses the network inside of TLS."
    yield from template.candidate("tls", edits, how, declares, [_NEEDS])
    if template.property("TaskRoleArn") is None or any(one.child("AuthorizationConfig") is not None for one in volumes):
        return
    edits = [
        *edits, *(template.set_key(one, "AuthorizationConfig", {"IAM": "ENABLED"}) for one in volumes),
    ]  # fmt: skip
    how = f"{how} The task's role is who mounts it."
    yield from template.candidate("tls-and-role", edits, how, declares, [_NEEDS, _RIGHTS])
