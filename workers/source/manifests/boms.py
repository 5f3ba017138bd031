"""Bills of materials of Maven artifacts that are released together with one, at one version."""

from __future__ import annotations

import re

from workers.source.versions import release_numbers

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


def bom_at(name: str, version: str) -> str | None:
    """The family's bill of materials, where it is published at that version: a fourth number is jackson-databind's."""
    bom = bom_of(name)
    return None if bom == "com.fasterxml.jackson:jackson-bom" and len(release_numbers(version)) > 3 else bom


def bom_of(name: str) -> str | None:
    """The bill of materials that is published with every release of the family; none where there is no such."""
    return next((bom for pattern, bom in _BOMS if re.fullmatch(pattern, name)), None)
