"""History of every debunk, what feeds delivered, how far imports came, feedback and kept texts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables; what is stored becomes the first version that is known of each debunk."""
    op.add_column("revisions", sa.Column("author", sa.Text, nullable=False, server_default="unknown"))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("debunks", "id", type_=sa.Text(collation="C"))
    _make_history()
    _make_imports()
    _make_feedback()
    op.execute("INSERT INTO versions (debunk_id, revision, body) SELECT id, revision, body FROM debunks")


def _make_history() -> None:
    op.create_table(
        "versions",
        sa.Column("debunk_id", ID, primary_key=True),
        sa.Column("revision", sa.Integer, sa.ForeignKey("revisions.revision"), primary_key=True),
        sa.Column("body", sa.Text, nullable=True),
    )
    op.create_index("ix_versions_revision", "versions", ["revision"])


def _make_imports() -> None:
    op.create_table(
        "deliveries",
        sa.Column("feed", ID, primary_key=True),
        sa.Column("debunk_id", ID, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("feed", ID, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_runs_feed", "runs", ["feed"])


def _make_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("lang", sa.Text, nullable=False),
        sa.Column("debunk_id", ID, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("other_id", ID, nullable=True),
        sa.Column("relation", sa.Text, nullable=True),
    )
    op.create_index("ix_feedback_given_at", "feedback", ["given_at"])
    op.create_table(
        "texts",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("lang", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )
    op.create_index("ix_texts_kept_at", "texts", ["kept_at"])


def downgrade() -> None:
    """Drop what was made; the newest state of each debunk stays."""
    for table in ("texts", "feedback", "runs", "deliveries", "versions"):
        op.drop_table(table)
    op.drop_column("revisions", "author")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("debunks", "id", type_=sa.Text())
