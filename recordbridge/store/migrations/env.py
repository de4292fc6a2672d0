"""Runs migrations on the connection that the opener hands over, all in one transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from recordbridge.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
if connection.dialect.name == "sqlite":
    # The driver is in autocommit; the connection's commit ends what this begins.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
else:
    # Workers that start together: the second one finds the work done.
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('recordbridge schema'))")
with context.begin_transaction():
    context.run_migrations()
connection.commit()
