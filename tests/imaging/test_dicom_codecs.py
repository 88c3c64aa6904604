"""Compressed DICOM: one decoder for each transfer syntax, and frames that lie about their size."""

import os
from collections.abc import Callable
from importlib import util
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread, uid
from pydicom.encaps import generate_frames
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info

from diascope.imaging import budget
from diascope.imaging._dicom.codecs import CODECS
from diascope.imaging._dicom.codestream import FrameSize, bare, frame_size
from diascope.imaging.decode import ImageError, decode, read_header, read_image
from diascope.imaging.sandbox import CONFINED

imagecodecs = pytest.importorskip("imagecodecs")
Writer = Callable[..., Path]
Encoder = Callable[[NDArray[np.generic]], bytes]
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096, "BitsStored": 12}
RNG = np.random.default_rng(3)
DEEP = (np.add.outer(np.arange(48) * 40, np.arange(32) * 60) % 4096).astype(np.uint16)
COLOUR = np.stack([DEEP >> 4, DEEP.T[:48, :32].repeat(2)[:1536].reshape(48, 32) >> 5, DEEP >> 6], 2)
COLOUR = COLOUR.astype(np.uint8)


def jpeg_lossless(predictor: int) -> Encoder:
    return lambda pixels: imagecodecs.jpeg8_encode(
        pixels, lossless=True, predictor=predictor, bitspersample=12
    )


def rle(pixels: NDArray[np.generic]) -> bytes:
    """PS3.5 annex G, in literal runs only: the high bytes of all pixels, then the low ones."""
    kind = pixels.dtype.newbyteorder(">")
    samples = pixels.reshape(-1, pixels.shape[2] if pixels.ndim == 3 else 1).T
    planes = [
        plane
        for sample in samples
        for plane in sample.astype(kind).view(np.uint8).reshape(-1, kind.itemsize).T
    ]
    segments = [b"".join(literal(plane.tobytes())) for plane in planes]
    starts = np.cumsum([64, *map(len, segments[:-1])])
    head = np.zeros(16, "<u4")
    head[0], head[1 : 1 + len(starts)] = len(segments), starts
    return head.tobytes() + b"".join(segments)


def literal(plane: bytes) -> list[bytes]:
    runs = [plane[at : at + 128] for at in range(0, len(plane), 128)]
    return [bytes([len(run) - 1]) + run for run in runs]


LOSSLESS: dict[str, tuple[str, Encoder]] = {
    "jpeg extended": (
        uid.JPEGExtended12Bit,
        lambda p: imagecodecs.jpeg8_encode(p, 100, bitspersample=12),
    ),
    **{f"jpeg lossless {n}": (uid.JPEGLossless, jpeg_lossless(n)) for n in range(1, 8)},
    "jpeg lossless sv1": (
        uid.JPEGLosslessSV1,
        lambda p: imagecodecs.ljpeg_encode(p, bitspersample=12),
    ),
    "jpeg-ls": (uid.JPEGLSLossless, imagecodecs.jpegls_encode),
    "jpeg 2000": (
        uid.JPEG2000Lossless,
        lambda p: imagecodecs.jpeg2k_encode(p, codecformat="J2K", reversible=True),
    ),
    "jpeg 2000 in a box": (
        uid.JPEG2000,
        lambda p: imagecodecs.jpeg2k_encode(p, codecformat="JP2", reversible=True),
    ),
    "htj2k": (uid.HTJ2KLossless, lambda p: imagecodecs.htj2k_encode(p, reversible=True)),
    "htj2k rpcl": (uid.HTJ2KLosslessRPCL, lambda p: imagecodecs.htj2k_encode(p, reversible=True)),
    "htj2k lossy": (uid.HTJ2K, lambda p: imagecodecs.htj2k_encode(p, reversible=True)),
    "rle": (uid.RLELossless, rle),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_every_syntax_gives_the_pixels_that_were_compressed(dicom: Writer, name: str) -> None:
    syntax, encode = LOSSLESS[name]
    plain = read_image(dicom(DEEP, **WINDOW))
    path = dicom(DEEP, syntax=syntax, codes=[encode(DEEP)], **WINDOW)
    error = np.abs(read_image(path).astype(int) - plain)
    assert error.max() <= (1 if name == "jpeg extended" else 0)


def test_every_syntax_has_a_test() -> None:
    tested = {syntax for syntax, _ in LOSSLESS.values()} | {uid.JPEGBaseline8Bit}
    assert tested | {uid.JPEGLSNearLossless} == set(CODECS)


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "RGB"])
@pytest.mark.parametrize("subsampling", ["444", "422"])
def test_jpeg_baseline_in_colour(dicom: Writer, subsampling: str, photometric: str) -> None:
    """Even where the dataset says RGB: a JFIF marker says that it is not, and pydicom warns."""
    code = imagecodecs.jpeg8_encode(COLOUR, 98, subsampling=subsampling)
    said = {"PhotometricInterpretation": photometric}
    pixels = read_image(dicom(COLOUR, syntax=uid.JPEGBaseline8Bit, codes=[code], **said))
    shown = np.asarray(Image.open(BytesIO(code)).convert("RGB"))
    assert np.abs(pixels.astype(int) - shown).max() <= 2


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (uid.JPEGLosslessSV1, lambda p: imagecodecs.jpeg8_encode(p, lossless=True, predictor=1)),
        (uid.JPEGLSLossless, imagecodecs.jpegls_encode),
        (uid.RLELossless, rle),
    ],
)
def test_lossless_colour(dicom: Writer, syntax: str, encode: Encoder) -> None:
    path = dicom(COLOUR, syntax=syntax, codes=[encode(COLOUR)])
    assert np.array_equal(read_image(path), COLOUR)


def jpeg_2000_lossy(pixels: NDArray[np.generic]) -> bytes:
    return imagecodecs.jpeg2k_encode(pixels, 50, codecformat="J2K")


@pytest.mark.parametrize(
    ("syntax", "encode", "error", "signed"),
    [
        (uid.JPEGLSNearLossless, lambda p: imagecodecs.jpegls_encode(p, 16), 16, False),
        (uid.JPEG2000, jpeg_2000_lossy, 1000, False),
        (uid.JPEG2000, jpeg_2000_lossy, 1000, True),
    ],
)
def test_what_lossy_compression_makes_whiter_than_white_stays_white(
    dicom: Writer, syntax: str, encode: Encoder, error: int, signed: bool
) -> None:
    noise = (RNG.integers(0, 2, (48, 32)) * 4095).astype(np.uint16)
    said = WINDOW
    if signed:
        noise = noise.astype(np.int16) - 2048
        said = {**WINDOW, "WindowCenter": 0, "PixelRepresentation": 1}
    lossy = dicom(noise, syntax=syntax, codes=[encode(noise)], **said)
    plain = read_image(dicom(noise, **said))
    assert np.abs(read_image(lossy).astype(int) - plain).max() <= error * 255 / 4095 + 1


@pytest.mark.parametrize("photometric", ["YBR_RCT", "YBR_ICT"])
def test_jpeg_2000_in_colour(dicom: Writer, photometric: str) -> None:
    lossless = photometric == "YBR_RCT"
    code = imagecodecs.jpeg2k_encode(
        COLOUR, 0 if lossless else 60, codecformat="J2K", mct=True, reversible=lossless
    )
    said = {"PhotometricInterpretation": photometric, "codes": [code]}
    pixels = read_image(dicom(COLOUR, syntax=uid.JPEG2000, **said))
    assert np.abs(pixels.astype(int) - COLOUR).max() <= (0 if lossless else 3)


@pytest.mark.parametrize("name", ["jpeg lossless sv1", "jpeg-ls", "rle"])
def test_signed_values_are_compressed_as_their_bits(dicom: Writer, name: str) -> None:
    values = DEEP.astype(np.int16) - 2048
    bits = (values.view(np.uint16) & 0xFFF).astype(np.uint16)
    said = {"BitsStored": 12, "WindowCenter": 0, "WindowWidth": 4096, "PixelRepresentation": 1}
    syntax, encode = LOSSLESS[name]
    compressed = read_image(dicom(values, syntax=syntax, codes=[encode(bits)], **said))
    assert np.array_equal(compressed, read_image(dicom(values, **said)))


def test_jpeg_2000_says_its_own_sign(dicom: Writer) -> None:
    values = DEEP.astype(np.int16) - 2048
    said = {"BitsStored": 16, "WindowCenter": 0, "WindowWidth": 4096, "PixelRepresentation": 1}
    plain = read_image(dicom(values, **said))
    code = imagecodecs.jpeg2k_encode(values, codecformat="J2K", reversible=True)
    assert np.array_equal(
        read_image(dicom(values, syntax=uid.JPEG2000, codes=[code], **said)), plain
    )


def test_only_the_frame_that_is_asked_for_is_decoded(dicom: Writer) -> None:
    syntax, encode = LOSSLESS["jpeg-ls"]
    codes = [encode(DEEP), b"no frame", encode(DEEP[::-1].copy())]
    path = dicom(DEEP, syntax=syntax, codes=codes, NumberOfFrames=3, **WINDOW)
    assert read_header(path).frames == 3
    assert np.array_equal(read_image(path, 2), read_image(path, 0)[::-1])
    with pytest.raises(ImageError, match="its compressed frame says no size"):
        read_image(path, 1)
    with pytest.raises(ImageError, match="there is no such frame in it, but 3"):
        read_image(path, 3)


@pytest.mark.parametrize("name", [name for name in LOSSLESS if name != "rle"])
def test_a_frame_of_another_size_is_refused_before_it_is_decoded(dicom: Writer, name: str) -> None:
    syntax, encode = LOSSLESS[name]
    path = dicom(DEEP[:, :31], syntax=syntax, codes=[encode(DEEP)], **WINDOW)
    why = "its compressed frame says 32 x 48 x 1, its header 31 x 48 x 1: damaged"
    with pytest.raises(ImageError, match=why):
        read_image(path)


def test_a_frame_of_few_runs_for_many_pixels_is_refused(dicom: Writer) -> None:
    code = rle(np.zeros((2, 2), np.uint8))
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(dicom(np.zeros((64, 64), np.uint8), syntax=uid.RLELossless, codes=[code]))


def test_a_box_of_no_length_is_not_read_for_ever(dicom: Writer) -> None:
    syntax, encode = LOSSLESS["jpeg 2000 in a box"]
    code = encode(DEEP)
    boxed = code[:12] + bytes(4) + code[16:]
    path = dicom(DEEP, syntax=syntax, codes=[boxed], **WINDOW)
    assert np.array_equal(read_image(path), read_image(dicom(DEEP, **WINDOW)))


def test_sizes_are_read_from_code_streams() -> None:
    for name, (_, encode) in LOSSLESS.items():
        assert frame_size(bare(encode(DEEP))) == (None if name == "rle" else FrameSize(32, 48, 1))
    assert frame_size(imagecodecs.jpeg8_encode(COLOUR)) == FrameSize(32, 48, 3)


@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"\xff\xd8", b"\xff\x4f\xff\x51", b"\xff\xd8\xff"]),
)
def test_any_bytes_have_a_size_or_none(code: bytes, start: bytes) -> None:
    assert frame_size(start + code) is None or frame_size(start + code)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_frame_is_an_image_error_or_a_picture(dicom: Writer, data: st.DataObject) -> None:
    # not JPEG-LS: damaged input can make CharLS loop for ever, which only another process survives
    syntax, encode = LOSSLESS[data.draw(st.sampled_from(sorted(LOSSLESS.keys() - {"jpeg-ls"})))]
    code = bytearray(encode(DEEP))
    for _ in range(data.draw(st.integers(1, 4))):
        code[data.draw(st.integers(0, len(code) - 1))] = data.draw(st.integers(0, 255))
    path = dicom(DEEP, syntax=syntax, codes=[bytes(code)], **WINDOW)
    try:
        assert read_image(path).shape == (48, 32)
    except ImageError as error:
        assert "DOE" not in str(error)


@pytest.mark.parametrize(
    ("module", "package", "name"),
    [
        ("imagecodecs", "imagecodecs", "jpeg extended"),
        ("imagecodecs", "imagecodecs", "jpeg lossless sv1"),
        ("jpeg_ls", "pyjpegls", "jpeg-ls"),
        ("openjpeg", "pylibjpeg-openjpeg", "htj2k"),
    ],
)
def test_a_decoder_that_is_not_installed_is_named(
    dicom: Writer, monkeypatch: pytest.MonkeyPatch, module: str, package: str, name: str
) -> None:
    from diascope.imaging._dicom import codecs

    monkeypatch.setenv(CONFINED, "1")  # or a worker would decode JPEG-LS, and have its decoder
    monkeypatch.setattr(codecs, "find_spec", lambda n: None if n == module else util.find_spec(n))
    syntax, encode = LOSSLESS[name]
    path = dicom(DEEP, syntax=syntax, codes=[encode(DEEP)], **WINDOW)
    with pytest.raises(ImageError, match=rf"needs the package {package}: pip install 'diascope\[d"):
        read_image(path)


def test_a_syntax_that_is_not_read_is_named(dicom: Writer) -> None:
    path = dicom(DEEP, syntax=uid.MPEG2MPML, codes=[b"video"], **WINDOW)
    assert read_header(path).size == (32, 48)
    with pytest.raises(
        ImageError, match=r"compressed as MPEG2 .*, which is not read; convert it to"
    ):
        read_image(path)
    private = path.read_bytes().replace(b"1.2.840.10008.1.2.4.100", b"1.2.840.99999.1.2.4.100")
    with pytest.raises(ImageError, match="compressed as an unknown transfer syntax"):
        decode(private, "a")


def deflated(path: Path, body: bytes | None = None) -> bytes:
    """The file with its dataset deflated (PS3.5 A.5)."""
    import zlib

    made = dcmread(path)
    made.file_meta.TransferSyntaxUID = uid.DeflatedExplicitVRLittleEndian
    head = DicomBytesIO()
    write_file_meta_info(head, made.file_meta)
    content = path.read_bytes()
    start = 132 + 12 + made.file_meta.FileMetaInformationGroupLength
    plain = content[content.index(b"\x08\x00", start) :] if body is None else body
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return content[:132] + head.getvalue() + packer.compress(plain) + packer.flush()


def test_a_deflated_dataset(dicom: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = dicom(DEEP, **WINDOW)
    assert np.array_equal(decode(deflated(path), "a"), read_image(path))
    monkeypatch.setattr(budget, "MAX_BYTES", 100_000)
    bomb = deflated(path, bytes(50_000_000))
    with pytest.raises(ImageError, match="a frame of 100001 bytes is more than the 100000"):
        decode(bomb, "a")


@pytest.mark.real_data
def test_files_that_abort_other_decoders_are_image_errors() -> None:
    folder = Path(os.environ.get("DIASCOPE_DATA", "")) / "hostile"
    if not os.environ.get("DIASCOPE_DATA") or not folder.is_dir():
        pytest.skip("DIASCOPE_DATA names no folder with hostile files")
    paths = list(folder.iterdir())
    assert paths
    for path in paths:
        with pytest.raises(ImageError, match="its compressed frame says"):
            read_image(path)
        with pytest.raises(ImageError):
            decode(path.read_bytes(), path.name)


def test_the_writer_writes_frames(dicom: Writer) -> None:
    codes = [b"ab", b"cdef"]
    read = dcmread(dicom(DEEP, syntax=uid.JPEG2000, codes=codes, NumberOfFrames=2))
    assert list(generate_frames(read.PixelData, number_of_frames=2)) == codes
