"""A folder of conversations is whole, links its images, counts, and can be trained on."""

import json
import os
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from diascope.configuration import load
from diascope.curation.conversations import all_forms, form
from diascope.curation.conversations.folder import Made, make_conversations
from diascope.curation.prepare import prepare
from diascope.curation.prints import read_prints
from diascope.errors import InputError
from diascope.expectations import Free
from diascope.mixture import Mixture
from diascope.recordfile import RecordFile, write_records
from diascope.records import Record
from diascope.training.config import TrainConfig

from .conftest import FIXTURES

EVERY = tuple(all_forms().values())
FAMILY = ("mimic_cxr", "ms_cxr", "chest_imagenome", "mimic_cxr_vqa", "mimic_diff_vqa", "radialog")


@pytest.fixture
def whole(fixture_records: Callable[[str], Path], tmp_path: Path) -> Made:
    return make_conversations([fixture_records(name) for name in FAMILY], tmp_path / "out", EVERY)


def test_every_image_is_there_once_under_its_content(whole: Made) -> None:
    records = RecordFile(whole.out / "records.jsonl")
    shown = {image.path for record in records for image in record.images}
    lying = {path.relative_to(whole.out).as_posix() for path in whole.out.glob("images/*/*")}
    assert shown == lying
    assert whole.audit.images == len(shown)
    for record in records:
        for image in record.images:
            assert image.path.split("/")[-1].startswith(f"{image.sha256}"[:32])


def test_what_was_made_and_what_was_lacking_is_counted(whole: Made) -> None:
    summary = json.loads((whole.out / "conversations.json").read_text())
    assert summary == json.loads(whole.summary.model_dump_json())
    records = RecordFile(whole.out / "records.jsonl")
    assert sum(each.conversations for each in whole.summary.groups) == len(records)
    assert sum(each.turns for each in whole.summary.groups) == whole.audit.cases
    assert whole.summary.records_sha256 == records.digest()
    assert whole.summary.restricted
    counted = {
        (each.form, each.dataset, each.why): each.times
        for each in whole.summary.lacks
        if each.form == "follow_up_report"
    }
    assert counted["follow_up_report", "mimic_cxr", "no study before it with a report"] == 3


def test_the_mixture_is_a_base_that_a_recipe_draws_by(whole: Made, tmp_path: Path) -> None:
    weights = tomllib.loads((whole.out / "mixture.toml").read_text())["data"]["mixture"]["weights"]
    assert weights["mimic_cxr/findings_then_report"] == 200
    assert weights["radialog/dialogue"] == 70
    assert weights["mimic_cxr/impression"] == 0
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        'base = "out/mixture.toml"\nduration = { steps = 1 }\n'
        f'[data]\nrecords = "{whole.out}/records.jsonl"\n'
    )
    config = load(recipe, (), TrainConfig).data
    groups = RecordFile(whole.out / "records.jsonl").groups(config.mixture.by, config.split)
    mixture = Mixture({name: len(cases) for name, cases in groups.items()}, config.mixture, 0)
    assert mixture.probabilities["mimic_cxr/findings_then_report"] == pytest.approx(
        200 / sum(weights.values())
    )


def test_only_groups_with_training_data_are_in_the_mixture(
    fixture_records: Callable[[str], Path], tmp_path: Path
) -> None:
    copied = rewritten(
        fixture_records("mimic_cxr"), tmp_path, lambda one: one if one.split == "test" else None
    )
    out = make_conversations([copied, fixture_records("ms_cxr")], tmp_path / "out", EVERY).out
    weights = tomllib.loads((out / "mixture.toml").read_text())["data"]["mixture"]["weights"]
    assert weights == {"ms_cxr/grounded_phrase": 2.0, "ms_cxr/phrase_grounding": 2.0}
    alone = make_conversations([copied], tmp_path / "alone", EVERY).out
    assert not (alone / "mixture.toml").exists()


def test_a_text_of_another_study_is_no_report_of_one_before(
    fixture_records: Callable[[str], Path], tmp_path: Path
) -> None:
    """Only what a record calls a prior report tells which study was before."""

    def renamed(record: Record) -> Record:
        told = tuple(each.model_copy(update={"role": "note"}) for each in record.context)
        return record.model_copy(update={"context": told})

    copied = rewritten(fixture_records("mimic_cxr"), tmp_path, renamed)
    with pytest.raises(InputError, match="no study before it with a report"):
        make_conversations([copied], tmp_path / "out", (form("follow_up_report"),))


def rewritten(path: Path, folder: Path, change: Callable[[Record], Record | None]) -> Path:
    """A copy of a record file beside its images, its records changed or left out."""
    copied = folder / path.parent.name
    shutil.copytree(path.parent, copied)
    changed = (change(record) for record in RecordFile(path))
    write_records(copied / "records.jsonl", (record for record in changed if record))
    return copied / "records.jsonl"


def test_a_patient_that_another_set_tests_on_is_left_out_of_training(
    fixture_records: Callable[[str], Path], tmp_path: Path
) -> None:
    """RaDialog writes a p before the number that MIMIC-CXR gives the patient."""

    def moved(record: Record) -> Record | None:
        changes = {"patient": "p12999903", "split": "train"}
        return record.model_copy(update=changes) if record.split == "test" else None

    copied = rewritten(fixture_records("radialog"), tmp_path, moved)
    paths = [fixture_records("mimic_cxr"), copied]
    made = make_conversations(paths, tmp_path / "out", EVERY)
    (exclusion,) = made.audit.exclusions
    assert exclusion.record == "mimic_cxr_instruct_llava_v2/9"
    assert "its patient is also in the split 'test'" in exclusion.reason
    assert "12999903" not in exclusion.reason
    assert "radialog" not in {each.dataset for each in made.summary.groups}


def test_one_number_is_two_people_in_sets_that_have_nothing_to_do_with_each_other(
    phantom: Path, tmp_path: Path
) -> None:
    split_of = {record.patient: record.split for record in RecordFile(phantom)}
    patient = next(name for name, split in split_of.items() if split == "test")

    def moved(record: Record) -> Record | None:
        changes = {"dataset": "other_chest", "patient": patient}
        return record.model_copy(update=changes) if record.split == "train" else None

    other = rewritten(phantom, tmp_path, moved)
    made = make_conversations([phantom, other], tmp_path / "out", EVERY)
    leaking = [each for each in made.audit.exclusions if "its patient" in each.reason]
    assert leaking == []


def test_prepared_folders_keep_their_fingerprints(tmp_path: Path) -> None:
    made = prepare("ms_cxr", FIXTURES / "ms_cxr" / "raw", tmp_path / "ms_cxr")
    path = made.out / "records.jsonl"
    one = rewritten(path, tmp_path / "part", lambda each: each if each.split == "val" else None)
    out = make_conversations([one], tmp_path / "out", EVERY).out
    names = {image.sha256 for one in RecordFile(out / "records.jsonl") for image in one.images}
    found = read_prints(out / "fingerprints.bin").names
    assert {name.sha256 for name in found} == {f"{name}"[:32] for name in names}


def test_records_without_fingerprints_have_none(whole: Made) -> None:
    assert not (whole.out / "fingerprints.bin").exists()


def test_an_existing_folder_is_refused_and_an_interrupted_one_leaves_nothing(
    phantom: Path, tmp_path: Path
) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_conversations([phantom], tmp_path / "out", EVERY, progress=stop)
    assert list(tmp_path.iterdir()) == []
    make_conversations([phantom], tmp_path / "out", EVERY)
    with pytest.raises(InputError, match="exists already"):
        make_conversations([phantom], tmp_path / "out", EVERY)


def test_nothing_to_make_is_an_error_that_says_what_lacks(phantom: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="phrase_grounding: no sentence that is boxed"):
        make_conversations([phantom], tmp_path / "out", (form("phrase_grounding"),))
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_gone_is_named(
    fixture_records: Callable[[str], Path], tmp_path: Path
) -> None:
    copied = rewritten(fixture_records("ms_cxr"), tmp_path, lambda record: record)
    (copied.parent / RecordFile(copied)[0].images[0].path).unlink()
    with pytest.raises(InputError, match=r"44444444\.jpg: .*; prepare the folder again"):
        make_conversations([copied], tmp_path / "out", EVERY)


def test_what_cannot_be_used_is_left_out_and_listed(
    fixture_records: Callable[[str], Path], tmp_path: Path
) -> None:
    """A report that is longer than its own turn allows is not cut in silence."""

    def shortened(record: Record) -> Record:
        asked = [turn.model_copy(update={"expects": Free(max_chars=30)}) for turn in record.turns]
        return record.model_copy(update={"turns": tuple(asked)})

    path = rewritten(fixture_records("openi"), tmp_path, shortened)
    made = make_conversations([path], tmp_path / "out", (form("report"),))
    assert made.audit.excluded == 4
    assert all("more than 30" in each.reason for each in made.audit.exclusions)


@pytest.mark.real_data
def test_real_lungs_are_asked_for_and_named(tmp_path: Path) -> None:
    root = Path(os.environ.get("DIASCOPE_DATA", "")) / "hannover_covid_cxr"
    if not os.environ.get("DIASCOPE_DATA") or not root.is_dir():
        pytest.skip("DIASCOPE_DATA names no folder with hannover_covid_cxr")
    path = prepare("hannover_covid_cxr", root, tmp_path / "prepared").out / "records.jsonl"
    made = make_conversations([path], tmp_path / "out", EVERY)
    counted = {(each.form, each.split): each.turns for each in made.summary.groups}
    for name in ("organ_grounding", "grounded_organ", "anatomy_grounding", "grounded_anatomy"):
        assert (counted[name, "train"], counted[name, "val"]) == (72, 8)
    assert made.audit.excluded == 0
