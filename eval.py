"""Test a model against withheld truth: python eval.py --model_path=./save --epoch_num=best."""

import sys
from pathlib import Path

from temdeep.cli.start_evaluation import main

if __name__ == "__main__":
    sys.exit(main(config=Path(__file__).parent / "config" / "config.yaml"))
