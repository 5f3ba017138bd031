"""Headers that Spring Boot's application sends: which servlet API it has is said by its build file."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.syntax import parse
from workers.source.tree import MemoryTree

PATH = "src/main/java/a/App.java"
APP = b"""package a;

@SpringBootApplication(scanBasePackages = "a")
public class App extends Base {

    public static void main(String[] args) {
        SpringApplication.run(App.class, args);
    }
}
"""
AFTER = """public class App extends Base {
    @org.springframework.context.annotation.Bean
    public jakarta.servlet.Filter xContentTypeOptionsFilter() {
        return (request, response, chain) -> {
            ((jakarta.servlet.http.HttpServletResponse) response).setHeader("X-Content-Type-Options", "nosniff");
            chain.doFilter(request, response);
        };
    }

    public static void main"""
GRADLE = b"plugins { id 'org.springframework.boot' version '3.4.1' }\nimplementation 'org.a:spring-boot-starter-web'\n"
MAVEN = b"""<artifactId>spring-boot-starter-parent</artifactId>
<version>2.7.18</version>
<artifactId>spring-boot-starter-web</artifactId>
"""


def _patched(build, name):
    finding = Finding(tool="zap", rule="10021-1", message="", severity=Severity.LOW, locations=())
    tree = MemoryTree({PATH: APP, name: build})
    proposal = propose(Target(finding=finding, tree=tree))
    return [apply_edits(APP, one.edits) for one in proposal.candidates]


def test_a_filter_of_the_application_sets_the_header_on_every_answer():
    (after,) = _patched(GRADLE, "build.gradle")
    assert AFTER in after.decode()
    assert not parse(after, PATH, language="java").problems


def test_an_older_spring_boot_has_the_older_servlets():
    (after,) = _patched(MAVEN, "pom.xml")
    assert b"public javax.servlet.Filter" in after
    assert b"jakarta" not in after


@pytest.mark.parametrize(
    "build",
    [GRADLE.replace(b"starter-web", b"starter-webflux"), GRADLE.replace(b" version '3.4.1'", b"")],
    ids=["no servlets", "a release that nobody says"],
)
def test_what_cannot_be_told_is_not_guessed(build):
    assert _patched(build, "build.gradle") == []
