"""The small file beside a model's weights that says which family reads them."""

import json
from pathlib import Path
from typing import Any

from diascope.errors import InputError
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


def family_of(folder: Path) -> str:
    """The family that a model folder names; a plain transformers folder names its model type."""
    for name, key in ((CARD, "family"), ("config.json", "model_type")):
        path = folder / name
        if path.is_file():
            return str(json.loads(path.read_text()).get(key, ""))
    raise InputError(f"{folder} is no model folder: it has neither {CARD} nor config.json")
