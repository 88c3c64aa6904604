"""Hand-overs: what records, models and predictions say of how pixels were drawn for them.

A render profile is unknown where its maker is: records that `prepare` did not write, weights that
diascope did not train. That is recorded, and passes; known profiles that differ are refused.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from diascope.errors import InputError
from diascope.imaging.profile import render_profile

UNKNOWN = "unknown"
CARD = "card.json"


class Made(NamedTuple):
    """What was made (`data: prepared`), and under which render profile."""

    what: str
    profile: str


def records_profile(records: Path) -> str:
    """Under which the folder of a record file was prepared, by the card beside it."""
    return told_profile(records.parent / CARD)


def told_profile(path: Path) -> str:
    """What a JSON file says; UNKNOWN where it says nothing or is not there.

    InputError where it is damaged.
    """
    if not path.is_file():
        return UNKNOWN
    try:
        told = json.loads(path.read_bytes())
    except ValueError:
        raise InputError(f"{path}: damaged, it is no JSON; make its folder again") from None
    profile = told.get("render_profile") if isinstance(told, dict) else None
    return profile if isinstance(profile, str) and profile else UNKNOWN


def refuse_records(records: Path) -> None:
    """InputError where a record file was prepared with other pixels than this version draws."""
    prepared = Made(f"{records.parent}: prepared", records_profile(records))
    refuse_mixed((prepared, ours()), "prepare the data again")


def ours() -> Made:
    """This version."""
    return Made("this version draws", render_profile())


def refuse_mixed(made: Sequence[Made], mend: str) -> None:
    """InputError where two of these were made under known profiles that differ."""
    known = [each for each in made if each.profile != UNKNOWN]
    for each in known[1:]:
        if each.profile != known[0].profile:
            raise InputError(
                f"{known[0].what} under render profile {known[0].profile}, but {each.what} under "
                f"{each.profile}: one file would be drawn as two pictures; {mend}"
            )
