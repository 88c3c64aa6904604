"""The report: one HTML page that needs no network, no script and no other file.

    report([Path("out/scores.json"), Path("before/scores.json")], Path("report.html"))

The first scorecard is the one reported; the others stand beside it. A page is made to be handed on:
of restricted records it holds figures alone, unless the caller says otherwise, which the page says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from diascope.imaging.handover import refuse_mixed
from diascope.predictionfile import PredictionFile, Provenance, write_atomically
from diascope.recordfile import RecordFile
from diascope.reporting import words
from diascope.reporting.bars import WIDTH, Bar, bar
from diascope.reporting.cards import Album, Card
from diascope.reporting.tables import markdown
from diascope.scoring.answered import join, open_records, predicted
from diascope.scoring.compare import Comparison, TaskComparison, compare
from diascope.scoring.scorecard import Row, Scorecard, TaskScore

_TEMPLATES = Path(__file__).parent


@dataclass(frozen=True)
class Beside:
    """One task in another set of predictions, and how much better the reported one is."""

    score: TaskScore | None
    comparison: TaskComparison | None


@dataclass(frozen=True)
class Entry:
    """One task on the page."""

    row: Row
    score: TaskScore
    bar: Bar
    beside: tuple[Beside, ...]
    drawn: list[Card]
    worst: list[Card]


@dataclass(frozen=True)
class Unread:
    """Replies of one set to one task that are no answer: how many, and some of them."""

    name: str
    task: TaskScore
    cards: list[Card]


@dataclass(frozen=True)
class Restriction:
    """How many of the cases are of restricted records, and whether the page shows them."""

    cases: int
    included: bool

    @property
    def told(self) -> str:
        """In a word, for who reads the page's source."""
        return ("included" if self.included else "left out") if self.cases else "none"


def report(
    scores: Sequence[Path | Scorecard],
    out: Path,
    include_restricted: bool = False,
    tell: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write the page and return where it lies.

    A name that ends in .md gets the tables alone, as Markdown, and needs the scorecards only.
    `include_restricted` shows cases of restricted records; `tell` is called where they were left
    out. InputError where a scorecard's files are gone, or two were predicted from other pixels.
    """
    cards = [each if isinstance(each, Scorecard) else Scorecard.read(each) for each in scores]
    if not cards:
        raise ValueError("a report needs at least one scorecard")
    refuse_mixed([predicted(card.provenance) for card in cards], "predict one of them again")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".md":
        return write_atomically(out, markdown(cards))
    return write_atomically(out, render(cards, include_restricted, tell))


def render(
    cards: Sequence[Scorecard],
    include_restricted: bool = False,
    tell: Callable[[str], None] = lambda message: None,
) -> str:
    """The page as text, the first scorecard being the one reported."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    first, others = cards[0], cards[1:]
    albums = [_album(card, include_restricted) for card in cards]
    restriction = Restriction(sum(each.num_restricted for each in albums), include_restricted)
    if restriction.told == "left out":
        tell(
            f"{restriction.cases} cases are of restricted records: their pictures and words are "
            "left out of the page; --include-restricted shows them"
        )
    comparisons = [_comparison(first, other) for other in others]
    entries = [_entry(first, task, albums[0], others, comparisons) for task in first.tasks]
    return environment.get_template("page.html.jinja").render(
        cards=cards,
        first=first,
        others=others,
        entries=entries,
        unread=[
            each for card, album in zip(cards, albums, strict=True) for each in _unread(card, album)
        ],
        origins=_origins(cards),
        lead=_lead(entries),
        restriction=restriction,
        width=WIDTH,
        words=words,
    )


def _album(card: Scorecard, include_restricted: bool) -> Album:
    file = PredictionFile.open(Path(card.predictions))
    records: RecordFile = open_records(file, Path(card.records))
    answered = {each.case.id: each for task in join(file, records).values() for each in task}
    return Album(records, answered, include_restricted)


def _comparison(first: Scorecard, other: Scorecard) -> Comparison | None:
    """None where the two were not asked about the same records: nothing can be paired."""
    if first.provenance.records_sha256 != other.provenance.records_sha256:
        return None
    places = Path(first.predictions), Path(other.predictions), Path(first.records)
    return compare(*places, resamples=first.resamples, seed=first.seed)


def _entry(
    first: Scorecard,
    task: TaskScore,
    album: Album,
    others: Sequence[Scorecard],
    comparisons: Sequence[Comparison | None],
) -> Entry:
    row = next(row for row in first.table() if row.task == task.task)
    return Entry(
        row=row,
        score=task,
        bar=bar(row),
        beside=tuple(
            Beside(other.task(task.task), comparison.task(task.task) if comparison else None)
            for other, comparison in zip(others, comparisons, strict=True)
        ),
        drawn=album.cards(task, "random"),
        worst=album.cards(task, "worst"),
    )


def _unread(card: Scorecard, album: Album) -> list[Unread]:
    return [
        Unread(card.name, task, album.cards(task, "invalid"))
        for task in card.tasks
        if task.counts.invalid
    ]


@dataclass(frozen=True)
class Lead:
    """What the page says first."""

    better: list[str]
    failing: list[str]
    alarms: list[Entry]


def _lead(entries: Sequence[Entry]) -> Lead:
    named = [(words.task_inline(entry.row.task), entry) for entry in entries]
    return Lead(
        better=[name for name, entry in named if entry.row.verdict == "better"],
        failing=[name for name, entry in named if entry.row.verdict != "better"],
        alarms=[entry for entry in entries if entry.row.alarm],
    )


def _origins(cards: Sequence[Scorecard]) -> list[tuple[str, list[str]]]:
    """Where every set comes from: a label, and a value for each set."""
    columns = [_origin(card) for card in cards]
    return [(label, [column[label] for column in columns]) for label in columns[0]]


def _origin(card: Scorecard) -> dict[str, str]:
    made = card.provenance
    return {
        "Model": made.model,
        "Weights, sha256": words.digest(made.weights_sha256),
        "Records": Path(card.records).name,
        "Records, sha256": words.digest(made.records_sha256),
        "Asked": _asked(made),
        "Decoding": words.decoding(made),
        "Sampling": f"temperature {made.sampling.temperature:g}, top-p {made.sampling.top_p:g}",
        "Seed": str(made.seed),
        "Token budget": made.budget,
        "Dialect": made.dialect.name,
        "Canvas": f"{made.canvas.size[0]} x {made.canvas.size[1]}, {made.canvas.fit}",
        "Render profile": made.render_profile or words.NONE,
        "Records prepared under": made.records_profile,
        "Model trained under": made.model_profile,
        "Versions": ", ".join(f"{name} {version}" for name, version in made.versions.items()),
        "Commit": made.commit or words.NONE,
        "Predicted": made.created,
        "Intervals": f"{card.resamples} resamples of patients, seed {card.seed}",
    }


def _asked(made: Provenance) -> str:
    parts = [f"split {made.split}" if made.split else "every split"]
    if made.tasks:
        parts.append("tasks " + ", ".join(made.tasks))
    if made.limit:
        parts.append(f"at most {made.limit} cases of each task")
    return "; ".join(parts)
