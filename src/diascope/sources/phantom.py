"""phantom: drawn chest radiographs and blood films with exact truth for all ten tasks.

Every picture and every answer is a pure function of the settings' seed and the patient's number.
Patients with even numbers have one to three chest studies (frontal, sometimes lateral; dataset
phantom-chest), odd ones one to three fields of one blood film (dataset phantom-cells). In a chest
picture the patient's left is on the right of the image, and "left" is always the patient's.
Sizes in millimetres follow from a fixed field of view: 350 mm for the chest, 60 micrometres for
blood.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, FiniteFloat, model_validator

from diascope.configuration import load
from diascope.errors import InputError
from diascope.records import Context, Image, Record, Turn
from diascope.sources._phantom import acquisition, blood, chest
from diascope.sources._phantom.acquisition import Place
from diascope.sources._phantom.cell_questions import field_turns
from diascope.sources._phantom.chest_questions import (
    change_turns,
    conversation,
    frontal_turns,
    lateral_turns,
)
from diascope.sources._phantom.dial import Dial, Style
from diascope.sources._phantom.microscopy import micrograph
from diascope.sources._phantom.radiograph import frontal, lateral
from diascope.sources._phantom.words import report
from diascope.sources.source import Problem, Source
from diascope.values import Value

CHEST_MM = 350.0
CELLS_MM = 0.06
_GOLDEN = (math.sqrt(5) - 1) / 2
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class PhantomSettings(Value):
    """What to draw."""

    seed: int
    """Other seeds are other patients."""
    patients: Annotated[int, Field(ge=1)]
    """How many; each gives one to six pictures."""
    style: Style = "A"
    """A is a clean digital detector; B is blurred, noisy, windowed otherwise, with marks."""
    difficulty: Share = 0.5
    """Contrast of findings against noise and nuisance, 0 easy to 1 hard."""
    train: Share = 0.7
    """Share of the patients."""
    val: Share = 0.1
    """Share of the patients; the rest is the test split."""
    tasks: tuple[str, ...] = ()
    """Only these tasks; empty means all ten."""

    @model_validator(mode="after")
    def _splits_fit(self) -> "PhantomSettings":
        if self.train + self.val > 1:
            raise ValueError(f"train {self.train} and val {self.val} exceed 1")
        return self


class _Visit(NamedTuple):
    """Where a patient's records belong."""

    folder: Path
    settings: PhantomSettings
    patient: int
    dial: Dial

    @property
    def name(self) -> str:
        return f"p{self.patient:05d}"

    def study(self, number: int) -> str:
        return f"{self.name}-s{number}"


def generate(
    out: Path,
    settings: PhantomSettings,
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> Iterator[Record]:
    """Draws every patient into OUT/images and yields their records in order.

    `progress` is told patients done and patients in all. With `workers` above 1, that many
    processes draw; what they draw does not depend on their number.
    """
    (out / "images").mkdir(parents=True, exist_ok=True)
    draw = partial(draw_patient, out, settings)
    numbers = range(settings.patients)
    if workers == 1:
        yield from _reported(map(draw, numbers), settings.patients, progress)
        return
    with get_context("spawn").Pool(workers) as pool:
        yield from _reported(pool.imap(draw, numbers, 16), settings.patients, progress)


def draw_patient(out: Path, settings: PhantomSettings, patient: int) -> list[Record]:
    """Draws one patient's pictures into OUT/images; the records ask about them."""
    rng = np.random.default_rng(np.random.SeedSequence([settings.seed, patient]))
    visit = _Visit(out, settings, patient, Dial.turned_to(settings.difficulty, settings.style))
    records = _cells_records(visit, rng) if patient % 2 else _chest_records(visit, rng)
    wanted = settings.tasks
    return [r for r in records if not wanted or all(turn.task in wanted for turn in r.turns)]


def split_of(settings: PhantomSettings, patient: int) -> str:
    """The split of a patient: an even spread at the settings' shares, for any count."""
    position = ((patient + 1) * _GOLDEN + settings.seed * math.sqrt(2)) % 1
    if position < settings.train:
        return "train"
    return "val" if position < settings.train + settings.val else "test"


def _reported(
    drawn: Iterator[list[Record]], total: int, progress: Callable[[int, int], None] | None
) -> Iterator[Record]:
    for done, records in enumerate(drawn, 1):
        yield from records
        if progress:
            progress(done, total)


def _chest_records(visit: _Visit, rng: np.random.Generator) -> list[Record]:
    records: list[Record] = []
    prior: tuple[chest.ChestStudy, Image] | None = None
    for study in chest.chest_patient(rng):
        name = visit.study(study.number)
        view = acquisition.chest_view(rng, visit.dial)
        drawn = frontal(study, view, visit.dial.contrast, rng)
        picture = acquisition.expose_chest(drawn.attenuation, view, visit.dial, rng)
        image = acquisition.save(picture, Place(visit.folder, name, "frontal"), CHEST_MM)
        asked = [((image,), (), (turn,)) for turn in frontal_turns(study, drawn, image.size, rng)]
        talks = [((image,), (), conversation(study))] if rng.random() < 0.5 else []
        sides = _with_lateral(visit, study, image, rng)
        changes = _with_prior(prior, study, image, rng)
        records += _records(visit, name, "phantom-chest", [*asked, *talks, *sides, *changes])
        prior = (study, image)
    return records


_Asked = tuple[tuple[Image, ...], tuple[Context, ...], tuple[Turn, ...]]


def _with_lateral(
    visit: _Visit, study: chest.ChestStudy, image: Image, rng: np.random.Generator
) -> list[_Asked]:
    turns = lateral_turns(study)
    if not turns or rng.random() < 0.3:
        return []
    view = acquisition.chest_view(rng, visit.dial)
    plane = lateral(study, view, visit.dial.contrast, rng)
    picture = acquisition.expose_chest(plane, view, visit.dial, rng)
    place = Place(visit.folder, visit.study(study.number), "lateral", "lateral")
    side = acquisition.save(picture, place, CHEST_MM)
    return [((image, side), (), (turn,)) for turn in turns]


def _with_prior(
    prior: tuple[chest.ChestStudy, Image] | None,
    study: chest.ChestStudy,
    image: Image,
    rng: np.random.Generator,
) -> list[_Asked]:
    if prior is None:
        return []
    before, old = prior
    context = Context(role="prior report", text=report(before), study=old.study)
    images = (image, old.model_copy(update={"role": "prior"}))
    return [(images, (context,), (turn,)) for turn in change_turns(before, study, rng)]


def _cells_records(visit: _Visit, rng: np.random.Generator) -> list[Record]:
    records: list[Record] = []
    shape = blood.blood_shape(rng)
    for number in range(1 + int(rng.integers(3))):
        name = visit.study(number)
        view = blood.field_view(rng)
        field = blood.blood_field(rng, shape, view.height / view.width)
        drawn = micrograph(field, view, visit.dial.contrast, rng)
        picture = acquisition.expose_cells(drawn.absorbance, view, visit.dial, rng)
        image = acquisition.save(picture, Place(visit.folder, name, "film"), CELLS_MM)
        turns = field_turns(field, drawn, image.size, rng)
        asked: list[_Asked] = [((image,), (), (turn,)) for turn in turns]
        records += _records(visit, name, "phantom-cells", asked)
    return records


def _records(visit: _Visit, study: str, dataset: str, asked: list[_Asked]) -> list[Record]:
    settings = visit.settings
    return [
        Record(
            id=f"{study}-{number:02d}",
            dataset=dataset,
            patient=visit.name,
            study=study,
            split=split_of(settings, visit.patient),
            images=images,
            turns=turns,
            context=context,
            licence="CC0-1.0",
            metadata={"style": settings.style},
        )
        for number, (images, context, turns) in enumerate(asked)
    ]


def read(root: Path) -> Iterator[Record | Problem]:
    """Draws what ROOT/phantom.toml asks for into ROOT/images; InputError for bad settings."""
    yield from generate(root, _settings(root))


def plan(root: Path) -> str:
    """What `read` would draw."""
    asked = _settings(root)
    return f"would draw {asked.patients} patients, style {asked.style}, into {root / 'images'}"


def _settings(root: Path) -> PhantomSettings:
    path = root / "phantom.toml"
    if not path.is_file():
        raise InputError(f"{path}: no settings; write `seed = 1` and `patients = 100` into it")
    return load(path, [], PhantomSettings)


SOURCE = Source(
    name="phantom",
    about="drawn chest radiographs and blood films with exact truth for every task",
    read=read,
    plan=plan,
    licence="Apache-2.0",
    witnesses=("diascope.sources.phantom draws it",),
)
