"""diascope: one vision-language model for every medical-imaging task, valid by construction.

    import diascope as ds

    ds.prepare("flare", Path("raw/flare25"), Path("data/flare"))
    card = ds.score(Path("predictions/flare"))

Every name here is loaded when it is first used, so that what needs no torch never imports it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diascope.answers import Answer as Answer
    from diascope.answers import Box as Box
    from diascope.answers import Boxes as Boxes
    from diascope.answers import Choice as Choice
    from diascope.answers import Finding as Finding
    from diascope.answers import Findings as Findings
    from diascope.answers import Labels as Labels
    from diascope.answers import Mask as Mask
    from diascope.answers import Masks as Masks
    from diascope.answers import Number as Number
    from diascope.answers import Text as Text
    from diascope.configuration import load as load
    from diascope.curation.converse import converse as converse
    from diascope.curation.prepare import prepare as prepare
    from diascope.errors import InputError as InputError
    from diascope.generation.predict import predict as predict
    from diascope.geometry import BoxFormat as BoxFormat
    from diascope.geometry import CanvasMap as CanvasMap
    from diascope.geometry import Size as Size
    from diascope.health import doctor as doctor
    from diascope.models import family as family
    from diascope.predictionfile import PredictionFile as PredictionFile
    from diascope.predictions import Prediction as Prediction
    from diascope.recordfile import RecordFile as RecordFile
    from diascope.recordfile import write_records as write_records
    from diascope.records import Case as Case
    from diascope.records import Context as Context
    from diascope.records import Image as Image
    from diascope.records import Record as Record
    from diascope.records import Turn as Turn
    from diascope.reporting.page import report as report
    from diascope.run import demo as demo
    from diascope.scoring.compare import compare as compare
    from diascope.scoring.score import score as score
    from diascope.scoring.scorecard import Scorecard as Scorecard
    from diascope.sources import source as source
    from diascope.tasks import task as task
    from diascope.training.config import TrainConfig as TrainConfig
    from diascope.training.loop import train as train

__version__ = "0.1.0"

_HOMES = {
    "answers": "Answer Box Boxes Choice Finding Findings Labels Mask Masks Number Text",
    "configuration": "load",
    "curation.converse": "converse",
    "curation.prepare": "prepare",
    "errors": "InputError",
    "generation.predict": "predict",
    "geometry": "BoxFormat CanvasMap Size",
    "health": "doctor",
    "models": "family",
    "predictionfile": "PredictionFile",
    "predictions": "Prediction",
    "recordfile": "RecordFile write_records",
    "records": "Case Context Image Record Turn",
    "reporting.page": "report",
    "run": "demo",
    "scoring.compare": "compare",
    "scoring.score": "score",
    "scoring.scorecard": "Scorecard",
    "sources": "source",
    "tasks": "task",
    "training.config": "TrainConfig",
    "training.loop": "train",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _HOME:
        raise AttributeError(f"module 'diascope' has no attribute {name!r}")
    return getattr(import_module(f"diascope.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Every public name."""
    return sorted([*_HOME, "__version__"])
