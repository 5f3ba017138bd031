"""Families of Maven artifacts that are released together, at one version."""

from __future__ import annotations

import re

from workers.source.manifests.declaration import Declaration

_SAME_VERSION = re.compile(
    r"(io\.netty|com\.fasterxml\.jackson\.core|io\.ktor|ch\.qos\.logback|org\.apache\.logging\.log4j|org\.springframework"
    r"|org\.springframework\.security|org\.springframework\.boot|org\.eclipse\.jetty|io\.grpc|org\.bouncycastle|org\.apache\.tomcat\.embed"
    r"|org\.apache\.struts|org\.apache\.shiro|io\.undertow|io\.vertx|org\.hibernate)"
)


_MEMBERS = (
    ("ch.qos.logback:logback-classic", "ch.qos.logback:logback-core"),
    (
        "org.apache.tomcat.embed:tomcat-embed-core",
        "org.apache.tomcat.embed:tomcat-embed-el",
        "org.apache.tomcat.embed:tomcat-embed-websocket",
    ),
)


def same_artifact(declared: str, installed: str) -> bool:
    """Whether a declaration means this artifact; Kotlin modules publish `name` and the JVM's `name-jvm`."""
    return installed in (declared, f"{declared}-jvm")


def released_apart(one: str, other: str) -> bool:
    """Whether two artifacts are of different projects, so that one's releases say nothing of the other's."""
    left, right = (name.partition(":")[0] for name in (one, other))
    plugin = right in (f"{left}.plugin", f"{left}.gradle") or left in (f"{right}.plugin", f"{right}.gradle")
    return not plugin and left.split(".")[:3] != right.split(".")[:3]


def is_train(name: str) -> bool:
    """Whether the artifact is released together with others of its group."""
    return bool(_SAME_VERSION.fullmatch(name.partition(":")[0]))


def members_of(name: str) -> list[str]:
    """All that is used of a family at run time, where that is known; empty where it is not."""
    return next((list(each) for each in _MEMBERS if name in each), [])


def is_sibling(place: Declaration, name: str, version: str) -> bool:
    """Whether a declared dependency is released together with a transitive one, and is at the same version."""
    group = name.partition(":")[0]
    return place.name.partition(":")[0] == group and place.version == version and bool(_SAME_VERSION.fullmatch(group))
