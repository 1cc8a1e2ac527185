"""The tables of notices. Answers, steps and requests are only ever added; nothing said is lost."""

import sqlalchemy as sa

from bot.db import schema

metadata = schema.metadata

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("content_id", sa.String(64), nullable=False),  # R03b …
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),  # rules.Kind
    sa.Column("version", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("audience", sa.String(400), nullable=False),
    sa.Column("level", sa.String(8), nullable=False),  # info | today | now
    sa.Column("category", sa.String(12), nullable=False),  # routine | emergency
    sa.Column("yes_words", sa.String(20), nullable=False),
    sa.Column("trouble_words", sa.String(20), nullable=False),
    sa.Column("basis", sa.String(200), nullable=False, server_default=""),
    sa.Column("owner_unit_id", sa.ForeignKey("unit.id")),
    sa.Column("chase", sa.String(12), nullable=False),
    sa.Column("escalate", sa.String(8), nullable=False),
    sa.Column("is_trial", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("published_at", schema.Instant, nullable=False),
    sa.Column("published_by", sa.String(64), nullable=False),
    sa.Column("due_at", schema.Instant, index=True),  # NULL for a reminder
    sa.Column("closes_at", schema.Instant),
    sa.Column("recalled_at", schema.Instant),
    sa.Column("deadline_told_at", schema.Instant),  # the table of the deadline has been put on its way
    sa.Column(  # 暂定: a date it was counted from may still change
        "is_provisional", sa.Boolean, nullable=False, server_default=sa.false()
    ),
    sa.Column("through", sa.String(8), nullable=False, server_default="any"),  # any | own: own groups only
    sa.Column(
        "released_by", sa.String(64), nullable=False, server_default=""
    ),  # the second officer, if one was needed
    sa.Column("recalled_by", sa.String(64), nullable=False, server_default=""),
)

notice_version = sa.Table(
    "notice_version",
    metadata,
    sa.Column("notice_id", sa.ForeignKey("notice.id"), primary_key=True),
    sa.Column("version", sa.SmallInteger, primary_key=True),
    sa.Column(
        "text", sa.Text, nullable=False
    ),  # placeholders of the school kept: {school} {unit} {duty_phone}
    sa.Column(
        "full_text", sa.Text, nullable=False, server_default=""
    ),  # behind [看全文]; '' if the card says it all
    sa.Column("created_by", sa.String(64), nullable=False, server_default=""),
    sa.Column(
        "released_by", sa.String(64), nullable=False, server_default=""
    ),  # the second officer of a version behind the first, if one was needed
    sa.Column("created_at", schema.Instant, nullable=False),
)

notice_item = (
    sa.Table(  # a simple notice has the one item ''; a revised item has a row for each of its wordings
        "notice_item",
        metadata,
        sa.Column("notice_id", sa.ForeignKey("notice.id"), primary_key=True),
        sa.Column("item", sa.String(16), primary_key=True),
        sa.Column("since_version", sa.SmallInteger, primary_key=True, server_default="1"),
        sa.Column(
            "until_version", sa.SmallInteger
        ),  # the first version without this wording; NULL: it stands
        sa.Column("position", sa.SmallInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False, server_default=""),
        sa.Column("party", sa.String(80), nullable=False, server_default=""),  # 责任方
        sa.Column("due_at", schema.Instant),  # NULL: the notice's
        sa.Column(
            "asks", sa.String(8), nullable=False, server_default=""
        ),  # schools: a number of the unit's schools; '': that it is done
    )
)

attachment = sa.Table(  # a file of Telegram's behind [📎 看原文]; we keep its number, not its bytes
    "attachment",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("notice_id", sa.ForeignKey("notice.id"), nullable=False, index=True),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("file_id", sa.String(200), nullable=False),
    sa.Column("file_kind", sa.String(8), nullable=False),  # document | photo
    sa.Column("name", sa.String(120), nullable=False, server_default=""),
    sa.Column("bytes", sa.Integer, nullable=False, server_default="0"),
    # where it was given to us: from there it can be copied, should Telegram forget the number
    sa.Column("from_chat", schema.TelegramId, nullable=False),
    sa.Column("from_message", sa.Integer, nullable=False),
)

assignment = sa.Table(
    "assignment",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("notice_id", sa.ForeignKey("notice.id"), nullable=False),
    sa.Column("unit_id", sa.ForeignKey("unit.id"), nullable=False, index=True),
    sa.Column("contact_id", sa.ForeignKey("contact.id")),  # only where a person is asked, not the unit
    sa.Column("due_at", schema.Instant, nullable=False),
    # frozen at publication, so that a table of then never changes
    sa.Column("unit_code", sa.String(64), nullable=False),
    sa.Column("unit_name", sa.String(120), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("county_id", sa.ForeignKey("unit.id")),
    sa.Column("row_code", sa.String(64), nullable=False),  # county code, or colleges | city-run | bureau
    sa.Column("row_name", sa.String(120), nullable=False),
    sa.Column("row_position", sa.Integer, nullable=False),
    sa.Index("ix_assignment_notice", "notice_id", "county_id"),
)
_by_unit = assignment.c.contact_id.is_(None)
sa.Index(
    "uq_assignment_unit",
    assignment.c.notice_id,
    assignment.c.unit_id,
    unique=True,
    sqlite_where=_by_unit,
    postgresql_where=_by_unit,
)

asked = sa.Table(  # asked_through: the chats through which an assignment is asked, from/until
    "asked",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("assignment_id", sa.ForeignKey("assignment.id"), nullable=False, index=True),
    sa.Column("notice_id", sa.ForeignKey("notice.id"), nullable=False),
    sa.Column("chat_id", sa.ForeignKey("chat.id"), nullable=False),
    sa.Column("since", schema.Instant, nullable=False),
    sa.Column("until", schema.Instant),
    sa.Index("ix_asked_card", "chat_id", "notice_id"),
    sa.Index("ix_asked_notice", "notice_id"),
)

answer = sa.Table(
    "answer",
    metadata,
    sa.Column(
        "id", schema.Id, primary_key=True
    ),  # drawn under the assignment's lock: id order = commit order
    sa.Column("assignment_id", sa.ForeignKey("assignment.id"), nullable=False, index=True),
    sa.Column("item", sa.String(16), nullable=False, server_default=""),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("aspect", sa.String(4), nullable=False),  # ack | done
    sa.Column("value", sa.String(12), nullable=False),  # rules.Value
    sa.Column("text", sa.Text),  # a report's line
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False, index=True),
    sa.Column("said_by", sa.String(80), nullable=False),  # name and post as they were: 王校长
    sa.Column("on_behalf", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("chat_id", sa.ForeignKey("chat.id")),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("at", schema.Instant, nullable=False),
    sa.Column("withdrawn_at", schema.Instant),  # 点错了: from then on it counts no more
)

trouble = sa.Table(
    "trouble",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("assignment_id", sa.ForeignKey("assignment.id"), nullable=False, index=True),
    sa.Column("item", sa.String(16), nullable=False, server_default=""),  # of a directive: which it is about
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False),
    sa.Column("said_by", sa.String(80), nullable=False),
    sa.Column("on_behalf", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("theme", sa.String(20), nullable=False, server_default=""),
    sa.Column("need", sa.String(20), nullable=False, server_default=""),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("file_id", sa.String(200), nullable=False, server_default=""),
    sa.Column("file_kind", sa.String(8), nullable=False, server_default=""),  # voice | photo
    sa.Column("opened_at", schema.Instant, nullable=False),
    sa.Column("described_at", schema.Instant),  # the three questions are over
    sa.Column("reminded_at", schema.Instant),
)

trouble_step = sa.Table(
    "trouble_step",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("trouble_id", sa.ForeignKey("trouble.id"), nullable=False, index=True),
    sa.Column("state", sa.String(10), nullable=False),  # rules.TroubleState
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False),
    sa.Column("said_by", sa.String(80), nullable=False),
    sa.Column("at", schema.Instant, nullable=False),
)

excuse = sa.Table(
    "excuse",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("assignment_id", sa.ForeignKey("assignment.id"), nullable=False, index=True),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False),
    sa.Column("since", schema.Instant, nullable=False),
    sa.Column("until", schema.Instant),
)

phone_call = sa.Table(  # 已电话: an officer rang the school
    "phone_call",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("assignment_id", sa.ForeignKey("assignment.id"), nullable=False, index=True),
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False),
    sa.Column("at", schema.Instant, nullable=False),
)

chase = sa.Table(  # one reminder owed to one contact about one notice, for all his units that still owe
    "chase",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("notice_id", sa.ForeignKey("notice.id"), nullable=False, index=True),
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False, index=True),
    sa.Column("asked_by", sa.String(64), nullable=False),
    sa.Column("at", schema.Instant, nullable=False),
    sa.Column("claimed_at", schema.Instant),
)

chased = sa.Table(  # the assignments a claimed chase spoke of
    "chased",
    metadata,
    sa.Column("chase_id", sa.ForeignKey("chase.id"), primary_key=True),
    sa.Column("assignment_id", sa.ForeignKey("assignment.id"), primary_key=True, index=True),
)

rung = sa.Table(  # one step of a notice's ladder: planned at publication, climbed once
    "rung",
    metadata,
    sa.Column("notice_id", sa.ForeignKey("notice.id"), primary_key=True),
    sa.Column("step", sa.String(12), primary_key=True),  # rules.Step
    sa.Column("at", schema.Instant, nullable=False),
    sa.Column("settled_at", schema.Instant),
    sa.Column(
        "reason", sa.String(80), nullable=False, server_default=""
    ),  # why it was left out; '' if it was not
)
sa.Index(
    "ix_rung_waiting",
    rung.c.at,
    sqlite_where=rung.c.settled_at.is_(None),
    postgresql_where=rung.c.settled_at.is_(None),
)

escalation = sa.Table(  # 上报: one a notice and row of its table; its list is told to that row's officers
    "escalation",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("notice_id", sa.ForeignKey("notice.id"), nullable=False),
    sa.Column("row_code", sa.String(64), nullable=False),
    sa.Column("county_id", sa.ForeignKey("unit.id")),  # NULL: city-run schools, colleges, the bureau
    sa.Column("missing", sa.Integer, nullable=False),  # 未报 when it was decided
    sa.Column("at", schema.Instant, nullable=False),
    sa.UniqueConstraint("notice_id", "row_code"),
)

rewording = (
    sa.Table(  # what an officer has typed to stand in a notice, until he says that it is meant; one a contact
        "rewording",
        metadata,
        sa.Column("contact_id", sa.ForeignKey("contact.id"), primary_key=True),
        sa.Column("notice_id", sa.ForeignKey("notice.id"), nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),  # the one he has read
        sa.Column("item", sa.String(16), nullable=False),  # '': the words of the card
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", schema.Instant, nullable=False),
    )
)
