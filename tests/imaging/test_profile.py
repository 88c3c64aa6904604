"""The render profile names a policy: the same for the same, another for any change."""

import pytest

from diascope.imaging import canvas, dicom, raster
from diascope.imaging.profile import render_profile


def test_it_is_sixteen_hex_digits_and_steady() -> None:
    profile = render_profile()
    assert profile == render_profile()
    assert len(profile) == 16
    assert int(profile, 16)


@pytest.mark.parametrize(
    ("part", "key"),
    [
        (raster, "deep"),
        (raster, "jpeg"),
        (dicom, "voi"),
        (dicom, "polarity"),
        (dicom, "jpeg 2000 levels"),
        (canvas, "resize"),
    ],
)
def test_it_follows_the_policy_of_each_part(
    monkeypatch: pytest.MonkeyPatch, part: object, key: str
) -> None:
    profile = render_profile()
    monkeypatch.setattr(part, "POLICY", {**part.POLICY, key: "otherwise"})
    assert render_profile() != profile
