"""Answer a record file with a model and write the replies, to be scored as often as one likes."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from diascope.environment import commit, versions
from diascope.errors import InputError
from diascope.expectations import Free
from diascope.generation.answering import Asking, answers
from diascope.generation.numbers import refuse_headless
from diascope.imaging.handover import (
    UNKNOWN,
    Made,
    ours,
    records_profile,
    refuse_mixed,
    refuse_records,
)
from diascope.imaging.profile import render_profile
from diascope.imaging.store import CanvasStore
from diascope.models import all_families, family, number_head
from diascope.models.family import VisionLanguageModel
from diascope.models.modelcard import family_of, is_adapter, profile_of
from diascope.predictionfile import (
    PROVENANCE,
    Canvas,
    PredictionWriter,
    Provenance,
    relative_path,
)
from diascope.recordfile import RecordFile, spread
from diascope.records import Case

TEXT_BUDGET_QUANTILE = 0.999
TEXT_BUDGET_SAMPLE = 5000
SHORTEST_TEXT_BUDGET = 16


class Asked(NamedTuple):
    """Which cases of a record file are asked."""

    split: str | None = "test"
    tasks: tuple[str, ...] = ()
    limit: int | None = None
    """Cases of each task at most."""


def predict(  # noqa: PLR0913 - all but three have a default and are named
    model: Path | str,
    records: Path,
    out: Path,
    *,
    name: str = "model",
    asked: Asked = Asked(),  # noqa: B008 - frozen
    asking: Asking = Asking(),  # noqa: B008 - frozen
    resume: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Answer the asked cases of `records` and write each reply to the folder `out` as it comes.

    `model` is a run, model or adapter folder, or the name of a family that ships weights. With
    `resume`, what `out` already answers under the same settings is not asked again. InputError for
    a folder that already holds predictions, an empty selection, no such model, or a model or
    records that were made with other pixels than this version draws.
    """
    holds_some = out.exists() and any(out.iterdir())
    if holds_some and not (resume and (out / PROVENANCE).is_file()):
        raise InputError(
            f"{out} is not empty: predictions are never overwritten; name another folder, or "
            "go on with what was begun there with --resume"
        )
    file = RecordFile(records)
    refuse_other_pixels(model, file.path)
    loaded = open_model(model)
    refuse_headless(loaded, asking.numbers)
    asking = with_text_budget(loaded, file, asking)
    provenance = _provenance(loaded, str(model), name, file, out, asked, asking)
    cases = provenance.asked(file)
    if not cases:
        raise InputError(f"{records} has no cases in split {asked.split!r}; it has: {file.splits}")
    store = CanvasStore(file.root, loaded.canvas_map)
    with PredictionWriter(out, provenance) as writer:
        left = [case for case in cases if case.id not in writer.replies]
        for prediction in answers(loaded, left, store, asking, dict(writer.replies)):
            writer.write(prediction)
            progress(len(writer.replies), len(cases))
    return out


def open_model(model: Path | str) -> VisionLanguageModel:
    """The model of a run folder, of a model or adapter folder, or that ships with a family."""
    folder = model_folder(model)
    if folder is None:
        return family(str(model)).load(None, torch.float32)
    loaded = _loaded(folder)
    number_head.restore(loaded, folder)
    return loaded


def _loaded(folder: Path) -> VisionLanguageModel:
    if not is_adapter(folder):
        return family(family_of(folder)).load(folder, torch.float32)
    from diascope.models.adapters import open_adapter  # it loads peft, which takes seconds

    return open_adapter(folder, torch.float32)


def refuse_other_pixels(model: Path | str, records: Path) -> None:
    """InputError where a model or a record file was made with other pixels than are drawn now."""
    trained = Made(f"{model}: trained", model_profile(model))
    refuse_mixed((trained, ours()), "predict with the version that trained it, or train again")
    refuse_records(records)


def model_profile(model: Path | str) -> str:
    """The render profile that a model learnt under; unknown where weights ship or are foreign."""
    folder = model_folder(model)
    return UNKNOWN if folder is None else profile_of(folder)


def model_folder(model: Path | str) -> Path | None:
    """Where a model lies, None where its family ships it; InputError where there is none."""
    if str(model) in all_families():
        return None
    folder = Path(model)
    made = (folder / name for name in ("model", "adapter"))
    folder = next((each for each in made if each.is_dir()), folder)
    if not folder.is_dir():
        raise InputError(
            f"no model at {model}: give a run, a model or adapter folder, or one of the families "
            f"{', '.join(sorted(all_families()))}"
        )
    return folder


def with_text_budget(model: VisionLanguageModel, records: RecordFile, asking: Asking) -> Asking:
    """The 99.9th percentile of the tokens of the training answers that are free text.

    Of the tasks that are answered in free text, the one with the longest answers sets it.
    """
    budgets = [
        int(np.ceil(np.quantile(lengths, TEXT_BUDGET_QUANTILE)))
        for name in records.tasks
        if (lengths := _text_lengths(model, records.cases(split="train", task=name)))
    ]
    if not budgets:
        return asking
    return asking._replace(text_budget=max(SHORTEST_TEXT_BUDGET, *budgets))


def _text_lengths(model: VisionLanguageModel, cases: Sequence[Case]) -> list[int]:
    texts = [
        case
        for case in spread(cases, TEXT_BUDGET_SAMPLE)
        if isinstance(case.turn.expects, Free) and case.turn.answer is not None
    ]
    return [len(model.render(case, (), (), case.turn.answer).suffix) for case in texts]


def _provenance(
    loaded: VisionLanguageModel,
    model: str,
    name: str,
    file: RecordFile,
    out: Path,
    asked: Asked,
    asking: Asking,
) -> Provenance:
    return Provenance(
        name=name,
        records=relative_path(file.path, out),
        records_sha256=file.digest(),
        split=asked.split,
        tasks=asked.tasks,
        limit=asked.limit,
        model=model,
        weights_sha256=weights_digest(loaded),
        dialect=loaded.dialect,
        canvas=Canvas(size=(loaded.canvas.width, loaded.canvas.height), fit=loaded.fit),
        constrained=asking.constrained,
        seed=asking.seed,
        sampling=asking.sampling,
        numbers=asking.numbers,
        budget=f"grammar's longest reply; {asking.text_budget} tokens for free text",
        render_profile=render_profile(),
        records_profile=records_profile(file.path),
        model_profile=model_profile(model),
        versions=versions(),
        commit=commit(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def weights_digest(model: VisionLanguageModel) -> str:
    """sha256 over every weight, by name."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.network.named_parameters()):
        digest.update(name.encode())
        digest.update(weight.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
