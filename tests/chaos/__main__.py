"""`make chaos`: minutes of it, with its figures; `args="--seed 3 --kills 600 --on sqlite"` changes what is done."""

import argparse
import asyncio
import pathlib
import sys
import tempfile
from collections.abc import Sequence

from bot.db import migrate
from tests.chaos import chaos, lives, postgresql


def main(arguments: Sequence[str]) -> int:
    """0 if nothing was lost, 1 if something was."""
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=300, help="on each database")
    parser.add_argument("--outage", type=float, default=120.0, help="seconds of the longest one")
    parser.add_argument("--on", choices=("sqlite", "postgresql", "both"), default="both")
    wanted = parser.parse_args(arguments)
    fine = True
    for kind in ("sqlite", "postgresql") if wanted.on == "both" else (wanted.on,):
        print(f"── {kind}, seed {wanted.seed} ──", flush=True)
        with tempfile.TemporaryDirectory(prefix="xiaoan-chaos-") as folder:
            report = _run(kind, pathlib.Path(folder), wanted)
        print(report, flush=True)
        fine = fine and not report.faults
    return 0 if fine else 1


def _run(kind: str, folder: pathlib.Path, wanted: argparse.Namespace) -> chaos.Report:
    roles = chaos.ALONE if kind == "sqlite" else chaos.SEVERAL
    plan = chaos.long(wanted.seed, roles=roles, kills=wanted.kills, outage_s=wanted.outage)
    (folder / "lives").mkdir()
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'bot.db'}"
        migrate.upgrade(url)
        return asyncio.run(_chaos(url, folder / "lives", plan))
    with postgresql.server(folder) as server:
        return asyncio.run(_chaos(server.url, folder / "lives", plan, server))


async def _chaos(
    url: str, folder: pathlib.Path, plan: chaos.Plan, server: postgresql.Server | None = None
) -> chaos.Report:
    async with lives.forge(folder) as forge:
        return await chaos.run(url, forge, plan, restart=server.restart if server else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
