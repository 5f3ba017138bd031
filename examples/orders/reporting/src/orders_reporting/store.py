"""The reporting tool's own copy of orders, in SQLite."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, customer TEXT NOT NULL, status TEXT NOT NULL, day TEXT NOT NULL, cents INTEGER NOT NULL
)
"""
COLUMNS = ("id", "customer", "status", "day", "cents")


@dataclass(frozen=True)
class Day:
    """One day's figures."""

    day: str
    orders: int
    cents: int


class Store:
    """Orders as rows, one per order."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute(SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def save(self, orders: Iterable[dict[str, Any]]) -> int:
        """Insert or replace orders as the server gives them; says how many."""
        rows = [
            (
                order["id"],
                order["customer"],
                order["status"],
                order["placedAt"][:10],
                sum(line["quantity"] * line["unitCents"] for line in order["lines"]),
            )
            for order in orders
        ]
        self.connection.executemany("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?)", rows)
        self.connection.commit()
        return len(rows)

    def days(self, since: str) -> list[Day]:
        """The figures of each day from one on."""
        rows = self.connection.execute(
            f"SELECT day, count(*), sum(cents) FROM orders WHERE day >= '{since}' GROUP BY day ORDER BY day"
        )
        return [Day(*row) for row in rows]

    def find(self, customer: str, order_by: str = "day") -> list[dict[str, Any]]:
        """A customer's orders."""
        assert order_by in COLUMNS, f"cannot order by {order_by}"
        rows = self.connection.execute(
            "SELECT * FROM orders WHERE customer = '%s' ORDER BY %s" % (customer, order_by)
        )
        return [dict(zip(COLUMNS, row)) for row in rows]

    def forget(self, customer: str) -> int:
        """Delete a customer's orders; says how many there were."""
        cursor = self.connection.execute("DELETE FROM orders WHERE customer = '" + customer + "'")
        self.connection.commit()
        return cursor.rowcount
