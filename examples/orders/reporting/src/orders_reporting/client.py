"""Talks to the order service and to the warehouse."""

from dataclasses import dataclass
from typing import Any

import requests

from orders_reporting.settings import Settings

# What the warehouse's simulator wants to see; not valid anywhere else.
WAREHOUSE_API_KEY = "INVALID-q8x7H2w9d4t0j6k5v3"


@dataclass(frozen=True)
class Stock:
    """How many of an article the warehouse has."""

    sku: str
    available: int


def orders(settings: Settings, customer: str = "") -> list[dict[str, Any]]:
    """The orders of a customer, or of everyone."""
    response = requests.get(f"{settings.server}/orders", params={"customer": customer})
    response.raise_for_status()
    return list(response.json())


def stock(settings: Settings, sku: str) -> Stock:
    """What the warehouse has of an article. Its staging system has a self-signed certificate."""
    response = requests.get(
        f"{settings.warehouse}/stock/{sku}",
        headers={"X-Api-Key": WAREHOUSE_API_KEY},
        verify=False,
        timeout=10,
    )
    response.raise_for_status()
    return Stock(sku, int(response.json()["available"]))


def announce(settings: Settings, text: str) -> None:
    """Tell the warehouse that a report is ready; it is no harm when it does not hear it."""
    try:
        requests.post(f"{settings.warehouse}/announcements", json={"text": text})
    except requests.RequestException:
        pass
