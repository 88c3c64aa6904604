"""The page of the ablations, from their result files."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.study import Arm, Result, Study, read_study, study_names

from diascope.scoring.scorecard import Interval, verdict
from diascope.scoring.seeds import PatientSums, seeds_difference, seeds_score
from diascope.tasks import task

DOCS = Path(__file__).parent.parent / "docs" / "results"
RESULTS, PAGE = DOCS / "ablations", DOCS / "ablations.md"
RESAMPLES, SEED = 2000, 0

Runs = dict[str, list[Result]]
"""The results of a study by arm, in the order of their seeds."""

HEAD = """# Ablations

Written by `python -m benchmarks.ablations --page` from the files in `docs/results/ablations`; not
edited by hand. The questions that the four systems leave open, put to small twins on drawn
patients: what holds here need not hold for large models on real images.

* All arms of a study see the same number of examples and answer the same test patients, each with
  the weights of its best validation point.
* A value is the mean over seeds. A difference is paired by patient and by seed; its 95 % interval
  is over other patients and other seeds (2,000 resamples of both). With one seed it is over
  patients alone.
* **Better** and **worse** are said only where the whole interval says so. Many comparisons are made
  here, and one in twenty of no difference at all would be called one.
* "Improving": the validation loss fell by more than 1 % at the last look, in that many runs, so
  that the arm was not at its end.
"""


def write() -> None:
    """Write docs/results/ablations.md."""
    PAGE.write_text(page({name: results(name) for name in study_names()}))


def results(name: str) -> Runs:
    """What there is of a study."""
    found: Runs = defaultdict(list)
    for path in sorted((RESULTS / name).glob("*.json")):
        result = Result.model_validate_json(path.read_text())
        found[result.arm].append(result)
    for runs in found.values():
        runs.sort(key=lambda result: result.seed)
    return found


def page(found: dict[str, Runs]) -> str:
    """The whole page; studies without a result are named at the end."""
    lines = [HEAD]
    for name, runs in found.items():
        if runs:
            lines += [*part(name, read_study(name), runs), ""]
    missing = [name for name, runs in found.items() if not runs]
    if missing:
        lines += ["## Not run yet", ""]
        lines += [f"* `{name}`: {read_study(name).question}" for name in missing]
        lines += ["", "`python -m benchmarks.ablations WORK` runs what has no result.", ""]
    return "\n".join(lines)


def part(name: str, study: Study, runs: Runs) -> Iterator[str]:
    """One study."""
    some = next(iter(runs.values()))[0]
    minutes = sum(result.cpu_seconds for each in runs.values() for result in each) / 60
    yield f"## {study.question}"
    yield ""
    yield study.about
    yield ""
    seen = sorted({result.num_examples for each in runs.values() for result in each})
    told = " or ".join(f"{number:,}" for number in seen)
    yield (
        f"`{name}`; recipe `{study.recipe}`; {told} examples seen; {minutes:.0f} CPU minutes in "
        f"all; commit {str(some.commit)[:12]}."
    )
    yield ""
    yield "| arm | seeds | measured | value | against the first arm | verdict | improving |"
    yield "|---|---:|---|---:|---:|---|---|"
    for arm in study.arms:
        yield from _rows(study, arm, runs)


def _rows(study: Study, arm: Arm, runs: Runs) -> Iterator[str]:
    own = runs.get(arm.name, [])
    if not own:
        yield f"| {arm.name} | 0 | not run yet | | | | |"
        return
    improving = sum(result.is_improving for result in own)
    marks = f"{improving} of {len(own)}" if improving else ""
    for number, measured in enumerate(own[0].sums):
        sums = _same(own, measured.name)
        score = seeds_score(sums, RESAMPLES, SEED)
        metric = task(measured.task).primary.replace("_", " ")
        difference, said = _against(study, arm, runs, measured)
        first = (arm.name, str(len(own))) if number == 0 else ("", "")
        cells = (*first, f"{measured.name}, {metric}", _told(score), difference, said)
        yield f"| {' | '.join(cells)} | {marks if number == 0 else ''} |"


def _against(study: Study, arm: Arm, runs: Runs, measured: PatientSums) -> tuple[str, str]:
    reference = _same(runs.get(study.arms[0].name, []), measured.name)
    if arm == study.arms[0] or not reference:
        return "", ""
    own = {result.seed: result for result in runs[arm.name]}
    first = {result.seed: result for result in runs[study.arms[0].name]}
    common = sorted(own.keys() & first.keys())
    pair = [_same([of[seed] for seed in common], measured.name) for of in (own, first)]
    difference = seeds_difference(pair[0], pair[1], RESAMPLES, SEED)
    return _told(difference, signed=True), verdict(difference)


def _same(runs: Sequence[Result], name: str) -> list[PatientSums]:
    return [sums for result in runs for sums in result.sums if sums.name == name]


def _told(interval: Interval, signed: bool = False) -> str:
    form = "+.3f" if signed else ".3f"
    if interval.value is None:
        return "undefined"
    if interval.low is None or interval.high is None:
        return f"{interval.value:{form}}"
    return f"{interval.value:{form}} ({interval.low:{form}} to {interval.high:{form}})"
