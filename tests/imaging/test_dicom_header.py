"""What a DICOM header says: sizes, spacing, what an audit asks, nothing of the patient."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from diascope.imaging.decode import read_header, read_image, read_size
from diascope.imaging.header import Header, Scale, Spacing

Writer = Callable[..., Path]
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ({"PixelAspectRatio": [2, 1]}, (16, 32)),
        ({"PixelAspectRatio": [1, 2]}, (32, 16)),
        ({"PixelAspectRatio": [1, 1]}, (16, 16)),
        ({"PixelSpacing": [0.3, 0.2]}, (16, 24)),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, (32, 16)),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.1, 0.2]}, (16, 16)),
        ({"PixelSpacing": [0.2, 0.2], "PixelAspectRatio": [2, 1]}, (16, 32)),
        ({"PixelSpacing": [0.1501, 0.1500]}, (16, 16)),
        ({"PixelSpacing": [0, 0.2]}, (16, 16)),
        ({"PixelAspectRatio": [0, 1]}, (16, 16)),
        ({"PixelAspectRatio": [-1, 1]}, (16, 16)),
    ],
)
def test_pixels_are_square(dicom: Writer, said: dict[str, object], size: tuple[int, int]) -> None:
    half = np.zeros((16, 16), np.uint8)
    half[:8, :4] = 255
    path = dicom(half, WindowCenter=128, WindowWidth=256, **said)
    header, pixels = read_header(path), read_image(path)
    assert read_size(path) == header.size == pixels.shape[::-1] == size
    assert header.stored == (16, 16)
    assert header.scale == Scale(size[0] / 16, size[1] / 16)
    bright = pixels > 127
    right, bottom = 4 * header.scale.x, 8 * header.scale.y
    assert bright[: int(bottom), : int(right)].mean() == 1
    assert bright.sum() == right * bottom


def test_spacing_is_between_the_pixels_as_read(dicom: Writer) -> None:
    path = dicom(RAMP, PixelSpacing=[0.3, 0.2])
    assert read_header(path).spacing_mm == pytest.approx((0.2, 0.2))
    assert read_header(dicom(RAMP, ImagerPixelSpacing=[0.1, 0.1])).spacing_mm == Spacing(0.1, 0.1)
    assert read_header(dicom(RAMP)).spacing_mm is None


def test_a_header_says_what_an_audit_asks(dicom: Writer) -> None:
    said = {
        "ViewPosition": "PA",
        "ImageLaterality": "L",
        "BurnedInAnnotation": "YES",
        "PresentationIntentType": "FOR PROCESSING",
    }
    path = dicom(RAMP, **said)
    header = read_header(path)
    assert (header.modality, header.view_position, header.laterality) == ("DX", "PA", "L")
    assert header.burned_in_annotation and header.for_processing
    assert len(list(header.doubts())) == 2
    assert read_image(path).shape == (16, 16)
    plain = read_header(dicom(RAMP, BurnedInAnnotation="NO", Laterality="R"))
    assert plain.laterality == "R" and plain.burned_in_annotation is False
    assert not list(plain.doubts())
    assert read_header(dicom(RAMP)).burned_in_annotation is None


def test_nothing_of_the_patient_is_in_a_header(dicom: Writer) -> None:
    path = dicom(RAMP, ViewPosition="ABCDEFGH", Laterality="IJKLMNOP")
    content = path.read_bytes().replace(b"ABCDEFGH", b"DOE^JANE").replace(b"IJKLMNOP", b"DOE JANE")
    path.write_bytes(content)
    header = read_header(path)
    assert header == Header(size=header.size, stored=header.stored, modality="DX")
