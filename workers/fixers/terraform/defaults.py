"""Settings that a module's variables decide: the defaults of those, where they decide anything."""

from __future__ import annotations

import posixpath

from daemon.domain.fix import Edit
from workers.fixers.terraform.files import explained
from workers.fixers.terraform.handed_on import asked_otherwise, given_everywhere
from workers.fixers.terraform.resource import Resource, leaves
from workers.source.hcltext import Body


def default_edits(resource: Resource, body: Body, *, required: bool = False) -> list[Edit]:
    """Edits of the variables' defaults, where every attribute that must change is a variable; else none.

    Where it is required, the variable takes no other value either; a number is a bound, of which more is as good.
    """
    edits = []
    for path, value in leaves(body):
        found = resource.declared(name) if (name := resource.variable(*path)) else None
        if found is None or "default" not in found[1].attributes or explained(found[0], found[1].attributes["default"]):
            return []
        wanted: Body = {"default": value}
        tree, folder = resource.target.tree, posixpath.dirname(resource.hcl.path)
        if given_everywhere(tree, folder, name):
            return []
        if required:
            if (
                value.isdigit()
                or any(one.type == "validation" for one in found[1].blocks)
                or asked_otherwise(tree, folder, name, value)
            ):
                return []
            said = f'"The only value of {name} that is allowed here is {value.strip(chr(34))}."'
            wanted = {**wanted, "validation": {"condition": f"var.{name} == {value}", "error_message": said}}
        edits += list(found[0].merge(found[1], wanted))
    return edits
