"""The database's tables, as the newest migration leaves them."""

import sqlalchemy as sa

from corpus.columns import AnyText, Id, Moment

metadata = sa.MetaData()

# one row: a name that no other corpus has, so that a snapshot of another is not taken for one of this
identity = sa.Table("identity", metadata, sa.Column("corpus_id", sa.Text, primary_key=True))

# one row per committed write: when, and by whose hand
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("written_at", Moment, nullable=False),
    sa.Column("author", AnyText, nullable=False, server_default="unknown"),
)

# one row per id that was ever put: the newest state, and the revision that wrote it
debunks = sa.Table(
    "debunks",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("revision", sa.Integer, sa.ForeignKey("revisions.revision"), nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=True),  # canonical JSON of the debunk; null once it is removed
)

# one row per state that an id ever had
versions = sa.Table(
    "versions",
    metadata,
    sa.Column("debunk_id", Id, primary_key=True),
    sa.Column("revision", sa.Integer, sa.ForeignKey("revisions.revision"), primary_key=True, index=True),
    sa.Column("body", sa.Text, nullable=True),
)

# one row per record that a feed gave: what it said the last time, so that the same again changes nothing
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("feed", Id, primary_key=True),
    sa.Column("debunk_id", Id, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),  # of the debunk as it was read
    sa.Column("run", sa.Integer, nullable=False),  # the import that met it last
)

# one row per import: how far it came, so that one that was killed goes on
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("feed", Id, nullable=False, index=True),
    sa.Column("content", sa.Text, nullable=False),  # sha256 of the source and of how it was read
    sa.Column("position", sa.Integer, nullable=False),  # records that were read and written
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("finished_at", Moment, nullable=True),
)

# one row per word of a moderator on an answer; the text is erased with it
feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("given_at", Moment, nullable=False, index=True),
    sa.Column("author", AnyText, nullable=False),
    sa.Column("text", AnyText, nullable=False),
    sa.Column("lang", sa.Text, nullable=False),
    sa.Column("debunk_id", Id, nullable=False),  # the one that was answered with
    sa.Column("verdict", sa.Text, nullable=False),  # confirm, reject or other
    sa.Column("other_id", Id, nullable=True),  # the right one, where the verdict is other
    sa.Column("relation", sa.Text, nullable=True),  # repeats, denies or reports, where it was said
)

# one row per text that a caller asked to keep, where the settings allow it
texts = sa.Table(
    "texts",
    metadata,
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("kept_at", Moment, nullable=False, index=True),
    sa.Column("text", AnyText, nullable=False),
    sa.Column("lang", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),  # JSON: the matched ids with their decisions
)

# one row per key that was ever made: what it may, and of the key itself the digest alone
keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", AnyText, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),  # parted by spaces
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the key, in hex
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=True),
    sa.Column("revoked_at", Moment, nullable=True),
    sa.Column("last_used", sa.Text, nullable=True),  # the day in ISO 8601
)
