"""The first schema: debunks, the revision that wrote each, and the corpus's own name."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and name this corpus."""
    identity = op.create_table("identity", sa.Column("corpus_id", sa.Text, primary_key=True))
    op.bulk_insert(identity, [{"corpus_id": uuid.uuid4().hex}])
    op.create_table(
        "revisions",
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "debunks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, sa.ForeignKey("revisions.revision"), nullable=False),
        sa.Column("body", sa.Text, nullable=True),
    )
    op.create_index("ix_debunks_revision", "debunks", ["revision"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("debunks")
    op.drop_table("revisions")
    op.drop_table("identity")
