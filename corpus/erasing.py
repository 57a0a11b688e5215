"""Erasing: rows deleted such that the database's pages do not keep what they held."""

import sqlalchemy as sa


def erase(connection: sa.Connection, table: sa.Table, *which: sa.ColumnElement[bool]) -> int:
    """Delete the rows that meet every condition, all rows where there is none, and return how many there were.

    SQLite only marks deleted rows as free space, where a text could be read for long, unless it is told to overwrite.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    return connection.execute(sa.delete(table).where(*which)).rowcount
