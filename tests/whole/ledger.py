"""What a test did, kept by hand: the table it must make, worked out without the product."""

import csv
from dataclasses import dataclass, field
from typing import Any

from tests.whole import driver

COLUMNS = ("expected", "answered", "late", "trouble", "missing", "unbound", "undelivered", "excused", "rate")


def _row_of(unit: dict[str, str], by_code: dict[str, dict[str, str]]) -> str:
    parent = by_code.get(unit["parent"])
    return parent["code"] if parent is not None and parent["kind"] == "county" else "city-run"


@dataclass(slots=True)
class Ledger:
    """Codes of schools: who can answer, who did, how."""

    enrolled: set[str]
    answered: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    trouble: set[str] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)
    undelivered: set[str] = field(default_factory=set)

    def check(self, table: dict[str, Any]) -> None:
        """The table says exactly this, row by row, in the order of the roster, with its names of 未报."""
        units = list(csv.DictReader(driver.UNITS.splitlines()))
        by_code = {u["code"]: u for u in units}
        schools = {u["code"]: _row_of(u, by_code) for u in units if u["kind"] == "school"}
        rows = {row: {c for c, r in schools.items() if r == row} for row in ("DH", "SY", "city-run")}
        assert [row["unit"] for row in table["rows"]] == list(rows)
        for row in table["rows"]:
            assert {name: row[name] for name in COLUMNS} == self._line(rows[row["unit"]]), row["unit"]
        assert {name: table["total"][name] for name in COLUMNS} == self._line(set(schools))
        assert table["total"]["unit"] == "CITY"
        owing = [code for code in schools if code not in self.answered | self.excused]
        assert [(m["unit"], m["county"], m["reach"]) for m in table["missing"]] == [
            (code, schools[code], self._reach(code)) for code in owing
        ]
        assert sorted(t["unit"] for t in table["trouble"]) == sorted(self.trouble - self.excused)

    def _reach(self, code: str) -> str:
        if code not in self.enrolled:
            return "unbound"
        return "undelivered" if code in self.undelivered else "silent"

    def _line(self, codes: set[str]) -> dict[str, Any]:
        asked = codes - self.excused
        missing = asked - self.answered
        reach = [self._reach(code) for code in missing]
        return {
            "expected": len(asked), "answered": len(asked & self.answered), "late": len(asked & self.late),
            "trouble": len(asked & self.trouble), "missing": len(missing), "unbound": reach.count("unbound"),
            "undelivered": reach.count("undelivered"), "excused": len(codes & self.excused),
            "rate": round(len(asked & self.answered) / len(asked), 4) if asked else None,
        }  # fmt: skip
