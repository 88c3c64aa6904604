"""JPEG-LS: a stream that CharLS decodes for ever costs one error, also in the process itself."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from diascope.imaging import guard, sandbox
from diascope.imaging.decode import ImageError, decode, read_grey, read_header, read_image
from diascope.imaging.sandbox import Limits, Sandbox, processor_seconds

imagecodecs = pytest.importorskip("imagecodecs")
Writer = Callable[..., Path]
RAMP = np.add.outer(np.arange(24) * 6, np.arange(40) * 3).astype(np.uint8)
COLOUR = np.stack([RAMP, 255 - RAMP, RAMP // 2], axis=2)
ENDLESS = bytes.fromhex(
    "ffd8ffe800205350494646000200000300000018000000280a0806010000012c0000012cffe8000800000001"
    "ffd8fff70011080018002803011100021100031100ffda000c0301000200030004020041aa78"
)
"""82 bytes that say 40 x 24 pixels of three colours, found by damaging a sound stream."""


def endless(dicom: Writer) -> Path:
    return dicom(COLOUR, syntax=uid.JPEGLSNearLossless, codes=[ENDLESS])


def sound(dicom: Writer, pixels=RAMP) -> Path:
    code = bytes(imagecodecs.jpegls_encode(pixels))
    return dicom(pixels, syntax=uid.JPEGLSLossless, codes=[code])


def decoded(path: Path) -> np.ndarray:
    return decode(path.read_bytes(), "a")


@pytest.mark.parametrize("read", [read_image, read_grey, decoded])
def test_an_endless_stream_is_one_error(dicom: Writer, read) -> None:
    with pytest.raises(ImageError, match="decoding took more than a picture of its size may"):
        read(endless(dicom))


def test_its_header_needs_no_decoder(dicom: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "read", None)
    assert read_header(endless(dicom)).size == (40, 24)


@pytest.mark.parametrize("pixels", [RAMP, COLOUR])
def test_pixels_are_those_that_a_worker_or_this_process_decodes(
    dicom: Writer, pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sound(dicom, pixels)
    guarded = read_image(path)
    monkeypatch.setenv(sandbox.CONFINED, "1")
    assert np.array_equal(guarded, read_image(path))
    assert np.array_equal(guarded, read_image(dicom(pixels)))


def test_frames_are_asked_for_by_their_number(dicom: Writer) -> None:
    codes = [bytes(imagecodecs.jpegls_encode(each)) for each in (RAMP, 255 - RAMP)]
    path = dicom(RAMP, syntax=uid.JPEGLSLossless, codes=codes, NumberOfFrames=2)
    assert not np.array_equal(read_image(path, 0), read_image(path, 1))
    with pytest.raises(ImageError, match="no such frame in it, but 2"):
        read_image(path, 2)


def test_errors_call_the_file_by_its_name(dicom: Writer) -> None:
    path = dicom(COLOUR, syntax=uid.JPEGLSLossless, codes=[b"\xff\xd8 no stream"])
    with pytest.raises(ImageError, match=rf"^{path}: ") as caught:
        read_image(path)
    assert "DOE" not in str(caught.value)


def test_only_such_files_are_sent_away(dicom: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "read", None)
    jpeg = bytes(imagecodecs.jpeg8_encode(RAMP))
    for path in (dicom(RAMP), dicom(RAMP, syntax=uid.JPEGBaseline8Bit, codes=[jpeg])):
        assert read_image(path).shape == RAMP.shape
    with pytest.raises(ImageError, match="TypeError"):
        read_image(sound(dicom))


FORKING = """
import os, sys
from pathlib import Path
from diascope.imaging.decode import read_image
path = Path(sys.argv[1])
expected = read_image(path).sum()
forked = os.fork()
same = all(read_image(path).sum() == expected for _ in range(20))
if not forked:
    os._exit(0 if same else 1)
sys.exit(os.waitpid(forked, 0)[1] or not same)
"""


def test_a_forked_process_has_a_worker_of_its_own(dicom: Writer) -> None:
    """Two processes on the pipes of one worker would get each other's pixels."""
    done = subprocess.run([sys.executable, "-c", FORKING, str(sound(dicom))], check=False)
    assert done.returncode == 0


def test_a_worker_stops_the_stream_and_goes_on(dicom: Writer) -> None:
    one = Sandbox(Limits(seconds=60))
    try:
        for _ in range(2):
            with pytest.raises(ImageError, match="decoding took more than a picture"):
                one.read(sandbox.Item(endless(dicom).read_bytes(), "a"))
            group = one.process_id()
            assert one.read(sandbox.Item(sound(dicom).read_bytes(), "b")).shape == RAMP.shape
            assert one.process_id() == group, "the decoders were loaded again"
    finally:
        one.close()


def test_time_is_in_proportion_to_the_picture() -> None:
    assert processor_seconds(40 * 24, 700) < 0.6
    assert processor_seconds(100_000_000, 0) > 60
    assert processor_seconds(0, 10**9) > 10
