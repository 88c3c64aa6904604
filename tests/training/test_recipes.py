"""Every recipe can be read, the five systems have their sizes, and every twin trains."""

import math
from pathlib import Path

import pytest

from diascope.configuration import load, recipe
from diascope.curation.conversations import form
from diascope.curation.conversations.folder import make_conversations
from diascope.generation.predict import Asked, predict
from diascope.recordfile import RecordFile, write_records
from diascope.scoring.score import score
from diascope.sources.phantom import PhantomSettings, generate
from diascope.training.config import TrainConfig
from diascope.training.loop import metrics, train
from diascope.training.moving import Movement
from diascope.training.plan import drawn_up

SYSTEMS = ["paligemma_cxr", "m4cxr", "cxr_llava", "flare25_paligemma2", "flare25_medgemma"]
FORMS = (
    "report",
    "findings_then_report",
    "multi_view_report",
    "follow_up_report",
    "findings",
    "finding_grounding",
    "grounded_finding",
    "abnormality_detection",
    "multi_finding_grounding",
    "vqa",
    "difference",
)
FIVE = ("classification", "detection", "segmentation", "report", "vqa")


def records_of(name: str, folder: Path, patients: int) -> Path:
    """What a twin learns from, drawn for it."""
    tasks = FIVE if name == "paligemma_cxr" else ()
    drawn = PhantomSettings(
        seed=4001, patients=patients, style="B", train=0.6, val=0.2, tasks=tasks
    )
    phantom = folder / "phantom" / "records.jsonl"
    phantom.parent.mkdir()
    write_records(phantom, generate(phantom.parent, drawn))
    if name != "m4cxr":
        return phantom
    made = make_conversations([phantom], folder / "conversations", tuple(map(form, FORMS)))
    return made.out / "records.jsonl"


def twin(name: str, records: Path, *overrides: str) -> TrainConfig:
    return load(
        recipe(f"twins/{name}"), [f"data.records={str(records)!r}", *overrides], TrainConfig
    )


def shortened(config: TrainConfig) -> TrainConfig:
    """Two steps of every phase."""
    two = [
        phase.model_copy(
            update={"duration": phase.duration.model_copy(update={"examples": None, "steps": 2})}
        )
        for phase in config.phases
    ]
    told = {"phases": tuple(two)}
    if config.duration is not None:
        told = {"duration": config.duration.model_copy(update={"examples": None, "steps": 2})}
    evaluation = config.evaluation.model_copy(update={"limit": 8})
    return config.model_copy(update=told | {"evaluation": evaluation})


@pytest.mark.parametrize(
    "path", sorted(recipe("demo").parent.rglob("*.toml")), ids=lambda path: path.stem
)
def test_a_recipe_can_be_read(path: Path) -> None:
    config = load(path, [], TrainConfig)
    assert config.plan


@pytest.mark.parametrize(
    ("name", "moving"),
    [
        # millions, phase by phase; the language model of PaliGemma, its vocabulary included
        ("paligemma_cxr", [2508.7]),
        # the C-Abstractor; with it Rad-DINO, and 32 layers of rank 8 at q and v
        ("m4cxr", [38.3, 86.6 + 38.3 + 32 * 8 * (4096 + 4096 + 4096 + 1024) / 1e6]),
        ("cxr_llava", [304.7, 304.7, 304.7, 4.2, 4.2 + 6738.4]),
        # 26 layers of q and output, k and v of half as many heads
        ("flare25_paligemma2", [26 * 2304 * 256 * (8 + 8 + 4 + 4) / 1e6]),
        ("flare25_medgemma", [38.5]),
    ],
)
def test_a_system_moves_what_its_authors_moved(name: str, moving: list[float]) -> None:
    config = load(recipe(name), [], TrainConfig)
    model = drawn_up(config)
    assert model is not None
    movement = Movement.of(model, config.plan, config.seed)
    counts = [sum(row.moving for row in movement.table(phase)) for phase in config.plan]
    assert [count / 1e6 for count in counts] == pytest.approx(moving, rel=0.002)


def test_m4cxrs_weights_are_its_own() -> None:
    """704 in all, of which 380 reports, 246 understanding and 78 questions."""
    weights = load(recipe("m4cxr"), [], TrainConfig).data.mixture.weights
    reports = sum(weight for name, weight in weights.items() if name.endswith("report"))
    asked = {"vqa", "difference", "dialogue"}
    questions = sum(weights[name] for name in weights if name.split("/")[1] in asked)
    assert (len(weights), reports, questions) == (50, 380, 78)
    assert sum(weights.values()) == pytest.approx(704)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_twin_takes_steps(name: str, tmp_path: Path) -> None:
    config = shortened(twin(name, records_of(name, tmp_path, 12)))
    train(config, tmp_path / "run")
    lines = metrics(tmp_path / "run")
    assert [line["phase"] for line in lines] == [
        phase.name for phase in config.plan for _ in range(2)
    ]
    assert all(math.isfinite(line["loss"]) for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_twin_learns(name: str, tmp_path: Path) -> None:
    """The whole recipe: its validation loss falls, and its replies can all be read.

    Plain SGD on attention moves a tuned model so little that its loss need only not rise.
    """
    records = records_of(name, tmp_path, 300)
    config = twin(name, records)
    train(config, tmp_path / "run")
    last = config.plan[-1].name
    losses = [
        line["val_loss"]
        for line in metrics(tmp_path / "run")
        if "val_loss" in line and line["phase"] == last
    ]
    assert losses[-1] < losses[0] * (1.02 if name == "flare25_paligemma2" else 1.0)
    asked = Asked("test", RecordFile(records).tasks, 20)
    card = score(predict(tmp_path / "run", records, tmp_path / "out", asked=asked))
    assert card.asked > 0
    assert card.invalid == 0
