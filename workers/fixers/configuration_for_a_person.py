"""What Semgrep's rules of configuration ask to be looked at: where a person has what the file has not."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer

_AUTHORITY = (
    "the authority that signed the server's certificate is not in this file: name it (certificate-authority-data, "
    "caBundle) and take the line out"
)
_REASONS = {
    "skip-tls-verify-cluster": _AUTHORITY,
    "skip-tls-verify-service": _AUTHORITY,
    "secrets-in-config-file": "base64 is no encryption: keep the value in a store of secrets (External Secrets, Sealed "
    "Secrets, SOPS), and rotate it, since the history has it",
    "legacy-api-clusterrole-excessive-permissions": "which resources and verbs the account needs is known to who runs "
    "it: name those",
    "unsafe-add-mask-workflow-command": "the command masks a value that was made during the run: whether it was shown "
    "before is to be seen in the steps above; a value that is known before belongs into the secrets",
    "argo-workflow-parameter-command-injection": "the parameter is put into the script before its shell or interpreter "
    "reads it: give it as an environment variable or an argument, and quote it there",
    "secret-in-build-arg": "the value stays in the image's history: give it by `--secret` and read it with "
    "`RUN --mount=type=secret`, which whoever calls the build has to change as well",
    "dockerfile-dockerd-socket-mount": "whoever reaches the daemon's socket is root on its host: whether the container "
    "has to is for who runs it to say",
    "flask-debugging-enabled": "whether this is the program's own machine or a place for development is known to who "
    "runs it: FLASK_DEBUG stays unset where others can reach it",
    "aws-ec2-security-group-allows-public-ingress": "a site is there for everybody, a database is not: which ports may "
    "be reached from where is known to whoever runs it",
}


@fixer(
    name="configuration-for-a-person",
    for_a_person=True,
    weakness="configuration",
    rules={"semgrep": list(_REASONS)},
    explain="""What stands in place of a switched-off check, of a secret in a file or of an open port is known to who
runs the service: an authority's certificate, a store of secrets, the addresses that may ask. An edit that only ends the
finding would cut the connection, or leave the secret where it is. The reason says what has to be there first.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to look at."""
    message = f"{target.finding.path}:{target.finding.line}: {_REASONS[target.finding.rule_name]}"
    raise NoFix(message)
