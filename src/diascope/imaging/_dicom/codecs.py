"""One frame of a DICOM file, decompressed: for each transfer syntax one decoder, named here.

None is under the GPL, and gdcm is not among them: damaged input makes it abort the process.
"""

from importlib.util import find_spec
from typing import Any, NamedTuple

from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import Decoder, get_decoder

from diascope.imaging._dicom import wavelet
from diascope.imaging._dicom.codestream import bare, frame_size
from diascope.imaging._dicom.dataset import Opened, values
from diascope.imaging._dicom.layout import Layout
from diascope.imaging.decoded import WHOLE, Grid
from diascope.imaging.errors import ImageError


class Codec(NamedTuple):
    """Pydicom's name of a decoder, and the module and package that it needs."""

    plugin: str
    module: str
    package: str


_IMAGECODECS = Codec("imagecodecs", "imagecodecs", "imagecodecs")
_OPENJPEG = Codec("pylibjpeg", "openjpeg", "pylibjpeg-openjpeg")
_JPEG_LS = Codec("pyjpegls", "jpeg_ls", "pyjpegls")
CODECS = {
    uid.JPEGBaseline8Bit: Codec("pillow", "PIL", "pillow"),
    uid.JPEGExtended12Bit: _IMAGECODECS,
    uid.JPEGLossless: _IMAGECODECS,
    uid.JPEGLosslessSV1: _IMAGECODECS,
    uid.JPEGLSLossless: _JPEG_LS,
    uid.JPEGLSNearLossless: _JPEG_LS,
    uid.JPEG2000Lossless: _OPENJPEG,
    uid.JPEG2000: _OPENJPEG,
    uid.HTJ2KLossless: _OPENJPEG,
    uid.HTJ2KLosslessRPCL: _OPENJPEG,
    uid.HTJ2K: _OPENJPEG,
    uid.RLELossless: Codec("pydicom", "pydicom", "pydicom"),
}
_OVERSHOOTING = (uid.JPEG2000, uid.HTJ2K, uid.JPEGLSNearLossless)
"""Lossy at any depth: what was white may come back whiter than the bits stored can say."""
NATIVE = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian)


class Frame(NamedTuple):
    """Samples [rows, columns] or [rows, columns, 3] as stored, and what colours they are."""

    samples: NDArray[Any]
    photometric: str
    grid: Grid = WHOLE


def read_frame(opened: Opened, layout: Layout, index: int, name: str, grid: Grid = WHOLE) -> Frame:
    """The frame at an index from 0; YBR becomes RGB. No other frame is decoded.

    `grid` asks for fewer samples; they are given where the frame is JPEG 2000 and can be read so.
    ImageError for a syntax that is not read, a decoder that is not installed, pixels that are too
    few, or a compressed frame of another size than the dataset's. Anything else is damage, and
    raises.
    """
    if opened.syntax in NATIVE:
        _check_length(opened, layout, name)
        options = _options(opened, layout)
        samples, found = get_decoder(opened.syntax).as_array(opened.file, index=index, **options)
        return Frame(samples, str(found["photometric_interpretation"]))
    codec = _codec(opened.syntax, name)
    code = _code(opened, layout, index, name)
    if grid != WHOLE and opened.syntax in wavelet.SYNTAXES:
        fewer = wavelet.read(code, layout, grid)
        if fewer is not None:
            return Frame(fewer, layout.photometric, grid)
    return _decompressed(opened, layout, codec, code)


def _decompressed(opened: Opened, layout: Layout, codec: Codec, code: bytes) -> Frame:
    """The one frame, given to its decoder as if there were no other."""
    alone = encapsulate([code], has_bot=False)
    options = _options(opened, layout) | {"number_of_frames": 1}
    decoder = _decoder(opened.syntax, codec)
    samples, found = decoder.as_array(alone, index=0, decoding_plugin=codec.plugin, **options)
    if opened.syntax in _OVERSHOOTING:
        samples = _within(samples, layout)
    return Frame(samples, str(found["photometric_interpretation"]))


def _within(samples: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Clipped to what the bits stored can say, of which the lowest would be left otherwise."""
    low = -(2 ** (layout.stored - 1)) if layout.is_signed else 0
    return samples.clip(low, low + 2**layout.stored - 1)


def _options(opened: Opened, layout: Layout) -> dict[str, Any]:
    return {
        "transfer_syntax_uid": opened.syntax,
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "photometric_interpretation": layout.photometric,
        "pixel_representation": int(layout.is_signed),
        "planar_configuration": layout.planar,
        "bits_allocated": layout.allocated,
        "bits_stored": layout.stored,
        "number_of_frames": layout.frames,
        "pixel_keyword": "PixelData",
        "pixel_vr": opened.vr,
        "correct_unused_bits": False,  # it would take the highest bit for granted
    }


def _check_length(opened: Opened, layout: Layout, name: str) -> None:
    needed = -(-layout.bits * layout.frames // 8)
    if opened.length < needed:
        raise ImageError(
            f"{name}: {layout.frames} frames of {layout.columns} x {layout.rows} take {needed} "
            f"bytes, and it holds {max(0, opened.length)}: truncated or damaged; copy or export "
            "it again"
        )


def _codec(syntax: uid.UID, name: str) -> Codec:
    if syntax not in CODECS:
        raise ImageError(
            f"{name}: compressed as {_spelt(syntax)}, which is not read; convert it to one of "
            f"{', '.join(sorted({known.name for known in CODECS}))}"
        )
    codec = CODECS[syntax]
    if find_spec(codec.module) is None:
        raise ImageError(
            f"{name}: {_spelt(syntax)} needs the package {codec.package}: "
            "pip install 'diascope[dicom]'"
        )
    return codec


def _spelt(syntax: uid.UID) -> str:
    """The registered name; a private identifier may say anything, so it is not repeated."""
    return syntax.name if syntax.name != syntax else "an unknown transfer syntax"


def _decoder(syntax: uid.UID, codec: Codec) -> Decoder:
    """Pydicom's own, or for our plugin one that no other user of pydicom in the process sees."""
    if codec is not _IMAGECODECS:
        return get_decoder(syntax)
    decoder = Decoder(syntax)
    decoder.add_plugin(codec.plugin, ("diascope.imaging._dicom.imagecodecs_plugin", "decode_frame"))
    return decoder


def _code(opened: Opened, layout: Layout, index: int, name: str) -> bytes:
    """The frame's compressed bytes, once they are known to be of the size that is expected."""
    tables = [values(opened.dataset, f"ExtendedOffsetTable{end}") for end in ("", "Lengths")]
    code = get_frame(
        opened.file,
        index,
        number_of_frames=layout.frames,
        extended_offsets=(tables[0][0], tables[1][0]) if all(tables) else None,
    )
    code = bare(code)
    told = frame_size(code)
    expected = (layout.columns, layout.rows, layout.samples)
    if opened.syntax != uid.RLELossless and told != expected:
        said = f"{told.width} x {told.height} x {told.channels}" if told else "no size"
        raise ImageError(
            f"{name}: its compressed frame says {said}, its header "
            f"{' x '.join(map(str, expected))}: damaged; export it again"
        )
    return code
