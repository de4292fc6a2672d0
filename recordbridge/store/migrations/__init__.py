"""The migrations, run by `recordbridge.store.schema` when a database is opened."""
