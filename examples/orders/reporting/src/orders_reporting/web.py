"""The admin page."""

from pathlib import Path

from flask import Flask, Response, request

from orders_reporting import links, page, settings
from orders_reporting.store import Store

app = Flask(__name__)
config = settings.load(Path("reporting.yaml")) if Path("reporting.yaml").exists() else settings.Settings()


@app.get("/report")
def report() -> Response:
    """The days since a date."""
    store = Store(config.database)
    try:
        body = page.render("Orders", store.days(request.args.get("since", "1970-01-01")), config.currency)
    finally:
        store.close()
    return Response(body, headers={"ETag": links.etag(body.encode())})


@app.get("/health")
def health() -> dict[str, str]:
    """Says that the process answers."""
    return {"status": "up"}


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000, debug=True)
