"""`python -m bot`, and the command `xiaoan`."""

import sys

from bot import cli


def main() -> None:
    """Run the command line; its exit status is ours."""
    sys.exit(cli.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
