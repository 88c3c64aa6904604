"""The small file beside a model's weights: which family reads them, what they learnt from."""

import json
from pathlib import Path

from diascope.errors import InputError
from diascope.imaging.handover import UNKNOWN, told_profile

CARD = "diascope.json"


def write_card(folder: Path, family: str) -> None:
    """Say which family reads this folder."""
    (folder / CARD).write_text(json.dumps({"family": family}) + "\n")


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
