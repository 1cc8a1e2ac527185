"""Faults put into the line between bot and Telegram, in an order a seed fixes."""

import asyncio
import dataclasses
import enum
import random


class Kind(enum.StrEnum):
    """What goes wrong.

    `RESET_BEFORE`, `TOO_MANY` and `SERVER_ERROR` strike before anything is done; `RESET_AFTER` and `GARBAGE`
    after it was done. `SLOW` does the work and then waits; `HOLD` waits before the work until it is released.
    """

    TOO_MANY = "429"
    SERVER_ERROR = "5xx"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    SLOW = "slow"
    GARBAGE = "garbage"
    HOLD = "hold"


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        method: The Bot API method, or "*" for all but getUpdates.
        kind: A `Kind` or its value.
        chat: Only requests for this chat id.
        after: How many matching requests go well first.
        times: How many go wrong; None means all that follow.
        probability: The share (0…1) of the matching requests that go wrong.
        retry_after_s: What a 429 asks for.
        status: The HTTP status of `5xx`.
        seconds: How long `slow` waits.
    """

    method: str = "*"
    kind: Kind | str = Kind.SERVER_ERROR
    chat: int | None = None
    after: int = 0
    times: int | None = 1
    probability: float = 1.0
    retry_after_s: int = 1
    status: int = 502
    seconds: float = 1.0


@dataclasses.dataclass(eq=False, slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0
    released: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)


class Faults:
    """The faults now armed; the first that fits a request strikes it.

    Attributes:
        struck: How many requests were struck.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.struck = 0
        self._armed: list[_Armed] = []
        self._random = random.Random(seed)  # noqa: S311  # repeatable, not secret

    def add(self, fault: Fault) -> Fault:
        """Arm the fault and return it."""
        Kind(fault.kind)
        self._armed.append(_Armed(fault))
        return fault

    def remove(self, fault: Fault) -> None:
        """Disarm the fault, and let go what it holds."""
        self.release(fault)
        self._armed = [armed for armed in self._armed if armed.fault is not fault]

    def clear(self) -> None:
        """Disarm everything."""
        for armed in list(self._armed):
            self.remove(armed.fault)

    def release(self, fault: Fault) -> None:
        """Let the requests go that a `hold` keeps back, now and from now on."""
        for armed in self._armed:
            if armed.fault is fault:
                armed.released.set()

    def strike(self, method: str, chat_id: object) -> Fault | None:
        """Return the fault that strikes this request, counting it, or None."""
        for armed in self._armed:
            if _fits(armed.fault, method, chat_id) and self._strikes(armed):
                self.struck += 1
                return armed.fault
        return None

    async def hold(self, fault: Fault) -> None:
        """Return when the fault is released."""
        for armed in self._armed:
            if armed.fault is fault:
                await armed.released.wait()

    def _strikes(self, armed: _Armed) -> bool:
        armed.seen += 1
        fault = armed.fault
        spent = fault.times is not None and armed.struck >= fault.times
        if armed.seen <= fault.after or spent or self._random.random() >= fault.probability:
            return False
        armed.struck += 1
        return True


def _fits(fault: Fault, method: str, chat_id: object) -> bool:
    named = method != "getupdates" if fault.method == "*" else fault.method.lower() == method
    return named and fault.chat in (None, chat_id)
