"""The small file beside a model's weights: which family reads them, what they learnt from."""

import json
from pathlib import Path
from typing import Any

from diascope.errors import InputError
from diascope.imaging.handover import UNKNOWN, told_profile
from diascope.values import Value

CARD = "diascope.json"


def write_card(folder: Path, family: str, plan: Value | None = None) -> None:
    """Say which family reads this folder, and how its parts are put together where it has some."""
    told = {"family": family} | ({"plan": plan.model_dump(mode="json")} if plan else {})
    (folder / CARD).write_text(json.dumps(told) + "\n")


def read_card(folder: Path) -> dict[str, Any]:
    """What `write_card` has written."""
    told: dict[str, Any] = json.loads((folder / CARD).read_text())
    return told


def write_profile(folder: Path, profile: str) -> None:
    """Say under which render profile the model in this folder learnt."""
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"render_profile": profile}) + "\n")


def profile_of(folder: Path) -> str:
    """What the folder says of that, or the run that it lies in; UNKNOWN for foreign weights."""
    told = (told_profile(path) for path in (folder / CARD, folder.parent / "run.json"))
    return next((profile for profile in told if profile != UNKNOWN), UNKNOWN)


def family_of(folder: Path) -> str:
    """The family that a model folder names; a plain transformers folder names its model type."""
    for name, key in ((CARD, "family"), ("config.json", "model_type")):
        path = folder / name
        if path.is_file():
            return str(json.loads(path.read_text()).get(key, ""))
    raise InputError(f"{folder} is no model folder: it has neither {CARD} nor config.json")
