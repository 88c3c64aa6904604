"""Hostile DICOM: every refusal is one ImageError that repeats no value, and nothing is logged."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from diascope.imaging.decode import ImageError, decode, read_image

Writer = Callable[..., Path]
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def table() -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [2, 0, 8]
    item["LUTDescriptor"].VR = "US"
    item.add_new("LUTData", "OW", bytes([1, 2]))
    return item


def test_a_value_that_is_refused_is_not_repeated(dicom: Writer) -> None:
    content = dicom(RAMP).read_bytes().replace(b"MONOCHROME2 ", b"DOE^JANE    ")
    with pytest.raises(ImageError, match="PhotometricInterpretation is none of MONO") as caught:
        decode(content, "a")
    assert "DOE" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"Rows": 65535, "Columns": 65535}, "65535 x 65535 pixels are more than the 100000000"),
        ({"Rows": 9000, "Columns": 9000, "BitsAllocated": 64}, "BitsAllocated is missing or no"),
        ({"NumberOfFrames": 200_000}, "claims 200000 frames, more than the 100000"),
        ({"NumberOfFrames": 1000}, "1000 frames of 16 x 16 take 256000 bytes, and it holds 256"),
        ({"PixelAspectRatio": [2_000_000, 1]}, "pixels are more than the 100000000"),
        ({"Rows": 0}, "Rows is missing or no whole number from 1 to 65535"),
        ({"BitsStored": 9, "HighBit": 8}, "no layout of MONOCHROME2"),
        ({"HighBit": 3}, "no layout of MONOCHROME2"),
        ({"SamplesPerPixel": 3}, "3 samples of 8 bits up to bit 7 of 8 are no layout"),
        ({"Rows": 17}, "1 frames of 16 x 17 take 272 bytes, and it holds 256: truncated"),
    ],
)
def test_what_cannot_be_or_costs_too_much_is_refused(
    dicom: Writer, said: dict[str, object], why: str
) -> None:
    path = dicom(RAMP, **said)
    with pytest.raises(ImageError, match=why):
        read_image(path)


def test_files_without_pixels_and_float_pixels_are_refused(dicom: Writer) -> None:
    content = dicom(RAMP).read_bytes()
    pixels = content.index(b"\xe0\x7f\x10\x00")
    with pytest.raises(ImageError, match="a: a DICOM file without pixels, or damaged; leave it"):
        decode(content[:pixels], "a")
    floats = content[:pixels] + b"\xe0\x7f\x08\x00OF" + content[pixels + 6 :]
    with pytest.raises(ImageError, match="its pixels are floats"):
        decode(floats, "a")


class Records(logging.Handler):
    """What reaches an application's log."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage())


def test_a_truncated_file_is_an_image_error_and_nothing_is_logged(dicom: Writer) -> None:
    content = dicom(RAMP, WindowCenter=128, WindowWidth=256).read_bytes()
    log = Records()
    logging.getLogger().addHandler(log)
    try:
        for end in range(0, len(content) - 1, 3):
            with pytest.raises(ImageError) as caught:
                decode(content[:end], "a.dcm")
            assert str(caught.value).startswith("a.dcm: ")
            assert "DOE" not in str(caught.value)
    finally:
        logging.getLogger().removeHandler(log)
    assert not log.seen


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_an_image_error_or_a_picture(dicom: Writer, data: st.DataObject) -> None:
    said = {"WindowCenter": 128, "WindowWidth": 256, "PixelAspectRatio": [1, 1]}
    content = bytearray(dicom(RAMP, VOILUTSequence=[table()], **said).read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert decode(bytes(content), "a").dtype == np.uint8
    except ImageError as error:
        assert "DOE" not in str(error)


def test_the_door_imports_no_dicom_until_one_comes() -> None:
    code = (
        "import sys, diascope.imaging.decode as d\n"
        "assert not {'pydicom', 'imagecodecs'} & set(sys.modules)\n"
        "d.load_decoders()\n"
        "assert {'pydicom', 'imagecodecs', 'openjpeg', 'jpeg_ls'} <= set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
