"""Fills the corpus's database from a backup that `scripts.backup_corpus` wrote, all of it or nothing.

The backup is read to its end and checked before anything is written. The database that the settings name must be
empty: a new one, SQLite or PostgreSQL, whatever the backup is of. Feedback and kept texts are restored where the
backup holds them, and so are keys; with --replace, those that the database has as revoked stay so.
"""

from argparse import ArgumentParser
from pathlib import Path

from corpus.backup import restore_backup
from scripts.terminal import DONE, parser, run, tell
from service.settings import Settings
from service.wiring import open_store


def main() -> int:
    """Restore the backup that the arguments name; return the exit code."""
    arguments = _parser().parse_args()
    with open_store(Settings.from_environment()) as store:
        backup = restore_backup(store.database, arguments.backup, replace=arguments.replace)
    rows = " ".join(f"{name} {table.rows}" for name, table in backup.tables.items())
    print(f"restored revision {backup.corpus_revision}: {rows}")
    tell("`python -m scripts.build_snapshot` has it matched")
    return DONE


def _parser() -> ArgumentParser:
    options = parser("restore_corpus", __doc__ or "")
    options.add_argument("backup", type=Path, metavar="FILE", help="the backup")
    options.add_argument("--replace", action="store_true", help="erase all that the database holds, feedback included")
    return options


if __name__ == "__main__":
    run(main)
