"""What the source of a started program says of the port."""

from workers.fixers.docker.build import final_stage
from workers.fixers.docker.service.server_source import served
from workers.source import dockerfile
from workers.source.tree import MemoryTree


def test_a_dockerfile_of_maven_s_plugins_is_of_the_module_around_it():
    path = "cart/src/main/docker/Dockerfile"
    text = b'FROM openjdk:8\nADD cart-1.7.jar app.jar\nCMD ["java", "-jar", "/app.jar"]\n'
    pom = b"<project><artifactId>spring-boot-starter-web</artifactId></project>"
    tree = MemoryTree({path: text, "cart/pom.xml": pom, "shop/pom.xml": pom})
    file = dockerfile.parse(text, path)
    said = served(tree, file, final_stage(file), {})
    assert said is not None
    assert (said.path, said.port) == ("cart/pom.xml", 8080)
