"""The tables of summaries: the leaders' brief of a day and the burden of a month, each told once."""

import sqlalchemy as sa

from bot.db import schema

metadata = schema.metadata

brief = sa.Table(  # the leaders' brief of a day, told or found not worth it; once each
    "brief",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("chats", sa.SmallInteger, nullable=False),  # to how many it is owed; 0: nothing was asked
    sa.Column("at", schema.Instant, nullable=False),
)

burden = sa.Table(  # what a month asked of the schools, told to the administrators once
    "burden",
    metadata,
    sa.Column("month", sa.Date, primary_key=True),  # its first day
    sa.Column("chats", sa.SmallInteger, nullable=False),  # to how many it is owed; 0: nothing was asked
    sa.Column("at", schema.Instant, nullable=False),
)
