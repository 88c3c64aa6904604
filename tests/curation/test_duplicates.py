"""Duplicates: every altered copy is found with its kind, and look-alikes are left alone."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from diascope.curation.duplicates import MAX_DISTANCE, Pair, find_duplicates
from diascope.curation.fingerprint import Fingerprints, fingerprint
from diascope.imaging.decode import read_image
from diascope.recordfile import RecordFile


def texture(seed: int, height: int = 150, width: int = 180) -> np.ndarray:
    """Blobs of several sizes on a shape that all textures share, so that all look alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    blobs = sum(
        gaussian_filter(rng.standard_normal((height, width)), sigma) * sigma * 25
        for sigma in (2, 5, 11)
    )
    return np.clip(80 + 90 * np.exp(-2 * (x**2 + y**2)) + blobs, 0, 255).astype(np.uint8)


def encoded(pixels: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=60)
    return np.asarray(Image.open(buffer))


def resized(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    return np.asarray(Image.fromarray(pixels).resize((int(width * 0.7), int(height * 0.7))))


def cropped(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    down, across = round(height * 0.05), round(width * 0.05)
    return pixels[down // 3 : height - down + down // 3, across:]


def brightened(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels * 1.15 + 3, 0, 255).astype(np.uint8)


def flipped(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, ::-1]


ALTERED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exact": np.copy,
    "encoded": encoded,
    "resized": resized,
    "cropped": cropped,
    "brightened": brightened,
    "flipped": flipped,
}
TEXTURES = [texture(seed) for seed in range(60)]


def found(pictures: list[np.ndarray], seed: int = 0) -> list[Pair]:
    return find_duplicates(Fingerprints.of([fingerprint(each) for each in pictures]), seed)


@pytest.fixture(scope="module")
def drawn(phantom: Path) -> list[np.ndarray]:
    """The pictures of the phantom, each once."""
    images = [image for record in RecordFile(phantom) for image in record.images]
    return [read_image(phantom.parent / path) for path in sorted({each.path for each in images})]


@pytest.mark.parametrize("name", ALTERED)
def test_altered_textures_are_found(name: str) -> None:
    copies = [ALTERED[name](each) for each in TEXTURES[:25]]
    pairs = found([*TEXTURES, *copies])
    assert [pair[:2] for pair in pairs] == [(place, 60 + place) for place in range(25)]
    kind = name if name in ("exact", "flipped") else "near"
    assert {pair.kind for pair in pairs} == {kind}
    assert all(0 <= pair.distance <= MAX_DISTANCE for pair in pairs)


@pytest.mark.parametrize("name", ALTERED)
def test_altered_phantoms_are_found(name: str, drawn: list[np.ndarray]) -> None:
    copies = [ALTERED[name](each) for each in drawn]
    pairs = found([*drawn, *copies])
    # of a film that brightening made mostly white there is too little left
    planted = {
        (place, len(drawn) + place)
        for place, copy in enumerate(copies)
        if (copy == 255).mean() < 0.6
    }
    assert len(planted) >= len(drawn) - 2
    assert planted <= {pair[:2] for pair in pairs}


def test_drawn_patients_are_no_copies_of_each_other(phantom: Path) -> None:
    """One patient's studies may look alike; different patients' do not."""
    records = list(RecordFile(phantom))
    of = {image.path: each.patient for each in records for image in each.images}
    paths = sorted(of)
    pairs = found([read_image(phantom.parent / path) for path in paths])
    assert [pair for pair in pairs if of[paths[pair.first]] != of[paths[pair.second]]] == []


def test_a_copy_altered_in_every_way_at_once() -> None:
    copies = [flipped(brightened(cropped(resized(encoded(each))))) for each in TEXTURES[:25]]
    pairs = found([*TEXTURES, *copies])
    assert {pair[:2] for pair in pairs} == {(place, 60 + place) for place in range(25)}
    assert {pair.kind for pair in pairs} == {"flipped"}


def test_identical_ones_are_paired_with_the_first_of_them() -> None:
    here = TEXTURES[0]
    pairs = found([TEXTURES[1], here, resized(here), here, here])
    assert [pair[:3] for pair in pairs] == [
        (1, 2, "near"),
        (1, 3, "exact"),
        (1, 4, "exact"),
    ]


def test_colour_and_its_grey_are_near_not_exact() -> None:
    colour = np.repeat(TEXTURES[0][..., None], 3, axis=2)
    (pair,) = found([TEXTURES[0], colour])
    assert pair.kind == "near"
    assert pair.distance == pytest.approx(0, abs=1e-3)


def test_featureless_pictures_are_only_the_same_when_identical() -> None:
    faint = (TEXTURES[0] > 128).astype(np.uint8)
    almost = faint.copy()
    almost[0, 0] ^= 1
    assert found([faint, almost, faint]) == [Pair(0, 2, "exact", 0.0)]
    assert [pair[:2] for pair in found([faint * 9, almost * 9])] == [(0, 1)]


@pytest.mark.parametrize(("own", "same"), [(0.1, 25), (0.4, 0)])
def test_look_alikes_are_told_by_their_own_detail(own: float, same: int) -> None:
    alike = [
        (here + own * (there - there.mean())).clip(0, 255).astype(np.uint8)
        for here, there in zip(TEXTURES[:25], TEXTURES[25:50], strict=True)
    ]
    assert len(found([*TEXTURES, *alike])) == same


def test_of_no_picture_and_of_one_there_is_no_pair() -> None:
    assert found([]) == []
    assert found(TEXTURES[:1]) == []


def test_the_same_pairs_every_time_and_with_other_cells() -> None:
    pictures = [*TEXTURES, *(cropped(each) for each in TEXTURES)]
    assert found(pictures) == found(pictures)
    assert [pair[:3] for pair in found(pictures, 1)] == [pair[:3] for pair in found(pictures)]


def test_thumbnails_may_stay_on_disk(tmp_path: Path) -> None:
    pictures = [*TEXTURES, *(brightened(each) for each in TEXTURES)]
    held = Fingerprints.of([fingerprint(each) for each in pictures])
    path = tmp_path / "thumbnails"
    held.thumbnails.tofile(path)
    mapped = np.memmap(path, np.uint8, "r", shape=held.thumbnails.shape)
    assert find_duplicates(Fingerprints(held.digests, mapped)) == find_duplicates(held)


@pytest.mark.real_data
@pytest.mark.skipif(
    not os.environ.get("DIASCOPE_DATA"), reason="DIASCOPE_DATA names no folder of real data"
)
def test_a_film_photographed_twice() -> None:
    folder = Path(os.environ["DIASCOPE_DATA"]) / "bccd_blood_cells" / "images"
    paths = sorted(folder.glob("*.jpg"))
    pairs = found([read_image(path) for path in paths])
    assert [(paths[pair.first].stem, paths[pair.second].stem) for pair in pairs] == [
        ("BloodImage_00037", "BloodImage_00038")
    ]
