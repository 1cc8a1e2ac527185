"""The short chaos; the long one is `make chaos`."""

import pathlib
import tempfile

from tests.chaos import chaos, postgresql

SEED = 7


async def test_nothing_is_lost_and_nothing_doubled_unmarked_on_sqlite(sqlite_url, tmp_path):
    plan = chaos.Plan(SEED, schools=30, rounds=3, kills=12, roles=chaos.ALONE, outage_s=1.5)
    report = await chaos.run(sqlite_url, tmp_path, plan)
    print(report)
    assert not report.verdict.faults


async def test_nothing_is_lost_and_nothing_doubled_unmarked_by_three_processes(tmp_path):
    plan = chaos.Plan(SEED, schools=30, rounds=3, kills=15, roles=chaos.SEVERAL, outage_s=1.5)
    with tempfile.TemporaryDirectory() as folder, postgresql.server(pathlib.Path(folder)) as server:
        report = await chaos.run(server.url, tmp_path, plan, restart=server.restart)
    print(report)
    assert not report.verdict.faults
