"""`python -m temdeep`, where the command itself is not on the path."""

import sys

from temdeep.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
