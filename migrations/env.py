"""Runs the migrations on the connection that `daemon.store.migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from daemon.store.tables.metadata import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=True)
context.run_migrations()
