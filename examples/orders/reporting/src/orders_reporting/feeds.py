"""Reads what other systems leave for us: carriers' XML and the job cache."""

import pickle
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any


def deliveries(xml: str) -> dict[str, str]:
    """Tracking number by order id, from a carrier's daily feed."""
    root = ET.fromstring(xml)
    return {
        str(parcel.get("order")): str(parcel.findtext("tracking", default=""))
        for parcel in root.iter("parcel")
    }


def recall(path: Path) -> dict[str, Any]:
    """What the last run remembered; empty where there was none."""
    if not path.exists():
        return {}
    with path.open("rb") as handle:
        remembered = pickle.load(handle)
    return dict(remembered)


def remember(path: Path, values: dict[str, Any]) -> None:
    """Keep values for the next run."""
    with path.open("wb") as handle:
        pickle.dump(values, handle)
