"""The `diascope` command: its verbs, its exit codes, and how it says that something went wrong.

Exit codes: 0 ok, 1 failed, 2 bad input, 130 stopped from the keyboard. Nothing heavy is imported
until a verb runs, so that `--help` stays instant.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from diascope import __version__
from diascope.cli.conversations import conversations
from diascope.cli.converse import converse
from diascope.cli.data import fetch, leaks, prepare, sources
from diascope.cli.demo import demo
from diascope.cli.doctor import doctor
from diascope.cli.learning import predict, train
from diascope.cli.privacy import deidentify
from diascope.cli.scores import report, score
from diascope.cli.show import show
from diascope.errors import InputError

QUIET = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
"""transformers neither looks for a network nor draws bars of its own."""

VERBS = (
    demo,
    sources,
    fetch,
    deidentify,
    prepare,
    leaks,
    conversations,
    converse,
    show,
    train,
    predict,
    score,
    report,
    doctor,
)


def application() -> typer.Typer:
    """The command with all its verbs, in the order that data flows."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # colours cost 0.1 s a call
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common)
    for verb in VERBS:
        app.command()(verb)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; leaves by SystemExit with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    os.environ |= {name: value for name, value in QUIET.items() if name not in os.environ}
    try:
        application()([each for each in given if each != "--debug"], prog_name="diascope")
    except Exception as error:
        if debug:
            raise
        sys.exit(_explain(error))
    except SystemExit as leaving:
        if leaving.code == 130:
            print("diascope: stopped", file=sys.stderr)
        raise


def _explain(error: Exception) -> int:
    """One message without a traceback, and the exit code."""
    if isinstance(error, InputError):
        print(f"diascope: {error}", file=sys.stderr)
        return 2
    kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
    print(f"diascope: failed: {kind}{error}", file=sys.stderr)
    print("diascope: add --debug to the command for the traceback", file=sys.stderr)
    return 1


def _version(wanted: bool) -> None:
    if wanted:
        print(f"diascope {__version__}")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; goes anywhere.")
    ] = False,
) -> None:
    """One vision-language model, every medical-imaging task. Research use only."""
