"""What a small server runs: the units are ones systemd understands, and the nightly script keeps fourteen backups."""

import os
import pathlib
import shutil
import subprocess
import sys
import time
import zipfile

import pytest

DEPLOY = pathlib.Path(__file__).parents[1] / "deploy"
KEPT = 14


def run_script(
    folder: pathlib.Path, url: str = "", python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.defpath, "PYTHON": python, "DATABASE_URL": url, "LANG": "C.UTF-8"}
    return subprocess.run(
        ["/bin/sh", DEPLOY / "nightly-backup.sh", folder],
        cwd=DEPLOY.parent, env=env, check=False, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Sixteen older backups, what a killed one left behind, and a file of somebody else's."""
    for day in range(1, 17):
        (tmp_path / f"xiaoan-2026-01-{day:02}.zip").write_text("old")
    (tmp_path / "xiaoan-before-the-move.zip").write_text("kept by hand")
    left = tmp_path / ".xiaoan-2026-01-09.zip.12345678.part"
    left.write_text("half")
    os.utime(left, (time.time() - 9000,) * 2)  # noqa: TID251
    return tmp_path


def test_a_new_backup_is_there_before_an_old_one_goes(folder: pathlib.Path, sqlite_url: str) -> None:
    done = run_script(folder, sqlite_url)

    assert done.returncode == 0, done
    names = sorted(path.name for path in folder.iterdir())
    dated = names[:-1]
    assert names[-1] == "xiaoan-before-the-move.zip"
    assert len(dated) == KEPT
    assert dated[0] == "xiaoan-2026-01-04.zip"
    assert zipfile.is_zipfile(folder / dated[-1])


def test_a_backup_that_fails_costs_no_older_one(folder: pathlib.Path) -> None:
    assert run_script(folder, python="false").returncode == 1
    assert len(list(folder.glob("xiaoan-2026-*.zip"))) == 16


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_units(tmp_path: pathlib.Path) -> None:
    """Only the programs are others: /opt/xiaoan is not on this machine."""
    units = [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]
    for unit in units:
        text = unit.read_text().replace("/opt/xiaoan/.venv/bin/python", "/bin/true")
        (tmp_path / unit.name).write_text(text)

    told = subprocess.run(
        ["systemd-analyze", "verify", *(tmp_path / unit.name for unit in units)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert (told.returncode, told.stderr) == (0, "")
    assert len(units) == 3


def test_both_services_are_shut_in_alike() -> None:
    def walls(name: str) -> list[str]:
        lines = (DEPLOY / name).read_text().splitlines()
        return [line for line in lines[lines.index("NoNewPrivileges=yes") :] if line.strip()]

    bot, backup = walls("xiaoan.service"), walls("xiaoan-backup.service")

    assert [line for line in bot if line not in backup] == [
        "MemoryMax=1G",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    assert set(backup) <= set(bot)
