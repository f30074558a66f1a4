"""Train with config/config.yaml: python main.py [--name=value ...]; --help tells all names."""

import sys

from temdeep.cli.start_training import main

if __name__ == "__main__":
    sys.exit(main())
