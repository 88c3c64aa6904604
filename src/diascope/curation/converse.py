"""converse: refined reports and question-answer dialogues that a language model makes of reports.

    OUT/records.jsonl (and its index)   OUT/images/   OUT/refusals.jsonl   OUT/card.json
    OUT/replies.jsonl

What a model writes is a draft. Each turn of it is read for what it says of the fourteen findings
of CheXpert and held against the labels of the record that the report comes from; what contradicts
them, goes beyond them, or tells of what one image cannot show is refused, listed and counted. Only
what is kept becomes records. A record without a report, or without a label to check by, is not
asked about.

replies.jsonl is appended to as replies come, and no reply in it is asked for again; card.json is
written last, and a folder that has one is finished. docs/converse.md says what is checked, and what
is not.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from diascope import __version__
from diascope.curation._converse.asking import Asked, ConverseOptions, Survey, is_restricted
from diascope.curation._converse.ledger import Ledger, Refusal, Tally
from diascope.curation._converse.making import Maker
from diascope.curation._converse.prompts import VERSION
from diascope.curation._converse.replyfile import ReplyFile
from diascope.curation._converse.writing import Prompt, Reply, TextEngine
from diascope.errors import InputError
from diascope.predictionfile import Sampling, write_atomically
from diascope.recordfile import RecordFile, write_records
from diascope.values import Value

REPLIES, REFUSALS, CARD = "replies.jsonl", "refusals.jsonl", "card.json"
Progress = Callable[[int, int], None]

__all__ = [
    "Card",
    "Conversation",
    "ConverseOptions",
    "Prompt",
    "Refusal",
    "Reply",
    "Survey",
    "Tally",
    "TextEngine",
    "converse",
    "is_restricted",
    "survey",
]


class Card(Value):
    """Where a folder of conversations came from; it says nothing of a single patient."""

    records_sha256: str
    """Of the record file that the reports come from."""
    split: str | None
    limit: int | None
    prompts: str
    """Version of the prompts."""
    model: str
    sampling: Sampling
    seed: int
    diascope: str
    """Version that wrote and checked it."""
    skipped: dict[str, int]
    """Records that were not asked about, by the reason."""
    tallies: tuple[Tally, ...]
    restricted: bool
    """Whether any record asked about, and so any reply, must not leave the machine."""
    licences: tuple[str, ...]
    """Of the records asked about."""


class Conversation(NamedTuple):
    """What was made."""

    out: Path
    card: Card


_DEFAULTS = ConverseOptions()


def converse(
    records: Path,
    out: Path,
    engine: TextEngine,
    options: ConverseOptions = _DEFAULTS,
    *,
    resume: bool = False,
    progress: Progress = lambda done, total: None,
) -> Conversation:
    """Write the folder `out` of conversations about the records of the file `records`.

    `progress` is told replies there and replies wanted. With `resume`, replies that an interrupted
    call left in `out` are not asked for again; those made by another model or under other settings
    are not used. InputError where `out` is finished or holds anything and `resume` is not given, no
    record can be asked about, or the engine must not see one of them (nothing is sent then).
    """
    _refuse_used(out, resume)
    asked = Asked.of(RecordFile(records), options)
    engine.admit(asked.restricted)
    out.mkdir(parents=True, exist_ok=True)
    with ReplyFile(out / REPLIES) as replies, Ledger(out / REFUSALS, options.kinds) as ledger:
        _ask(asked, engine, replies, progress)
        maker = Maker(asked, out, engine.model, replies)
        write_records(out / "records.jsonl", maker.records(ledger))
    card = _card(asked, engine.model, ledger.tallies())
    write_atomically(out / CARD, card.model_dump_json(indent=1) + "\n")
    return Conversation(out, card)


def survey(records: Path, options: ConverseOptions = _DEFAULTS) -> Survey:
    """What `converse` would ask about; InputError where that is nothing."""
    return Asked.of(RecordFile(records), options).found


def _refuse_used(out: Path, resume: bool) -> None:
    if (out / CARD).exists():
        raise InputError(f"{out} is finished; name another folder, or remove it first")
    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not resume:
        raise InputError(
            f"{out} is not empty; name another folder, or go on with what was begun there with "
            "--resume"
        )


def _card(asked: Asked, model: str, tallies: tuple[Tally, ...]) -> Card:
    options, found = asked.options, asked.found
    return Card(
        records_sha256=asked.file.digest(),
        split=options.split,
        limit=options.limit,
        prompts=VERSION,
        model=model,
        sampling=options.sampling,
        seed=options.seed,
        diascope=__version__,
        skipped=found.skipped,
        tallies=tallies,
        restricted=found.restricted > 0,
        licences=found.licences,
    )


def _ask(asked: Asked, engine: TextEngine, replies: ReplyFile, progress: Progress) -> None:
    """Ask for every reply that is not there yet, and keep each as it comes."""
    options, total = asked.options, asked.found.asked * len(asked.options.kinds)
    numbered = enumerate(asked.keyed(engine.model), start=1)
    missing = ((done, *each) for done, each in numbered if each[0] not in replies)
    while batch := list(islice(missing, options.together)):
        prompts = {key: prompt for _, key, prompt in batch}
        written = engine.write(list(prompts.values()), options.sampling, options.seed)
        for key, reply in zip(prompts, written, strict=True):
            replies.append(key, reply)
        progress(batch[-1][0], total)
    progress(total, total)
