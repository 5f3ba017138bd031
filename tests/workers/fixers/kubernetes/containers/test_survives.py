"""What the repository says of the programs in its pods: by whom they can be run, where they write, what they take."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

POD = """apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: a
    image: example.org/shop/cart:1
"""
SERVED = "from flask import Flask\napp = Flask(__name__)\n"
PYTHON = 'FROM python:3.12-slim\nCOPY . /app\nCMD ["flask", "run"]\n'


def _proposal(rule, files, pod=POD):
    finding = Finding(
        tool="checkov",
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path="k8s/pod.yaml", region=Region(start_line=1)),),
    )
    tree = MemoryTree({name: text.encode() for name, text in {"k8s/pod.yaml": pod, **files}.items()})
    return propose(Target(finding=finding, tree=tree))


def _made(rule, files, pod=POD):
    return [apply_edits(pod.encode(), one.edits).decode() for one in _proposal(rule, files, pod).candidates]


@pytest.mark.parametrize("rule", ["CKV_K8S_13", "CKV_K8S_22", "CKV_K8S_23", "CKV_K8S_37", "CKV_K8S_40"])
def test_nothing_is_taken_from_an_image_of_which_nothing_is_known(rule):
    proposal = _proposal(rule, {})
    assert not proposal.candidates
    assert "example.org/shop/cart:1" in proposal.reason


@pytest.mark.parametrize("rule", ["CKV_K8S_13", "CKV_K8S_22", "CKV_K8S_23", "CKV_K8S_37", "CKV_K8S_40"])
def test_a_program_of_the_repository_that_writes_nothing_does_without(rule):
    assert len(_made(rule, {"cart/Dockerfile": PYTHON, "cart/app.py": SERVED})) == 2


@pytest.mark.parametrize("source", ["open('log.txt', 'a')", "db = sqlite3.connect('a.db')", "os.makedirs('out')"])
def test_a_program_that_writes_files_keeps_its_root_and_its_user(source):
    files = {"cart/Dockerfile": PYTHON, "cart/app.py": f"{SERVED}{source}\n"}
    for rule in ("CKV_K8S_22", "CKV_K8S_40"):
        assert "cart/app.py:3" in _proposal(rule, files).reason
    assert _made("CKV_K8S_37", files)


def test_a_program_that_finds_at_home_what_was_fetched_keeps_its_user():
    fetched = PYTHON.replace("CMD", "RUN python -m textblob.download_corpora\nCMD")
    assert "home of root" in _proposal("CKV_K8S_23", {"cart/Dockerfile": fetched, "cart/app.py": SERVED}).reason


def test_the_user_that_a_dockerfile_makes_is_the_one_that_runs_it():
    file = 'FROM debian:12\nRUN useradd -u 1234 cart\nCOPY cart /\nUSER cart\nCMD ["/cart"]\n'
    [pod, container] = _made("CKV_K8S_23", {"cart/Dockerfile": file})
    assert "runAsUser: 1234" in pod
    assert "runAsUser: 1234" in container
    assert not _made("CKV_K8S_40", {"cart/Dockerfile": file})


def test_the_kubelet_checks_a_number_by_itself():
    made = _made("CKV_K8S_23", {"cart/Dockerfile": "FROM debian:12\nUSER 1234\n"})
    assert "runAsUser" not in made[0]


@pytest.mark.parametrize(
    "files",
    [
        {"skaffold.yaml": "build:\n  artifacts:\n  - image: example.org/shop/cart\n    context: src/basket\n"},
        {"README.md": "Build it:\n\n    docker build -t $USER/cart src/basket\n"},
        {"compose.yaml": "services:\n  a:\n    image: example.org/shop/cart:dev\n    build: src/basket\n"},
    ],
    ids=["Skaffold", "a text", "Compose"],
)
def test_the_dockerfile_is_found_by_what_builds_it(files):
    assert _made("CKV_K8S_22", {**files, "src/basket/Dockerfile": PYTHON, "src/basket/app.py": SERVED})


def test_what_another_manifest_gives_the_same_image_is_given_here():
    other = POD.replace("{name: a}", "{name: b}") + "    resources: {limits: {memory: 300Mi}}\n"
    other += "    securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}, runAsUser: 1500}\n"
    assert "memory: 300Mi" in _made("CKV_K8S_13", {"b.yaml": other})[0]
    assert _made("CKV_K8S_22", {"b.yaml": other})
    assert _made("CKV_K8S_37", {"b.yaml": other})
    assert all("runAsUser: 1500" in text for text in _made("CKV_K8S_23", {"b.yaml": other}))


@pytest.mark.parametrize(
    ("more", "limit"),
    [
        ("    resources: {requests: {memory: 400Mi}}\n", "800Mi"),
        ("    args: [java, -Xmx1g]\n", "1536Mi"),
        ("    resources: {requests: {memory: 1.5Gi}}\n", "3Gi"),
    ],
)
def test_a_limit_leaves_room_above_what_is_asked_for(more, limit):
    assert limit in _made("CKV_K8S_13", {}, POD + more)[0]


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("CKV_K8S_16", "    securityContext: {privileged: true}\n"),
        ("CKV_K8S_39", "    securityContext: {capabilities: {add: [SYS_ADMIN]}}\n"),
        ("CKV_K8S_25", "    securityContext: {capabilities: {add: [NET_ADMIN]}}\n"),
        ("CKV_K8S_19", "  hostNetwork: true\n"),
        ("CKV_K8S_26", "    ports: [{containerPort: 8125, hostPort: 8125}]\n"),
    ],
)
def test_what_a_manifest_asks_for_stays_where_nobody_knows_what_for(rule, more):
    assert not _made(rule, {}, POD + more)


def test_an_account_that_is_made_elsewhere_keeps_its_token():
    assert not _made("CKV_K8S_38", {}, POD + "  serviceAccountName: cart\n")
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: cart}\n"
    assert _proposal("CKV_K8S_38", {"account.yaml": account}, POD + "  serviceAccountName: cart\n").candidates


def test_an_image_that_the_nodes_are_given_is_not_asked_for_at_a_registry():
    assert not _made("CKV_K8S_15", {}, POD.replace("example.org/shop/cart:1", "cart:1"))
    assert _made("CKV_K8S_15", {}, POD.replace("example.org/shop/cart:1", "redis:7"))


def test_a_port_is_asked_where_something_beside_the_container_leads_to_it():
    pod = POD.replace("{name: a}", "{name: a, labels: {app: a}}") + "    ports: [{name: web, containerPort: 8080}]\n"
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: a}, ports: [{port: 80, %s}]}\n"
    )
    assert not _made("CKV_K8S_8", {}, pod)
    assert _made("CKV_K8S_8", {"s.yaml": service % "targetPort: web"}, pod)
    assert not _made("CKV_K8S_8", {"s.yaml": service % "targetPort: 9090"}, pod)
    assert _made("CKV_K8S_8", {"cart/Dockerfile": "FROM debian:12\nEXPOSE 8080\n"}, pod)


@pytest.mark.parametrize("rule", ["CKV_K8S_38", "CKV2_K8S_6"])
def test_a_container_that_is_put_beside_it_keeps_its_token_and_its_ports(rule):
    for annotation in ("vault.hashicorp.com/agent-inject", "consul.hashicorp.com/connect-inject", "dapr.io/enabled"):
        notes = f'{{name: a, labels: {{app: a}}, annotations: {{{annotation}: "true"}}}}'
        reason = _proposal(rule, {}, POD.replace("{name: a}", notes)).reason
        assert annotation in reason


@pytest.mark.parametrize(("more", "fixed"), [("", False), ("\n    docker push example.org/shop/cart:1\n", True)])
def test_an_image_that_a_text_builds_on_the_node_is_not_asked_for(more, fixed):
    text = "    eval $(minikube docker-env)\n    docker build -t example.org/shop/cart:1 .\n" + more
    assert bool(_made("CKV_K8S_15", {"README.md": text})) is fixed


@pytest.mark.parametrize(("path", "copied"), [("/healthz", True), ("/health/ready", False), ("/readiness", False)])
def test_what_asks_for_readiness_by_name_is_no_reason_to_restart(path, copied):
    pod = POD + f"    readinessProbe: {{httpGet: {{path: {path}, port: 8080}}}}\n"
    assert bool(_proposal("CKV_K8S_8", {}, pod).candidates) is copied


def test_another_manifest_s_read_only_root_says_nothing_of_a_file_that_this_one_names():
    other = POD.replace("{name: a}", "{name: b}") + "    securityContext: {readOnlyRootFilesystem: true}\n"
    told = POD + "    env: [{name: LOG_FILE, value: /logs/out.log}]\n"
    assert _proposal("CKV_K8S_22", {"b.yaml": other}).candidates
    assert not _proposal("CKV_K8S_22", {"b.yaml": other}, told).candidates


@pytest.mark.parametrize(
    ("path", "code", "left"),
    [
        ("app/make.js", "fs.readFileSync(\n\t`${__dirname}/manifests/pod.yaml`,\n\t'utf8'\n)", True),
        ("app/manifests/make.py", 'yaml.safe_load(open("pod.yaml"))', True),
        ("app/make.js", "console.log('kubectl apply -f manifests/pod.yaml')", False),
        ("app/make.js", "fs.readFileSync('other/pod.yaml')", False),
    ],
)
def test_a_manifest_that_a_program_fills_in_is_left_to_it(asked, path, code, left):
    pod = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: nginx}]}\n"
    made = asked({"app/manifests/pod.yaml": pod, path: code}, "checkov", "CKV_K8S_31", "app/manifests/pod.yaml")
    assert bool(made.candidates) is not left


def test_what_a_manifest_starts_as_root_keeps_what_root_has(asked):
    """Whatever its image would become by itself."""
    pod = (
        "kind: Pod\nmetadata: {name: a}\nspec:\n  securityContext: {runAsUser: 0}\n"
        "  containers: [{name: a, image: grafana/grafana:10.0.0}]\n"
    )
    for rule in ("CKV_K8S_37", "CKV_K8S_23"):
        assert not asked({"a.yaml": pod}, "checkov", rule, "a.yaml").candidates


@pytest.mark.parametrize(
    ("kustomization", "left"),
    [
        ("patches:\n- path: patches/job.yaml\n", True),
        ("patchesStrategicMerge:\n- patches/job.yaml\n", True),
        ("resources:\n- patches/job.yaml\n", False),
    ],
)
def test_what_a_kustomization_lays_over_another_object_is_no_object(asked, kustomization, left):
    pod = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: nginx}]}\n"
    files = {"prod/patches/job.yaml": pod, "prod/kustomization.yaml": kustomization}
    made = asked(files, "checkov", "CKV_K8S_31", "prod/patches/job.yaml")
    assert bool(made.candidates) is not left
    assert made.harmless is left


def test_no_more_is_asked_for_than_another_manifest_lets_the_image_have():
    other = POD.replace("{name: a}", "{name: b}") + "    resources: {limits: {memory: 64Mi, cpu: 50m}}\n"
    for rule in ("CKV_K8S_10", "CKV_K8S_11", "CKV_K8S_12", "CKV_K8S_13"):
        for text in _made(rule, {"b.yaml": other}):
            assert "128Mi" not in text
            assert "100m" not in text


def test_a_limit_of_another_manifest_below_what_is_asked_for_is_none_here():
    other = POD.replace("{name: a}", "{name: b}") + "    resources: {limits: {memory: 64Mi}}\n"
    asked = POD + "    resources: {requests: {memory: 200Mi}}\n"
    assert "memory: 400Mi" in _made("CKV_K8S_13", {"b.yaml": other}, asked)[0]


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("until nc -z db 5432; do sleep 1; done", True),
        ("until wget -q -O- http://db:8080/health; do sleep 1; done", True),
        ("wget http://db:8080/file", False),
        ("nc -lk -p 8080", False),
        ("curl -sf http://db:8080/", True),
        ("curl -o /data/file http://db:8080/", False),
    ],
)
def test_a_shell_that_waits_for_another_program_can_be_anybody(command, known):
    pod = POD.replace("example.org/shop/cart:1", f'busybox:1.36\n    command: ["sh", "-c", "{command}"]')
    assert bool(_made("CKV_K8S_23", {}, pod)) is known


@pytest.mark.parametrize("command", ['["npm", "run", "migrate"]', '["npx", "prisma", "migrate", "deploy"]'])
def test_a_manifest_may_start_another_tool_than_the_dockerfile(command):
    files = {"cart/Dockerfile": 'FROM node:22\nCOPY . /app\nCMD ["node", "a.js"]\n', "cart/a.js": "serve()\n"}
    assert _made("CKV_K8S_22", files)
    assert not _made("CKV_K8S_22", files, POD + f"    command: {command}\n")


@pytest.mark.parametrize(("name", "known"), [("example.org/shop/web", False), ("docker.io/library/redis", True)])
def test_what_is_known_of_an_image_is_of_the_one_that_a_kustomization_puts_there(name, known):
    pod = POD.replace("example.org/shop/cart:1", "redis:7")
    given = {"k8s/kustomization.yaml": f"resources: [pod.yaml]\nimages: [{{name: redis, newName: {name}}}]\n"}
    assert _made("CKV_K8S_23", {}, pod)
    assert bool(_made("CKV_K8S_23", given, pod)) is known


def test_what_is_asked_for_an_unknown_program_is_little_more_than_it_starts_with():
    asked = (
        POD.replace("example.org/shop/cart:1", "example.org/other:1") + "    resources: {requests: {memory: 50Mi}}\n"
    )
    assert "memory: 256Mi" in _made("CKV_K8S_13", {}, asked)[0]


def test_a_low_port_that_only_the_dockerfile_or_a_service_names_stays_open():
    built = {"cart/Dockerfile": PYTHON.replace("CMD", "EXPOSE 80\nCMD"), "cart/app.py": SERVED}
    for rule in ("CKV_K8S_23", "CKV_K8S_37", "CKV_K8S_40"):
        assert all("ip_unprivileged_port_start" in text for text in _made(rule, built))
    labelled = POD.replace("{name: a}", "{name: a, labels: {app: a}}")
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: a}, ports: [{port: 80}]}\n"
    files = {"cart/Dockerfile": PYTHON, "cart/app.py": SERVED, "k8s/s.yaml": service}
    assert all("ip_unprivileged_port_start" in text for text in _made("CKV_K8S_37", files, labelled))
    assert not any("ip_unprivileged_port_start" in text for text in _made("CKV_K8S_37", {**files, "k8s/s.yaml": ""}))


def test_what_somebody_gives_an_image_that_all_build_on_says_nothing_of_another_program():
    mine = POD.replace("example.org/shop/cart:1", "tomcat:9.0")
    other = mine.replace("{name: a}", "{name: b}") + "    resources: {limits: {cpu: 200m}}\n"
    assert "cpu: '1'" in _made("CKV_K8S_11", {"b.yaml": other}, mine)[0]
    assert "cpu: 200m" in _made("CKV_K8S_11", {"b.yaml": other.replace("{name: b}", "{name: a}")}, mine)[0]


def test_a_heap_that_is_told_is_asked_for():
    assert "memory: 1Gi" in _made("CKV_K8S_12", {}, POD + "    args: [java, -Xmx1g]\n")[0]
    limited = POD + "    args: [java, -Xmx1g]\n    resources: {limits: {memory: 900Mi}}\n"
    assert "requests: { memory: 900Mi }" in _made("CKV_K8S_12", {}, limited)[0]


@pytest.mark.parametrize(
    ("remark", "limit"),
    [
        ('    #limits:\n    #  cpu: "1"\n    #  memory: "1Gi"\n', "1Gi"),
        ("    # limits:\n    #   memory: 64Mi\n", "256Mi"),
        ("    # memory: 1Gi is plenty\n", "256Mi"),
    ],
)
def test_a_limit_that_is_only_remarked_is_the_author_s(remark, limit):
    asked = "    resources:\n      requests:\n        memory: 128Mi\n        cpu: 100m\n"
    made = _made("CKV_K8S_13", {}, f"{POD}{asked}{remark}    tty: true\n")
    assert made
    assert all(f"memory: {limit}\n" in one for one in made)
