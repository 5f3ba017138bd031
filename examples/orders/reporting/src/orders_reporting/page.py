"""Renders the report page."""

from jinja2 import DictLoader, Environment

from orders_reporting.store import Day

PAGE = """<!doctype html>
<title>{{ title }}</title>
<table>
{%- for day in days %}
<tr><td>{{ day.day }}</td><td>{{ day.orders }}</td><td>{{ "%.2f" | format(day.cents / 100) }} {{ currency }}</td></tr>
{%- endfor %}
</table>
"""

environment = Environment(loader=DictLoader({"report.html": PAGE}))


def render(title: str, days: list[Day], currency: str) -> str:
    """The report as one HTML page."""
    return environment.get_template("report.html").render(title=title, days=days, currency=currency)
