"""Azure's SQL servers that write down nobody's queries, or not for long."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcltext import Body, block_text

_SERVER, _POLICY = "azurerm_mssql_server", "azurerm_mssql_server_extended_auditing_policy"
_DIAGNOSTICS, _STORAGE = "azurerm_monitor_diagnostic_setting", "azurerm_storage_account"
_PAID = "what is written is stored, and paid for"
_SET = "set the new variables before the next plan"
_DAYS = "120"
_RETENTION = "CKV_AZURE_24"


@fixer(
    name="terraform-azure-sql-audit",
    weakness="logging",
    rules={"checkov": ["CKV_AZURE_23", _RETENTION], "trivy": ["AVD-AZU-0027", "AVD-AZU-0025"]},
    explain="""The audit log of a server says who signed in and what they asked: after a leak it is the only answer to
what was taken. It goes to a storage account, for as many days as the policy says, or to a workspace, which alarms and
searches, and keeps what it is told to keep.""",
)
def sql_audit(target: Target) -> Iterator[Candidate]:
    """Into the module's own storage account, one that variables name, or a workspace; an older policy for longer."""
    server = Resource(target)
    if server.type != _SERVER:
        message = f"{server.type} is retired, and takes no policy of its own: move the server to {_SERVER} first"
        raise NoFix(message)
    if found := server.belongs(_POLICY, "server_id"):
        file, block = found
        for approach, days in (("keep-120-days", _DAYS), ("keep-a-year", "365")):
            body: Body = {"retention_in_days": days}
            edits = server.settle(body, block=block, file=file)
            declares = [f"resource.{_POLICY}.{block.labels[1]}.retention_in_days"]
            yield from server.candidate(approach, edits, f"The audit log is kept for {days} days.", declares, [_PAID])
        return
    accounts = [block for _, block in server.blocks("resource", _STORAGE) if len(block.labels) > 1]
    how = f"Who signs in and what they ask is written to the {{}}, and kept for {_DAYS} days."
    if len(accounts) == 1 and not several(accounts[0]):
        name = f"{_STORAGE}.{accounts[0].labels[1]}"
        edit, path = server.beside(
            _POLICY, _kept(server, f"{name}.primary_blob_endpoint", f"{name}.primary_access_key")
        )
        yield from server.candidate("module-storage", [edit], how.format(f"module's own {name}"), [path], [_PAID])
    yield from _named_storage(server, how.format("storage account that two new variables name"))
    if target.finding.rule != _RETENTION:
        yield from _workspace(server)


def _kept(server: Resource, endpoint: str, key: str) -> Body:
    return {
        "server_id": server.reference("id"), "storage_endpoint": endpoint, "storage_account_access_key": key,
        "retention_in_days": _DAYS,
    }  # fmt: skip


def _named_storage(server: Resource, how: str) -> Iterator[Candidate]:
    prefix = server.name.replace("-", "_")
    endpoint, key = f"{prefix}_audit_endpoint", f"{prefix}_audit_key"
    if any(True for name in (endpoint, key) for _ in server.blocks("variable", name)):
        return
    said = {
        endpoint: {"description": f'"Blob endpoint of the storage account for the audit log of {server.address}"'},
        key: {"description": '"Access key of that storage account"'},
    }
    texts = [
        block_text("variable", (name,), {**body, "type": "string", **({"sensitive": "true"} if name == key else {})})
        for name, body in said.items()
    ]
    edit, path = server.beside(_POLICY, _kept(server, f"var.{endpoint}", f"var.{key}"))
    edits = server.followed([edit], "\n\n".join(texts))
    declares = [path, f"variable.{endpoint}", f"variable.{key}"]
    yield from server.candidate("storage-variables", edits, how, declares, [_SET, _PAID])


def _workspace(server: Resource) -> Iterator[Candidate]:
    """The server's events to a workspace, by way of its database master."""
    name = f"{server.name}_audit_workspace_id".replace("-", "_")
    if several(server.block) or any(True for _ in server.blocks("variable", name)):
        return
    edit, path = server.beside(_POLICY, {"server_id": server.reference("id"), "log_monitoring_enabled": "true"})
    label = server.unique_name(_DIAGNOSTICS, f"{server.name}_audit")
    sent: Body = {
        "name": f'"{server.name}-audit"', "target_resource_id": f'"${{{server.address}.id}}/databases/master"',
        "log_analytics_workspace_id": f"var.{name}", "enabled_log": {"category": '"SQLSecurityAuditEvents"'},
    }  # fmt: skip
    said = {"description": '"Id of the Log Analytics workspace that takes audit logs"', "type": "string"}
    texts = (block_text("resource", (_DIAGNOSTICS, label), sent), block_text("variable", (name,), said))
    edits = server.followed([edit], "\n\n".join(texts))
    how = f"Who signs in and what they ask goes to the workspace that the new variable `{name}` names."
    declares = [path, f"resource.{_DIAGNOSTICS}.{label}", f"variable.{name}"]
    yield from server.candidate(
        "workspace-variable", edits, how, declares, ["set the variable before the next plan", _PAID]
    )
