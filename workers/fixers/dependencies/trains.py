"""Families of Maven artifacts that are released together, at one version, with one bill of materials."""

from __future__ import annotations

import re

from workers.source.manifests.declaration import Declaration

_BOMS = (
    (r"io\.netty:netty-(?!tcnative).*", "io.netty:netty-bom"),
    (r"com\.fasterxml\.jackson(\.\w+)?:.*", "com.fasterxml.jackson:jackson-bom"),
    (r"io\.ktor:.*", "io.ktor:ktor-bom"),
    (r"org\.apache\.logging\.log4j:.*", "org.apache.logging.log4j:log4j-bom"),
    (r"org\.springframework:spring-.*", "org.springframework:spring-framework-bom"),
    (r"org\.springframework\.security:.*", "org.springframework.security:spring-security-bom"),
    (r"org\.eclipse\.jetty:jetty-.*", "org.eclipse.jetty:jetty-bom"),
    (r"io\.grpc:grpc-.*", "io.grpc:grpc-bom"),
    (r"com\.google\.protobuf:protobuf-.*", "com.google.protobuf:protobuf-bom"),
    (r"io\.micrometer:micrometer-.*", "io.micrometer:micrometer-bom"),
    (r"org\.junit\.(jupiter|platform|vintage):.*", "org.junit:junit-bom"),
)
_SAME_VERSION = re.compile(
    r"(io\.netty|com\.fasterxml\.jackson\.core|io\.ktor|ch\.qos\.logback|org\.apache\.logging\.log4j|org\.springframework"
    r"|org\.springframework\.security|org\.eclipse\.jetty|io\.grpc|org\.bouncycastle|org\.apache\.tomcat\.embed"
    r"|org\.apache\.struts|org\.apache\.shiro|io\.undertow|io\.vertx|org\.hibernate)"
)


def bom_of(name: str) -> str | None:
    """The bill of materials that is published with every release of the family; none where there is no such."""
    return next((bom for pattern, bom in _BOMS if re.fullmatch(pattern, name)), None)


def same_artifact(declared: str, installed: str) -> bool:
    """Whether a declaration means this artifact; Kotlin modules publish `name` and the JVM's `name-jvm`."""
    return installed in (declared, f"{declared}-jvm")


def is_sibling(place: Declaration, name: str, version: str) -> bool:
    """Whether a declared dependency is released together with a transitive one, and is at the same version."""
    group = name.partition(":")[0]
    return place.name.partition(":")[0] == group and place.version == version and bool(_SAME_VERSION.fullmatch(group))
