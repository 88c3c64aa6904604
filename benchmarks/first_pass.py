"""Times the first pass over files, from a file's bytes to a canvas, against the plain ways.

    python -m benchmarks.first_pass         # measure; writes results/first_pass.json, docs/feed.md
    python -m benchmarks.first_pass --page  # write the page again from the result files

Pictures of 2,048 pixels, as JPEG, PNG and JPEG 2000 in DICOM, become float32 [3, 224, 224]. The
plain ways are transformers' SigLIP processor on what Pillow reads, and for DICOM pydicom: its
pixel_array, its modality and VOI functions, 8 bits, and the same resize. Beside them stand Pillow
kept to grey, our own way from all pixels, and what of the decoding nobody can leave out. All are
first shown to give the same picture, or nothing is timed. The cases run in shuffled rounds on one
thread; what counts is the median over rounds of the ratios of CPU time.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from benchmarks import feed_page, first_pass_page
from benchmarks.feed import machine, shades
from benchmarks.spine import Times, timed
from numpy.typing import NDArray
from PIL import Image as Picture
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import JPEG2000Lossless, SecondaryCaptureImageStorage
from transformers import SiglipImageProcessorPil

from diascope.environment import commit, versions
from diascope.geometry import CanvasMap, Size
from diascope.imaging import plain_png
from diascope.imaging.canvas import draw
from diascope.imaging.decode import load_decoders, read_canvas, read_image
from diascope.imaging.scaling import Scaling

RESULT = Path(__file__).parent / "results" / "first_pass.json"
SIDE_PX, CANVAS_PX, QUALITY, BITS = 2048, 224, 98, 12
PLAIN, FAST, FULL = "plain", "diascope", "diascope, all pixels"
Way = Callable[[Path], NDArray[np.float32]]


def jpeg(path: Path, number: int) -> None:
    """The picture in 8 bits, lossy."""
    Picture.fromarray(shades(SIDE_PX, number).astype(np.uint8)).save(path, quality=QUALITY)


def png(path: Path, number: int) -> None:
    """The picture in 8 bits, lossless."""
    Picture.fromarray(shades(SIDE_PX, number).astype(np.uint8)).save(path, compress_level=3)


def dicom(path: Path, number: int) -> None:
    """The picture in 12 bits, JPEG 2000 without loss, with a window over all of them."""
    codes = np.rint(shades(SIDE_PX, number) * 16).astype(np.uint16)
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = JPEG2000Lossless
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = f"1.2.{number}"
    made.Rows = made.Columns = SIDE_PX
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, BITS, BITS - 1
    made.PixelRepresentation, made.RescaleSlope, made.RescaleIntercept = 0, 1, 0
    made.WindowCenter, made.WindowWidth = 2 ** (BITS - 1), 2**BITS
    code = imagecodecs.jpeg2k_encode(codes, codecformat="J2K", reversible=True, bitspersample=BITS)
    made.PixelData = encapsulate([bytes(code)])
    made["PixelData"].VR = "OB"
    made.save_as(path, enforce_file_format=True)


def fast(path: Path) -> NDArray[np.float32]:
    """As every cache, training and prediction draws it."""
    return scaled(read_canvas(path, canvas_map()))


def from_all(path: Path) -> NDArray[np.float32]:
    """Decoded in full, then drawn."""
    return scaled(draw(read_image(path), canvas_map()))


def canvas_map() -> CanvasMap:
    """The picture stretched to the canvas."""
    return CanvasMap.fit(Size(SIDE_PX, SIDE_PX), Size(CANVAS_PX, CANVAS_PX), "stretch")


def scaled(canvas: NDArray[np.uint8]) -> NDArray[np.float32]:
    """As the network wants it."""
    out = np.empty((3, CANVAS_PX, CANVAS_PX), np.float32)
    Scaling().write(canvas, out)
    return out


def by_processor(processor: SiglipImageProcessorPil, path: Path) -> NDArray[np.float32]:
    """Pillow's RGB through the model's own processor."""
    with Picture.open(path) as picture:
        found = processor([picture.convert("RGB")], return_tensors="np")
    pixels: NDArray[np.float32] = found["pixel_values"][0]
    return pixels


def by_pillow(path: Path) -> NDArray[np.float32]:
    """What careful people do: grey stays one channel."""
    with Picture.open(path) as picture:
        small = picture.resize((CANVAS_PX, CANVAS_PX), Picture.Resampling.BILINEAR)
    return scaled(np.asarray(small))


def by_pydicom(path: Path) -> NDArray[np.float32]:
    """Pixels, modality, values of interest, 8 bits, and the same resize."""
    dataset = pydicom.dcmread(path)
    values = apply_modality_lut(dataset.pixel_array, dataset)
    seen = apply_voi_lut(values, dataset)
    grey = np.rint(seen * (255 / (2**BITS - 1))).astype(np.uint8)
    side = (CANVAS_PX, CANVAS_PX)
    return scaled(np.asarray(Picture.fromarray(grey).resize(side, Picture.Resampling.BILINEAR)))


def pixel_array(path: Path) -> NDArray[Any]:
    """Pydicom's decoding alone."""
    return pydicom.dcmread(path).pixel_array


def entropy(path: Path) -> Picture.Image:
    """All of a JPEG's Huffman codes, and hardly a pixel."""
    with Picture.open(path) as picture:
        picture.draft(None, (SIDE_PX // 8, SIDE_PX // 8))
        picture.load()
        return picture


def inflated(path: Path) -> bytes:
    """A PNG's compressed data, unpacked and no more."""
    content = path.read_bytes()
    start = content.index(b"IDAT")
    parts, place = [], start - 4
    while content[place + 4 : place + 8] == b"IDAT":
        length = int.from_bytes(content[place : place + 4], "big")
        parts.append(content[place + 8 : place + 8 + length])
        place += length + 12
    return zlib.decompress(b"".join(parts))


def ways() -> dict[str, dict[str, Callable[[Path], object]]]:
    """What is timed of each kind of file."""
    size = {"height": CANVAS_PX, "width": CANVAS_PX}
    processor = SiglipImageProcessorPil(size=size, resample=Picture.Resampling.BILINEAR)
    plain = partial(by_processor, processor)
    ours: dict[str, Callable[[Path], object]] = {FAST: fast, FULL: from_all}
    pillow = {PLAIN: plain, "Pillow, grey": by_pillow}
    return {
        "jpg": {**pillow, **ours, "entropy decoding alone": entropy},
        "png": {**pillow, **ours, "inflating alone": inflated},
        "dcm": {PLAIN: by_pydicom, "pixel_array alone": pixel_array, **ours},
    }


GATES = {"jpg": ("largest", 1.0), "png": ("largest", 0.0), "dcm": ("mean", 0.25)}
"""How far, in grey levels, our canvas may be from the plain way's."""


def gate(kind: str, plain: Way, paths: Sequence[Path]) -> dict[str, float]:
    """Largest and mean difference in grey levels; stops everything where it is too much."""
    apart = np.stack([np.abs(plain(path) - fast(path)) * 127.5 for path in paths])
    gaps = {"largest": float(apart.max()), "mean": float(apart.mean())}
    which, most = GATES[kind]
    if gaps[which] > most + 1e-4:
        raise SystemExit(f"{kind}: the ways differ by {gaps}; nothing is timed")
    return gaps


def rounds_of(
    cases: dict[str, Callable[[Path], object]], paths: Sequence[Path], count: int
) -> dict[str, list[Times]]:
    """Every case on every file, in rounds of an order shuffled anew."""
    times: dict[str, list[Times]] = {name: [] for name in cases}
    order = random.Random(0)  # noqa: S311
    for way in cases.values():
        way(paths[0])
    for _ in range(count):
        for name in order.sample(list(cases), len(cases)):
            times[name].append(timed(partial(list, map(cases[name], paths))))
    return times


def row(name: str, times: list[Times], plain: list[Times], files: int) -> dict[str, Any]:
    """A case as it is reported."""
    ratios = [there.cpu / here.cpu for here, there in zip(times, plain, strict=True)]
    return {
        "case": name,
        "cpu_ms": 1000 * statistics.median(each.cpu for each in times) / files,
        "wall_ms": 1000 * statistics.median(each.wall for each in times) / files,
        "ratio": statistics.median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
        "spread": max(each.cpu for each in times) / min(each.cpu for each in times),
    }


def measure(files: int, rounds: int) -> dict[str, Any]:
    """All three kinds, and what they ran on."""
    load_decoders()
    load_before = os.getloadavg()[0]
    kinds: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, write in {"jpg": jpeg, "png": png, "dcm": dicom}.items():
            paths = [Path(folder) / f"{number}.{kind}" for number in range(files)]
            for number, path in enumerate(paths):
                write(path, number)
            cases: dict[str, Any] = ways()[kind]
            gaps = gate(kind, cases[PLAIN], paths)
            times = rounds_of(cases, paths, rounds)
            kinds[kind] = {
                "gate": gaps,
                "kb": sum(path.stat().st_size for path in paths) / files / 1000,
                "rows": [row(name, times[name], times[PLAIN], files) for name in cases],
            }
    return {
        "kinds": kinds,
        "files": files,
        "rounds": rounds,
        "fast_png": plain_png.is_fast(),
        "load": [load_before, os.getloadavg()[0]],
        "machine": machine(),
        "versions": versions(),
        "commit": commit(),
    }


def main() -> None:
    """Measure unless only the page is wanted, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write the page from the result files")
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    if not chosen.page:
        chosen.result.parent.mkdir(exist_ok=True)
        measured = measure(chosen.files, chosen.rounds)
        chosen.result.write_text(json.dumps(measured, indent=2) + "\n")
    if chosen.result == RESULT:
        feed_page.write()
    print(first_pass_page.part(json.loads(chosen.result.read_text())))


if __name__ == "__main__":
    main()
