"""The record files that the ablations learn from and ask, drawn on demand in the work folder.

All come from one set of phantom patients of style B, which the shipped weights have not seen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diascope.answers import Choice, Labels
from diascope.curation.conversations import all_forms
from diascope.curation.conversations.folder import make_conversations
from diascope.expectations import Options
from diascope.recordfile import RecordFile, write_records
from diascope.records import Image, Record, Turn
from diascope.sources.phantom import PhantomSettings, generate

PATIENTS = PhantomSettings(seed=4001, patients=900, style="B", train=0.6, val=0.1)
PHANTOM, CONVERSATIONS = "phantom/records.jsonl", "conversations/records.jsonl"
FIVE = ("classification", "detection", "segmentation", "report", "vqa")
"""PaliGemma-CXR's."""
YES_NO = Options(options=("yes", "no"))
VIEWS = ("frontal", "lateral", "both")
COUNTS = (1, 2, 5)
"""Images that are shown together."""


def record_file(work: Path, name: str) -> Path:
    """The record file of that name, drawn or made out of others where it is not there yet."""
    path = work / "data" / name
    if not path.is_file():
        BUILDERS[name](path)
    return path


def _phantom(path: Path) -> None:
    path.parent.mkdir(parents=True)
    write_records(path, generate(path.parent, PATIENTS))


def _conversations(path: Path) -> None:
    source = record_file(path.parents[2], PHANTOM)
    make_conversations([source], path.parent, tuple(all_forms().values()))


def _forms(*forms: str) -> Callable[[Path], None]:
    """Conversations of some forms alone."""

    def build(path: Path) -> None:
        source = RecordFile(record_file(path.parents[2], CONVERSATIONS))
        wanted = [f"phantom-chest/{form}" for form in forms]
        write_records(path, (record for record in source if record.dataset in wanted))

    return build


def _tasks(*tasks: str) -> Callable[[Path], None]:
    """Phantom's single questions of some tasks alone."""

    def build(path: Path) -> None:
        source = RecordFile(record_file(path.parents[2], PHANTOM))
        wanted = (each for each in source if all(turn.task in tasks for turn in each.turns))
        write_records(path, (record for record in wanted if len(record.turns) == 1))

    return build


class _Known(NamedTuple):
    """A study whose findings are known, and one image of each of its views."""

    record: Record
    labels: Labels
    lateral: Image | None


def _known(path: Path) -> list[_Known]:
    source = RecordFile(record_file(path.parents[2], PHANTOM))
    laterals = {
        record.study: image
        for record in source
        for image in record.images
        if image.role == "lateral"
    }
    return [
        _Known(record, answer, laterals.get(record.study))
        for record in source
        if isinstance(answer := record.turns[0].answer, Labels)
    ]


def _is_there(label: str, labels: Labels, image: int = 0) -> Turn:
    return Turn(
        task="classification",
        question=f"Is there {'an' if label[0] in 'aeiou' else 'a'} {label}?",
        expects=YES_NO,
        answer=Choice(option="yes" if label in labels.present else "no"),
        image=image,
    )


def _views(*views: str) -> Callable[[Path], None]:
    """Each finding by itself, asked of a frontal, of a lateral, or of both."""

    def build(path: Path) -> None:
        write_records(path, _asked_views(_known(path), views))

    return build


def _asked_views(known: Iterable[_Known], views: tuple[str, ...]) -> Iterator[Record]:
    for each in known:
        if each.lateral is None:
            continue
        frontal = each.record.images[0]
        shown = {"frontal": (frontal,), "lateral": (each.lateral,), "both": (frontal, each.lateral)}
        for view in views:
            for label in (*each.labels.present, *each.labels.absent):
                told = {"dataset": label.replace(", ", "-"), "images": shown[view]}
                told |= {"turns": (_is_there(label, each.labels),)}
                yield each.record.model_copy(
                    update=told | {"id": f"{each.record.id}-{view}-{label.replace(', ', '-')}"}
                )


def _many(path: Path) -> None:
    """A finding asked of one of several images; the others are of other patients of the split."""
    known = _known(path)
    rng = np.random.default_rng(0)
    write_records(path, (_among(each, count, known, rng) for each in known for count in COUNTS))


def _among(each: _Known, count: int, known: list[_Known], rng: np.random.Generator) -> Record:
    own = each.record
    others = [
        other.record.images[0]
        for other in known
        if other.record.split == own.split and other.record.patient != own.patient
    ]
    chosen = [others[number] for number in rng.permutation(len(others))[: count - 1]]
    place = int(rng.integers(count))
    images = (*chosen[:place], own.images[0], *chosen[place:])
    yes = rng.random() < 0.5
    names = (each.labels.present if yes else each.labels.absent) or each.labels.absent
    label = names[int(rng.integers(len(names)))]
    told = {"dataset": f"{count} images", "images": images, "id": f"{own.id}-{count}"}
    return own.model_copy(update=told | {"turns": (_is_there(label, each.labels, place),)})


def _prompts(path: Path) -> None:
    """Every finding by itself in the plain words, and the list of them."""
    write_records(path, _plain(_known(path)))


def _plain(known: Iterable[_Known]) -> Iterator[Record]:
    for each in known:
        yield each.record
        for number, label in enumerate((*each.labels.present, *each.labels.absent)):
            told = {"id": f"{each.record.id}-{number}", "turns": (_is_there(label, each.labels),)}
            yield each.record.model_copy(update=told)


def _worded(variant: str) -> Callable[[Path], None]:
    """One finding of each study, asked in other words or after other turns."""

    def build(path: Path) -> None:
        known = _known(path)
        rng = np.random.default_rng(0)
        write_records(path, [_reworded(each, variant, rng) for each in known])

    return build


def _reworded(each: _Known, variant: str, rng: np.random.Generator) -> Record:
    yes = rng.random() < 0.5
    names = (each.labels.present if yes else each.labels.absent) or each.labels.absent
    label = names[int(rng.integers(len(names)))]
    asked = _is_there(label, each.labels)
    turns = [turn.model_copy(update={"question": words}) for words, turn in _said(variant, asked)]
    if variant == "after_findings":
        turns.insert(0, each.record.turns[0])
    told = {"id": f"{each.record.id}-{variant}", "turns": tuple(turns)}
    return each.record.model_copy(update=told)


def _said(variant: str, asked: Turn) -> list[tuple[str, Turn]]:
    """The questions of a variant, in order; the last is the one that counts."""
    label = asked.question.removeprefix("Is there ").rstrip("?")
    first = asked.model_copy(update={"task": "vqa"})
    return {
        "plain": [(asked.question, asked)],
        "paraphrased": [(f"Does this radiograph show {label}?", asked)],
        "after_findings": [(asked.question, asked)],
        "confirmed": [
            (asked.question, first),
            (f"Look again. Based on the previous conversation, is there {label}?", asked),
        ],
    }[variant]


BUILDERS: Mapping[str, Callable[[Path], None]] = {
    PHANTOM: _phantom,
    CONVERSATIONS: _conversations,
    "conversations/direct.jsonl": _forms("report"),
    "conversations/apart.jsonl": _forms("report", "findings"),
    "conversations/chain.jsonl": _forms("findings_then_report"),
    "phantom/five.jsonl": _tasks(*FIVE),
    **{f"phantom/{name}.jsonl": _tasks(name) for name in FIVE},
    "phantom/many.jsonl": _many,
    "phantom/prompts.jsonl": _prompts,
    "phantom/views.jsonl": _views(*VIEWS),
    **{f"phantom/view_{view}.jsonl": _views(view) for view in VIEWS},
    **{
        f"phantom/prompt_{variant}.jsonl": _worded(variant)
        for variant in ("plain", "paraphrased", "after_findings", "confirmed")
    },
}
