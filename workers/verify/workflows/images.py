"""Whether jobs still run in the images that they ran in, where a fix pins them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.source.images import latest_tags, newest, split
from workers.verify.workflows.model import text

_IMAGE = re.compile(r"(?:docker://)?(?P<name>[^@\s]*?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")


def changed(before: Any, after: Any) -> Iterator[str]:
    """Images that became other ones, as sentences; the documents are the workflow's own."""
    new = dict(_images(after))
    for where, image in _images(before):
        other = new.get(where)
        if other is None:
            yield f"{where} no longer runs in {image}"
        elif other != image and (why := becomes_other(image, other)) is not None:
            yield f"{where}: {why}"


def becomes_other(image: str, successor: str) -> str | None:
    """How an image is another one than before, as a sentence; none where it is the same, pinned."""
    old, new = _IMAGE.fullmatch(image), _IMAGE.fullmatch(successor)
    if old is None or new is None or old["name"] != new["name"]:
        return f"it runs in {successor[:80]} instead of {image[:80]}"
    same = (new["tag"] or "latest") == (old["tag"] or "latest") or (new["digest"] and not new["tag"])
    if not same and not ((old["tag"] or "latest") == "latest" and new["tag"] in _latest(new["name"])):
        return f"which release {image[:80]} is now is not known here, and it takes {successor[:80]}"
    return None


def _latest(name: str) -> list[str]:
    """The tags that `latest` of an official image, or its build for one processor, went by; of others the newest."""
    image = split(name)[0]
    release = newest(image)
    return [*latest_tags(image)[0], *([release.tag] if release else [])]


def _images(document: Any) -> Iterator[tuple[str, str]]:
    jobs = document.get("jobs") if isinstance(document, Mapping) else None
    for name, job in jobs.items() if isinstance(jobs, Mapping) else ():
        if isinstance(job, Mapping):
            yield from _of_job(name, job)


def _of_job(name: str, job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if (image := _image(job.get("container"))) is not None:
        yield f"job {name}", image
    services = job.get("services")
    for service, value in services.items() if isinstance(services, Mapping) else ():
        if (image := _image(value)) is not None:
            yield f"job {name}, service {service}", image


def _image(holder: Any) -> str | None:
    return text(holder.get("image")) if isinstance(holder, Mapping) else text(holder)
