"""Files an operator edits: TOML, read with a sentence for each fault."""

import dataclasses
import pathlib
import tomllib
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Unreadable(Exception):
    """The sentence that says what is wrong with the file as a whole."""


def read(path: pathlib.Path) -> dict[str, Any] | None:
    """What the file says; None where there is none.

    Raises:
        Unreadable: it is no text, or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise Unreadable("读不了,应为 UTF-8 文本") from fault
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise Unreadable(f"不是 TOML({fault}),请检查引号、等号、数字和日期") from fault


def settled(path: pathlib.Path, usual: T, wrong: Callable[[str, object], str]) -> tuple[T, tuple[str, ...]]:
    """A dataclass with the keys of the file in it, and a sentence for each fault; with a fault, the usual one.

    A key left out, and a file left out, mean the usual ones.

    Args:
        usual: an instance of the dataclass.
        wrong: what is wrong with a key and its value; '' if nothing is.
    """
    try:
        content = read(path) or {}
    except Unreadable as fault:
        return usual, (f"{path.name}:{fault}",)
    faults = tuple(f"{path.name} {key}:{what}" for key, it in content.items() if (what := wrong(key, it)))
    return (usual, faults) if faults else (dataclasses.replace(usual, **content), ())  # type: ignore[type-var]
