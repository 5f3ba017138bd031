"""Spring Boot's parent: the property by which a project sets the version of what it manages."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.source.manifests.declaration import Declaration, Span
from workers.source.manifests.maven import Pom, declarations, lineage
from workers.source.versions import release_numbers

PARENT = "org.springframework.boot:spring-boot-starter-parent"
_DECIDING = (PARENT, "org.springframework.boot:spring-boot-dependencies", "org.springframework.boot:{}.gradle.plugin")
_PROPERTIES = (
    (r"ch\.qos\.logback:.*", "logback.version"),
    (r"org\.apache\.tomcat\.embed:.*", "tomcat.version"),
    (r"org\.apache\.logging\.log4j:.*", "log4j2.version"),
    (r"org\.yaml:snakeyaml", "snakeyaml.version"),
    (r"io\.netty:netty-(?!tcnative).*", "netty.version"),
    (r"org\.springframework:spring-.*", "spring-framework.version"),
    (r"org\.springframework\.security:.*", "spring-security.version"),
    (r"org\.eclipse\.jetty:jetty-.*", "jetty.version"),
    (r"io\.undertow:.*", "undertow.version"),
    (r"com\.h2database:h2", "h2.version"),
    (r"org\.postgresql:postgresql", "postgresql.version"),
    (r"com\.google\.code\.gson:gson", "gson.version"),
    (r"org\.hibernate\.validator:.*", "hibernate-validator.version"),
    (r"com\.jayway\.jsonpath:.*", "json-path.version"),
    (r"org\.apache\.commons:commons-lang3", "commons-lang3.version"),
)
"""Of release 2 and later."""
_SINCE = ((r"com\.fasterxml\.jackson(\.\w+)?:.*", "jackson-bom.version", (2, 4)),)


def deciding(name: str) -> tuple[str, ...]:
    """The parent, the bill of materials and the Gradle plugin that decide the version of a part of Boot's own."""
    group = name.partition(":")[0]
    return tuple(each.format(group) for each in _DECIDING) if group == "org.springframework.boot" else ()


def property_of(name: str, release: tuple[int, ...]) -> str | None:
    """The property for an artifact in this release of Boot; none where it is not known to have one."""
    if release < (2,):
        return None
    later = (key for pattern, key, since in _SINCE if release >= since and re.fullmatch(pattern, name))
    return next((key for pattern, key in _PROPERTIES if re.fullmatch(pattern, name)), None) or next(later, None)


def boot_parent(poms: Mapping[str, Pom], path: str) -> Declaration | None:
    """The parent of Spring Boot that manages versions for a pom; none where there is none, or it has no version."""
    found = (place for each in lineage(poms, path) for place in declarations(poms, each))
    return next((place for place in found if place.name == PARENT and place.scope == "parent" and place.version), None)


def by_property(poms: Mapping[str, Pom], name: str) -> list[Declaration]:
    """The properties of poms by which Boot's parent takes an artifact's version."""
    found = []
    for path, pom in poms.items():
        boot = boot_parent(poms, path)
        key = property_of(name, release_numbers(boot.version)) if boot else None
        element = pom.properties().get(key) if key else None
        if element is not None and element.text.strip():
            span = Span(path, element.inner, element.close)
            version = element.text.strip()
            found.append(Declaration(name=name, version=version, literal=span, at=span, via=key, scope="properties"))
    return found
