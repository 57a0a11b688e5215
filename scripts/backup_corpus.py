"""Writes a backup of the whole corpus to a file: debunks with their history, imports, feedback, kept texts and keys.

The backup is of one moment, whoever writes meanwhile, and can be restored into SQLite and PostgreSQL alike. It holds
the texts that people sent with their feedback, or asked to keep, unless --without-texts is given; its file can be read
by its owner alone. Of keys it holds their names and digests, which let nobody in.
"""

from argparse import ArgumentParser
from pathlib import Path

from corpus.backup import write_backup
from scripts.terminal import DONE, parser, run
from service.settings import Settings
from service.wiring import open_store


def main() -> int:
    """Back up the corpus to the file that the arguments name; return the exit code."""
    arguments = _parser().parse_args()
    with open_store(Settings.from_environment()) as store:
        backup = write_backup(store.database, arguments.output, with_texts=not arguments.without_texts)
    rows = " ".join(f"{name} {table.rows}" for name, table in backup.tables.items())
    print(f"backed up revision {backup.corpus_revision}: {rows}")
    return DONE


def _parser() -> ArgumentParser:
    options = parser("backup_corpus", __doc__ or "")
    options.add_argument(
        "--output", required=True, type=Path, metavar="FILE", help="written beside and renamed, once it is whole"
    )
    options.add_argument("--without-texts", action="store_true", help="leave out all feedback and all kept texts")
    return options


if __name__ == "__main__":
    run(main)
