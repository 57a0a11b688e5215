"""Runs the migrations on the connection that `Database` hands over, inside its transaction."""

from alembic import context

from corpus.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
context.run_migrations()
