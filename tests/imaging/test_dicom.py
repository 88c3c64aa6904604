"""DICOM pixels: each step of the pipeline, against formulas written here and files written here."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from diascope.imaging.decode import ImageError, decode, read_header, read_image
from diascope.imaging.header import Spacing

Writer = Callable[..., Path]
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
DEEP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
FULL = {"WindowCenter": 2048, "WindowWidth": 4096, "BitsStored": 12}
once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def formula(
    values: NDArray[np.float64], center: float, width: float, function: str
) -> Iterator[float]:
    """PS3.3 C.11.2.1.2.1, C.11.2.1.3.2 and C.11.2.1.3.1, as they are printed, for y in 0 to 255."""
    for x in values.ravel().tolist():
        if function == "LINEAR":
            if x <= center - 0.5 - (width - 1) / 2:
                yield 0.0
            elif x > center - 0.5 + (width - 1) / 2:
                yield 255.0
            else:
                yield ((x - (center - 0.5)) / (width - 1) + 0.5) * 255
        elif function == "LINEAR_EXACT":
            if x <= center - width / 2:
                yield 0.0
            elif x > center + width / 2:
                yield 255.0
            else:
                yield ((x - center) / width + 0.5) * 255
        else:
            yield 255 / (1 + float(np.exp(np.clip(-4 * (x - center) / width, -700, 700))))


@once
@given(data=st.data())
def test_grey_is_what_the_standards_formulas_say(dicom: Writer, data: st.DataObject) -> None:
    stored = data.draw(st.sampled_from([8, 10, 12, 14, 15, 16]))
    allocated = 8 if stored == 8 and data.draw(st.booleans()) else 16
    spare = allocated - stored
    shift = data.draw(st.integers(0, spare))
    signed, inverse = data.draw(st.booleans()), data.draw(st.booleans())
    photometric = data.draw(st.sampled_from(["MONOCHROME1", "MONOCHROME2"]))
    function = data.draw(st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]))
    slope = data.draw(st.sampled_from([1, -1, 0.5, 2.25, 1e-3]))
    intercept = data.draw(st.integers(-2000, 2000))
    center = data.draw(st.integers(-3000, 70000))
    width = data.draw(st.integers(1, 70000))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    low = -(2 ** (stored - 1)) if signed else 0
    values = rng.integers(low, low + 2**stored, (9, 7))
    overlay = rng.integers(0, 2**16, (9, 7)) & ~(((1 << stored) - 1) << shift)
    bits = ((values & ((1 << stored) - 1)) << shift | overlay) & ((1 << allocated) - 1)
    samples = bits.astype(f"u{allocated // 8}").view(f"{'ui'[signed]}{allocated // 8}")
    path = dicom(
        samples,
        BitsStored=stored,
        HighBit=stored - 1 + shift,
        PhotometricInterpretation=photometric,
        RescaleSlope=slope,
        RescaleIntercept=intercept,
        WindowCenter=center,
        WindowWidth=width,
        VOILUTFunction=function,
        **({"PresentationLUTShape": "INVERSE"} if inverse else {}),
    )
    expected = np.fromiter(formula(values * slope + intercept, center, width, function), float)
    if photometric == "MONOCHROME1" or inverse:
        expected = 255 - expected
    assert np.abs(read_image(path).ravel() - expected).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("shape", [None, "IDENTITY", "INVERSE"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_polarity_is_inverted_once(dicom: Writer, photometric: str, shape: str | None) -> None:
    said = {"PresentationLUTShape": shape} if shape else {}
    path = dicom(DEEP, PhotometricInterpretation=photometric, **FULL, **said)
    pixels = read_image(path).ravel()
    rising = photometric == "MONOCHROME2" and shape != "INVERSE"
    contradicts = (photometric, shape) == ("MONOCHROME1", "IDENTITY")
    assert any("contradict" in doubt for doubt in read_header(path).doubts()) == contradicts
    assert (pixels[0], pixels[-1]) == ((0, 255) if rising else (255, 0))
    steps = np.diff(pixels.astype(int))
    assert (steps >= 0).all() if rising else (steps <= 0).all()


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_window_goes_before_polarity(dicom: Writer, photometric: str) -> None:
    window = {"WindowCenter": 1000, "WindowWidth": 200, "BitsStored": 12}
    pixels = read_image(dicom(DEEP, PhotometricInterpretation=photometric, **window)).ravel()
    middle = pixels[900:1100]
    assert middle.min() <= 1 and middle.max() >= 254
    assert len(set(pixels[1200:].tolist())) == len(set(pixels[:800].tolist())) == 1


def test_a_window_as_the_browser_sees_it(dicom: Writer) -> None:
    path = dicom(DEEP, WindowCenter=1400, WindowWidth=2800, BitsStored=12)
    pixels = read_image(path).ravel()
    assert pixels[0] == 0 and pixels[2799] == 255
    assert pixels[6:2794].min() > 0 and pixels[6:2794].max() < 255


def test_overlays_above_the_bits_stored_are_dropped(dicom: Writer) -> None:
    plain = read_image(dicom(DEEP, **FULL))
    assert np.array_equal(read_image(dicom(DEEP | np.uint16(0xA000), **FULL)), plain)
    shifted = DEEP << np.uint16(4) | np.uint16(5)
    assert np.array_equal(read_image(dicom(shifted, HighBit=15, **FULL)), plain)


def test_a_sigmoid_window(dicom: Writer) -> None:
    window = {"WindowCenter": 2048, "WindowWidth": 1000, "VOILUTFunction": "SIGMOID"}
    pixels = read_image(dicom(DEEP, BitsStored=12, **window)).ravel()
    assert pixels[[0, 1548, 2048, 2548, 4095]].tolist() == [0, 30, 128, 225, 255]


def test_the_first_of_several_windows_counts(dicom: Writer) -> None:
    several = dicom(DEEP, WindowCenter=[500, 3000], WindowWidth=[100, 10], BitsStored=12)
    pixels = read_image(several)
    assert np.array_equal(
        pixels, read_image(dicom(DEEP, WindowCenter=500, WindowWidth=100, BitsStored=12))
    )


def robust(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.percentile(values, [0.5, 99.5])
    return np.clip((values - low) / (high - low), 0, 1) * 255


@pytest.mark.parametrize(
    "window",
    [
        {},
        {"WindowCenter": "", "WindowWidth": ""},
        {"WindowCenter": 100},
        {"WindowCenter": 100, "WindowWidth": 0},
        {"WindowCenter": 100, "WindowWidth": -5},
        {"WindowCenter": 100, "WindowWidth": 0.5},
        {"WindowCenter": 100, "WindowWidth": 0, "VOILUTFunction": "SIGMOID"},
        {"VOILUTSequence": []},
        {"VOILUTSequence": [Dataset()]},
    ],
)
def test_without_a_valid_window_percentiles_count(dicom: Writer, window: dict[str, object]) -> None:
    path = dicom(DEEP, BitsStored=12, **window)
    assert np.abs(read_image(path) - robust(DEEP.astype(float))).max() <= 0.5 + 1e-6


def test_a_window_that_is_no_number_counts_as_none(dicom: Writer) -> None:
    path = dicom(DEEP, WindowCenter="123456", WindowWidth="654321", BitsStored=12)
    content = path.read_bytes().replace(b"123456", b"DOE^JA").replace(b"654321", b"1e9999")
    pixels = decode(content, "a")
    assert np.abs(pixels - robust(DEEP.astype(float))).max() <= 0.5 + 1e-6


def test_an_even_picture_and_one_of_two_values(dicom: Writer) -> None:
    assert not read_image(dicom(np.full((4, 4), 1000, np.uint16))).any()
    rare = np.zeros((100, 100), np.uint16)
    rare[0, 0] = 7
    assert read_image(dicom(rare)).max() == 255
    assert read_image(dicom(rare)).min() == 0


def lut(first: int, bits: int, entries: list[int], packed: bool = False) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    item["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    kind = np.uint8 if packed else np.uint16
    item.add_new("LUTData", "OW", np.array(entries, kind).tobytes())
    return item


@pytest.mark.parametrize("packed", [False, True])
def test_a_voi_lut_goes_before_a_window(dicom: Writer, packed: bool) -> None:
    table = lut(100, 8, [0, 10, 200, 255], packed)
    samples = np.array([[0, 100, 101], [102, 103, 4000]], np.uint16)
    path = dicom(samples, VOILUTSequence=[table], **FULL)
    assert read_image(path).tolist() == [[0, 0, 10], [200, 255, 255]]


def test_a_voi_lut_of_numbers_with_a_negative_first_value(dicom: Writer) -> None:
    table = lut(-2, 12, [0, 4095, 2048, 1024])
    table.add_new("LUTData", "US", [0, 4095, 2048, 1024])
    samples = np.array([[-9, -2, -1, 0, 1, 9]], np.int16)
    path = dicom(samples, VOILUTSequence=[table])
    assert read_image(path).tolist() == [[0, 0, 255, 128, 64, 64]]


def test_a_modality_lut_goes_before_everything(dicom: Writer) -> None:
    table = lut(0, 16, [4000, 3000, 2000, 0])
    samples = np.array([[0, 1, 2, 3]], np.uint16)
    path = dicom(samples, ModalityLUTSequence=[table], RescaleSlope=9, RescaleIntercept=9, **FULL)
    expected = list(formula(np.array([4000.0, 3000, 2000, 0]), 2048, 4096, "LINEAR"))
    assert np.abs(read_image(path)[0] - expected).max() <= 0.5
    table.LUTData = table.LUTData[:2]
    with pytest.raises(ImageError, match="its Modality LUT is damaged"):
        read_image(dicom(samples, ModalityLUTSequence=[table]))


def test_a_slope_of_zero_counts_as_none(dicom: Writer) -> None:
    pixels = read_image(dicom(DEEP, RescaleSlope=0, RescaleIntercept=0, **FULL))
    assert np.array_equal(pixels, read_image(dicom(DEEP, **FULL)))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_not_counted(dicom: Writer, photometric: str) -> None:
    samples = np.concatenate([np.full((64, 64), -2000), DEEP.astype(int)]).astype(np.int16)
    said = {"PixelPaddingValue": -2000, "PhotometricInterpretation": photometric}
    pixels = read_image(dicom(samples, **said))
    expected = robust(DEEP.astype(float))
    expected = 255 - expected if photometric == "MONOCHROME1" else expected
    assert not pixels[:64].any()
    assert np.abs(pixels[64:] - expected).max() <= 0.5 + 1e-6


def test_a_range_of_padding(dicom: Writer) -> None:
    said = {"PixelPaddingValue": 4095, "PixelPaddingRangeLimit": 4000}
    pixels = read_image(dicom(DEEP, **said, **FULL)).ravel()
    assert not pixels[4000:].any()
    assert pixels[3999] > 240


def test_padding_written_with_the_other_sign(dicom: Writer) -> None:
    samples = np.array([[-2000, 0, 1000]], np.int16)
    path = dicom(samples, PixelPaddingValue=0, WindowCenter=-2000, WindowWidth=1)
    content = path.read_bytes()
    element = content.index(b"\x28\x00\x20\x01")
    content = content[: element + 8] + (63536).to_bytes(2, "little") + content[element + 10 :]
    content = content[: element + 4] + b"US" + content[element + 6 :]
    assert decode(content, "a").tolist() == [[0, 255, 255]]


def test_a_picture_of_nothing_but_padding(dicom: Writer) -> None:
    assert not read_image(dicom(np.full((4, 4), 9, np.uint16), PixelPaddingValue=9)).any()


def test_colour_is_read_as_it_is(dicom: Writer) -> None:
    colour = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    assert np.array_equal(read_image(dicom(colour)), colour)
    planes = dicom(colour, PlanarConfiguration=1, PixelData=colour.transpose(2, 0, 1).tobytes())
    assert np.array_equal(read_image(planes), colour)


def test_deep_colour_is_scaled_by_its_bits(dicom: Writer) -> None:
    deep = np.stack([DEEP, DEEP[::-1], DEEP.T], axis=2)
    pixels = read_image(dicom(deep, BitsStored=12))
    assert np.abs(pixels - deep * (255 / 4095)).max() <= 0.5 + 1e-9


def to_ybr(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """PS3.3 C.7.6.3.1.2."""
    matrix = np.array([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])
    return rgb @ matrix.T + [0, 128, 128]


def test_ybr_becomes_rgb(dicom: Writer) -> None:
    rgb = np.repeat(np.random.default_rng(1).integers(30, 220, (6, 4, 3), np.uint8), 2, axis=1)
    ybr = np.rint(to_ybr(rgb)).clip(0, 255).astype(np.uint8)
    full = read_image(dicom(ybr, PhotometricInterpretation="YBR_FULL"))
    halved = np.stack([ybr[:, ::2, 0], ybr[:, 1::2, 0], ybr[:, ::2, 1], ybr[:, ::2, 2]], axis=2)
    said = {"PhotometricInterpretation": "YBR_FULL_422", "PixelData": halved.tobytes()}
    for pixels in (full, read_image(dicom(ybr, **said))):
        assert np.abs(pixels.astype(int) - rgb).max() <= 2


@pytest.mark.parametrize(("bits", "top"), [(8, 255), (16, 65535)])
def test_a_palette_is_looked_up(dicom: Writer, bits: int, top: int) -> None:
    tables = {}
    kind = f"<u{bits // 8}"
    for name, entries in (("Red", [0, top]), ("Green", [top, 0]), ("Blue", [top // 5, top])):
        tables[f"{name}PaletteColorLookupTableDescriptor"] = [2, 0, bits]
        tables[f"{name}PaletteColorLookupTableData"] = np.array(entries, kind).tobytes()
    samples = np.array([[0, 1, 1]], np.uint8)
    pixels = read_image(dicom(samples, PhotometricInterpretation="PALETTE COLOR", **tables))
    assert pixels.tolist() == [[[0, 255, 51], [255, 0, 255], [255, 0, 255]]]


def test_one_bit_is_black_or_white(dicom: Writer) -> None:
    mask = np.random.default_rng(2).random((8, 8)) < 0.1
    packed = np.packbits(mask.ravel(), bitorder="little").tobytes()
    said = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": packed}
    assert np.array_equal(read_image(dicom(mask.astype(np.uint8), **said)), mask * 255)


def test_32_bits(dicom: Writer) -> None:
    samples = np.linspace(0, 2**32 - 1, 64).astype(np.uint32).reshape(8, 8)
    assert np.abs(read_image(dicom(samples)) - robust(samples.astype(float))).max() <= 0.5 + 1e-6


def test_a_frame_by_its_index(dicom: Writer) -> None:
    frames = np.stack([RAMP, RAMP // 2, 255 - RAMP])
    said = {"WindowCenter": 128, "WindowWidth": 256}
    path = dicom(RAMP, NumberOfFrames=3, PixelData=frames.tobytes(), **said)
    assert read_header(path).frames == 3
    for index in (None, 0, 1, 2):
        assert np.array_equal(read_image(path, index), frames[index or 0])
    for index in (3, -1):
        with pytest.raises(ImageError, match="there is no such frame in it, but 3"):
            read_image(path, index)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_encodings_and_files_without_a_preamble(dicom: Writer, syntax: str) -> None:
    whole = read_image(dicom(DEEP, **FULL))
    big = syntax == ExplicitVRBigEndian
    path = dicom(
        DEEP, syntax=syntax, PixelData=DEEP.astype(">u2" if big else "<u2").tobytes(), **FULL
    )
    assert np.array_equal(read_image(path), whole)
    content = path.read_bytes()
    bare = content[content.index(b"\x00\x08" if big else b"\x08\x00", 132 + 12 + 4 + 100) :]
    for stripped in (content[132:], bare):
        assert np.array_equal(decode(stripped, "a"), whole)


def test_what_a_file_is_its_content_says(dicom: Writer) -> None:
    path = dicom(RAMP, name="a.png", WindowCenter=128, WindowWidth=256)
    assert np.array_equal(read_image(path), RAMP)
    assert np.array_equal(decode(path.read_bytes(), "a.jpg"), RAMP)


def test_an_enhanced_object_keeps_attributes_with_its_frames(dicom: Writer) -> None:
    def item(**attributes: object) -> Dataset:
        made = Dataset()
        for keyword, value in attributes.items():
            setattr(made, keyword, value)
        return made

    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[0.4, 0.4])],
        PixelValueTransformationSequence=[item(RescaleSlope=9, RescaleIntercept=9)],
    )
    own = [
        item(
            PixelValueTransformationSequence=[item(RescaleSlope=slope, RescaleIntercept=-1024)],
            FrameVOILUTSequence=[item(WindowCenter=40, WindowWidth=400)],
        )
        for slope in (1, 2)
    ]
    path = dicom(
        DEEP,
        NumberOfFrames=2,
        BitsStored=12,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=own,
        PixelData=np.stack([DEEP, DEEP]).tobytes(),
    )
    assert read_header(path).spacing_mm == Spacing(0.4, 0.4)
    for index, slope in enumerate((1, 2)):
        expected = np.fromiter(formula(DEEP * slope - 1024.0, 40, 400, "LINEAR"), float)
        assert np.abs(read_image(path, index).ravel() - expected).max() <= 0.5 + 1e-6


def test_all_attributes_at_once(dicom: Writer) -> None:
    kinds = (("MONOCHROME1", "MONOCHROME2"), (8, 12, 16), (False, True), (1, -2), (True, False))
    for photometric, stored, signed, slope, windowed in itertools.product(*kinds):
        low = -(2 ** (stored - 1)) if signed else 0
        values = np.linspace(low, low + 2**stored - 1, 256).astype(int).reshape(16, 16)
        window = {"WindowCenter": 10, "WindowWidth": 500} if windowed else {}
        path = dicom(
            values.astype(np.int16 if signed else np.uint16),
            BitsStored=stored,
            PhotometricInterpretation=photometric,
            RescaleSlope=slope,
            RescaleIntercept=3,
            **window,
        )
        scaled = values * slope + 3.0
        grey = (
            np.fromiter(formula(scaled, 10, 500, "LINEAR"), float) if windowed else robust(scaled)
        )
        expected = 255 - grey if photometric == "MONOCHROME1" else grey
        assert np.abs(read_image(path).ravel() - expected.ravel()).max() <= 0.5 + 1e-6
