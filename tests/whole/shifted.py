"""`python -m bot …` with its wall clock moved: by as many seconds as the file named in WHOLE_CLOCK says, at every look.

The one thing exchanged in the product under test; a day takes seconds, and a test can turn the hands at will.
"""

import datetime as dt
import os
import pathlib

from bot import clock

_offset = pathlib.Path(os.environ["WHOLE_CLOCK"])  # noqa: TID251 (the tests' own)


def _moved() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=float(_offset.read_text()))  # noqa: TID251


if __name__ == "__main__":
    clock.system = _moved  # before anybody takes it as a default
    from bot.__main__ import main

    main()
