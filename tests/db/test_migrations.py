"""The migrations and the models say the same, on both databases."""

import datetime as dt
import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic import autogenerate
from alembic.runtime import migration

from bot import errors
from bot.db import migrate, schema, urls, versions


def test_an_empty_database_comes_to_the_newest_revision(empty_database_url):
    before = versions.current(empty_database_url)
    migrate.upgrade(empty_database_url)

    assert before is None
    assert versions.current(empty_database_url) == versions.head() is not None


def test_upgrading_twice_changes_nothing(empty_database_url):
    migrate.upgrade(empty_database_url)
    migrate.upgrade(empty_database_url)

    assert versions.current(empty_database_url) == versions.head()


async def test_models_and_migrations_describe_the_same_tables(db):
    migrate.import_models()

    def difference(tx: sa.Connection) -> list[object]:
        # Alembic misreads SQLite's DEFAULT ''; one migration makes both, so PostgreSQL's word is enough.
        defaults = tx.dialect.name == "postgresql"
        context = migration.MigrationContext.configure(
            tx, opts={"compare_type": True, "compare_server_default": defaults}
        )
        return list(autogenerate.compare_metadata(context, schema.metadata))

    assert await db.read(difference) == []


async def test_every_unique_and_partial_index_is_in_the_migrations(db):
    """Alembic compares an index by its columns; whether it has a condition is compared here."""
    migrate.import_models()
    asked = {
        index.name: "WHERE" in str(sa.schema.CreateIndex(index).compile(dialect=db_dialect(db)))
        for table in schema.metadata.tables.values()
        for index in table.indexes
    }

    found = await db.read(index_conditions)

    assert {name: found[name] for name in asked} == asked


def test_a_database_of_a_newer_version_is_refused_with_a_sentence(empty_database_url):
    migrate.upgrade(empty_database_url)
    _set_revision(empty_database_url, "9999")

    with pytest.raises(errors.SchemaBehind, match="9999"):
        migrate.upgrade(empty_database_url)


def test_a_failing_migration_leaves_nothing_behind(empty_database_url, monkeypatch):
    def fail_at_the_end(config, revision):
        upgrade(config, revision)
        raise OSError("the power went out")

    upgrade = migrate.command.upgrade
    monkeypatch.setattr(migrate.command, "upgrade", fail_at_the_end)
    with pytest.raises(errors.DatabaseAway):
        migrate.upgrade(empty_database_url)

    assert versions.current(empty_database_url) is None


def test_what_a_database_held_before_it_holds_after(empty_database_url):
    words = (
        "content_id",
        "title",
        "kind",
        "audience",
        "level",
        "category",
        "yes_words",
        "trouble_words",
        "chase",
    )
    fields = ", ".join((*words, "escalate", "published_by", "published_at"))
    values = ", ".join(["'x'"] * (len(words) + 2) + ["'2026-09-30'"])
    _in(empty_database_url, lambda tx: migrate.bring(tx, "0002"))
    _in(
        empty_database_url, lambda tx: tx.execute(sa.text(f"INSERT INTO notice ({fields}) VALUES ({values})"))
    )
    item = "INSERT INTO notice_item (notice_id, item, position, text) SELECT id, '', 0, 'x' FROM notice"
    _in(empty_database_url, lambda tx: tx.execute(sa.text(item)))

    migrate.upgrade(empty_database_url)

    asked = "SELECT item, since_version, until_version, text FROM notice_item"
    found = _in(empty_database_url, lambda tx: tx.execute(sa.text(asked)).all())
    assert [tuple(row) for row in found] == [("", 1, None, "x")]


def test_a_chat_with_two_present_addresses_keeps_the_one_telegram_knows(empty_database_url):
    """Number 1 was told to move from both sides at once; number 2 has two numbers of Telegram's, 3 is gone."""
    addresses = {
        -100: (1, "2026-09-01", "2026-09-30"), -200: (1, "2026-09-30", None), -1: (1, "2026-09-30", None),
        -300: (2, "2026-09-01", None), -400: (2, "2026-09-30", None),
        -3: (3, "2026-09-30", None),
    }  # fmt: skip

    def fill(tx: sa.Connection) -> None:
        migrate.bring(tx, "0004")
        tx.execute(
            sa.text("INSERT INTO chat (id, kind, state_at) VALUES (:id, 'group', :at)"),
            [{"id": number, "at": _instant("2026-09-01", tx)} for number in (1, 2, 3)],
        )
        insert = "INSERT INTO chat_address (telegram_id, chat_id, since, until) VALUES (:it, :chat, :since, :until)"
        tx.execute(sa.text(insert), [
            {"it": it, "chat": chat, "since": _instant(since, tx), "until": _instant(until, tx)}
            for it, (chat, since, until) in addresses.items()
        ])  # fmt: skip

    _in(empty_database_url, fill)

    migrate.upgrade(empty_database_url)

    asked = "SELECT telegram_id FROM chat_address WHERE until IS NULL ORDER BY chat_id"
    assert _in(empty_database_url, lambda tx: list(tx.execute(sa.text(asked)).scalars())) == [-200, -400, -3]


def _instant(day: str | None, tx: sa.Connection) -> object:
    """As the driver wants it."""
    if day is None or tx.dialect.name == "sqlite":
        return day
    return dt.datetime.fromisoformat(f"{day}T00:00+00:00")


def test_there_is_no_way_down():
    directory = migrate.script.ScriptDirectory(str(versions.SCRIPTS))

    assert [r.revision for r in directory.walk_revisions() if hasattr(r.module, "downgrade")] == []


def db_dialect(db) -> sa.Dialect:
    return sa.make_url("sqlite://" if db.is_sqlite else "postgresql+asyncpg://").get_dialect()()


def index_conditions(tx: sa.Connection) -> dict[str, bool]:
    """Index name → whether it has a condition."""
    sqlite = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    postgresql = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    rows = tx.execute(sa.text(sqlite if tx.dialect.name == "sqlite" else postgresql))
    return {name: " WHERE " in definition for name, definition in rows}


def _set_revision(url: str, revision: str) -> None:
    set_it = sa.text("UPDATE alembic_version SET version_num = :revision")
    _in(url, lambda tx: tx.execute(set_it, {"revision": revision}))


def _in(url: str, body):
    return versions.run(urls.parse(url), body)


def test_a_new_file_is_for_its_owner_alone(tmp_path):
    file = tmp_path / "data" / "bot.db"

    migrate.upgrade(f"sqlite:///{file}")

    assert file.stat().st_mode & 0o777 == 0o600


def test_a_database_that_cannot_be_opened_is_told_in_one_line(tmp_path):
    with pytest.raises(errors.DatabaseAway) as away:
        migrate.upgrade(f"sqlite:///{tmp_path}")  # a folder

    assert "\n" not in str(away.value)


def test_the_newest_version_is_told_as_alembic_tells_it() -> None:
    directory = migrate.script.ScriptDirectory(str(versions.SCRIPTS))
    assert versions.head() == directory.get_current_head()


def test_the_version_the_tables_are_at_is_told_as_alembic_tells_it(empty_database_url) -> None:
    told = [versions.current(empty_database_url)]
    for revision in ("0002", "head"):
        _in(empty_database_url, lambda tx, it=revision: migrate.bring(tx, it))
        told.append(versions.current(empty_database_url))
    assert told == [None, "0002", versions.head()]
    configure = migration.MigrationContext.configure
    assert _in(empty_database_url, lambda tx: configure(tx).get_current_revision()) == versions.head()


def test_a_start_on_a_migrated_database_needs_no_alembic(sqlite_url) -> None:
    look = f"import sys; from bot import app; app.versions.ready({sqlite_url!r}); sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
