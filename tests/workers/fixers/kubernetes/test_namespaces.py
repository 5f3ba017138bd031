"""Which objects leave the default namespace together, over several folders, and where they must not."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree
from workers.verify.structure.preserved import preservation

WEB = b"""apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: front}
spec:
  containers:
  - name: web
    image: web:1
    volumeMounts: [{name: key, mountPath: /key}]
  volumes:
  - name: key
    secret: {secretName: key}
"""
KEY = b"""apiVersion: v1
kind: Secret
metadata:
  name: key
data: {a: Yg==}
"""
OTHER = b"""apiVersion: v1
kind: Pod
metadata:
  name: other
spec:
  containers:
  - {name: other, image: "other:1", args: ["http://web-api:80/"]}
"""
SERVICE = b"""apiVersion: v1
kind: Service
metadata:
  name: web-api
spec:
  selector: {app: front}
"""
ALONE = b"""apiVersion: v1
kind: Pod
metadata:
  name: alone
"""


def _proposed(files, path="web/pod.yaml"):
    finding = Finding(
        tool="checkov",
        rule="CKV_K8S_21",
        message="",
        severity=Severity.LOW,
        locations=(Location(path=path, region=Region(start_line=1, end_line=9)),),
    )
    return propose(Target(finding=finding, tree=MemoryTree(files)))


def test_what_knows_each_other_moves_together_and_nothing_else_does():
    """A Secret of another folder that it mounts, and who asks its Service; not a pod that nobody knows."""
    files = {
        "web/pod.yaml": WEB,
        "web/service.yaml": SERVICE,
        "keys/key.yaml": KEY,
        "other/pod.yaml": OTHER,
        "alone/pod.yaml": ALONE,
        "web/values.yaml": b"a: 1\n",
    }
    proposal = _proposed({**files, "named/x.yaml": b"kind: Pod\nmetadata: {name: x, namespace: named}\n"})
    assert proposal.candidates == ()
    assert "what its namespace is called" in (proposal.reason or "")
    labelled = {
        path: content.replace(b"metadata:\n", b"metadata:\n  labels: {application: store}\n")
        for path, content in files.items()
        if path != "web/pod.yaml"
    } | {"web/pod.yaml": WEB.replace(b"app: front", b"app: front, application: store")}
    first, second = _proposed(labelled).candidates
    moved = {"web/pod.yaml", "web/service.yaml", "keys/key.yaml", "other/pod.yaml"}
    assert set(first.paths) == set(second.paths) == moved
    for candidate in (first, second):
        for path in moved:
            edits = [edit for edit in candidate.edits if edit.path == path]
            after = apply_edits(labelled[path], edits)
            assert b"  namespace: store\n" in after
            assert preservation(path, labelled[path], after, edits, candidate.declares, []).violations == ()
    assert sum("kind: Namespace" in edit.text for edit in first.edits) == 1


@pytest.mark.parametrize(
    ("title", "name"),
    [("Voting App", "voting-app"), ("[Shop](https://shop.example)", None), ("How to deploy", None), ("Demo", None)],
)
def test_the_title_of_the_readme_names_the_application(title, name):
    files = {"k8s/web.yaml": WEB, "k8s/other.yaml": OTHER, "k8s/service.yaml": SERVICE, "k8s/key.yaml": KEY}
    readme = f"# {title}\n\nText\n".encode()
    made = [one.approach for one in _proposed({**files, "README.md": readme}, "k8s/web.yaml").candidates]
    assert made == ([f"namespace-{name}", f"namespace-{name}-made-by-its-owner"] if name else [])


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("deploy.sh", b"kubectl wait pod web\n", "deploy.sh looks for them in the default namespace"),
        ("deploy.sh", b"kubectl get pod -n default -l app=front\n", "deploy.sh looks for them"),
        ("README.md", b"kubectl apply -n shop -f web/key.yaml\n", "README.md says itself which namespace"),
        (
            "kustomization.yaml",
            b"resources:\n- web\npatches:\n- path: more.yaml\n",
            "kustomization.yaml places the objects",
        ),
        (
            "kustomization.yaml",
            b"resources:\n- web\nconfigMapGenerator:\n- name: a\n",
            "kustomization.yaml places the objects",
        ),
        ("Chart.yaml", b"name: shop\n", "the manifests belong to the chart"),
        ("web/more.yaml", b"kind: Pod\nmetadata: {name: '{{ .name }}'}\n", "is filled in by something else"),
        ("web/more.yaml", b"kind: Pod\nmetadata: {name: '${NAME}'}\n", "is filled in by something else"),
    ],
)
def test_what_else_names_the_namespace_has_to_change_first(path, content, reason):
    files = {"web/pod.yaml": WEB, "web/key.yaml": KEY}
    assert len(_proposed(files).candidates) == 2
    proposal = _proposed({**files, path: content})
    assert proposal.candidates == ()
    assert reason in (proposal.reason or "")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("web/job.yaml", b"kind: Pod\nmetadata: {name: x}\nspec: {containers: [{args: ['${A}']}]} # ${B}\n"),
        (
            "web/kustomization.yaml",
            b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [pod.yaml, key.yaml]\n",
        ),
        ("kustomization.yaml", b"resources:\n- web/pod.yaml\nimages:\n- {name: web, newTag: '2'}\n"),
        ("README.md", b"kubectl run -i load --image=web\n"),
        ("README.md", b"kubectl taint nodes main front:NoSchedule\n"),
    ],
)
def test_what_only_looks_like_it_names_no_namespace(path, content):
    assert len(_proposed({"web/pod.yaml": WEB, "web/key.yaml": KEY, path: content}).candidates) == 2


ARGO = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  source: {repoURL: "https://example.org/a.git", path: web}
  destination: {namespace: shop}
"""
FLUX = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec: {path: ./, targetNamespace: shop}
"""
SKAFFOLD = """apiVersion: skaffold/v4beta1
kind: Config
manifests: {rawYaml: ["web/*.yaml"]}
deploy: {kubectl: {defaultNamespace: shop}}
"""
DEPLOYED = """on: push
jobs:
  a:
    steps:
    - uses: azure/k8s-deploy@v4
      with:
        namespace: shop
        manifests: |
          web/pod.yaml
          web/key.yaml
"""
KEPT = "namespace: shop\nresources:\n- web/pod.yaml\n"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"kustomization.yaml": KEPT}, "kustomization.yaml puts the objects into the namespace shop already"),
        (
            {
                "web/kustomization.yaml": "resources: [pod.yaml]\n",
                "over/kustomization.yml": "namespace: a\nbases: [../web]\n",
            },
            "over/kustomization.yml puts the objects into the namespace a already",
        ),
        ({"web/00-assert.yaml": "kind: Pod\n"}, "web is a test of kuttl, as web/00-assert.yaml says"),
        ({"web/csv.yaml": "kind: ClusterServiceVersion\nmetadata: {name: a}\n"}, "web is an operator's bundle"),
        ({"README.md": "kubectl apply -n shop -f web\n"}, "README.md says itself which namespace the objects go to"),
        (
            {"README.md": "kubectl apply -f https://raw.host/o/r/main/web/pod.yaml -n shop\n"},
            "README.md says itself which namespace the objects go to",
        ),
        ({"cd/app.yaml": ARGO}, "cd/app.yaml carries the objects into the namespace shop"),
        ({"cd/all.yaml": FLUX}, "cd/all.yaml carries the objects into the namespace shop"),
        ({"web/fleet.yaml": "defaultNamespace: shop\n"}, "web/fleet.yaml carries"),
        ({"skaffold.yaml": SKAFFOLD}, "skaffold.yaml carries"),
        ({".github/workflows/d.yml": DEPLOYED}, ".github/workflows/d.yml carries"),
        ({"up.sh": "kubectl -n $SPACE create \\\n  -f ./web/pod.yaml\n"}, "up.sh says itself which namespace"),
    ],
)
def test_what_something_else_puts_into_a_namespace_is_in_one(files, reason):
    given = {"web/pod.yaml": WEB, "web/key.yaml": KEY} | {path: text.encode() for path, text in files.items()}
    proposal = _proposed(given)
    assert (proposal.candidates, proposal.harmless) == ((), True)
    assert reason in (proposal.reason or "")


@pytest.mark.parametrize(
    "files",
    [
        {"kustomization.yaml": KEPT.replace("shop", "default")},
        {"kustomization.yaml": KEPT, "dev/kustomization.yaml": "resources: [../web/pod.yaml]\n"},
        {"kustomization.yaml": KEPT.replace("pod", "key")},
        {"kustomization.yaml": "namespace: [\n"},
        {"README.md": "kubectl apply -n shop -f web\nkubectl apply -f web/pod.yaml\n"},
        {"README.md": "kubectl apply -n default -f web\n"},
        {"README.md": "kubectl apply -n shop -f website/web\n"},
        {"README.md": "kubectl get -n shop web\n"},
        {"cd/app.yaml": ARGO.replace("shop", "default")},
        {"cd/app.yaml": ARGO.replace("path: web", "path: we")},
    ],
)
def test_what_reaches_the_default_namespace_by_one_way_is_not_placed(files):
    given = {"web/pod.yaml": WEB, "web/key.yaml": KEY} | {path: text.encode() for path, text in files.items()}
    assert not _proposed(given).harmless


def test_a_patch_is_in_the_namespace_of_what_it_is_laid_over():
    files = {"web/pod.yaml": WEB, "web/kustomization.yaml": b"resources: [../base]\npatches: [{path: pod.yaml}]\n"}
    proposal = _proposed(files)
    assert proposal.harmless
    assert "lays this over an object of another file" in (proposal.reason or "")


def test_nothing_moves_beside_a_namespace_that_refuses_some_pods():
    guard = (
        b"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: strict\n"
        b"  labels: {pod-security.kubernetes.io/enforce: baseline}\n"
    )
    proposal = _proposed({"k8s/web.yaml": WEB, "k8s/guard.yaml": guard}, "k8s/web.yaml")
    assert not proposal.candidates
    assert "refuses pods below its level" in proposal.reason


def test_variants_of_one_object_in_several_folders_are_no_application():
    """Each test or environment is applied with what is beside it, and never with the other."""
    two = {"keys/one/key.yaml": KEY, "keys/two/key.yaml": KEY}
    made = _proposed({"web/pod.yaml": WEB, **two})
    assert not made.candidates
    assert "keys/one and keys/two both hold a Secret key" in made.reason
    assert _proposed({"web/pod.yaml": WEB, "keys/one/key.yaml": KEY}).candidates


@pytest.mark.parametrize(
    ("path", "content", "moves"),
    [
        ("shop/src/application.properties", b"queue.host=web-api\n", False),
        ("shop/src/Main.java", b'var url = "http://web-api:80/";\n', False),
        ("docker-compose.yml", b"services: {a: {environment: {URL: 'http://web-api:80'}}}\n", True),
        ("shop/src/application.properties", b"name=web-api\n", True),
    ],
)
def test_a_service_stays_with_a_program_that_looks_for_it_by_its_short_name(path, content, moves):
    files = {
        "web/pod.yaml": WEB,
        "web/key.yaml": KEY,
        "web/service.yaml": SERVICE,
        "shop/pod.yaml": ALONE,
        path: content,
    }
    assert bool(_proposed(files).candidates) is moves


def test_a_folder_gives_its_name_only_where_something_else_says_it_too():
    alone = ALONE.replace(b"name: alone", b"name: one") + b"spec:\n  containers: [{name: a, image: 'shop/one:1'}]\n"
    two = alone.replace(b"name: one", b"name: two")
    assert not _proposed({"corner/a.yaml": alone, "corner/b.yaml": two}, "corner/a.yaml").candidates
    assert _proposed({"shop/a.yaml": alone, "shop/b.yaml": two}, "shop/a.yaml").candidates
    files = {"corner/a.yaml": alone, "corner/b.yaml": two, "README.md": b"# The corner of everything\n"}
    assert _proposed(files, "corner/a.yaml").candidates


@pytest.mark.parametrize(
    ("said", "images", "made"),
    [
        ("shop", (b"shop-web", b"shop-api"), "namespace-shop"),
        ("shop", (b"shop", b"shop-api"), "namespace-shop"),
        ("other", (b"shop-web", b"shop-api"), ""),
        ("sho", (b"shop-web", b"shop-api"), ""),
        # A part's name is not the application's.
        ("web", (b"web", b"api"), ""),
    ],
)
def test_a_project_gives_its_name_where_all_its_images_have_it(said, images, made):
    pod = b"spec: {containers: [{image: 'ghcr.io/o/%s:1'}]}\n"
    pods = (b"\n---\n").join(ALONE.replace(b"alone", b"p-" + name) + pod % name for name in images)
    files = {f"{name.decode()}/Dockerfile": b"FROM a\n" for name in images}
    files |= {"k8s/a.yaml": pods, "api/package.json": b'{"name": "%s"}' % said.encode()}
    found = [one.approach for one in _proposed(files, "k8s/a.yaml").candidates]
    assert found[:1] == ([made] if made else [])


def test_a_service_goes_where_manifests_look_for_it():
    call = OTHER.replace(b"web-api:80", b"web-api.shop:80").replace(
        b"name: other\n", b"name: other\n  namespace: shop\n", 1
    )
    files = {"web/pod.yaml": WEB, "web/key.yaml": KEY, "web/service.yaml": SERVICE, "other/pod.yaml": call}
    assert [one.approach for one in _proposed(files).candidates] == ["namespace-shop"]
    more = {"more/pod.yaml": call.replace(b"shop", b"store")}
    assert "in shop and in store" in (_proposed(files | more).reason or "")


def test_what_moves_along_is_no_program_that_stays():
    settings = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 'url: http://web-api:80'}\n"
    files = {"pod.yaml": WEB, "key.yaml": KEY, "service.yaml": SERVICE, "c.yaml": settings, "far/pod.yaml": ALONE}
    assert _proposed(files, "pod.yaml").candidates
