"""The verifier's parts, each by itself: names, emptied code, credentials left, containers, comparison, score."""

from __future__ import annotations

import pytest
from msgspec import structs

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import PASSING, Candidate, Edit, Grade, Level, Verdict
from daemon.domain.severity import Severity
from workers.source.syntax import parse
from workers.source.tree import MemoryTree
from workers.verify import gaming, leftover, own_rules, pins
from workers.verify.compare import LineMap, compare, locate
from workers.verify.counterparts import COUNTERPARTS, counterpart
from workers.verify.emptied import emptied
from workers.verify.known_digest import outgrown
from workers.verify.names import new_undefined
from workers.verify.score import score
from workers.verify.structure import cloud, code, container, dockerfile, image
from workers.verify.structure.preserved import preservation


def finding(rule: str = "B602", line: int = 3, severity: Severity = Severity.HIGH, message: str = "m") -> Finding:
    place = Location(path="a.py", region=Region(start_line=line))
    return Finding(tool="bandit", rule=rule, message=message, severity=severity, locations=(place,))


@pytest.mark.parametrize(
    ("path", "before", "after", "names"),
    [
        ("a.py", "x = 1\n", "x = os.environ['X']\n", ("os",)),
        ("a.py", "x = 1\n", "import os\nx = os.environ['X']\n", ()),
        ("a.py", "import os\nx = os.name\n", "x = os.name\n", ("os",)),
        ("a.py", "def f(a):\n    return a\n", "def f(a):\n    b = [c for c in a]\n    return b\n", ()),
        ("a.py", "x = magic\n", "x = magic + 1\n", ()),
        ("a.js", "const a = 1;\n", "const a = crypto2.f();\n", ("crypto2",)),
        ("a.js", "const a = 1;\n", "const c = require('c');\nconst a = c.f(JSON.parse('1'));\n", ()),
        ("a.js", "f(1);\n", "const g = (x) => x;\nf(g(1));\n", ()),
        ("A.java", "class A { int f() { return 1; } }\n", "class A { int f() { return Log.g(); } }\n", ("Log",)),
        ("A.java", "class A { String f; }\n", "class A { StringBuilder f = new StringBuilder(); }\n", ()),
        ("a.txt", "x", "y z", ()),
    ],
)
def test_a_name_that_only_the_fix_uses_must_be_defined(path, before, after, names):
    assert new_undefined(path, before.encode(), after.encode()) == names


_SHA1 = "d5d872ae49b5db27f638b152e6e528837204d380"


@pytest.mark.parametrize(
    ("path", "line", "old", "new", "below", "found"),
    [
        ("a.js", "const h = hash('{}')", "sha1", "sha256", f"assert.strictEqual(h, '{_SHA1}')", True),
        ("a.py", "h = hashlib.{}(data)", "sha1", "sha512", f'if h.hexdigest() != "{_SHA1}":\n    pass', True),
        ("A.java", 'byte[] h = get("{}");', "SHA-1", "SHA-256", f'assertEquals("{_SHA1}", hex(h));', True),
        ("a.js", "const h = hash('{}')", "md5", "sha256", f"assert.strictEqual(h, '{_SHA1}')", False),
        ("a.js", "const h = hash('{}')", "sha1", "sha1", f"assert.strictEqual(h, '{_SHA1}')", False),
        ("a.js", "const h = hash('{}')", "sha1", "sha256", f"const commit = '{_SHA1}'", False),
        ("a.txt", "hash('{}')", "sha1", "sha256", f"equal '{_SHA1}'", False),
    ],
)
def test_a_digest_that_the_code_knows_is_not_made_by_another_function(path, line, old, new, below, found):
    before, after = (f"{line.format(name)}\n{below}\n".encode() for name in (old, new))
    assert (outgrown(path, before, after) is not None) == found


@pytest.mark.parametrize(
    ("path", "before", "after", "lost"),
    [
        ("a.py", "f(data)\n", "pass\n", True),
        ("a.py", "x = md5(data).hexdigest()\n", "x = ''\n", True),
        ("a.py", "x = md5(data).hexdigest()\n", "x = sha256(data).hexdigest()\n", False),
        ("a.py", "run(f'make {target}')\n", "run(['make', target])\n", False),
        ("a.py", "app.run(debug=True)\n", "app.run()\n", False),
        ("a.py", "safe(f'<b>{name}</b>')\n", "html('<b>{name}</b>', name=name)\n", False),
        ("a.py", "run(command, cwd=path)\n", "run('true', cwd=path)\n", True),
        ("a.js", "const v = eval(text);\n", "const v = undefined;\n", True),
        ("a.js", "const v = eval(text);\n", "const v = JSON.parse(text);\n", False),
        ("a.py", "password = 'x'\n", "password = os.environ['X']\n", False),
        ("a.yaml", "a: f(x)\n", "a: 1\n", False),
    ],
)
def test_a_fix_still_works_on_what_the_original_worked_on(path, before, after, lost):
    assert (emptied(path, before.encode(), after.encode()) is not None) == lost


@pytest.mark.parametrize(
    ("after", "left"),
    [
        ("key = 'hunter2hun' + 'ter2'", True),
        ("key = '2retnuh2retnuh'[::-1]", True),
        ("key = b64('aHVudGVyMmh1bnRlcjI=')", True),
        ("key = get('KEY', 'hunter2hunter2')", True),
        ("key = os.environ['KEY']", False),
    ],
)
def test_a_credential_counts_as_there_in_any_disguise(after, left):
    before = b"key = 'hunter2hunter2'\n"
    found = leftover.left(before, after.encode() + b"\n", [Region(start_line=1)])
    assert (found is not None) == left
    assert "hunter2" not in (found or "")


def test_a_new_class_beside_a_changed_one_is_told_from_it():
    before = b"class A:\n    def f(self):\n        return load(self)\n"
    after = b"class B:\n    pass\n\n\n" + before.replace(b"load(self)", b"B(self)")
    old, new = parse(before, "a.py"), parse(after, "a.py")
    flagged = [Region(start_line=3)]
    assert code.violations(old, new, ("node:flagged", "insert:1"), flagged) == []
    assert code.violations(old, new, ("node:flagged",), flagged)


def test_neighbours_may_vanish_together_where_each_is_declared():
    before = b"class A {\n    void f() {\n        a();\n        b();\n        c();\n    }\n}\n"
    after = b"class A {\n    void f() {\n        c();\n    }\n}\n"
    old, new, flagged = parse(before, "A.java"), parse(after, "A.java"), [Region(start_line=3)]
    both = ("node:flagged", "node:flagged/delete", "statement:4/delete")
    assert code.violations(old, new, both, flagged) == []
    assert code.violations(old, new, both[:2], flagged)
    assert code.violations(old, new, ("node:flagged", "statement:4"), flagged)


def test_the_key_of_a_credential_may_stay():
    before = b"config['SECRET_KEY_2'] = 'hunter2hunter2'\n"
    after = b"config['SECRET_KEY_2'] = os.environ['SECRET_KEY_2']\n"
    assert leftover.left(before, after, [Region(start_line=1)]) is None
    assert leftover.left(before, after.replace(b"os.", b"'hunter2hunter2' or os."), [Region(start_line=1)])


def test_the_code_between_two_strings_of_the_line_is_no_credential():
    before = b'if name == "adm" and request.form["pass"] == "hunter2hunter2":\n'
    after = b'if name == "adm" and request.form["pass"] == os.environ["PASS"]:\n'
    assert leftover.left(before, after, [Region(start_line=1)]) is None


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("CMD npm start", 'CMD ["npm", "start"]', False),
        ("CMD npm start", 'CMD ["sh", "-c", "exec npm start"]', False),
        ("CMD npm start", 'CMD ["npm start"]', True),
        ("CMD a && b", 'CMD ["a", "&&", "b"]', True),
        (
            "RUN apt-get install -y curl git",
            "RUN apt-get install -y curl=7.* git && rm -rf /var/lib/apt/lists/*",
            False,
        ),
        ("RUN apt-get install -y curl git", "RUN apt-get install -y git", True),
        ("RUN pip install --trusted-host pypi.org flask", "RUN pip install flask", False),
        ("RUN pip install sklearn flask", 'RUN pip install "scikit-learn<2" "flask<4"', False),
        ("RUN pip install sklearn flask", 'RUN pip install "scikit-learn<2"', True),
        ("RUN gem install bundler rake", 'RUN gem install "bundler:~>2.5.10" rake:13.2.1', False),
        ("RUN go install a.org/b/c@latest", "RUN go install a.org/b/c@v1.2.0", False),
        ("RUN go install a.org/b/c@latest", "RUN go install a.org/b/d@v1.2.0", True),
        ("CMD exec gunicorn --bind :$PORT main:app", 'CMD ["gunicorn", "main:app"]', False),
        ("CMD exec gunicorn --bind :8080 main:app", 'CMD ["gunicorn", "main:app"]', True),
        ("CMD exec gunicorn --bind :$PORT main:app", 'CMD ["gunicorn", "other:app"]', True),
        ("CMD run -p $PW -n ${N}", "CMD run -p ${PW:?} -n ${N:?not set}", False),
        ("CMD run -p ${PW:?}", "CMD run -p $PW", True),
        ("CMD run -p ${PW:?} $N", "CMD run -p ${PW:?} ${N:?}", False),
        ("CMD run -p ${PW:?} $N", "CMD run -p $PW ${N:?}", True),
        ("CMD run -p $PW", "CMD run -p ${PW:-x}", True),
        ("CMD run -p $PW", "CMD run -p ${OTHER:?}", True),
        ("CMD run -p $PWa", "CMD run -p ${PW:?}a", True),
        ('RUN [[ -n $A && "$B" != y ]] && run', 'RUN [ -n "$A" ] && [ "$B" != y ] && run', False),
        ("RUN [[ -n $A ]] && run", 'RUN [ -n "$A" ] && : run', True),
        ('RUN echo "a\\n" > /x', "RUN printf '%b\\n' \"a\\n\" > /x", False),
        ("RUN echo some words > /x", "RUN printf '' > /x", True),
        ("ADD a.txt ./b/", "COPY a.txt /b/", False),
        ("ADD a.txt /b/", "COPY b.txt /b/", True),
        ("USER root", "USER nobody", False),
    ],
)
def test_an_image_still_does_what_it_did(before, after, changed):
    old, new = (dockerfile.instructions(f"FROM debian:12\n{line}\n".encode()) for line in (before, after))
    assert bool(container.changed_effect(old, new, ())) == changed


def test_another_base_image_is_another_image_and_another_tag_is_not():
    old, tag, other = (dockerfile.instructions(f"FROM {name}\n".encode()) for name in ("a", "a:1", "b:1"))
    assert container.changed_effect(old, tag, ()) == []
    assert container.changed_effect(old, other, ()) == ["the base image is b instead of a"]


def test_a_commit_is_known_from_the_lock_or_from_the_repository_itself():
    known, invented = "cf277c60eb25467037889841efdb72551f06f6c3", "3b9f2a7c5d1e8f6a4b0c9d8e7f6a5b4c3d2e1f0a"
    before = b"- uses: actions/setup-java@v4\n"
    after = "- uses: actions/setup-java@{} # v4\n"
    tree = MemoryTree({".github/workflows/a.yml": before})
    assert pins.unknown(before, after.format(known).encode(), tree) == []
    assert len(pins.unknown(before, after.format(invented).encode(), tree)) == 1
    used = MemoryTree({".github/workflows/b.yml": after.format(invented).encode()})
    assert pins.unknown(before, after.format(invented).encode(), used) == []


@pytest.mark.parametrize(
    ("ref", "other"),
    [("release/v1", False), ("v1.14", False), ("v1.8", True), ("master", True), ("release/v2", False)],
    ids=["the branch of the line", "the line", "another line", "another branch", "a branch that nobody knows"],
)
def test_a_pin_is_of_a_release_that_the_ref_may_mean(ref, other):
    name, commit = "pypa/gh-action-pypi-publish", "cef221092ed1bacb1cc03d23a2d87d1d172e277b"
    before, after = f"uses: {name}@{ref}\n".encode(), f"uses: {name}@{commit} # v1.14.0\n".encode()
    assert bool(pins.unknown(before, after, MemoryTree({}))) == other


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.py", "x = 1  # nosec"),
        ("a.tf", "# checkov:skip=CKV_AWS_1: no"),
        ("a.yml", "x: 1 # zizmor: ignore[artipacked]"),
        ("Dockerfile", "HEALTHCHECK NONE"),
        ("a.py", "x = 'CHANGEME'"),
        ("a.py", "getattr(os, 'system')('x')"),
        ("a.yml", "run: make || true"),
        ("a.tf", 'cidr_blocks = ["0.0.0.0/1", "128.0.0.0/1"]'),
    ],
)
def test_a_trick_is_found_where_it_is_added_and_not_where_it_was(path, line):
    assert gaming.trick(path, b"x\n", f"x\n{line}\n".encode()) is not None
    assert gaming.trick(path, f"{line}\nx\n".encode(), f"{line}\ny\n".encode()) is None


@pytest.mark.parametrize("path", [".bandit", ".hadolint.yaml", ".gitleaksignore", ".semgrepignore", "x/.trivyignore"])
def test_a_scanners_configuration_is_never_a_fix(path):
    assert "configures or excludes" in (gaming.trick(path, b"a\n", b"b\n") or "")


@pytest.mark.parametrize("name", ["bandit.yml", "trivy.yaml"])
def test_a_workflow_that_is_named_after_a_scanner_is_a_workflow(name):
    assert gaming.trick(f".github/workflows/{name}", b"a\n", b"b\n") is None
    assert gaming.trick(f".github/{name}", b"a\n", b"b\n") is not None


def test_findings_are_followed_to_where_their_lines_went():
    before, after = b"a\nb\nc\nd\n", b"new\na\nb\nd\n"
    edits = [Edit(path="a.py", start=0, end=0, text="new\n"), Edit(path="a.py", start=4, end=6, text="")]
    found = compare([finding(line=2), finding(line=3)], [finding(line=3)], LineMap(before, after, edits))
    assert [(old.line, new.line) for old, new in found.stayed] == [(2, 3)]
    assert [old.line for old in found.ended] == [3]
    assert found.new == ()


def test_a_finding_is_located_nearby_only_where_nothing_else_could_be_meant():
    assert locate(finding(line=3), [finding(line=5)]) is not None
    assert locate(finding(line=3), [finding(line=5), finding(line=6)]) is None
    assert locate(finding(line=3), [finding(line=30)]) is None


def test_only_what_the_table_names_stands_for_what_ended_and_never_something_worse():
    assert counterpart(finding("B603", severity=Severity.LOW), [finding("B602")]) is not None
    assert counterpart(finding("B603", severity=Severity.LOW), [finding("B506")]) is None
    assert counterpart(finding("B603"), [finding("B602", severity=Severity.LOW)]) is None
    unseen, apt, lists = (structs.replace(finding(rule), tool="hadolint") for rule in ("DL3008", "DL3027", "DL3009"))
    assert counterpart(unseen, [apt]) is not None
    assert counterpart(unseen, [lists]) is None
    assert all(table.why for table in COUNTERPARTS)


@pytest.mark.parametrize(
    ("after", "holds"),
    [
        (b"RUN apk add --no-cache gcc\n", True),
        (b"RUN apk add --no-cache\n", False),
        (b"RUN apk add --no-cache gcc curl\n", False),
    ],
)
def test_a_run_of_one_command_stands_for_the_update_that_it_lost_alone(after, holds):
    single, update = (
        structs.replace(finding(rule, severity=Severity.LOW), tool="hadolint") for rule in ("DL3059", "DL3019")
    )
    pair = counterpart(single, [update])
    assert pair is not None
    assert pair.holds(b"RUN apk update && apk add gcc\n", after) is holds


def test_the_score_passes_a_clean_fix_and_names_what_lowers_it():
    fix = Candidate(approach="a", edits=(), explanation="Long enough to say why it is right, and what it costs you.")
    good = score(fix, {"a": (b"x = 1\n", b"x = 2\n")}, level=Level.PRESERVED, grade=Grade.SAME_SCANNER)
    assert good.value >= PASSING
    assert good.recommendations == ()
    poor = score(fix, {"a": (b"a\r\nb\r\n", b"a\nb \n")}, level=Level.PRESERVED, grade=Grade.PROXY, remaining=2)
    assert poor.value < PASSING
    assert len(poor.recommendations) == 3
    assert score(fix, {}, level=Level.PARSES, grade=Grade.UNVERIFIED).value < PASSING
    assert Verdict(level=Level.PRESERVED, score=good.value).rating == "score 1.00"
    assert Verdict(level=Level.PRESERVED, score=0.79).rating == "score 0.79, below the 0.8 that passes"


def test_only_files_that_hold_rules_are_rules():
    rule = b"rules:\n  - id: a\n    languages: [python]\n    message: m\n    severity: INFO\n    pattern: f()\n"
    assert own_rules.is_rules(rule)
    assert not own_rules.is_rules(b"rules:\n  - alert: up\n    expr: up == 0\n")
    assert not own_rules.is_rules(b"rules:\n  - id: [\n")


@pytest.mark.parametrize(
    ("stages", "wrong"),
    [
        ("FROM debian:12 AS a\nUSER 10\nFROM a AS b\nFROM b\n", False),
        ("FROM debian:12 AS a\nUSER 10\nFROM debian:12\nCOPY --from=a /a /a\n", True),
        ("FROM debian:12 AS a\nUSER 10\nFROM a\nUSER root\n", True),
        ("FROM --platform=linux/amd64 debian:12 as A\nUSER 10\nFROM a\nRUN make\n", False),
    ],
)
def test_an_image_has_the_user_of_the_stage_that_it_is_built_on(stages, wrong):
    before, after = (dockerfile.instructions(text.encode()) for text in (stages.replace("USER 10\n", ""), stages))
    assert bool(list(image.mistaken(before, after, "CKV_DOCKER_3"))) is wrong


@pytest.mark.parametrize(
    ("beside", "known"),
    [
        ({}, False),
        ({"infra/variables.tf": b'variable "bucket" {}\n'}, True),
        ({"modules/variables.tf": b'variable "bucket" {}\n'}, False),
    ],
)
def test_a_patch_may_declare_a_variable_where_the_module_keeps_its_own(beside, known):
    tree = MemoryTree({"infra/main.tf": b"a = 1\n", "infra/variables.tf": b'variable "other" {}\n'})
    patched = {"infra/main.tf": b"a = var.bucket\n", **beside}
    assert (not list(cloud.mistaken("infra/main.tf", b"a = 1\n", patched, tree))) is known


POD = "kind: Pod\nmetadata: {name: a}\nspec: {x: 1}\n"
POLICY = "kind: NetworkPolicy\nmetadata: {name: a}\nspec: {}\n"


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (POD, POD + "---\n" + POLICY, True),
        (POD, POLICY + "---\n" + POD, True),
        (POD + "---\n" + POD, POD + "---\n" + POLICY + "---\n" + POD, True),
        (POD, POD, True),
        (POD, POLICY, False),
        (POD, POD.replace("x: 1", "x: 2") + "---\n" + POLICY, False),
        (POD, POD + "---\n" + POLICY + "---\n" + POLICY, False),
        (POD, POD + "---\n" + POLICY.replace("name: a", "name: b"), False),
        (POD, POD + "---\n" + POLICY.replace("NetworkPolicy", "Role"), False),
        (POD + "---\n" + POLICY, POD + "---\n" + POLICY.replace("{}", "{x: 1}"), False),
    ],
)
def test_a_declared_document_may_be_added_once_and_nothing_else_may_change(before, after, kept):
    declares = ("document:NetworkPolicy/a",)
    found = preservation("k.yaml", before.encode(), after.encode(), (), declares, ())
    assert (found.violations == ()) is kept


@pytest.mark.parametrize(
    ("tag", "wrong"),
    [
        ("${PREFIX}busybox:1.38", False),
        ("$PREFIX/busybox:1.38", False),
        ("${PREFIX}busybox:stable", True),
        ("${PREFIX}busybox:99.1", True),
        ("${PREFIX}busybox:$TAG", True),
        ("${PREFIX}:1.38", True),
    ],
)
def test_a_registry_in_a_variable_says_nothing_of_the_tag(tag, wrong):
    before, after = (dockerfile.instructions(f"FROM {name}\n".encode()) for name in (tag.rpartition(":")[0], tag))
    assert bool(list(image.mistaken(before, after, "CKV_DOCKER_7"))) is wrong
