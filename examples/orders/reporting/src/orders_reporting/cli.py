"""`orders-report`: fetch the orders, print the figures, write the export."""

import argparse
import datetime
from pathlib import Path

from orders_reporting import client, exports, settings
from orders_reporting.store import Store


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="orders-report", description=__doc__)
    parser.add_argument("--settings", type=Path, default=Path("reporting.yaml"))
    parser.add_argument("--since", default=str(datetime.date.today() - datetime.timedelta(days=7)))
    parser.add_argument("--offline", action="store_true", help="use what was fetched before")
    options = parser.parse_args(arguments)

    config = settings.load(options.settings)
    store = Store(config.database)
    try:
        if not options.offline:
            print(f"{store.save(client.orders(config))} orders fetched")
        days = store.days(options.since)
    finally:
        store.close()
    for day in days:
        print(f"{day.day}  {day.orders:5}  {day.cents / 100:10.2f} {config.currency}")
    exports.write_csv([vars(day) for day in days], Path(config.exports), f"orders-since-{options.since}")
    return 0
