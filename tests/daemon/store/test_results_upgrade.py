"""What an older database holds is worth as much after the upgrade."""

from pathlib import Path

from sqlalchemy import text

from daemon.domain.finding import FindingState
from daemon.store import artifacts, migrate
from daemon.store.opening import open_store

BEFORE = (
    "INSERT INTO artifacts (id, name, origin, sha256, size, stored_at, created_at)"
    " VALUES (1, 'a', 'manual', 's', 1, 'x', 0)",
    "INSERT INTO reports (id, artifact_id, path, state, row_count) VALUES (1, 1, 'r.json', 'parsed', 3)",
    "INSERT INTO report_rows (report_id, row_index, raw_sha256, disposition) VALUES (1, 0, 'h', 'kept')",
    "INSERT INTO report_rows (report_id, row_index, raw_sha256, disposition) VALUES (1, 1, 'h', 'duplicate')",
    "INSERT INTO report_rows (report_id, row_index, raw_sha256, disposition) VALUES (1, 2, 'h', 'duplicate')",
    "INSERT INTO findings (id, repository, artifact_id, scan_key, tool, rule, severity, severity_rank, category, state,"
    " first_seen_at, last_seen_at, data)"
    " VALUES ('f', 'o/r', 1, 'k', 't', 'r', 'high', 4, 'other', 'suppressed', 0, 0, x'80')",
)


def test_rows_are_counted_once_and_findings_get_an_urgency_and_a_group(tmp_path: Path) -> None:
    store = open_store(tmp_path / "old.db")
    migrate.upgrade(store, "0003_poll")
    with store.begin() as conn:
        for statement in BEFORE:
            conn.execute(text(statement))
    assert migrate.upgrade(store)
    with store.read() as conn:
        (account,) = artifacts.accounts(conn, [1])
        assert (account.rows, account.kept, account.duplicates, account.ignored) == (3, 1, 2, 0)
        row = conn.execute(text("SELECT state, urgency, group_key, suppressed_by FROM findings")).one()
    assert tuple(row) == (FindingState.SUPPRESSED, 80.0, "f", "person")
    store.close()
