"""The small file beside a model's weights: which family reads them, and how it was taught.

What a picture is laid on, how boxes are spelt and how turns are written belong to the weights: a
model that is asked otherwise than it learnt answers worse, and its boxes lie elsewhere.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError

from diascope.codecs.dialect import Dialect
from diascope.errors import InputError, nearest
from diascope.geometry import Fit
from diascope.imaging.handover import UNKNOWN, told_profile
from diascope.models import all_families
from diascope.models.chat import Chat
from diascope.models.composition import Composition
from diascope.models.folder import CONFIG, read_config
from diascope.values import Value

CARD = "diascope.json"
ADAPTER = "adapter_config.json"
"""The file by which peft knows a folder of updates."""


class Frame(Value):
    """What pictures are laid on; see geometry.CanvasMap."""

    size: tuple[int, int]
    """Width and height in pixels; the largest, where a picture keeps its shape."""
    fit: Fit


class Card(Value):
    """What a model folder says of itself; a field that is None is as the family has it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    family: str
    frame: Frame | None = None
    dialect: Dialect | None = None
    chat: Chat | None = None
    plan: Composition | None = None
    """How a composed model is put together."""
    adapter: bool = False
    """Whether it is updates, to be put on a base."""
    base: str | None = None
    """The folder of the weights that an adapter was taught on; a plan names one for each part."""


def write_card(folder: Path, card: Card) -> None:
    """Write it beside the weights."""
    (folder / CARD).write_text(card.model_dump_json(exclude_none=True) + "\n")


def read_card(folder: Path) -> Card | None:
    """The card of a folder, None where it has none; InputError where it is damaged."""
    path = folder / CARD
    if not path.is_file():
        return None
    try:
        return Card.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise InputError(
            f"{path}: damaged, {where}: {first['msg']}; train or fetch it again"
        ) from None


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds updates and no model."""
    card = read_card(folder)
    return (folder / ADAPTER).is_file() or (card is not None and card.adapter)


def write_profile(folder: Path, profile: str) -> None:
    """Say under which render profile the model in this folder learnt."""
    card: dict[str, Any] = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"render_profile": profile}) + "\n")


def profile_of(folder: Path) -> str:
    """What the folder says of that, or the run that it lies in; UNKNOWN for foreign weights."""
    told = (told_profile(path) for path in (folder / CARD, folder.parent / "run.json"))
    return next((profile for profile in told if profile != UNKNOWN), UNKNOWN)


def family_of(folder: Path) -> str:
    """The family that reads a folder: the one it names, or that of its architecture."""
    card = read_card(folder)
    if card is not None:
        return card.family
    if not (folder / CONFIG).is_file():
        raise InputError(f"{folder} is no model folder: it has neither {CARD} nor {CONFIG}")
    kind = read_config(folder).model_type
    families = all_families()
    known = {each: name for name in families for each in families[name].model_types}
    if kind not in known:
        raise InputError(f"{folder} holds a {kind!r} model{nearest(kind, known)}")
    return known[kind]
