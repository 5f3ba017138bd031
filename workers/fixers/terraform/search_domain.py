"""Search domains (Elasticsearch, OpenSearch): what their release and their machines cannot do."""

from __future__ import annotations

from workers.fixers.terraform.resource import Resource
from workers.source.search_domain import AT_REST, BETWEEN_NODES, LOGS, OLDEST, machines_cannot, older


def cannot_rest(domain: Resource) -> str:
    """Why AWS would not encrypt what the domain stores; empty where it does, or where nothing here tells."""
    size = domain.usual("cluster_config", "instance_type")
    return _too_old(domain, AT_REST) or machines_cannot(domain.address, size)


def cannot_talk(domain: Resource) -> str:
    """Why AWS would not encrypt what its nodes tell one another; empty where it does, or where nothing here tells."""
    return _too_old(domain, BETWEEN_NODES)


def cannot_tell(domain: Resource) -> str:
    """Why the domain would not publish its logs; empty where it does, or where nothing here tells."""
    return _too_old(domain, LOGS, "publishes logs")


def _too_old(domain: Resource, first: tuple[int, int], what: str = "encrypts this") -> str:
    if domain.type != "aws_elasticsearch_domain":
        engine, _, version = domain.usual("engine_version").rpartition("_")
        return "" if engine != "Elasticsearch" else older(domain.address, version, first, said=True, what=what)
    said = bool(domain.block.text("elasticsearch_version"))
    version = domain.usual("elasticsearch_version") if said else OLDEST
    return older(domain.address, version, first, said=said, what=what)
