"""A backup holds everything of one instant, and comes back whole into an empty database of either kind, or not at all."""

import asyncio
import datetime as dt
import gc
import json
import stat
import tracemalloc
import zipfile

import pytest
import sqlalchemy as sa

from bot import clock, errors
from bot.audit import model as audit
from bot.audit import trail
from bot.db import Database, archive, backup, migrate, restore, schema, versions
from bot.delivery import chats, pacing
from bot.delivery.model import pacing as pacing_table
from bot.notices import model as notices
from bot.plans.model import day_off
from bot.roster import bindings
from bot.roster import model as roster

NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)
MADE = {"at": NOON, "version": "9.9"}
KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
LINE = "三楼“漏水”\n请派人来 \\ ' \" \u2028 🏫"


def fill(tx: sa.Connection, now: dt.datetime) -> None:
    """A little of every type; a unit whose parent has the larger number."""
    unit, values = roster.unit, {"kind": "school", "position": 0, "created_at": NOON}
    tx.execute(unit.insert().values(id=5, code="DH001", name="金滩小学", waterside=True, **values))
    tx.execute(unit.insert().values(id=9, code="DH", name="大河县", county_id=9, **values))
    tx.execute(unit.update().where(unit.c.id == 5).values(parent_id=9, county_id=9))
    tx.execute(roster.contact.insert().values(id=3, name="王金滩", phone="13800000011", created_at=NOON))
    day = {"day": dt.date(2026, 12, 31), "contact_id": 3, "since": NOON + dt.timedelta(microseconds=7)}
    tx.execute(day_off.insert().values(**day))
    tx.execute(notices.notice_version.metadata.tables["notice"].insert().values(
        id=4, content_id="R1", title="消防", kind="report", audience="schools", level="today", category="routine",
        yes_words="无", trouble_words="有", chase="none", escalate="none", published_at=NOON, published_by="cli",
    ))  # fmt: skip
    tx.execute(notices.assignment.insert().values(
        id=6, notice_id=4, unit_id=5, due_at=NOON, unit_code="DH001", unit_name="金滩小学", position=0,
        row_code="DH", row_name="大河县", row_position=0,
    ))  # fmt: skip
    tx.execute(notices.answer.insert().values(
        assignment_id=6, version=1, aspect="done", value="text", text=LINE, contact_id=3, said_by="王校长",
        late=False, at=NOON,
    ))  # fmt: skip
    chat = chats.ensure(tx, now, -1_002_000_000_001, kind="group", title="家长群")
    bindings.bind(tx, now, chat_id=chat.id, unit_id=5, by=None)
    pacing.ensure(tx, now, 4_242_424_242_424, rate=27.5)


def contents(tx: sa.Connection) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: sorted((tuple(row) for row in tx.execute(sa.select(table))), key=repr)
        for name, table in schema.metadata.tables.items()
    }


async def on(url, verb, *args, read=False):
    db = await Database.open(url, clock=clock.system)
    try:
        return await (db.read if read else db.transact)(verb, *args)
    finally:
        await db.close()


async def save(url, file, **made):
    db = await Database.open(url, clock=clock.system)
    try:
        return await db.read(backup.write, file, **(MADE | made))
    finally:
        await db.close()


@pytest.fixture
def saved(sqlite_url, tmp_path):
    """A backup of a SQLite city."""
    asyncio.run(on(sqlite_url, fill))
    asyncio.run(save(sqlite_url, tmp_path / "city.zip"))
    return tmp_path / "city.zip"


@pytest.fixture
def empty(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'restored.db'}"


# ── there and back ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("after", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_a_city_moves_from_any_database_to_any_other(before, after, request, tmp_path, empty):
    source = request.getfixturevalue(f"{before}_url")
    target = empty if after == "sqlite" else request.getfixturevalue("empty_postgresql_url")
    asyncio.run(on(source, fill))

    written = asyncio.run(save(source, tmp_path / "city.zip"))
    restored = restore.load(target, tmp_path / "city.zip")

    assert restored == written
    assert (restored.version, restored.at, restored.revision) == ("9.9", NOON, versions.head())
    there = asyncio.run(on(target, contents, read=True))
    assert there == asyncio.run(on(source, contents, read=True))
    assert versions.current(target) == versions.head()
    assert there["answer"][0][6] == LINE
    assert restored.rows == sum(map(len, there.values()))


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_new_after_a_restore_takes_numbers_of_its_own(kind, request, saved, empty):
    target = empty if kind == "sqlite" else request.getfixturevalue("empty_postgresql_url")
    restore.load(target, saved)

    def one_more(tx: sa.Connection, now: dt.datetime) -> int:
        values = {"code": "DH002", "name": "银桥", "kind": "school", "position": 1, "created_at": now}
        return tx.execute(roster.unit.insert().values(values).returning(roster.unit.c.id)).scalar_one()

    assert asyncio.run(on(target, one_more)) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_tables_made_beforehand_and_empty_are_no_hindrance(kind, request, saved):
    """A Procfile host runs `db upgrade` before anybody can restore."""
    url = request.getfixturevalue("postgresql_url") if kind == "postgresql" else _fresh(request)

    restore.load(url, saved)

    assert asyncio.run(on(url, contents, read=True))["contact"][0][1] == "王金滩"


def _fresh(request) -> str:
    url = f"sqlite:///{request.getfixturevalue('tmp_path') / 'upgraded.db'}"
    migrate.upgrade(url)
    return url


def test_a_backup_of_an_older_version_is_brought_to_this_one(tmp_path, empty):
    old = f"sqlite:///{tmp_path / 'old.db'}"
    migrate.exclusively(old, lambda tx: migrate.bring(tx, "0001"))
    contact = roster.contact.insert().values(name="王金滩", created_at=NOON)
    migrate.exclusively(old, lambda tx: tx.execute(contact))

    assert asyncio.run(save(old, tmp_path / "old.zip")).revision == "0001"
    restore.load(empty, tmp_path / "old.zip")

    assert versions.current(empty) == versions.head()
    assert asyncio.run(on(empty, contents, read=True))["contact"][0][1] == "王金滩"


async def test_a_backup_is_one_instant_of_a_database_being_written(db, database_url, tmp_path):
    """Each write adds a chat and a line of the trail; a backup that saw one without the other would be two instants."""

    def both(tx, now, number):
        chats.ensure(tx, now, -number, kind="group")
        trail.note(tx, now, actor="cli", verb="made", subject=f"chat:{number}")

    written = []
    async with asyncio.TaskGroup() as tasks:
        for number in range(1, 101):
            tasks.create_task(db.transact(both, number))
            if number % 25 == 0:
                file = tmp_path / f"{number}.zip"
                written.append(tasks.create_task(db.read(backup.write, file, at=NOON, version="1")))

    counted = [{table.name: table.rows for table in task.result().tables} for task in written]
    assert all(rows["chat"] == rows["audit_record"] == rows["chat_address"] for rows in counted)
    assert {rows["chat"] for rows in counted} != {0}


@pytest.mark.postgresql
def test_memory_does_not_grow_with_the_rows(postgresql_url, tmp_path, empty):
    """8,000 rows are more than 6 MB as Python holds them; a thousand at a time are two or three."""
    row = {"at": NOON, "actor": "cli", "verb": "test", "subject": "x" * 100, "detail": "y" * 200}
    rows = [row | {"actor": f"contact:{number}"} for number in range(8_000)]
    asyncio.run(on(postgresql_url, lambda tx, _: tx.execute(audit.record.insert(), rows)))
    file = tmp_path / "city.zip"

    for work in (lambda: asyncio.run(save(postgresql_url, file)), lambda: restore.load(empty, file)):
        gc.collect()
        tracemalloc.start()
        work()
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak_bytes < 4_500_000


# ── the file ─────────────────────────────────────────────────────────────────────────────────────


def test_the_file_is_its_owners_alone_and_nothing_is_left_beside_it(saved):
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_anybody_can_read_it_with_common_tools(saved):
    with zipfile.ZipFile(saved) as zipped:
        manifest = json.loads(zipped.read("manifest.json"))
        contact = json.loads(zipped.read("tables/contact.jsonl").splitlines()[0])

    columns = next(table["columns"] for table in manifest["tables"] if table["name"] == "contact")
    assert dict(zip(columns, contact, strict=True))["created_at"] == "2026-09-30T04:00:00+00:00"
    assert manifest["revision"] == versions.head()


async def test_a_folder_or_the_database_itself_is_never_overwritten(sqlite_url, tmp_path):
    database = sa.make_url(sqlite_url).database
    for file in (tmp_path, *(type(tmp_path)(f"{database}{end}") for end in ("", "-wal", ".lock"))):
        with pytest.raises(errors.Refused, match=r"文件夹|正在用的数据库"):
            await save(sqlite_url, file)

    (tmp_path / "other").symlink_to(database)
    with pytest.raises(errors.Refused, match="正在用的数据库"):
        await save(sqlite_url, tmp_path / "other")


def _csv(file):
    file.write_text("code,name")


def _workbook(file):
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("xl/workbook.xml", "<workbook/>")


@pytest.mark.parametrize("write", [_csv, _workbook])
async def test_a_file_that_is_no_backup_is_never_overwritten(write, sqlite_url, tmp_path):
    write(tmp_path / "units")
    before = (tmp_path / "units").read_bytes()

    with pytest.raises(errors.Refused, match="不是备份,不覆盖"):
        await save(sqlite_url, tmp_path / "units")
    assert (tmp_path / "units").read_bytes() == before


async def test_a_backup_that_fails_leaves_the_one_before_it(sqlite_url, tmp_path, monkeypatch):
    file = tmp_path / "city.zip"
    await save(sqlite_url, file)
    before = file.read_bytes()
    monkeypatch.setattr(archive.Writer, "finish", _full)

    with pytest.raises(errors.Refused, match=r"写不了\(No space left"):
        await save(sqlite_url, file)

    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


async def test_a_database_without_tables_has_nothing_to_back_up(empty_database_url, tmp_path):
    with pytest.raises(errors.Refused, match="没有什么可以备份"):
        await save(empty_database_url, tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()


# ── what is refused, with nothing written ────────────────────────────────────────────────────────


def _cut(file, share):
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])


def _rewritten(file, **changes):
    """The same archive with other entries: name → new content, None to leave it out."""
    with zipfile.ZipFile(file) as zipped:
        entries = {name: zipped.read(name) for name in zipped.namelist()} | changes
    with zipfile.ZipFile(file, "w") as zipped:
        for name, content in entries.items():
            if content is not None:
                zipped.writestr(name, content)


def _manifest(file, **changes):
    with zipfile.ZipFile(file) as zipped:
        manifest = json.loads(zipped.read("manifest.json"))
    _rewritten(file, **{"manifest.json": json.dumps(manifest | changes)})


def _flip(file):
    """One bit of a table in the middle of the file."""
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as zipped:
        entry = zipped.getinfo("tables/notice.jsonl")
    content[entry.header_offset + 30 + len(entry.filename) + 25] ^= 4
    file.write_bytes(bytes(content))


DAMAGE = {
    "cut in half": (lambda file: _cut(file, 0.5), "不完整"),
    "cut at the end": (lambda file: _cut(file, 0.99), "不完整"),
    "one bit": (_flip, "tables/notice.jsonl 坏了"),
    "a row changed": (
        lambda file: _rewritten(file, **{"tables/contact.jsonl": b'[3,"x",null,null]\n'}),
        "tables/contact.jsonl 坏了,和清单对不上",
    ),
    "a table missing": (
        lambda file: _rewritten(file, **{"tables/contact.jsonl": None}),
        "contact.jsonl 坏了",
    ),
    "no manifest": (lambda file: _rewritten(file, **{"manifest.json": None}), "manifest.json 没有"),
    "half a manifest": (lambda file: _rewritten(file, **{"manifest.json": b'{"product"'}), "看不懂"),
    "another's": (lambda file: _manifest(file, product="other"), "不是校安的备份"),
    "of a later form": (lambda file: _manifest(file, format=2), "格式是 2"),
    "of a later version": (lambda file: _manifest(file, revision="9999"), "更新的程序做的备份"),
    "of no version": (lambda file: _manifest(file, revision="head"), "更新的程序做的备份"),
    "without a table": (lambda file: _manifest(file, tables=[]), "不是校安做的备份"),
    "not a zip": (lambda file: file.write_text("hello"), "不是校安的备份"),
    "empty": (lambda file: file.write_bytes(b""), "不是校安的备份"),
    "gone": (lambda file: file.unlink(), "没有这个文件"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_is_not_a_whole_backup_is_refused_and_nothing_written(damage, saved, empty):
    spoil, sentence = DAMAGE[damage]
    spoil(saved)

    with pytest.raises(errors.Refused, match=sentence):
        restore.load(empty, saved)
    assert versions.current(empty) is None


def _one_row(tx: sa.Connection, now: dt.datetime) -> None:
    pacing.ensure(tx, now, 1, rate=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_with_a_row_in_it_is_refused_and_left_alone(kind, request, saved):
    url = request.getfixturevalue("postgresql_url") if kind == "postgresql" else _fresh(request)
    asyncio.run(on(url, _one_row))
    before = asyncio.run(on(url, contents, read=True))

    with pytest.raises(errors.Refused, match=r"已有数据\(pacing\)"):
        restore.load(url, saved)
    assert asyncio.run(on(url, contents, read=True)) == before != {}


def test_a_database_with_somebody_elses_table_is_refused(saved, empty):
    migrate.exclusively(empty, lambda tx: tx.execute(sa.text("CREATE TABLE theirs (id INTEGER)")))

    with pytest.raises(errors.Refused, match=r"别的表\(theirs\)"):
        restore.load(empty, saved)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_does_not_fit_undoes_all_the_others(kind, request, tmp_path, sqlite_url):
    """SQLite takes a text of any length, and a reference to nothing with its checks off; a restore takes neither."""
    target = f"sqlite:///{tmp_path / 'new.db'}"
    wrong = {"id": 77, "chat_id": 555, "unit_id": 5, "since": NOON, "until": NOON}
    if kind == "postgresql":
        target = request.getfixturevalue("empty_postgresql_url")
    asyncio.run(on(sqlite_url, fill))
    migrate.exclusively(sqlite_url, lambda tx: tx.execute(roster.binding.insert().values(wrong)))
    asyncio.run(save(sqlite_url, tmp_path / "city.zip"))

    with pytest.raises(errors.Refused, match=r"互相对不上|binding.jsonl 第 1–2 行放不进这个数据库"):
        restore.load(target, tmp_path / "city.zip")
    assert versions.current(target) is None


def test_the_tables_used_here_hold_every_type_the_product_uses():
    """A new type of column must be put into `fill`, so that it is known to come back."""
    used = {type(column.type) for table in schema.metadata.tables.values() for column in table.c}
    filled = (roster.unit, notices.answer, day_off, pacing_table, audit.record, notices.assignment)

    assert used == {type(column.type) for table in filled for column in table.c}
