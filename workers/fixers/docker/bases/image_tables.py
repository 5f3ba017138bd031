"""What is known of base images by their names: distributions, users, directories."""

from __future__ import annotations

DEBIAN = frozenset((
    "debian", "ubuntu", "buildpack-deps", "python", "node", "ruby", "golang", "rust", "eclipse-temurin", "php",
    "perl", "nginx", "httpd", "redis", "postgres", "mariadb", "mongo", "maven", "gradle", "tomcat",
    "wordpress", "jenkins/jenkins", "haskell", "elixir", "erlang", "swift", "julia", "r-base", "rabbitmq",
    "memcached", "drupal", "joomla", "nextcloud", "cassandra", "solr", "elasticsearch", "kibana", "logstash",
    "jetty", "neo4j", "pypy", "hylang", "clojure", "composer", "nvidia/cuda", "tensorflow/tensorflow",
    "pytorch/pytorch", "continuumio/miniconda3", "continuumio/anaconda3", "mambaorg/micromamba",
    "bitnami/minideb", "dart", "flutter", "gcc", "mono", "couchdb", "haproxy", "influxdb", "telegraf",
    "groovy", "nginxinc/nginx-unprivileged", "ghcr.io/astral-sh/uv", "ghcr.io/puppeteer/puppeteer",
    "azul/zulu-openjdk", "azul/zulu-openjdk-debian", "bellsoft/liberica-openjre-debian", "microsoft/dotnet",
    "bellsoft/liberica-openjdk-debian", "phpswoole/swoole", "sbtscala/scala-sbt",
    "denoland/deno", "oven/bun", "mcr.microsoft.com/playwright", "mcr.microsoft.com/playwright/python", "java",
    "zookeeper", "sonarqube", "phpmyadmin", "mcr.microsoft.com/mssql/server",
))  # fmt: skip
DEBIAN_PREFIX = (
    "jupyter/",
    "quay.io/jupyter/",
    "mcr.microsoft.com/dotnet/",
    "mcr.microsoft.com/devcontainers/",
    "rocker/",
    "cypress/",
    "selenium/",
    "circleci/",
    "cimg/",
    "gcr.io/google_appengine/",
)
ALPINE = frozenset((
    "alpine", "docker", "caddy", "traefik", "registry", "hashicorp/terraform", "hashicorp/vault",
    "eclipse-mosquitto", "grafana/grafana", "adminer",
))  # fmt: skip
REDHAT = frozenset((
    "centos", "fedora", "rockylinux", "rockylinux/rockylinux", "almalinux", "oraclelinux", "redhat/ubi8",
    "redhat/ubi9", "registry.access.redhat.com/ubi8", "registry.access.redhat.com/ubi9",
    "registry.access.redhat.com/ubi8/ubi", "registry.access.redhat.com/ubi9/ubi", "quay.io/centos/centos",
    "registry.fedoraproject.org/fedora", "amazoncorretto", "amazonlinux", "public.ecr.aws/amazonlinux/amazonlinux",
    "mysql", "percona", "ghcr.io/graalvm/graalvm-community", "ghcr.io/graalvm/native-image-community",
))  # fmt: skip
SUSE = frozenset(("opensuse/leap", "opensuse/tumbleweed", "registry.suse.com/bci/bci-base"))
MANAGERS = (
    ({"apt-get", "apt", "dpkg"}, "debian"), ({"apk"}, "alpine"), ({"yum", "dnf", "microdnf"}, "redhat"),
    ({"zypper"}, "suse"),
)  # fmt: skip
USERS = {
    "node": "node", "postgres": "postgres", "redis": "redis", "valkey/valkey": "valkey", "mysql": "mysql",
    "mariadb": "mysql", "mongo": "mongodb", "memcached": "memcache", "elasticsearch": "elasticsearch",
    "rabbitmq": "rabbitmq", "jenkins/jenkins": "jenkins", "gradle": "gradle", "jetty": "jetty", "solr": "solr",
    "cassandra": "cassandra", "kibana": "kibana", "logstash": "logstash", "haproxy": "haproxy", "couchdb": "couchdb",
    "php": "www-data", "wordpress": "www-data", "denoland/deno": "deno",
    "oven/bun": "bun", "grafana/grafana": "grafana", "prom/prometheus": "nobody",
    "docker.elastic.co/elasticsearch/elasticsearch": "elasticsearch", "docker.elastic.co/kibana/kibana": "kibana",
    "docker.elastic.co/logstash/logstash": "logstash", "mcr.microsoft.com/playwright": "pwuser",
    "mcr.microsoft.com/playwright/python": "pwuser", "ghcr.io/puppeteer/puppeteer": "pptruser",
    "zookeeper": "zookeeper", "neo4j": "neo4j", "sonarqube": "sonarqube", "adminer": "adminer",
    "mcr.microsoft.com/mssql/server": "mssql", "mambaorg/micromamba": "mambauser",
    "nginxinc/nginx-unprivileged": "nginx", "apache/airflow": "airflow", "quay.io/keycloak/keycloak": "keycloak",
}  # fmt: skip
NUMBERS = {
    ("node", "node"): "1000:1000", ("nginx", "nginx"): "101:101", ("nginxinc/nginx-unprivileged", "nginx"): "101:101",
    ("gradle", "gradle"): "1000:1000",
    ("docker.elastic.co/elasticsearch/elasticsearch", "elasticsearch"): "1000:0",
    ("docker.elastic.co/kibana/kibana", "kibana"): "1000", ("docker.elastic.co/logstash/logstash", "logstash"): "1000",
    ("jenkins/jenkins", "jenkins"): "1000:1000", ("oven/bun", "bun"): "1000:1000",
    ("jenkins/agent", "jenkins"): "1000:1000", ("jenkins/inbound-agent", "jenkins"): "1000:1000",
    ("mysql", "mysql"): "999", ("mariadb", "mysql"): "999", ("mongo", "mongodb"): "999",
    ("memcached", "memcache"): "11211", ("redis", "redis"): "999", ("solr", "solr"): "8983",
    ("cassandra", "cassandra"): "999", ("couchdb", "couchdb"): "5984", ("haproxy", "haproxy"): "99",
    ("elasticsearch", "elasticsearch"): "1000:0", ("kibana", "kibana"): "1000", ("logstash", "logstash"): "1000",
    ("zookeeper", "zookeeper"): "1000", ("grafana/grafana", "grafana"): "472", ("sonarqube", "sonarqube"): "1000",
    ("apache/airflow", "airflow"): "50000:0", ("quay.io/keycloak/keycloak", "keycloak"): "1000",
}  # fmt: skip
SYSTEM_NUMBERS = {
    ("distroless", "nonroot"): "65532:65532", ("debian", "nobody"): "65534:65534", ("alpine", "nobody"): "65534:65534",
    ("debian", "www-data"): "33:33", ("alpine", "www-data"): "82:82", ("debian", "postgres"): "999",
    ("alpine", "postgres"): "70", ("debian", "rabbitmq"): "999",
}  # fmt: skip
DIRECTORIES = {
    "golang": "/go", "php": "/var/www/html", "wordpress": "/var/www/html", "httpd": "/usr/local/apache2",
    "gradle": "/home/gradle", "tomcat": "/usr/local/tomcat", "redis": "/data", "composer": "/app", "caddy": "/srv",
    "denoland/deno": "/", "oven/bun": "/home/bun/app", "jetty": "/var/lib/jetty",
    "elasticsearch": "/usr/share/elasticsearch",
}  # fmt: skip
AT_ROOT = frozenset((
    "debian", "ubuntu", "alpine", "fedora", "centos", "rockylinux", "almalinux", "oraclelinux", "amazonlinux",
    "busybox", "scratch", "buildpack-deps", "python", "node", "ruby", "rust", "openjdk", "eclipse-temurin",
    "java", "amazoncorretto", "nginx", "postgres", "mysql", "mariadb", "mongo", "maven", "perl", "gcc", "archlinux",
    "opensuse/leap", "opensuse/tumbleweed", "swift", "memcached", "docker", "bitnami/minideb",
))  # fmt: skip
ROOTLESS = ("jupyter/", "quay.io/jupyter/", "bitnami/", "cgr.dev/", "nginxinc/nginx-unprivileged")
DISTRIBUTIONS = frozenset((
    "debian", "ubuntu", "alpine", "fedora", "centos", "rockylinux", "almalinux", "oraclelinux", "amazonlinux",
    "buildpack-deps", "archlinux", "opensuse/leap", "opensuse/tumbleweed", "registry.access.redhat.com/ubi8/ubi",
    "registry.access.redhat.com/ubi9/ubi", "quay.io/centos/centos", "python", "node", "ruby",
))  # fmt: skip
"""Images whose servers, if they have one, are the distribution's packages."""
BRING_A_CHECK = frozenset((
    "gitlab/gitlab-ce", "gitlab/gitlab-ee", "dunglas/frankenphp", "axllent/mailpit", "clamav/clamav",
    "vaultwarden/server", "pihole/pihole",
))  # fmt: skip
"""Images with a HEALTHCHECK, which what is built on them inherits."""
SERVICE_PORTS = {
    "postgres": 5432, "postgis/postgis": 5432, "mysql": 3306, "mariadb": 3306, "mongo": 27017, "redis": 6379,
    "valkey/valkey": 6379, "rabbitmq": 5672, "memcached": 11211, "zookeeper": 2181, "cassandra": 9042, "solr": 8983,
    "influxdb": 8086, "couchdb": 5984, "elasticsearch": 9200, "kibana": 5601, "logstash": 9600,
    "eclipse-mosquitto": 1883, "sonarqube": 9000, "registry": 5000, "grafana/grafana": 3000, "jenkins/jenkins": 8080,
    "adminer": 8080, "mcr.microsoft.com/mssql/server": 1433,
}  # fmt: skip
"""Where services listen that are told nothing else."""
