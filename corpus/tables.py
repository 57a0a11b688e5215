"""The store's tables, as the newest migration leaves them."""

import sqlalchemy as sa

metadata = sa.MetaData()

# one row: a name that no other corpus has, so that a snapshot of another is not taken for one of this
identity = sa.Table("identity", metadata, sa.Column("corpus_id", sa.Text, primary_key=True))

# one row per committed write
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
)

# one row per id that was ever put: the newest state, and the revision that wrote it
debunks = sa.Table(
    "debunks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, sa.ForeignKey("revisions.revision"), nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=True),  # canonical JSON of the debunk; null once it is removed
)
