"""The name of a way of drawing pixels: records and runs made another way are not mixed."""

import hashlib
import json

from diascope.imaging import canvas, raster

_VERSION = 2


def render_profile() -> str:
    """Sixteen hex digits that change whenever a step that shapes pixels says that it did."""
    from diascope.imaging import dicom

    policy = {
        "version": _VERSION,
        "raster": raster.POLICY,
        "dicom": dicom.POLICY,
        "canvas": canvas.POLICY,
    }
    canonical = json.dumps(policy, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
