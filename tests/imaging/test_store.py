from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.batching import pixels
from diascope.errors import InputError
from diascope.expectations import Free
from diascope.geometry import CanvasMap, Size
from diascope.imaging import drawing
from diascope.imaging.cache_build import build_cache
from diascope.imaging.drawing import Drawing, Keys, file_digest
from diascope.imaging.scaling import Scaling
from diascope.imaging.store import CanvasStore
from diascope.records import Image, Record, Turn

SIDE = Size(16, 16)


def to_canvas(size: Size) -> CanvasMap:
    return CanvasMap.fit(size, SIDE, "stretch")


def store(root: Path, max_bytes: int) -> CanvasStore:
    for name in "abc":
        PIL.Image.fromarray(np.full((6, 9), ord(name), np.uint8)).save(root / f"{name}.png")
    return CanvasStore(root, to_canvas, max_bytes)


def image(name: str, width: int = 9) -> Image:
    return Image(path=f"{name}.png", width=width, height=6)


def test_what_was_used_last_is_kept_and_the_rest_read_again(tmp_path: Path) -> None:
    kept = store(tmp_path, max_bytes=2 * 256)
    first, second = kept.canvas(image("a")), kept.canvas(image("b"))
    assert kept.canvas(image("a")) is first
    kept.canvas(image("c"))
    assert kept.canvas(image("a")) is first
    again = kept.canvas(image("b"))
    assert again is not second
    np.testing.assert_array_equal(again, second)


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.png: the picture is 9 x 6, its record says 8 x 6"):
        store(tmp_path, max_bytes=1024).canvas(image("a", width=8))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Image]]:
    """Twelve pictures, the last four in colour; the first ten are in ROOT/cache."""
    root = tmp_path_factory.mktemp("mixed")
    rng = np.random.default_rng(0)
    images = []
    for number in range(12):
        shape = (6, 9, 3) if number >= 8 else (6, 9)
        drawn = PIL.Image.fromarray(rng.integers(256, size=shape, dtype=np.uint8))
        drawn.save(root / f"{number}.png")
        images.append(image(str(number)))
    assert build_cache(images[:10], root, to_canvas, root / "cache", workers=1).added == 10
    return root, images


batches = st.lists(st.integers(0, 11), min_size=1, max_size=9)
caches = st.sampled_from([None, "cache", "nowhere"])


def opened(mixed: tuple[Path, list[Image]], cache: str | None) -> CanvasStore:
    return CanvasStore(mixed[0], to_canvas, cache=mixed[0] / cache if cache else None)


@given(batches, caches, st.booleans())
def test_a_batch_is_the_canvases_one_by_one(
    mixed: tuple[Path, list[Image]], batch: list[int], cache: str | None, twice: bool
) -> None:
    """Whether the cache holds all of them, some, or none."""
    plain, held = opened(mixed, None), opened(mixed, cache)
    positions = held.positions(mixed[1])
    if twice:
        positions = held.positions(mixed[1])
    out = np.empty((len(batch), 16, 16, 3), np.uint8)
    held.fill_uint8(positions[batch], out)
    for row, number in zip(out, batch, strict=True):
        canvas = plain.canvas(mixed[1][number])
        channels = canvas if canvas.ndim == 3 else np.stack([canvas] * 3, axis=2)
        np.testing.assert_array_equal(row, channels)
        np.testing.assert_array_equal(held.canvas(mixed[1][number]), canvas)


@given(batches, caches)
def test_a_float_batch_is_what_training_makes_of_the_canvases(
    mixed: tuple[Path, list[Image]], batch: list[int], cache: str | None
) -> None:
    held = opened(mixed, cache)
    out = np.empty((len(batch), 3, 16, 16), np.float32)
    held.fill_float(held.positions(mixed[1])[batch], out)
    canvases = [held.canvas(mixed[1][number]) for number in batch]
    np.testing.assert_array_equal(out, pixels(canvases).numpy())


def test_a_float_batch_in_another_scaling(mixed: tuple[Path, list[Image]]) -> None:
    held, scaling = opened(mixed, "cache"), Scaling((0.4, 0.5, 0.6), (0.2, 0.3, 0.4))
    out, expected = np.empty((2, 1, 3, 16, 16), np.float32)
    held.fill_float(held.positions(mixed[1][9:10]), out, scaling)
    scaling.write(held.canvas(mixed[1][9]), expected[0])
    np.testing.assert_array_equal(out, expected)


@given(st.lists(st.integers(0, 7), max_size=9), st.booleans())
def test_grey_out_of_one_shard_is_the_canvases_one_by_one(
    mixed: tuple[Path, list[Image]], batch: list[int], contiguous: bool
) -> None:
    """However the array that is filled lies in memory."""
    held = opened(mixed, "cache")
    whole = np.empty((len(batch), 16, 16 if contiguous else 32), np.uint8)
    out = whole[..., :16]
    held.fill_uint8(held.positions(mixed[1])[batch], out)
    expected = [held.canvas(mixed[1][number]) for number in batch]
    np.testing.assert_array_equal(out, np.reshape(expected, out.shape))


def test_grey_needs_no_channels_and_colour_does(mixed: tuple[Path, list[Image]]) -> None:
    held = opened(mixed, "cache")
    out = np.empty((1, 16, 16), np.uint8)
    held.fill_uint8(held.positions(mixed[1][:1]), out)
    np.testing.assert_array_equal(out[0], held.canvas(mixed[1][0]))
    with pytest.raises(InputError, match=r"colour: give an array \[count, height, width, 3\]"):
        held.fill_uint8(held.positions(mixed[1][9:10]), out)


@pytest.mark.parametrize("count", [1, 3])
def test_an_array_of_another_length_is_refused(mixed: tuple[Path, list[Image]], count: int) -> None:
    held = opened(mixed, "cache")
    positions = held.positions(mixed[1][:2])
    with pytest.raises(ValueError, match="argument 2 is"):
        held.fill_uint8(positions, np.empty((count, 16, 16), np.uint8))


def test_what_is_cached_is_not_decoded(
    mixed: tuple[Path, list[Image]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(drawing, "read_canvas", refuse)
    held = opened(mixed, "cache")
    held.canvas(mixed[1][0])
    with pytest.raises(AssertionError, match="decoded"):
        held.canvas(mixed[1][11])


def test_all_images_of_a_case_come_in_order(mixed: tuple[Path, list[Image]]) -> None:
    held, images = opened(mixed, "cache"), tuple(mixed[1][7:11])
    turn = Turn(task="vqa", question="Which?", expects=Free())
    record = Record(
        id="r", dataset="d", patient="p", study="s", split="train", images=images, turns=(turn,)
    )
    for canvas, each in zip(held.of(record.cases()[0]), images, strict=True):
        np.testing.assert_array_equal(canvas, held.canvas(each))


def test_a_canvas_that_has_rotted_is_drawn_from_the_original(tmp_path: Path) -> None:
    plain = store(tmp_path, max_bytes=1024)
    build_cache([image("a")], tmp_path, to_canvas, tmp_path / "cache", workers=1)
    file = next((tmp_path / "cache").glob("*.pixels"))
    file.write_bytes(b"\0" * file.stat().st_size)
    held = CanvasStore(tmp_path, to_canvas, cache=tmp_path / "cache")
    np.testing.assert_array_equal(held.canvas(image("a")), plain.canvas(image("a")))


def test_a_file_that_is_missing_is_named_with_a_cache_as_well(tmp_path: Path) -> None:
    held = CanvasStore(tmp_path, to_canvas, cache=tmp_path / "cache")
    with pytest.raises(InputError, match=r"a\.png: there is no such file"):
        held.canvas(image("a"))


def test_everything_that_decides_the_pixels_is_in_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path, 0)
    picture, placed = image("a"), to_canvas(Size(9, 6))

    def key(picture: Image, placed: CanvasMap = placed) -> bytes:
        return Keys().of(Drawing(tmp_path, picture, placed))

    same = picture.model_copy(update={"sha256": file_digest(tmp_path / "a.png"), "role": "prior"})
    assert key(picture) == key(same)
    moved = placed.model_copy(update={"offset": (0.0, 1e-9)})
    framed = [picture.model_copy(update={"frame_index": frame}) for frame in (0, 1)]
    distinct = {key(picture), key(image("b")), key(picture, moved), *map(key, framed)}
    monkeypatch.setattr(drawing, "render_profile", lambda: "another")
    assert len(distinct | {key(picture)}) == 6
