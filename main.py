"""Train with config/config.yaml: python main.py [--name=value ...]; --help tells all names."""

import sys
from pathlib import Path

from temdeep.cli.start_training import main

if __name__ == "__main__":
    sys.exit(main(config=Path(__file__).parent / "config" / "config.yaml"))
