"""Structure outside the intended change: file before, file after, what the candidate declares → what it broke.

`Candidate.declares` names what may change. Everything else must be what it was, or L3 is refused.

YAML, JSON, TOML, XML and HCL: dotted paths of keys and list positions.

- `jobs.*.permissions` – that key, wherever it is, and all below it, may be added or changed; `*` is one segment (a key
  or a list position), `**` any number of them. List positions count as the file had them, for new items as it has them.
- `jobs.*.steps.*.continue-on-error/delete` – it may also vanish.
- Terraform: `resource.aws_s3_bucket.logs.acl`; a nested block is a list, even where it stands alone
  (`…​.ingress.0.cidr_blocks`). XML: `project.dependencies.dependency.3.version`, repeated elements by position.
- `document:Deployment/shop` – a YAML document of that kind and `metadata.name`, which the file did not have, may be
  added; the others are compared as if it were not there.
- A key that holds dots is one segment; write `*` for it, or the key as it is.

Dockerfiles: `instruction:USER` – instructions of that keyword may be added or changed; `instruction:RUN/delete` – may
vanish; `instruction:*` – any.

Code: `node:flagged`, `statement:LINE`, `import:NAME`, `insert:LINE`, each with an optional `/delete`; `workers.verify.
structure.code` says what they mean.

Line-wise formats without a grammar (requirements.txt, go.sum, .properties, lockfiles): `line:N` and `insert:N` by the
original's lines, or `package:NAME` for the lines and entries that name a package.
"""
