"""Search domains of CloudFormation templates: what their release and their machines cannot do."""

from __future__ import annotations

from workers.fixers.cloudformation.template import Template
from workers.source.search_domain import AT_REST, BETWEEN_NODES, LOGS, OLDEST, machines_cannot, older

_KINDS = {
    "AWS::Elasticsearch::Domain": ("ElasticsearchVersion", "ElasticsearchClusterConfig"),
    "AWS::OpenSearchService::Domain": ("EngineVersion", "ClusterConfig"),
}
"""Type → the properties that name its release, and its machines."""


def cannot_rest(domain: Template) -> str:
    """Why AWS would not encrypt what the domain stores; empty where it does, or where nothing here tells."""
    machines = _KINDS.get(domain.type, ("", "ClusterConfig"))[1]
    return _too_old(domain, AT_REST) or machines_cannot(domain.name, domain.usual(machines, "InstanceType"))


def cannot_talk(domain: Template) -> str:
    """Why AWS would not encrypt what its nodes tell one another; empty where it does, or where nothing here tells."""
    return _too_old(domain, BETWEEN_NODES)


def cannot_tell(domain: Template) -> str:
    """Why the domain would not publish its logs; empty where it does, or where nothing here tells."""
    return _too_old(domain, LOGS, "publishes logs")


def _too_old(domain: Template, first: tuple[int, int], what: str = "encrypts this") -> str:
    key = _KINDS.get(domain.type, ("EngineVersion", ""))[0]
    said = domain.property(key) is not None
    engine, _, version = domain.usual(key).rpartition("_")
    if engine.startswith("OpenSearch"):
        return ""
    if domain.type == "AWS::Elasticsearch::Domain" and not said:
        version = OLDEST
    return older(domain.name, version, first, said=said, what=what)
