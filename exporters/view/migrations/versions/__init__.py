"""Versions of the tables, for Alembic; run when a view is opened."""
