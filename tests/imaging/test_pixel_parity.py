"""Our pixels are those of DCMTK and OpenJPEG, on files pydicom ships and files written here."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

Writer = Callable[..., Path]
SCRIPT = Path(__file__).parents[2] / "scripts" / "pixel_parity"
TOOLS = ("dcm2pnm", "dcmj2pnm", "dcml2pnm", "dcmdjpeg", "dcmdjpls", "opj_decompress")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
SHIPPED = (
    "CT_small.dcm",
    "ExplVR_BigEnd.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPGExtended.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "examples_palette.dcm",
    "image_dfl.dcm",
)
DEEP = (np.add.outer(np.arange(48) * 40, np.arange(32) * 60) % 4096).astype(np.uint16)
FULL = {"WindowCenter": 2048, "WindowWidth": 4096, "BitsStored": 12}

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"{', '.join(MISSING)}: apt-get install dcmtk libopenjp2-tools"
)


def assert_parity(*paths: str | Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DIASCOPE_DATA"}
    call = [sys.executable, SCRIPT, *map(str, paths)]
    done = subprocess.run(call, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{len(paths)} frames: each as its oracle shows it\n"


def test_files_that_pydicom_ships() -> None:
    assert_parity(*(get_testdata_file(name, download=False) for name in SHIPPED))


def test_polarity_and_windows(dicom: Writer) -> None:
    said = [
        {"PhotometricInterpretation": photometric, **shape, **window}
        for photometric in ("MONOCHROME1", "MONOCHROME2")
        for shape in ({}, {"PresentationLUTShape": "IDENTITY"}, {"PresentationLUTShape": "INVERSE"})
        for window in (
            FULL,
            {"BitsStored": 12},
            {**FULL, "WindowCenter": 900, "WindowWidth": 300, "VOILUTFunction": "SIGMOID"},
            {**FULL, "WindowCenter": [800, 3000], "WindowWidth": [1, 10]},
        )
        # the standard allows only INVERSE with MONOCHROME1, and DCMTK takes IDENTITY at its word
        if (photometric, shape) != ("MONOCHROME1", {"PresentationLUTShape": "IDENTITY"})
    ]
    assert_parity(*(dicom(DEEP, **attributes) for attributes in said))


def test_signs_bits_and_tables(dicom: Writer) -> None:
    table = Dataset()
    table.LUTDescriptor = [64, 100, 12]
    table["LUTDescriptor"].VR = "US"
    table.add_new("LUTData", "OW", (np.arange(64, dtype="<u2") ** 2).tobytes())
    signed = DEEP.astype(np.int16) - 2048
    hounsfield = {
        "RescaleSlope": 2,
        "RescaleIntercept": -1024,
        "WindowCenter": 40,
        "WindowWidth": 400,
    }
    overlay = DEEP | np.uint16(0xA000)
    assert_parity(
        dicom(signed, WindowCenter=-100, WindowWidth=700),
        dicom(DEEP, BitsStored=12, **hounsfield),
        dicom(overlay, **FULL),
        dicom(DEEP << np.uint16(4), **FULL, HighBit=15),
        dicom(DEEP, VOILUTSequence=[table], BitsStored=12),
        dicom(DEEP, ModalityLUTSequence=[table], WindowCenter=900, WindowWidth=2000, BitsStored=12),
    )


def test_high_throughput_jpeg_2000(dicom: Writer) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    code = imagecodecs.htj2k_encode(DEEP, reversible=True)
    assert_parity(dicom(DEEP, syntax=uid.HTJ2KLossless, codes=[code], **FULL))
