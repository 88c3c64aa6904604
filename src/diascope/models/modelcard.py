"""The small file beside a model's weights that says which family reads them."""

import json
from pathlib import Path

from diascope.errors import InputError

CARD = "diascope.json"


def write_card(folder: Path, family: str) -> None:
    """Say which family reads this folder."""
    (folder / CARD).write_text(json.dumps({"family": family}) + "\n")


def family_of(folder: Path) -> str:
    """The family that a model folder names; a plain transformers folder names its model type."""
    for name, key in ((CARD, "family"), ("config.json", "model_type")):
        path = folder / name
        if path.is_file():
            return str(json.loads(path.read_text()).get(key, ""))
    raise InputError(f"{folder} is no model folder: it has neither {CARD} nor config.json")
