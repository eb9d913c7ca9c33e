"""What visitors come with"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("visitors", sa.Column("agent", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("visitors", "agent")
