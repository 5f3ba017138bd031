"""Flags of Cloud SQL databases: what PostgreSQL logs, what MySQL and SQL Server let be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.source.hcl import Block, HclBroken
from workers.source.hcltext import Body

_BLOCK = "database_flags"
_FLAGS = {
    "CKV_GCP_50": {"local_infile": "off"},
    "CKV_GCP_51": {"log_checkpoints": "on"},
    "CKV_GCP_52": {"log_connections": "on"},
    "CKV_GCP_53": {"log_disconnections": "on"},
    "CKV_GCP_54": {"log_lock_waits": "on"},
    "CKV_GCP_55": {"log_min_messages": "warning"},
    "CKV_GCP_56": {"log_temp_files": "0"},
    "CKV_GCP_57": {"log_min_duration_statement": "-1"},
    "CKV_GCP_58": {"cross db ownership chaining": "off"},
    "CKV_GCP_59": {"contained database authentication": "off"},
    "CKV_GCP_108": {"log_hostname": "on"},
    "CKV_GCP_109": {"log_min_error_statement": "error"},
    "CKV_GCP_110": {"cloudsql.enable_pgaudit": "on"},
    "CKV_GCP_111": {"log_statement": "ddl"},
    "CKV2_GCP_13": {"log_duration": "on"},
}
_TOGETHER = {
    "log_connections": "on",
    "log_disconnections": "on",
    "log_checkpoints": "on",
    "log_lock_waits": "on",
    "log_min_error_statement": "error",
    "log_statement": "ddl",
}
"""What CIS recommends of PostgreSQL, without what logs each statement or asks a name server for each connection."""
_HOW = {
    "local_infile": "No client can have the server ask it for a file.",
    "log_checkpoints": "Each checkpoint is logged, with how much it wrote and how long it took.",
    "log_connections": "Each attempt to connect is logged.",
    "log_disconnections": "The end of each session is logged, with how long it lasted.",
    "log_lock_waits": "A session that waits long for a lock is logged.",
    "log_min_messages": "Warnings and everything worse are logged.",
    "log_temp_files": "Each temporary file is logged when it goes, with its size.",
    "log_min_duration_statement": "No statement is logged with its text, and what is in it, for taking long.",
    "cross db ownership chaining": "A database lends its owner's rights to no other one.",
    "contained database authentication": "Whoever logs in is known to the server, and nobody to one database alone.",
    "log_hostname": "Connections are logged with the names of their hosts.",
    "log_min_error_statement": "Statements that fail are logged.",
    "cloudsql.enable_pgaudit": "Who reads and changes what can be logged by pgAudit.",
    "log_statement": "Statements that make, change or drop tables are logged.",
    "log_duration": "How long each statement took is logged.",
}
_WARNINGS = {
    "log_hostname": "each connection asks a name server for its client's name",
    "cloudsql.enable_pgaudit": "the instance restarts, and `CREATE EXTENSION pgaudit` is run in each database",
    "log_duration": "each statement writes a line: it costs storage where there are many",
    "log_temp_files": "each query that sorts on disk writes a line",
    "contained database authentication": "contained databases' own users can no longer log in",
    "cross db ownership chaining": "procedures that read another database by its owner's right need rights there",
    "local_infile": "LOAD DATA LOCAL stops working",
}


@fixer(
    name="terraform-sql-flags",
    weakness="logging",
    rules={"checkov": tuple(_FLAGS)},
    explain="""A database that logs no connections, no failed statements and no changes of its tables tells nobody who
came in, what they tried and what they changed. Flags of the instance turn that on; most take effect at once. Flags that
let a client read the server's files, or one database lend its rights to another, are turned off.""",
)
def sql_flags(target: Target) -> Iterator[Candidate]:
    """The flag; or all that PostgreSQL should log about sessions, failures and changed tables."""
    resource = Resource(target)
    settings = resource.block.block("settings")
    if settings is None:
        message = f"{resource.address} has no settings of its own: its flags are decided elsewhere"
        raise NoFix(message)
    wanted = _FLAGS[target.finding.rule]
    flag = next(iter(wanted))
    yield from _with(resource, settings, wanted, f"flag-{flag.replace(' ', '-')}", _HOW[flag])
    if "POSTGRES" in resource.block.text("database_version"):
        more = wanted | {name: value for name, value in _TOGETHER.items() if name not in wanted}
        how = "Sessions, waits, failed statements and changes of tables are logged too, as CIS recommends it."
        yield from _with(resource, settings, more, "flags-for-sessions-and-changes", how)


def _with(
    resource: Resource, settings: Block, wanted: Mapping[str, str], approach: str, how: str
) -> Iterator[Candidate]:
    known = {block.text("name").strip('"'): block for block in settings.blocks if block.type == _BLOCK}
    edits: list[Edit] = []
    new: list[Body] = []
    for name, value in wanted.items():
        if name in known:
            # What is more than the default is the owner's choice; only the flag that is asked for is changed.
            changed = resource.settle({"value": f'"{value}"'}, block=known[name])
            edits += changed if name == next(iter(wanted)) else []
        else:
            new.append({"name": f'"{name}"', "value": f'"{value}"'})
    try:
        edits += [resource.hcl.append(settings, _BLOCK, new)] if new else []
    except HclBroken as error:
        raise NoFix(str(error)) from error
    warnings = [_WARNINGS.get(name, "") for name in wanted]
    declares = [f"{resource.block.type}.{resource.address}.settings"]
    yield from resource.candidate(approach, edits, how, declares, warnings)
