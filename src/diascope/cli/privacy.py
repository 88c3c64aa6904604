"""diascope deidentify: DICOM that tells nothing of who it is of."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from diascope.cli.options import AsJson, existing, print_json, print_rows
from diascope.cli.progress import progress


class Dates(StrEnum):
    """What becomes of dates."""

    shifted = "shifted"
    full = "full"
    removed = "removed"


def deidentify(
    root: Annotated[Path, typer.Argument(help="The folder of DICOM files.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    key: Annotated[
        Path, typer.Option(help="File of the secret that pseudonyms come from; made if missing.")
    ],
    dates: Annotated[
        Dates, typer.Option(help="shifted: by whole days, alike for all studies of a patient.")
    ] = Dates.shifted,
    characteristics: Annotated[
        bool, typer.Option("--characteristics", help="Keep sex, age, size and weight.")
    ] = False,
    descriptors: Annotated[
        bool, typer.Option("--descriptors", help="Keep known words of descriptions.")
    ] = False,
    ocr_all: Annotated[
        bool, typer.Option("--ocr-all", help="Look for burned-in text in every image.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take out of DICOM whatever names a patient."""
    from diascope.curation.deidentify import Options, read_key
    from diascope.curation.deidentify import deidentify as deidentify_all

    options = Options(
        dates=dates.value,
        patient_characteristics=characteristics,
        descriptors=descriptors,
        ocr="all" if ocr_all else "suspects",
    )
    existing(root)
    with progress("deidentify") as report:
        made = deidentify_all(root, out, read_key(key), options, report)
    if as_json:
        print_json(made)
    else:
        counts = made.model_dump(include={"files", "written", "quarantined", "patients", "leaks"})
        print_rows(("", ""), [(what, str(count)) for what, count in counts.items()])
        for reason, count in made.reasons.items():
            print(f"quarantined: {count} because {reason}", file=sys.stderr)
    if not made.passed:
        raise typer.Exit(1)
