"""Whether a repository's programs and scripts give objects of S3 an ACL, which a bucket without ACLs refuses."""

from __future__ import annotations

import re

from workers.source.tree import SourceTree, text_of

_SETS = re.compile(
    r"PutObject(?:Version)?Acl|put[-_]object[-_]acl"
    r"|--acl[ =]+[\"']?(?!bucket-owner-full-control)[\w$]"
    r"|\b(?:ACL|s3_acl|default_acl|DEFAULT_ACL)[\"']?\s*(?::|=>?)\s*[\"'](?!bucket-owner-full-control)(?=\w+-|private)"
    r"|\b(?:public-read|authenticated-read|ObjectCannedACL\.\w+)\b",
)
_PROGRAMS = (
    ".py", ".js", ".ts", ".mjs", ".cjs", ".tsx", ".rb", ".go", ".java", ".kt", ".cs", ".php", ".sh", ".yml", ".yaml",
    ".json", ".tf", ".template", ".toml", ".mk", "Makefile", "Jenkinsfile",
)  # fmt: skip


def sets_acls(tree: SourceTree) -> str:
    """The first file that gives objects an ACL, or a right to; empty where none does."""
    found = (path for path in tree.paths() if path.endswith(_PROGRAMS))
    return next((path for path in found if _SETS.search(text_of(tree, path))), "")
