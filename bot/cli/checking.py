"""The database's tables, what is wrong, who may do what."""

from bot.cli import console, keeping
from bot.cli.console import Arguments, Commands
from bot.composing import rules
from bot.db import migrate, versions
from bot.plans import book as books
from bot.plans import switching
from bot.roster import access_table
from bot.settings import Settings
from bot.summaries import doctor
from bot.texts import Words


def register(commands: Commands) -> None:
    """`db`, `doctor`, `access`."""
    database = console.group(commands, "db", "数据库")
    console.add(database, "upgrade", _upgrade, "建表,或升级到这一版")
    console.add(commands, "doctor", _doctor, "检查有什么要人来处理")
    console.add(commands, "access", _access, "打印谁能做什么")


def _upgrade(_: Arguments, chosen: Settings) -> int:
    migrate.upgrade(chosen.database_url)
    console.say(f"数据库已是 {versions.head()} 版")
    return 0


def _doctor(_: Arguments, chosen: Settings) -> int:
    found = console.with_db(chosen, lambda db: db.read(doctor.examine, db.now(), Words(chosen.zone)))
    book = books.read(chosen.config_dir, chosen.zone)
    found = [
        *(doctor.Finding(True, f"计划和校历:{fault}") for fault in book.faults),
        *(
            doctor.Finding(True, f"发通知:{fault}")
            for fault in rules.load(chosen.config_dir / rules.FILE).faults
        ),
        *(doctor.Finding(True, f"保留期限:{fault}") for fault in keeping.kept(chosen).faults),
        *(
            doctor.Finding(False, line)
            for line in console.with_db(chosen, lambda db: db.read(switching.notes, book))
        ),
        *found,
    ]
    console.say(*(f"{'✗' if finding.bad else '·'} {finding.text}" for finding in found))
    return 1 if any(finding.bad for finding in found) else 0


def _access(_: Arguments, __: Settings) -> int:
    console.say(*access_table.lines())
    return 0
