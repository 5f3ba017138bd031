"""What a project has at hand decides what a fix may call."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

PAGE = b"""class A extends HttpServlet {
  public void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    response.getWriter().println("<p>" + request.getParameter("name"));
  }
}
"""
FILE = b"""class A {
  public File file(@RequestParam String name) {
    return new File(folder + "/" + name);
  }
}
"""


def proposed(rule, source, build):
    place = Location(path="src/A.java", region=Region(start_line=3))
    finding = Finding(tool="semgrep", rule=rule, message="", severity=Severity.HIGH, locations=(place,))
    tree = MemoryTree({"src/A.java": source, "pom.xml": build.encode()})
    made = propose(Target(finding=finding, tree=tree)).candidates
    return {one.approach: apply_edits(source, one.edits).decode().split("\n")[2].strip() for one in made}


def dependency(name, scope=""):
    return f"<dependency><artifactId>{name}</artifactId>{scope}</dependency>"


def test_text_is_escaped_by_each_library_that_the_build_names():
    build = dependency("spring-webmvc") + dependency("esapi")
    assert proposed("no-direct-response-writer", PAGE, build) == {
        "spring-escape": 'response.getWriter().println("<p>" + org.springframework.web.util.HtmlUtils.htmlEscape('
        'String.valueOf(request.getParameter("name"))));',
        "esapi-encoder": 'response.getWriter().println("<p>" + org.owasp.esapi.ESAPI.encoder().encodeForHTML('
        'String.valueOf(request.getParameter("name"))));',
    }


@pytest.mark.parametrize("scope", ["<scope>test</scope>", "<version>2.4</version><scope>test</scope>"])
def test_a_library_of_the_tests_is_not_at_hand(scope):
    assert proposed("tainted-file-path", FILE, dependency("commons-io", scope)) == {}


def test_a_name_of_a_request_keeps_its_last_part():
    made = proposed("tainted-file-path", FILE, dependency("commons-io"))
    assert made == {
        "file-name": 'return new File(folder + "/" + org.apache.commons.io.FilenameUtils.getName(name));',
    }


YAML = b"""class A {
  Object read(String text) {
    Yaml yaml = new Yaml();
    return yaml.load(text);
  }
}
"""


@pytest.mark.parametrize(
    ("build", "options"),
    [
        ("<artifactId>snakeyaml</artifactId><version>2.2</version>", "new org.yaml.snakeyaml.LoaderOptions()"),
        ("<artifactId>snakeyaml</artifactId><version>1.17</version>", ""),
        (
            "<artifactId>spring-boot-starter-parent</artifactId>\n  <version>2.7.1</version>",
            "new org.yaml.snakeyaml.LoaderOptions()",
        ),
    ],
)
def test_yaml_is_read_as_the_release_of_its_library_allows(build, options):
    made = proposed("use-snakeyaml-constructor", YAML, build)
    safe = f"new org.yaml.snakeyaml.constructor.SafeConstructor({options})"
    assert made == {"safe-constructor": f"Yaml yaml = new Yaml({safe});"}


def test_yaml_of_an_unknown_release_is_left_alone():
    assert proposed("use-snakeyaml-constructor", YAML, "<project/>") == {}
