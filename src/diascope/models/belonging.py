"""Whether what lies in a model folder belongs together: weights, words, how boxes are spelt.

A tokenizer of another model gives numbers that the weights read as other words, without an error.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.geometry import Fit
from diascope.models.family import VisionLanguageModel
from diascope.models.modelcard import Frame, read_card

if TYPE_CHECKING:
    from diascope.models.transformer import Transformer

ModelT = TypeVar("ModelT", bound="Transformer")


def refuse_other_words(model: "Transformer") -> None:
    """InputError for a tokenizer that is not the network's, or has no tokens for the dialect."""
    known, rows = model.tokenizer.get_vocab(), model.num_words
    last = max((number for number in known.values() if number != model.pad_id), default=0)
    if last >= rows:
        raise InputError(
            f"the tokenizer has tokens up to {last}, the {model.family} model knows {rows}: they "
            "do not belong together; take both from one folder"
        )
    if model.image_word is not None and known.get(model.image_word) != model.image_id:
        raise InputError(
            f"config.json says that image tokens are {model.image_id}, the tokenizer that "
            f"{model.image_word} is {known.get(model.image_word)}: they do not belong together; "
            "take both from one folder"
        )
    if model.dialect.name == "loc" and model.location_ids() is None:
        raise InputError(
            f"model.dialect: family {model.family!r} has no <loc> tokens; use name = 'json'"
        )


def as_taught(model: ModelT, folder: Path | None) -> ModelT:
    """The model with the dialect, the fit and the chat that the card of its folder tells.

    InputError where it learnt on a canvas of another size than its configuration gives.
    """
    card = None if folder is None else read_card(folder)
    if card is None:
        return model
    told: dict[str, Any] = {"dialect": card.dialect, "chat": card.chat}
    if card.frame is not None:
        refuse_other_frame(model, card.frame, folder)
        told["fit"] = card.frame.fit
    return replace(model, **{name: value for name, value in told.items() if value is not None})


def refuse_other_frame(model: "Transformer", frame: Frame, folder: Path | None) -> None:
    """InputError where pictures would lie elsewhere than the model learnt to find them."""
    if frame.size != tuple(model.canvas):
        learnt, now = ("{} x {}".format(*size) for size in (frame.size, model.canvas))
        raise InputError(
            f"{folder}: it learnt on a canvas of {learnt} pixels, its configuration gives {now}: "
            "boxes would lie elsewhere; take the folder as it was saved"
        )


def as_asked(
    model: VisionLanguageModel, dialect: Dialect | None, fit: Fit | None
) -> VisionLanguageModel:
    """The model as a configuration wants it; None leaves it as it was taught."""
    told = {"dialect": dialect, "fit": fit}
    as_it_is: Any = model
    wanted = {name: value for name, value in told.items() if value is not None}
    asked: VisionLanguageModel = replace(as_it_is, **wanted)
    return asked
