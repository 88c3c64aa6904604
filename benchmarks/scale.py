"""Measures what each step of `prepare` costs an item, to reckon what many millions of them would.

    DIASCOPE_DATA=... python -m benchmarks.scale     # measure; writes results/scale.json
    scripts/scale_page                               # docs/scale.md from it

CPU time of the process and of all it has started, by one worker on one thread: wall time says as
much of the machine's other work. Drawn radiographs of several sizes, in files of several kinds; the
phantom; and the sets of DIASCOPE_DATA, where it is set. Memory is what Python has allocated for
each kind of thing that the steps hold for a whole set.
"""

import argparse
import hashlib
import io
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, generate_uid

from diascope.answers import Choice
from diascope.curation._shards.merge import Merge
from diascope.curation._shards.reading import Reading
from diascope.curation._shards.work import Order, Work, begun
from diascope.curation.audit import Tally
from diascope.curation.contents import Reader
from diascope.curation.fingerprint import Fingerprint, fingerprint
from diascope.curation.inspection import Inspector, inspect
from diascope.curation.prints import FILE, PrintWriter, named, read_prints
from diascope.curation.shards import examine_shard
from diascope.curation.split import Leaks, Splitter
from diascope.environment import commit, versions
from diascope.expectations import Options
from diascope.imaging.decode import decode
from diascope.imaging.sandbox import DecodePool
from diascope.recordfile import write_records
from diascope.records import Image, Record, Turn
from diascope.sources import source
from diascope.sources.phantom import PhantomSettings, generate

HERE = Path(__file__).parent
RESULT = HERE / "results" / "scale.json"
ROUNDS = 3
SIDES = {512: 64, 1024: 32, 2048: 12}
"""Sides of drawn pictures, and how many there are of each."""
HELD = 50_000
"""Records that memory is measured with."""
PATIENTS = 320
SETS = {
    "flare_mini": "flare",
    "nih_cxr14_sample": "nih_cxr14_sample",
    "kermany_pediatric_pneumonia": "kermany",
    "hannover_covid_cxr": "hannover_covid_cxr",
    "vqa_rad": "vqa_rad_sample",
    "hc18_fetal_head_us": "hc18",
    "bccd_blood_cells": "bccd",
    "dsb2018_nuclei": "dsb2018",
}
"""Folders of DIASCOPE_DATA by the source that reads them."""
NOISE = 0.7
YES_NO = Options(options=("Yes", "No"))
Pixels = NDArray[np.uint8]


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of one call, those of processes included that it started and ended."""
    before = sum(os.times()[:4])
    work()
    return sum(os.times()[:4]) - before


def radiograph(number: int, side: int) -> Pixels:
    """Smooth but for noise that makes a PNG of about three bits a pixel."""
    rng = np.random.default_rng(number)
    line = np.arange(side) / side
    down, across = (np.exp(-3 * (line - rng.uniform(0.35, 0.65)) ** 2) for _ in range(2))
    body = 40 + 20 * np.sin(30 * line)[:, None] + 150 * np.outer(down, across)
    noisy = body + rng.standard_normal(body.shape, np.float32) * NOISE
    return noisy.clip(0, 255).astype(np.uint8)


def saved(kind: str) -> Callable[[Pixels], bytes]:
    """How Pillow writes a file of this kind."""

    def write(pixels: Pixels) -> bytes:
        file = io.BytesIO()
        Picture.fromarray(pixels).save(file, kind, compress_level=3, quality=90)
        return file.getvalue()

    return write


def dicom(pixels: Pixels, compressed: bool) -> bytes:
    """A radiograph without anybody's name, compressed with JPEG 2000 or not at all."""
    syntax = JPEG2000Lossless if compressed else ExplicitVRLittleEndian
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[pixels.tobytes()[:64].hex()])
    data = Dataset()
    data.file_meta = meta
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    coded = encapsulate([imagecodecs.jpeg2k_encode(pixels, level=0)]) if compressed else b""
    data.PixelData = coded or pixels.tobytes()
    data["PixelData"].VR = "OB"
    file = io.BytesIO()
    dcmwrite(file, data, enforce_file_format=True)
    return file.getvalue()


KINDS: dict[str, tuple[str, Callable[[Pixels], bytes]]] = {
    "PNG": ("png", saved("png")),
    "JPEG, quality 90": ("jpg", saved("jpeg")),
    "DICOM": ("dcm", lambda pixels: dicom(pixels, False)),
    "DICOM, JPEG 2000": ("dcm", lambda pixels: dicom(pixels, True)),
}


def asked(number: int, path: str, side: int) -> Record:
    """One question about one picture of one patient."""
    return Record(
        id=f"record-{number:09d}",
        dataset="drawn",
        patient=f"patient-{number:09d}",
        study=f"study-{number:09d}",
        split="train",
        images=(Image(path=path, width=side, height=side),),
        turns=(
            Turn(
                task="classification",
                question="Is there an effusion?",
                expects=YES_NO,
                answer=Choice(option="No"),
            ),
        ),
    )


def read(name: str, root: Path, folder: Path) -> Work:
    """The layout in a new work folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shares = {"train": 0.8, "val": 0.1, "test": 0.1}
    facts = {"source": name, "root": str(root), "split": shares, "like": None, "seed": 0}
    order = Order(**facts, keeps_images=True, diascope="", render_profile="")
    begun(folder, order)
    return Reading(source(name), {}, lambda exclusion: None).into(folder, order)


class Examined(NamedTuple):
    """What it took to examine all shards."""

    cpu_s: float
    decoder_mb: float
    """The most memory that a decoding process had."""


def examine(work: Work) -> Examined:
    """One after the other, in this process and one that decodes; starting it is not counted."""
    with DecodePool(1) as pool:
        pool.sandboxes[0].warm()
        group = pool.sandboxes[0].process_id()
        before = time.process_time() + sum(each.cpu_s for each in members(group))
        for number in work.unfinished():
            examine_shard(work, number, pool)
        # decoders are killed in the end, so that nobody is told of their time
        decoders = list(members(group))
        spent = time.process_time() + sum(each.cpu_s for each in decoders) - before
        return Examined(spent, max(each.peak_mb for each in decoders))


class Member(NamedTuple):
    """A process of a group."""

    cpu_s: float
    """Of its children as well, once they have ended."""
    peak_mb: float


def members(group: int | None) -> Iterator[Member]:
    """The processes of a group that are there now."""
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            status = (entry / "status").read_text()
        except OSError:
            continue
        if int(fields[2]) == group:
            ticks = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
            peak = re.search(r"VmHWM:\s+(\d+)", status)
            yield Member(ticks, int(peak[1]) / 1000 if peak else 0.0)


def drawn(folder: Path, kind: str, side: int) -> dict[str, Any]:
    """What an image of one kind and size costs, and what of it is decoding, and digests."""
    suffix, write = KINDS[kind]
    root, count = folder / "root", SIDES[side]
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    files = [write(radiograph(number, side)) for number in range(count)]
    for number, data in enumerate(files):
        (root / f"{number}.{suffix}").write_bytes(data)
    records = (asked(each, f"{each}.{suffix}", side) for each in range(count))
    write_records(root / "records.jsonl", records)
    whole = []
    for _ in range(ROUNDS):
        work = read("jsonl", root, folder / "work")
        whole.append(examine(work))
    pixels = [decode(data, "drawn") for data in files]
    parts = {
        "decode_ms": cpu(lambda: [decode(data, "drawn") for data in files]),
        "fingerprint_ms": cpu(lambda: [fingerprint(each) for each in pixels]),
        "sha256_ms": cpu(lambda: [hashlib.sha256(data).digest() for data in files]),
    }
    return {
        "kind": kind,
        "side": side,
        "decoder_mb": max(each.decoder_mb for each in whole),
        "kb": sum(map(len, files)) / count / 1000,
        "examine_ms": 1000 * statistics.median(each.cpu_s for each in whole) / count,
        **{name: 1000 * value / count for name, value in parts.items()},
    }


def whole_set(name: str, title: str, root: Path, folder: Path) -> dict[str, Any]:
    """Every step over a real layout, or the phantom's."""
    layout = source(name)
    read(name, root, folder / "work")  # the first one loads what all others have
    lone = min(cpu(lambda: [None for _ in layout.read(root)]) for _ in range(ROUNDS))
    reading = min(cpu(lambda: read(name, root, folder / "work")) for _ in range(ROUNDS))
    work = Work.open(folder / "work")
    examining = examine(work).cpu_s
    shards = [work.shard(number) for number in range(work.num_shards)]
    made: list[Any] = []
    merging = cpu(lambda: made.append(Merge(work, lambda exclusion: None).run()))
    inspector = Inspector()
    for number in range(work.num_shards):
        for record in work.kept(number):
            inspector.add(record)
    prints = read_prints(work.out / FILE)
    origins = inspector.origins(prints.names)
    comparing = cpu(lambda: inspect(prints, origins, inspector.texts))
    records, images = work.plan.records, len(prints.names)
    return {
        "set": title,
        "records": records,
        "images": images,
        "looks": sum(len(read_prints(shard / FILE).names) for shard in shards),
        "record_bytes": (work.out / "records.jsonl").stat().st_size / made[0].audit.records,
        "read_us": 1e6 * lone / records,
        "spool_us": 1e6 * (reading - lone) / records,
        "examine_ms": 1000 * examining / images,
        "merge_us": 1e6 * (merging - comparing) / records,
        "compare_us": 1e6 * comparing / images,
    }


def sets(folder: Path) -> Iterator[dict[str, Any]]:
    """The phantom, and what DIASCOPE_DATA has."""
    root = folder / "phantom"
    settings = PhantomSettings(seed=7, patients=PATIENTS)
    root.mkdir()
    write_records(root / "records.jsonl", generate(root, settings, workers=2))
    yield whole_set("jsonl", "phantom", root, folder)
    data = os.environ.get("DIASCOPE_DATA")
    for name, layout in SETS.items() if data else ():
        if (Path(str(data)) / name).is_dir():
            yield whole_set(layout, name, Path(str(data)) / name, folder)


def held() -> dict[str, float]:
    """Bytes that each thing holds for a record of a new patient with a new picture."""
    digests = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(HELD)]

    def placed(number: int) -> Record:
        record = asked(number, f"images/{digests[number][:2]}/{digests[number][:32]}.png", 1024)
        image = record.images[0].model_copy(update={"sha256": digests[number]})
        return record.model_copy(update={"images": (image,)})

    def unplaced(number: int) -> Record:
        return placed(number).model_copy(update={"split": ""})

    with tempfile.TemporaryDirectory() as folder:
        prints = PrintWriter(Path(folder) / FILE)
        taken = Fingerprint(bytes(16), bytes(64 * 64))
        things: dict[str, Callable[[int], object]] = {
            "splits": _adder(Splitter(), unplaced),
            "leaks": _adder(Leaks(), placed),
            "origins": _adder(Inspector(), placed),
            "names while written": lambda each: prints.add(digests[each], None, taken),
            "names while compared": _keeper(lambda each: named(digests[each], None)),
            "counts": _adder(Tally(), placed),
            "answers": _adder(Reader(), placed),
        }
        found = {name: _grown(add) for name, add in things.items()}
        prints.close()
    return found


def _adder(thing: Any, make: Callable[[int], Record]) -> Callable[[int], object]:
    return lambda number: thing.add(make(number))


def _keeper(make: Callable[[int], object]) -> Callable[[int], object]:
    kept: list[object] = []
    return lambda number: kept.append(make(number))


def _grown(add: Callable[[int], object]) -> float:
    """Bytes an item."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(HELD):
        add(number)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / HELD


def worker(folder: Path) -> dict[str, float]:
    """CPU seconds that a worker takes to start, and the memory it has without its decoders."""
    root = folder / "one"
    root.mkdir()
    (root / "0.png").write_bytes(saved("png")(radiograph(0, 2048)))
    write_records(root / "records.jsonl", [asked(0, "0.png", 2048)])
    work = read("jsonl", root, folder / "work")
    words = [sys.executable, "-m", "diascope.curation._shards.worker", str(work.folder), "0", "1"]
    seconds = cpu(lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL))  # noqa: S603
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"start_cpu_s": seconds, "worker_mb": peak / 1000}


def known(name: str) -> Any:
    """What another benchmark has measured."""
    return json.loads(RESULT.with_name(f"{name}.json").read_text())


def processor() -> str:
    """What the kernel calls it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))


def measure() -> dict[str, Any]:
    """Everything, and what it ran on."""
    with tempfile.TemporaryDirectory() as space:
        folder = Path(space)
        return {
            "worker": worker(folder),
            "images": [drawn(folder, kind, side) for kind in KINDS for side in SIDES],
            "sets": list(sets(folder)),
            "held": held(),
            "compare": known("leaks")["scale"],
            "cache": known("feed")["sizes"][0]["built"],
            "load": list(os.getloadavg()),
            "machine": f"{processor()}, {os.cpu_count()} cores",
            "versions": versions(),
            "commit": commit(),
        }


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    chosen.result.write_text(json.dumps(measure(), indent=1) + "\n")
    print(f"{chosen.result}: now run scripts/scale_page")


if __name__ == "__main__":
    main()
