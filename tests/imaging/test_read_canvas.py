"""A canvas is drawn from fewer pixels than the picture has, and is as it would be from all."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid

from diascope.geometry import CanvasMap, Fit, Size
from diascope.imaging import canvas, raster
from diascope.imaging._dicom import wavelet
from diascope.imaging.decode import (
    ImageError,
    decode,
    decode_canvas,
    header_of,
    read_canvas,
    read_header,
    read_image,
)
from diascope.imaging.decoded import Decoded, Grid

imagecodecs = pytest.importorskip("imagecodecs")
Writer = Callable[..., Path]
FULL = {"WindowCenter": 2048, "WindowWidth": 4096, "BitsStored": 12}
DATA = Path(os.environ.get("DIASCOPE_DATA", "nowhere"))
seeds = st.integers(0, 2**16)


def radiograph(size: Size, seed: int = 0, channels: int = 1, noise: float = 1.0) -> NDArray:
    """Smooth shades with noise, [height, width] or [height, width, 3] floats in 0 to 255."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0 : size.height, 0 : size.width]
    planes = []
    for _ in range(channels):
        turns, starts = rng.uniform(0.25, 1, 2) * 2 * np.pi, rng.uniform(0, 6, 2)
        waves = np.sin(turns[0] * down / size.height + starts[0])
        waves = waves * np.cos(turns[1] * across / size.width + starts[1])
        planes.append(128 + 60 * waves + rng.normal(0, noise, waves.shape))
    shades = np.stack(planes, axis=2).clip(0, 255)
    return shades if channels == 3 else shades[..., 0]


def square(size: Size) -> NDArray[np.uint8]:
    """Black but for a small bright square, off the middle."""
    pixels = np.zeros((size.height, size.width), np.uint8)
    pixels[size.height // 3 :, size.width // 5 :][:21, :21] = 200
    return pixels


def centre(drawn: NDArray[np.uint8]) -> NDArray[np.float64]:
    """x and y of the middle of what is bright, canvas pixels."""
    weights = drawn / drawn.sum(dtype=float)
    ys, xs = np.mgrid[0 : drawn.shape[0], 0 : drawn.shape[1]] + 0.5
    return np.array([(weights * xs).sum(), (weights * ys).sum()])


def jpeg(pixels: NDArray, **options: object) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "jpeg", **{"quality": 95} | options)
    return file.getvalue()


def j2k(pixels: NDArray, **options: object) -> bytes:
    said = {"codecformat": "J2K", "reversible": True, "bitspersample": 12}
    return bytes(imagecodecs.jpeg2k_encode(pixels, **said | options))


def mapped(size: Size, side: int, how: Fit = "stretch") -> CanvasMap:
    return CanvasMap.fit(size, Size(side, side), how)


def both(data: bytes, placed: CanvasMap) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The canvas from all pixels, and as it is drawn."""
    return canvas.draw(decode(data, "a"), placed), decode_canvas(data, "a", placed)


def apart(data: bytes, placed: CanvasMap) -> NDArray[np.int64]:
    whole, drawn = both(data, placed)
    assert whole.shape == drawn.shape
    return np.abs(whole.astype(int) - drawn)


def grid(data: bytes, placed: CanvasMap) -> Grid:
    """What the picture is decoded to."""
    part = raster if data.startswith((b"\xff\xd8", b"\x89P")) else _dicom()
    found: Decoded = part.read_pixels(BytesIO(data), "a", None, placed)
    assert found.pixels.shape[1::-1] == found.grid.size(found.size)
    return found.grid


def _dicom():
    from diascope.imaging import dicom

    return dicom


@given(
    st.integers(9, 90),
    st.integers(9, 90),
    st.integers(8, 40),
    st.sampled_from(["stretch", "crop", "pad"]),
    st.sampled_from([1, 3]),
    st.integers(60, 100),
    st.booleans(),
    seeds,
)
def test_a_jpeg_is_within_a_grey_level(
    width: int,
    height: int,
    side: int,
    how: Fit,
    channels: int,
    quality: int,
    progressive: bool,
    seed: int,
) -> None:
    """Two for colour, of which the full path makes up samples that the file does not have."""
    size = Size(8 * width, 8 * height)
    pixels = radiograph(size, seed, channels)
    data = jpeg(pixels, quality=quality, progressive=progressive)
    assert apart(data, mapped(size, side, how)).max() <= (1 if channels == 1 else 2)


@pytest.mark.parametrize(("side", "factor"), [(8, 8), (16, 8), (17, 4), (33, 2), (64, 2), (65, 1)])
def test_a_jpeg_keeps_four_pixels_for_one_of_the_canvas(side: int, factor: int) -> None:
    size = Size(512, 512)
    assert grid(jpeg(radiograph(size)), mapped(size, side)) == Grid(factor)


@given(st.integers(130, 400), st.integers(130, 400), st.sampled_from(["stretch", "crop", "pad"]))
def test_a_jpeg_of_any_size_is_decoded_by_what_divides_it(
    width: int, height: int, how: Fit
) -> None:
    size = Size(width, height)
    data = jpeg(radiograph(size))
    factor = grid(data, mapped(size, 12, how)).factor
    assert width % factor == height % factor == 0
    assert apart(data, mapped(size, 12, how)).max() <= 1


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(radiograph(Size(320, 256)), exif=exif)


def inked() -> bytes:
    file = BytesIO()
    Image.fromarray(radiograph(Size(320, 256), 0, 3).astype(np.uint8)).convert("CMYK").save(
        file, "jpeg"
    )
    return file.getvalue()


@pytest.mark.parametrize("data", [*map(turned, range(2, 9)), inked()])
def test_what_is_not_upright_grey_or_rgb_is_decoded_in_full(data: bytes) -> None:
    placed = mapped(header_of(data, "a").size, 16)
    assert grid(data, placed) == Grid()
    assert not apart(data, placed).any()


def test_a_picture_whose_edge_cuts_a_canvas_pixel_is_decoded_in_full() -> None:
    size = Size(512, 448)
    data = jpeg(radiograph(size))
    assert grid(data, mapped(size, 30, "pad")) == Grid()
    assert grid(data, mapped(size, 32, "pad")) == Grid(4)
    assert apart(data, mapped(size, 32, "pad")).max() <= 1


@given(st.integers(0, 40_000), st.lists(st.tuples(seeds, st.integers(0, 255)), max_size=4))
def test_a_damaged_jpeg_is_refused_for_the_same_reason(
    end: int, changes: list[tuple[int, int]]
) -> None:
    size = Size(320, 256)
    sound = jpeg(radiograph(size, 3))
    assert_same_fate(damaged(sound, end, changes), size, 16)


def damaged(sound: bytes, end: int, changes: list[tuple[int, int]]) -> bytes:
    spoilt = bytearray(sound[: end or None])
    for place, value in changes:
        spoilt[place % len(spoilt)] = value
    return bytes(spoilt)


def assert_same_fate(data: bytes, size: Size, side: int) -> None:
    """Refused in the same words as by the full path, or drawn as well."""
    placed = mapped(size, side)
    try:
        whole = decode(data, "a")
    except ImageError as error:
        with pytest.raises(ImageError) as caught:
            decode_canvas(data, "a", placed)
        assert str(caught.value) == str(error)
        return
    if whole.shape[1::-1] == size:
        decode_canvas(data, "a", placed)


@settings(max_examples=30)
@given(
    st.integers(300, 600),
    st.integers(300, 600),
    st.integers(40, 70),
    st.booleans(),
    st.sampled_from([1.0, 0.25]),
    seeds,
)
def test_a_jpeg_2000_is_within_a_quarter_of_a_grey_level_on_average(
    width: int, height: int, side: int, lossy: bool, window: float, seed: int
) -> None:
    size = Size(width, height)
    pixels = (radiograph(size, seed, noise=0.7) * 16).astype(np.uint16)
    code = j2k(pixels, reversible=False, level=60) if lossy else j2k(pixels)
    said = FULL | {"WindowWidth": 4096 * window}
    data = dicom_bytes(pixels, code, **said)
    error = apart(data, mapped(size, side))
    assert error.mean() <= 0.25


def dicom_bytes(
    pixels: NDArray, *codes: bytes, syntax: str = uid.JPEG2000, **said: object
) -> bytes:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate

    made, bits = Dataset(), pixels.dtype.itemsize * 8
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = uid.SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "1.2.3"
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    made.PhotometricInterpretation = "YBR_RCT" if pixels.ndim == 3 else "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = bits
    made.PixelRepresentation = 0
    for keyword, value in said.items():
        setattr(made, keyword, value)
    made.HighBit = said.get("HighBit", made.BitsStored - 1)
    if pixels.ndim == 3:
        made.PlanarConfiguration = 0
    made.PixelData = encapsulate(list(codes))
    made["PixelData"].VR = "OB"
    file = BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


SIZE = Size(256, 192)
DEEP = (radiograph(SIZE, 5) * 16).astype(np.uint16)


@pytest.mark.parametrize(
    ("side", "width", "level"), [(16, 4096, 2), (24, 4096, 2), (24, 2048, 1), (48, 4096, 1)]
)
def test_a_jpeg_2000_is_decoded_to_the_level_that_canvas_and_window_allow(
    side: int, width: int, level: int
) -> None:
    data = dicom_bytes(DEEP, j2k(DEEP), **FULL | {"WindowWidth": width})
    factor = 2**level
    placed = CanvasMap.fit(SIZE, Size(side * 4 // 3, side), "stretch")
    assert grid(data, placed) == Grid(factor, 0.5 - 0.5 / factor)


def test_a_negative_is_one_on_both_paths() -> None:
    said = FULL | {"PhotometricInterpretation": "MONOCHROME1"}
    data = dicom_bytes(DEEP, j2k(DEEP), **said)
    assert grid(data, mapped(SIZE, 16)).factor == 4
    assert apart(data, mapped(SIZE, 16)).max() <= 1
    positive = decode_canvas(dicom_bytes(DEEP, j2k(DEEP), **FULL), "a", mapped(SIZE, 16))
    assert np.abs(255 - positive.astype(int) - both(data, mapped(SIZE, 16))[1]).max() <= 1


def test_one_frame_of_several_is_decoded_to_fewer_pixels() -> None:
    codes = [j2k(DEEP), j2k(DEEP[::-1].copy())]
    data = dicom_bytes(DEEP, *codes, NumberOfFrames=2, **FULL)
    drawn = [decode_canvas(data, "a", mapped(SIZE, 16), frame) for frame in (0, 1)]
    assert np.abs(drawn[0].astype(int) - drawn[1][::-1]).max() <= 1
    with pytest.raises(ImageError, match="there is no such frame in it, but 2"):
        decode_canvas(data, "a", mapped(SIZE, 16), 2)


COLOUR = np.stack([DEEP >> 4, DEEP >> 5, 255 - (DEEP >> 4)], axis=2).astype(np.uint8)
LUT_8 = {"LUTDescriptor": [256, 0, 8], "LUTData": list(range(256))}


def in_full() -> dict[str, bytes]:
    """Frames that are not what the shortcut is for."""
    eight = (DEEP >> 4).astype(np.uint8)
    shallow = {"codecformat": "J2K", "reversible": True}
    code = bytes(imagecodecs.jpeg2k_encode(eight, **shallow))
    offset = bytearray(code)
    return {
        "no window": dicom_bytes(DEEP, j2k(DEEP), BitsStored=12),
        "a narrow window": dicom_bytes(DEEP, j2k(DEEP), **FULL | {"WindowWidth": 400}),
        "a steep slope": dicom_bytes(DEEP, j2k(DEEP), **FULL, RescaleSlope=9, RescaleIntercept=0),
        "padding": dicom_bytes(DEEP, j2k(DEEP), **FULL, PixelPaddingValue=0),
        "pixels that are not square": dicom_bytes(DEEP, j2k(DEEP), **FULL, PixelSpacing=[2, 1]),
        "colour": dicom_bytes(COLOUR, bytes(imagecodecs.jpeg2k_encode(COLOUR, **shallow))),
        "fewer bits than said": dicom_bytes(DEEP, bytes(offset), **FULL),
        "high throughput": dicom_bytes(
            DEEP,
            bytes(imagecodecs.htj2k_encode(DEEP, reversible=True)),
            syntax=uid.HTJ2KLossless,
            **FULL,
        ),
    }


@pytest.mark.parametrize("kind", in_full())
def test_other_frames_are_decoded_in_full(kind: str) -> None:
    data = in_full()[kind]
    placed = mapped(header_of(data, "a").size, 16)
    assert grid(data, placed) == Grid()
    assert not apart(data, placed).any()


@pytest.mark.parametrize("columns", [253, 254, 255, 256, 257])
def test_sizes_that_pillow_rounds_down_take_the_level_before(columns: int) -> None:
    size = Size(columns, 192)
    pixels = (radiograph(size, 5) * 16).astype(np.uint16)
    data = dicom_bytes(pixels, j2k(pixels), **FULL)
    assert grid(data, mapped(size, 16)).factor == (2 if columns % 4 == 1 else 4)
    assert apart(data, mapped(size, 16)).mean() <= 0.25


def test_a_frame_of_too_few_levels_is_decoded_in_full() -> None:
    data = dicom_bytes(DEEP, j2k(DEEP, resolutions=1), **FULL)
    assert grid(data, mapped(SIZE, 16)) == Grid()


@given(st.integers(0, 60_000), st.lists(st.tuples(seeds, st.integers(0, 255)), max_size=3))
def test_a_damaged_jpeg_2000_is_refused_for_the_same_reason(
    end: int, changes: list[tuple[int, int]]
) -> None:
    code = j2k(DEEP)
    spoilt = damaged(code, end, changes)
    assume(len(spoilt) > 60)
    assert_same_fate(dicom_bytes(DEEP, spoilt, **FULL), SIZE, 16)


@pytest.mark.parametrize("kind", ["png", "jpeg", "jpeg 2000"])
@pytest.mark.parametrize("side", [32, 48, 64, 96])
@pytest.mark.parametrize("extent", [(384, 384), (512, 384), (383, 511)])
def test_a_small_square_is_where_it_was(kind: str, side: int, extent: tuple[int, int]) -> None:
    size = Size(*extent)
    pixels, placed = square(size), mapped(size, side)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "png")
    deep = pixels.astype(np.uint16) << 4
    data = {
        "png": file.getvalue(),
        "jpeg": jpeg(pixels, quality=100),
        "jpeg 2000": dicom_bytes(deep, j2k(deep), **FULL),
    }[kind]
    x0, y0 = size.width // 5, size.height // 3
    expected = placed.point_to_canvas(x0 + 10.5, y0 + 10.5)
    for drawn in both(data, placed):
        assert centre(drawn) == pytest.approx(np.array(expected), abs=0.02)


def test_a_picture_of_another_size_is_refused_whatever_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(radiograph(Size(320, 256))))
    told = r"a\.jpg: the picture is 320 x 256, its record says 160 x 128: run prepare"
    for said in (Size(160, 128), Size(321, 256), Size(2560, 2048)):
        with pytest.raises(ImageError, match=told.replace("160 x 128", f"{said[0]} x {said[1]}")):
            read_canvas(path, mapped(said, 16))


def test_levels_and_densities_are_in_the_policies() -> None:
    assert str(raster._DENSITY) in raster.POLICY["jpeg"]
    assert str(wavelet.DENSITY) in wavelet.POLICY["jpeg 2000"]


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason="DIASCOPE_DATA names no folder of real data")
@pytest.mark.parametrize("side", [64, 224])
def test_real_pictures_are_drawn_as_from_all_their_pixels(side: int) -> None:
    """But for rounding, and for letters and other hard edges, which stay sharper."""
    jpegs = sorted(DATA.glob("*/images/*.jp*g"))[::16]
    for path in [*sorted(DATA.glob("dicom_samples/*.dcm")), *jpegs]:
        placed = mapped(read_header(path).size, side)
        whole = canvas.draw(read_image(path), placed)
        error = np.abs(whole.astype(int) - read_canvas(path, placed))
        assert error.mean() <= 0.25, path.name
        assert (error > 1).mean() <= 0.05, path.name
