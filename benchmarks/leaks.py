"""Measures how many planted near copies are found, how many others are, and how long it takes.

    DIASCOPE_DATA=... python -m benchmarks.leaks             # all; writes results/leaks.json
    DIASCOPE_DATA=... python -m benchmarks.leaks --only scale
    DIASCOPE_OPENI=... python -m benchmarks.leaks --only reports
    python -m benchmarks.leaks --page                        # docs/leaks.md again from the result

2,500 drawn and 2,500 real pictures; one altered copy each is planted for a tenth of them. A found
pair is right if both are of one original. Two pictures of one patient are a class of their own. Two
of no known relation count as right only if `results/natural_duplicates.json` lists them with the
reason, after they were looked at; otherwise they count as wrong. Everything is repeated with other
real pictures, other copies and other parameters of the alterations.

DIASCOPE_OPENI names the unpacked folder of Open-i's reports (NLMCXR_reports.tgz, XML files); their
licence allows no copies, so nothing of them but figures is kept. Without it that part is left out.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.leaks_corpus import (
    BEYOND,
    HALF,
    REQUIRED,
    Corpus,
    Picture,
    corpus,
    drawn_pictures,
    real_pictures,
)
from benchmarks.leaks_page import page
from numpy.typing import NDArray

from diascope.curation.candidates import near
from diascope.curation.descriptors import KEPT, mirrored
from diascope.curation.duplicates import Pair, find_duplicates
from diascope.curation.fingerprint import Fingerprints, fingerprint
from diascope.curation.texts import ReportText, sections, text_leaks
from diascope.environment import commit, versions
from diascope.sources._xml import read_xml
from diascope.sources.folder import Folder

HERE = Path(__file__).parent
RESULT, PAGE = HERE / "results" / "leaks.json", HERE.parent / "docs" / "leaks.md"
NATURAL = HERE / "results" / "natural_duplicates.json"
ROUNDS = 3
SIZES, PLANTED = (10_000, 100_000, 1_000_000), 1000
SHARES, LONG = (0.5, 0.8), 60


def found_in(made: Corpus) -> dict[str, Any]:
    """What is found of the copies, what else is, and the time."""
    wall, cpu = time.perf_counter(), time.process_time()
    taken = Fingerprints.of([fingerprint(each.pixels) for each in made.pictures])
    taking = time.process_time() - cpu
    pairs = find_duplicates(taken)
    seconds = {
        "fingerprints_cpu": taking,
        "pairs_cpu": time.process_time() - cpu - taking,
        "wall": time.perf_counter() - wall,
    }
    return judged(made, pairs, taken.digests) | {"seconds": seconds}


def judged(made: Corpus, pairs: list[Pair], digests: NDArray[np.uint8]) -> dict[str, Any]:
    """Which copies the pairs hold, and what the other pairs are."""
    # sets hold the same file twice: a copy of one is then as well a copy of the other
    originals = [digests[place].tobytes() for place in made.origins]
    known = {frozenset(each["names"]) for each in json.loads(NATURAL.read_text())}
    classes, wrong = Counter[str](), []
    missed = dict(enumerate(made.alterations, 2 * HALF))
    for pair in pairs:
        here, there = (made.pictures[place] for place in pair[:2])
        same = originals[pair.first] == originals[pair.second]
        kind = relation(here, there, same, pair.second >= 2 * HALF, known)
        classes[kind] += 1
        if same:
            missed.pop(pair.second, None)
        if kind == "wrong":
            wrong.append(told(here, there) | {"distance": round(pair.distance, 4)})
    planted = Counter(made.alterations)
    return {
        "planted": planted,
        "recalled": {name: planted[name] - list(missed.values()).count(name) for name in planted},
        "classes": classes,
        "wrong": wrong,
        "missed": [
            told(made.pictures[place]) | {"alteration": name} for place, name in missed.items()
        ],
    }


def relation(
    here: Picture, there: Picture, same: bool, is_copy: bool, known: set[frozenset[str]]
) -> str:
    """What two pictures are to each other."""
    if same:
        return "planted" if is_copy else "same file"
    if here.patient == there.patient:
        return "same patient"
    return "natural" if frozenset((here.name, there.name)) in known else "wrong"


def told(*pictures: Picture) -> dict[str, Any]:
    """Names of pictures of one data set."""
    return {"names": [each.name for each in pictures], "dataset": pictures[0].dataset}


def finding() -> dict[str, Any]:
    """All rounds of the required alterations and one of those beyond."""
    with tempfile.TemporaryDirectory() as folder:
        halves = [drawn_pictures(Path(folder)), list(real_pictures(data_root()))]
        rounds = [
            found_in(corpus(halves, REQUIRED, np.random.default_rng([17, number])))
            for number in range(ROUNDS)
        ]
        beyond = found_in(corpus(halves, BEYOND, np.random.default_rng(18)))
        del beyond["missed"]  # most of them, as meant
    return {
        "rounds": rounds,
        "beyond": beyond,
        "available": [len(half) for half in halves],
    }


def data_root() -> Path:
    """The folder of the real data."""
    if not os.environ.get("DIASCOPE_DATA"):
        raise SystemExit("DIASCOPE_DATA is not set; it names the folder of the real data sets")
    return Path(os.environ["DIASCOPE_DATA"])


def scaling() -> list[dict[str, Any]]:
    """Candidates among random spectra, with planted neighbours."""
    return [scaled(size) for size in SIZES]


def scaled(size: int) -> dict[str, Any]:
    """One size; half of the planted neighbours are mirror images, all of them with noise."""
    rng = np.random.default_rng(size)
    fading = (40 / (1 + np.add.outer(np.arange(KEPT), np.arange(KEPT)).ravel()) ** 1.3).astype("f4")
    found = rng.standard_normal((size, KEPT**2), np.float32) * fading
    noise = rng.standard_normal((PLANTED, KEPT**2), np.float32) * 0.1
    half = PLANTED // 2
    found[-PLANTED:-half] = found[:half]
    found[-half:] = mirrored(found[half:PLANTED])
    found[-PLANTED:] += noise
    wall, cpu = time.perf_counter(), time.process_time()
    seen = near(found, (), np.random.default_rng(0))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    planted = {(place, size - PLANTED + place, place >= half) for place in range(PLANTED)}
    listed = {tuple(each.item() for each in row) for row in zip(*seen, strict=True)}
    print(size, cpu, wall, flush=True)
    return {
        "pictures": size,
        "cpu": cpu,
        "wall": wall,
        "planted": PLANTED,
        "found": len(planted & listed),
        "others": len(listed - planted),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def texts() -> dict[str, Any]:
    """Sections of real reports planted in longer texts, respelt; and the time for 20,000 texts."""
    rng = np.random.default_rng(5)
    table = data_root() / "mtsamples_radiology_text" / "reports.jsonl"
    reports = [json.loads(line)["text_raw"] for line in table.read_text().splitlines()]
    given = [
        ReportText(f"r{place}", "test" if place % 2 else "train", text)
        for place, text in enumerate(reports)
    ]
    natural = text_leaks(given)
    tested = [each for each in given if each.split == "test" and sections(each.text)]
    chosen = [tested[index] for index in rng.choice(len(tested), 40, replace=False)]
    hosts = [each for each in given if each.split == "train"]
    planted = [
        ReportText(f"planted{place}", "train", f"{hosts[place].text}\n{respelt(each.text)}")
        for place, each in enumerate(chosen)
    ]
    seen = text_leaks([*given, *planted])
    told = {each.record for each in seen.sections}
    many = [each._replace(record=f"{each.record}-{copy}") for copy in range(74) for each in given]
    start = time.process_time()
    text_leaks(many)
    cpu = time.process_time() - start
    return {
        "reports": len(given),
        "natural": len({each.record for each in natural.sections}),
        "natural_copies": len({each.record for each in natural.reports}),
        "copies": len({each.record for each in chosen} & {each.record for each in seen.reports}),
        "planted": len(chosen),
        "found": len({each.record for each in chosen} & told),
        "others": len(told - {each.record for each in [*chosen, *natural.sections]}),
        "texts": len(many),
        "words": sum(len(each.text.split()) for each in many),
        "cpu": cpu,
    }


def respelt(text: str) -> str:
    """Capitals, other white space and no commas."""
    return "\n".join(text.upper().replace(",", " ; ").split(" "))


def reports() -> list[dict[str, Any]]:
    """Real reports of chests that share standard sentences, dealt at random again and again."""
    told = openi(Path(os.environ["DIASCOPE_OPENI"]))
    return [copies(told, share, seed) for share in SHARES for seed in range(ROUNDS)]


def openi(root: Path) -> dict[str, str]:
    """Findings and impression of every report of Open-i, by its number; a report is a patient."""
    folder = Folder(root)
    return {name: words(folder, name) for name in folder.names("**/*.xml")}


def words(folder: Folder, name: str) -> str:
    """Both sections, with an empty line between."""
    parts = (
        "".join(each.itertext())
        for each in read_xml(folder, name).iter("AbstractText")
        if each.get("Label") in ("FINDINGS", "IMPRESSION")
    )
    return "\n\n".join(parts)


def copies(told: dict[str, str], share: float, seed: int) -> dict[str, Any]:
    """What is called a copy as reports come, and once every test report is copied into training."""
    drawn = np.random.default_rng([29, seed]).random(len(told)) < share
    splits = dict(zip(told, np.where(drawn, "train", "test").tolist(), strict=True))
    given = [ReportText(name, splits[name], text) for name, text in told.items()]
    tested = [each for each in given if each.split == "test"]
    planted = [ReportText(f"copy of {each.record}", "train", each.text) for each in tested]
    found = {each.record for each in text_leaks([*given, *planted]).reports}
    long = {each.record for each in tested if len(each.text.split()) >= LONG}
    return {
        "reports": len(told),
        "tested": len(tested),
        "natural": len({each.record for each in text_leaks(given).reports}),
        "found": len(found),
        "long": len(long),
        "long_found": len(long & found),
    }


PARTS: dict[str, Callable[[], Any]] = {
    "finding": finding,
    "scale": scaling,
    "texts": texts,
    **({"reports": reports} if "DIASCOPE_OPENI" in os.environ else {}),
}


def main() -> None:
    """Measure what is asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write the page from the result file")
    parser.add_argument("--only", choices=PARTS, help="measure this part again, keep the others")
    asked = parser.parse_args()
    for name in () if asked.page else (asked.only,) if asked.only else PARTS:
        measured = PARTS[name]()
        result = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        result |= {name: measured, "versions": versions(), "commit": commit()}
        RESULT.write_text(json.dumps(result, indent=1) + "\n")
    PAGE.write_text(page(json.loads(RESULT.read_text())))


if __name__ == "__main__":
    main()
