"""Many identifiers of one kind are a table, and one of them is none."""

import uuid

import pytest


@pytest.mark.parametrize(("rows", "harmless"), [(24, True), (3, False)])
def test_a_uuid_of_a_table_lets_nobody_in(asked, rows, harmless):
    entries = [f'  {{"key": "{uuid.uuid5(uuid.NAMESPACE_DNS, str(row))}"}}' for row in range(rows)]
    files = {"data/dictionary.json": "[\n" + ",\n".join(entries) + "\n]\n"}
    assert asked(files, "gitleaks", "generic-api-key", "data/dictionary.json", 3).harmless is harmless
