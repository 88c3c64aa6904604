"""docs/results/supervision.md from the result files of benchmarks.supervision."""

from collections import defaultdict
from collections.abc import Iterator

from benchmarks.supervision_result import RESULTS, Result

from diascope.predictions import Reading
from diascope.scoring.scorecard import Interval, verdict
from diascope.scoring.seeds import PatientSums, seeds_difference, seeds_score

PAGE = RESULTS.with_suffix(".md")
RESAMPLES, SEED = 2000, 0
UNITS = {
    "hc18": "Head circumference, mm",
    "nih_cxr14_sample": "Age, years",
    "dsb2018": "Nuclei",
    "bccd": "Blood cells of a type",
}
FIRST: tuple[str, Reading] = ("plain", "tokens")

HEAD = """# Numbers: what supervision beyond tokens buys

Written by `python -m benchmarks.supervision --page` from the files in `docs/results/supervision`;
not edited by hand. Real images, the shipped tiny (4 million parameters, 128 pixels) fine-tuned on
all four sets together. Arms differ in `[loss]` alone:

* **plain**: cross-entropy on tokens. **soft**: `number_sigma` 0.02, each digit's target is its
  share of a bell two hundredths of the range wide; **narrow**: 0.005. **distance**:
  `number_distance` 5, the expected distance to the nearest number that a digit still allows.
  **head**: `number_head` 1, a small head on the last state before the answer. **soft_head**: both.
  **per_token**: `per = "token"`. **balanced**: `balance_tasks`.
* Read from **tokens** (the likeliest, one by one), as their **median** (`predict --numbers
  median`), or from the **head**. Another reading of an arm is the same weights.
* Mean absolute error, the mean over seeds. A difference is paired by patient and by seed, positive
  is better; its 95 % interval is over other patients and other seeds (2,000 resamples of both),
  with one seed over patients alone. Better and worse are said only where the whole interval says
  so; of so many comparisons one in twenty of no difference at all would be called one.
* All arms see the same examples in the same order. The best point by the arm's own loss on a tenth
  of the training patients is scored on the validation patients. "Improving": that loss fell by more
  than 1 % at the last look, in so many runs.
* **guess** is the training median, without a look at the image. Where plain tokens do no better,
  the twin has not learnt to look, and differences there are between ways of guessing.
* An arm without a row, or with fewer than three seeds, is still to be run: the script goes on.
"""

Runs = dict[str, list[Result]]


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(results()))


def results() -> Runs:
    """All runs by arm, in the order of their seeds."""
    found: Runs = defaultdict(list)
    for path in sorted(RESULTS.glob("*.json")):
        result = Result.model_validate_json(path.read_text())
        found[result.arm].append(result)
    return found


def page(runs: Runs) -> str:
    """The whole page."""
    lines = [HEAD]
    for dataset, about in UNITS.items():
        lines += [f"## {about}", "", *_table(runs, dataset), ""]
    return "\n".join([*lines, *_cost(runs)])


def _table(runs: Runs, dataset: str) -> Iterator[str]:
    first = {one.seed: _sums(one, FIRST[1], dataset) for one in runs.get(FIRST[0], [])}
    yield "| arm | read from | seeds | n | error | against plain tokens | verdict | improving |"
    yield "|---|---|---:|---:|---:|---:|---|---|"
    for arm, own in sorted(runs.items(), key=lambda pair: (pair[0] != FIRST[0], pair[0])):
        improving = sum(result.is_improving for result in own)
        for reading in own[0].read:
            sums = {one.seed: _sums(one, reading, dataset) for one in own}
            score = seeds_score(list(sums.values()), RESAMPLES, SEED)
            said = ("", "") if (arm, reading) == FIRST else _against(sums, first)
            marks = f"{improving} of {len(own)}" if improving else ""
            count = sums[own[0].seed].n
            read = reading if own[0].points else ""
            cells = (arm, read, str(len(own)), str(count), _told(score), *said, marks)
            yield f"| {' | '.join(cells)} |"


def _against(own: dict[int, PatientSums], first: dict[int, PatientSums]) -> tuple[str, str]:
    common = sorted(own.keys() & first.keys())
    if not common:
        return "", ""
    one, two = ([of[seed] for seed in common] for of in (own, first))
    difference = seeds_difference(one, two, RESAMPLES, SEED)
    return _told(difference, "+.2f"), verdict(difference)


def _sums(result: Result, reading: Reading, dataset: str) -> PatientSums:
    return next(sums for sums in result.read[reading] if sums.group == dataset)


def _told(interval: Interval, form: str = ".2f") -> str:
    if interval.value is None or interval.low is None or interval.high is None:
        return "undefined" if interval.value is None else f"{interval.value:{form}}"
    return f"{interval.value:{form}} ({interval.low:{form}} to {interval.high:{form}})"


def _cost(runs: Runs) -> Iterator[str]:
    """How long it took, and on what."""
    trained = [one for each in runs.values() for one in each if one.train_seconds is not None]
    if not trained:
        return
    seconds: dict[str, list[float]] = defaultdict(list)
    for one in trained:
        for reading, spent in one.answer_seconds.items():
            seconds[reading].append(spent)
    some = trained[0]
    yield "## What it costs"
    yield ""
    yield "| reading | CPU seconds for all validation questions, loading and scoring included |"
    yield "|---|---:|"
    for reading, spent in seconds.items():
        yield f"| {reading} | {sum(spent) / len(spent):.0f} |"
    minutes = sum(one.train_seconds or 0 for one in trained) / 60
    told = f"{some.config['duration']['examples']:,} examples a run"
    known = ", ".join(f"{name} {version}" for name, version in some.versions.items())
    yield ""
    yield f"{told}; {len(trained)} runs, {minutes:.0f} CPU minutes of training in all."
    yield f"Records sha256 {some.records_sha256[:16]}. Versions: {known}."
    yield ""
