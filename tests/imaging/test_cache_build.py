import os
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size
from diascope.imaging import cache_build, sandbox
from diascope.imaging.cache_build import Built, build_cache
from diascope.imaging.cache_writer import MAX_BYTES
from diascope.imaging.decode import read_size
from diascope.imaging.drawing import Drawing, file_digest
from diascope.imaging.store import CanvasStore
from diascope.records import Image

SIDE = Size(12, 12)


def to_canvas(size: Size) -> CanvasMap:
    return CanvasMap.fit(size, SIDE, "pad")


def pictures(root: Path, count: int) -> list[Image]:
    """Grey ones, every third in colour; the digest of every other is known."""
    rng = np.random.default_rng(0)
    images = []
    for number in range(count):
        shape = (9, 15, 3) if number % 3 == 2 else (9, 15)
        path = root / f"{number}.png"
        PIL.Image.fromarray(rng.integers(256, size=shape, dtype=np.uint8)).save(path)
        sha256 = file_digest(path) if number % 2 else None
        images.append(Image(path=path.name, width=15, height=9, sha256=sha256))
    return images


def built(root: Path, images: list[Image], workers: int = 1, max_bytes: int = MAX_BYTES) -> Built:
    return build_cache(images, root, to_canvas, root / "cache", max_bytes, workers)


def assert_cached(root: Path, images: list[Image]) -> None:
    """All are, and as they would be drawn."""
    cached, plain = CanvasStore(root, to_canvas, cache=root / "cache"), CanvasStore(root, to_canvas)
    assert (cached.positions(images) >= 0).all()
    for image in images:
        np.testing.assert_array_equal(cached.canvas(image), plain.canvas(image))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_built_is_what_is_drawn(tmp_path: Path, workers: int) -> None:
    images = pictures(tmp_path, 10)
    assert built(tmp_path, [*images, *images], workers) == Built(10, 0, 0, ())
    assert_cached(tmp_path, images)


def test_only_what_is_missing_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(tmp_path, 8)
    built(tmp_path, images[:5])
    drawn: list[str] = []
    read = Drawing.read_bytes
    monkeypatch.setattr(
        Drawing, "read_bytes", lambda self: drawn.append(self.image.path) or read(self)
    )
    assert built(tmp_path, images) == Built(3, 5, 0, ())
    assert drawn == ["5.png", "6.png", "7.png"]
    assert built(tmp_path, images) == Built(0, 8, 0, ())


def test_building_that_is_interrupted_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_build, "_BATCH", 2)
    images = pictures(tmp_path, 8)

    def stop(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_cache(images, tmp_path, to_canvas, tmp_path / "cache", progress=stop, workers=1)
    assert built(tmp_path, images) == Built(4, 4, 0, ())


def spoil(root: Path, images: list[Image]) -> list[str]:
    """Makes the first few unusable, each in its way; what should be told of each."""
    (root / images[0].path).write_bytes(b"no picture")
    (root / images[1].path).unlink()
    images[2] = images[2].model_copy(update={"width": 14})
    images[3] = images[3].model_copy(update={"sha256": "0" * 64})
    return ["0.png: ", "1.png: ", "2.png: the picture is 15 x 9", "3.png: the file is not the one"]


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_images_are_reported_and_the_others_built(tmp_path: Path, workers: int) -> None:
    images = pictures(tmp_path, 9)
    told = spoil(tmp_path, images)
    result = built(tmp_path, images, workers)
    assert result[:3] == (5, 0, 0)
    for (image, reason), start in zip(result.bad, told, strict=True):
        assert reason.startswith(start), reason
        assert image in images[:4]
        assert str(tmp_path) not in reason
    assert_cached(tmp_path, images[4:])


def test_a_decoder_that_dies_is_a_bad_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = pictures(tmp_path, 3)
    monkeypatch.setattr(sandbox, "COMMAND", (sys.executable, "-c", "import os; os._exit(1)"))
    result = built(tmp_path, images, workers=2)
    assert result[:3] == (0, 0, 0)
    assert [bad.image for bad in result.bad] == images
    assert all(bad.reason.startswith(bad.image.path) for bad in result.bad)


def test_a_cache_that_is_full_says_how_many_have_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_build, "_BATCH", 2)
    bound = 5 * (12 * 12 + 40)
    grey = [image for number, image in enumerate(pictures(tmp_path, 12)) if number % 3 != 2]
    assert built(tmp_path, grey, max_bytes=bound) == Built(4, 0, 4, ())
    assert_cached(tmp_path, grey[:4])
    assert (CanvasStore(tmp_path, to_canvas, cache=tmp_path / "cache").positions(grey) < 0).any()


def test_progress_counts_what_had_to_be_done(tmp_path: Path) -> None:
    images = pictures(tmp_path, 5)
    built(tmp_path, images[:2])
    told: list[tuple[int, int]] = []
    build_cache(
        images,
        tmp_path,
        to_canvas,
        tmp_path / "cache",
        workers=1,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(3, 3)]


@pytest.mark.real_data
@pytest.mark.skipif(
    not os.environ.get("DIASCOPE_DATA"), reason="DIASCOPE_DATA names no folder of real data"
)
def test_real_pictures_are_cached_and_hostile_ones_reported(tmp_path: Path) -> None:
    """A dozen of every kind of file, under the size that each says it has."""
    data = Path(os.environ["DIASCOPE_DATA"])
    images = []
    for suffix in ("png", "jpeg", "jpg", "tif", "dcm"):
        for path in sorted(data.rglob(f"*.{suffix}"))[:12]:
            try:
                size = read_size(path)
            except InputError:
                size = Size(8, 8)
            place = path.relative_to(data).as_posix()
            images.append(Image(path=place, width=size.width, height=size.height))
    result = build_cache(images, data, to_canvas, tmp_path / "cache", workers=2)
    assert result.added > 20
    assert result.added + len(result.bad) == len(images)
    assert all(str(data) not in bad.reason for bad in result.bad)
    bad = {image for image, _ in result.bad}
    cached = CanvasStore(data, to_canvas, cache=tmp_path / "cache")
    plain = CanvasStore(data, to_canvas)
    for image in (image for image in images if image not in bad):
        np.testing.assert_array_equal(cached.canvas(image), plain.canvas(image))
