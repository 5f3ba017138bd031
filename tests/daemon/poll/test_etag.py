"""An ETag is kept beside the bytes that it is of, where it can vouch for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.poll import etag


def test_what_is_kept_is_found_until_it_is_forgotten(tmp_path: Path) -> None:
    partial = tmp_path / "octo+repo-7.part"
    assert etag.kept(partial) is None
    etag.keep(partial, '"0x8DC"')
    assert (etag.kept(partial), etag.kept(tmp_path / "octo+repo-8.part")) == ('"0x8DC"', None)
    assert etag.beside(partial).name == "octo+repo-7.part.etag"
    etag.forget(partial)
    etag.forget(partial)
    assert etag.kept(partial) is None


@pytest.mark.parametrize("tag", ["", 'W/"0x8DC"', "0x8DC", '""', '"a"b"', '"a\nb"', '"ü"', f'"{"a" * 201}"'])
def test_one_that_does_not_vouch_for_bytes_or_is_none_at_all_is_not_kept(tmp_path: Path, tag: str) -> None:
    partial = tmp_path / "x.part"
    etag.keep(partial, tag)
    assert list(tmp_path.iterdir()) == []
