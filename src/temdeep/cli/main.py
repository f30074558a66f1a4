"""The command `temdeep`: its sub-commands, its exit codes, and mistakes told in one sentence.

Exit codes: 0 done, 2 a mistake in the input or the request, 130 interrupted, 143 told to stop.
Anything else that is raised is our bug and keeps its traceback (exit code 1).
"""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence

from temdeep._version import __version__
from temdeep.cli import doctor, downscale, evaluate, export, info, train, view
from temdeep.errors import TemdeepError, ToldToStop
from temdeep.extras import need_for
from temdeep.wording import command_line

EPILOG = """examples, with the series that the repository ships:
  temdeep info data/atlantic_6hourly.nc
  temdeep downscale data/atlantic_6hourly.nc -o atlantic_hourly.nc --step 1h
  temdeep train data/atlantic_6hourly.nc -o run
  temdeep downscale data/atlantic_6hourly.nc -o learnt_hourly.nc --step 1h --model run
  temdeep evaluate data/atlantic_hourly_truth.nc --model run --withhold 6

Each command has its own help: temdeep downscale --help. What is installed: temdeep doctor
Completion by TAB, once, with temdeep's environment active (zsh: ~/.zshrc):
  register-python-argcomplete temdeep >> ~/.bashrc
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the parser with all sub-commands; imports nothing heavy."""
    parser = argparse.ArgumentParser(
        prog="temdeep",
        description="Gridded atmospheric fields at any time between two analyses.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"temdeep {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (info, train, downscale, evaluate, export, view, doctor):
        command.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; those of the process if not given.

    Returns:
        The exit code.
    """
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell asks what may come next
        import argcomplete

        from temdeep.cli.completing import teach

        teach(parser)
        argcomplete.autocomplete(parser)
    arguments = parser.parse_args(argv)
    return guarded(lambda: arguments.func(arguments), "temdeep", signals=argv is None)


def guarded(command: Callable[[], int], program: str, *, signals: bool) -> int:
    """Run a command and tell mistakes in one sentence.

    Args:
        command: Returns its exit code.
        program: Whose mistake it is, in the sentence.
        signals: Whether the process is the command's own.

    Returns:
        The exit code.
    """
    if signals:
        signal.signal(signal.SIGTERM, _stop)
    try:
        code = _with_extras(command)
        sys.stdout.flush()
    except TemdeepError as error:
        with command_line():
            return _complain(program, str(error), 2)
    except ToldToStop as error:
        return _complain(program, str(error) or "stopped.", 128 + signal.SIGTERM)
    except KeyboardInterrupt as error:
        return _complain(program, str(error) or "interrupted.", 130)
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough: no complaint, and none at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        written = error.filename2 or error.filename  # of a copy, where to
        where = f" while writing {written}" if written else ""
        return _complain(
            program, f"the disk is full{where}: free some space and run this again.", 2
        )
    return code


def _with_extras(command: Callable[[], int]) -> int:
    """Run a command; what it cannot load for want of an extra is a mistake and not a bug.

    Raises:
        MissingExtraError: Something is not installed.
    """
    try:
        with command_line():
            return command()
    except ModuleNotFoundError as error:
        need_for(error.name or "")
        raise


def _stop(number: int, _: object) -> None:
    """End on a scheduler's request as on the user's; one that comes meanwhile is the same one."""
    signal.signal(number, signal.SIG_IGN)
    raise ToldToStop


def _complain(program: str, sentence: str, code: int) -> int:
    print(f"{program}: {sentence}", file=sys.stderr)
    return code
