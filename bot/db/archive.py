"""A backup's file: a zip of JSON lines, one entry a table, and a manifest that says what must be in it."""

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import pathlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Self

from bot import errors

PRODUCT, FORMAT = "xiaoan", 1
MANIFEST = "manifest.json"
LEVEL = 6  # of compression; 1 is twice as quick and a fifth larger, 9 three times slower and no smaller
_ZIP_BEGINS = b"PK\x03\x04"
_UNREADABLE = (KeyError, EOFError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError)

Row = list[Any]  # JSON values in the order of the table's columns


@dataclass(frozen=True, slots=True)
class Table:
    """One table as it was written.

    Attributes:
        sha256: of the entry, uncompressed.
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def entry(self) -> str:
        """Its place in the zip."""
        return f"tables/{self.name}.jsonl"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file holds.

    Attributes:
        revision: of the schema, as the migrations number it.
        at: the instant of the snapshot.
        database: sqlite or postgresql.
        tables: each behind those it refers to.
    """

    version: str
    revision: str
    at: dt.datetime
    database: str
    tables: tuple[Table, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)


class Writer:
    """Fills a new archive, a row at a time; it is none before `finish`."""

    def __init__(self, out: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, ValueError):  # given up: whatever is in it is thrown away
            self._zip.close()

    def add(self, name: str, columns: tuple[str, ...], rows: Iterable[Row]) -> Table:
        """The table's rows are in the archive."""
        digest, count = hashlib.sha256(), 0
        table = Table(name, columns, 0, "")
        with self._zip.open(table.entry, "w", force_zip64=True) as entry:
            for row in rows:
                line = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_plain)
                encoded = line.encode() + b"\n"
                digest.update(encoded)
                entry.write(encoded)
                count += 1
        return dataclasses.replace(table, rows=count, sha256=digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """The manifest is in it, and nothing can be added any more."""
        content = {"product": PRODUCT, "format": FORMAT, **dataclasses.asdict(manifest)}
        self._zip.writestr(MANIFEST, json.dumps(content, ensure_ascii=False, indent=1, default=_plain))
        self._zip.close()


def _plain(value: object) -> str:
    """Instants in UTC whatever the database keeps; anything else new to us is a fault, never a guess."""
    if isinstance(value, dt.datetime):
        aware = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
        return aware.isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"a backup has no words for {type(value).__name__}")


class Archive:
    """An archive that was read through once: whole, unharmed and ours."""

    def __init__(self, file: pathlib.Path, zipped: zipfile.ZipFile, manifest: Manifest) -> None:
        self.file, self.manifest = file, manifest
        self._zip = zipped

    @classmethod
    def open(cls, file: pathlib.Path) -> Self:
        """The archive in this file; every byte of it is checked first.

        Raises:
            Refused: not there, not ours, of a newer form, cut short, or damaged; which of them, and where.
        """
        zipped = _opened(file)
        try:
            archive = cls(file, zipped, _manifest(file, zipped))
            for table in archive.manifest.tables:
                archive.check(table)
        except BaseException:
            zipped.close()
            raise
        return archive

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def check(self, table: Table) -> None:
        """The entry is what the manifest says.

        Raises:
            Refused: it is not.
        """
        digest, rows = hashlib.sha256(), 0
        try:
            with self._zip.open(table.entry) as entry:
                while block := entry.read(1 << 16):
                    digest.update(block)
                    rows += block.count(b"\n")
        except _UNREADABLE as fault:
            raise errors.Refused(f"{self.file}:{table.entry} 坏了,读不出来。请换一份备份") from fault
        if (rows, digest.hexdigest()) != (table.rows, table.sha256):
            raise errors.Refused(f"{self.file}:{table.entry} 坏了,和清单对不上。请换一份备份")

    def rows(self, table: Table) -> Iterator[Row]:
        """The table's rows, in the order in which they were written."""
        with self._zip.open(table.entry) as entry:
            for line in entry:
                yield json.loads(line)


def is_one(file: pathlib.Path) -> bool:
    """Whether the file looks like an archive of ours; a workbook is a zip too."""
    try:
        with zipfile.ZipFile(file) as zipped:
            return MANIFEST in zipped.namelist()
    except zipfile.BadZipFile:
        return False


def _opened(file: pathlib.Path) -> zipfile.ZipFile:
    begins = b""
    try:
        with file.open("rb") as some:
            begins = some.read(len(_ZIP_BEGINS))
        return zipfile.ZipFile(file)
    except FileNotFoundError as fault:
        raise errors.Refused(f"{file}:没有这个文件") from fault
    except OSError as fault:
        raise errors.Refused(f"{file}:读不了({fault.strerror})") from fault
    except zipfile.BadZipFile as fault:
        what = "不完整,可能没有拷贝完" if begins == _ZIP_BEGINS else "不是校安的备份"
        raise errors.Refused(f"{file}:{what}") from fault


def _manifest(file: pathlib.Path, zipped: zipfile.ZipFile) -> Manifest:
    try:
        content = json.loads(zipped.read(MANIFEST))
        is_ours, form = content["product"] == PRODUCT, content["format"]
        manifest = _as_manifest(content) if is_ours and form == FORMAT else None
    except (*_UNREADABLE, TypeError, ValueError) as fault:
        raise errors.Refused(f"{file}:不是校安的备份({MANIFEST} 没有或看不懂)") from fault
    if not is_ours:
        raise errors.Refused(f"{file}:不是校安的备份")
    if manifest is None:
        raise errors.Refused(f"{file}:备份的格式是 {form},这个程序只认识 {FORMAT}。请用更新的程序")
    return manifest


def _as_manifest(content: dict[str, Any]) -> Manifest:
    tables = [{**table, "columns": tuple(table["columns"])} for table in content["tables"]]
    return Manifest(
        content["version"], content["revision"], dt.datetime.fromisoformat(content["at"]), content["database"],
        tuple(Table(**table) for table in tables),
    )  # fmt: skip
