"""Names of tables that other files of the repository bind."""

import pytest

STORE = """from .models import Model
from .names import TABLE, owner


class Store:
    def drop(self, model: Model, key):
        self.db.run(f"DELETE FROM {model._table} WHERE id = ?", (key,))
        self.db.run(f"DELETE FROM {TABLE} WHERE owner = ?", (key,))
        self.db.run(f"DELETE FROM {owner} WHERE id = ?", (key,))
        self.db.run(f"DELETE FROM {model.table} WHERE id = ?", (key,))
"""
FILES = {
    "app/store.py": STORE,
    "app/models.py": 'class Model:\n    _table: str\n    table = "x"\n\n\nclass Item(Model):\n    _table = "items"\n',
    "app/names.py": 'import os\nTABLE = "parts"\nowner = os.environ["OWNER"]\n',
    "tests/test_store.py": "def test(model, name):\n    model._table = name\n",
}


@pytest.mark.parametrize(
    ("line", "fixed"),
    [(7, True), (8, True), (9, False), (10, False)],
    ids=["a class's own", "imported", "from the environment", "an attribute that others may have"],
)
def test_a_name_that_the_repository_alone_writes_is_nothing_to_mend(asked, line, fixed):
    assert asked(FILES, "bandit", "B608", "app/store.py", line).harmless is fixed


@pytest.mark.parametrize(
    "more",
    [
        "def name(model, given):\n    model._table = given\n",
        'def name(model, given):\n    setattr(model, "_table", given)\n',
        "import dataclasses\n\n\n@dataclasses.dataclass\nclass Own:\n    _table: str = 'own'\n",
        "class Own:\n    @property\n    def _table(self):\n        return self.given\n",
        "class Own:\n    for _table in read():\n        pass\n",
        "_table = \n",
    ],
    ids=["set", "set by its name", "a field", "a property", "a loop", "a file that does not parse"],
)
def test_one_place_that_gives_it_another_value_is_enough_to_ask_for_a_person(asked, more):
    assert not asked({**FILES, "app/more.py": more}, "bandit", "B608", "app/store.py", 7).harmless


ROWS = """class Rows:
    def _count(self, cur, table, limit=10):
        cur.execute("SELECT COUNT(*) FROM %s" % table)
        cur.execute(f"SELECT a FROM {table} LIMIT {limit}")

    def all(self, cur):
        self._count(cur, "invites")
"""


@pytest.mark.parametrize(
    ("more", "fixed"),
    [
        ("", True),
        ("def more(rows, cur):\n    rows._count(cur, table='people', limit=5)\n", True),
        ("def more(rows, cur, name):\n    rows._count(cur, name)\n", False),
        ("def more(rows, given):\n    rows._count(*given)\n", False),
        ("def more(rows):\n    return rows._count\n", False),
        ("class Other:\n    def _count(self, cur, table):\n        return table\n", False),
    ],
    ids=["one call", "another one", "a value", "unpacked", "handed on", "another function of that name"],
)
def test_a_parameter_for_which_the_repository_passes_fixed_texts_alone_is_fixed(asked, more, fixed):
    files = {"app/rows.py": ROWS, "app/more.py": more}
    assert asked(files, "bandit", "B608", "app/rows.py", 3).harmless is fixed
    assert asked(files, "bandit", "B608", "app/rows.py", 4).harmless is fixed
