"""A folder of planted secrets becomes one without them, and nothing that must not pass does."""

import json
import os
import runpy
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.config import RAISE, settings

from diascope.curation._deidentify import burned, profile, rewrite
from diascope.curation._deidentify.files import quiet
from diascope.curation._deidentify.profile import Action
from diascope.curation.deidentify import Key, Options, deidentify, pseudonym, read_key
from diascope.errors import InputError

planted_phi = runpy.run_path(str(Path(__file__).with_name("planted_phi.py")))
planted, write, SECRETS, PATIENT = (
    planted_phi[name] for name in ("planted", "write", "SECRETS", "PATIENT")
)
KEY = Key(bytes(range(32)))
OTHER_KEY = Key(bytes(32))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two studies of the patient, eleven days apart, under folders that name her."""
    root = tmp_path / "raw"
    folder = root / "DOEWORTH^JANELLE_19481107"
    write(planted(), folder / "MRN-7734921.dcm")
    write(planted(day="20190625"), folder / "prior" / "Doeworth.dcm")
    (folder / "Doeworth notes.txt").write_text("Janelle Doeworth")
    return root


def written(out: Path) -> list[Path]:
    return sorted((out / "dicom").rglob("*.dcm"))


def found(content: bytes) -> list[str]:
    """The kinds of secret that some bytes still hold."""
    low = content.lower()
    return [
        kind
        for kind, secrets in SECRETS.items()
        if any(secret.lower().encode() in low for secret in secrets)
    ]


def everything(out: Path) -> bytes:
    """All that a folder tells: names and contents."""
    paths = sorted(out.rglob("*"))
    names = b"\n".join(str(path.relative_to(out)).encode() for path in paths)
    return names + b"\n".join(path.read_bytes() for path in paths if path.is_file())


def test_no_planted_secret_is_left(root: Path, tmp_path: Path) -> None:
    assert found(everything(root)) == list(SECRETS), "the planted folder must hold every kind"
    report = deidentify(root, tmp_path / "out", KEY)
    assert report.passed
    assert (report.files, report.written, report.quarantined, report.not_dicom) == (3, 2, 0, 1)
    assert found(everything(tmp_path / "out")) == []
    assert not (tmp_path / "out.quarantine").exists()


def test_what_is_written_is_valid_and_the_same_picture(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deidentify(root, tmp_path / "out", KEY)
    monkeypatch.setattr(settings, "reading_validation_mode", RAISE)
    for path in written(tmp_path / "out"):
        dataset = dcmread(path)
        dataset.walk(lambda within, element: element.value)
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert dataset.file_meta.MediaStorageSOPClassUID == dataset.SOPClassUID
        assert dataset.preamble == bytes(128)
        assert dataset.PixelData == planted().PixelData
        assert np.array_equal(
            dataset.pixel_array, np.frombuffer(planted().PixelData, "<u2").reshape(24, 32)
        )
        assert dataset.PixelSpacing == [0.143, 0.143]
        assert (dataset.Modality, dataset.ViewPosition) == ("DX", "PA")
        assert dataset.ImageType == ["ORIGINAL", "PRIMARY"]
        assert dataset.PatientIdentityRemoved == "YES"
        codes = [code.CodeValue for code in dataset.DeidentificationMethodCodeSequence]
        assert codes == ["113100", "113107"]


def test_patients_studies_and_intervals_stay(root: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        deidentify(root, tmp_path / name, KEY)
    one, two = written(tmp_path / "one"), written(tmp_path / "two")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    first, second = sorted(map(dcmread, one), key=lambda dataset: dataset.StudyDate)
    assert first.PatientID == second.PatientID == pseudonym(KEY, PATIENT)
    assert first.StudyInstanceUID != second.StudyInstanceUID
    days = np.datetime64(iso(second.StudyDate)) - np.datetime64(iso(first.StudyDate))
    assert days == np.timedelta64(11, "D")
    assert first.AcquisitionDateTime == f"{first.StudyDate}101500.000000"
    reference = first.ReferencedImageSequence[0].ReferencedSOPInstanceUID
    assert reference == second.ReferencedImageSequence[0].ReferencedSOPInstanceUID
    assert reference == KEY.uid("1.2.826.0.1.3680043.8.498.222.9")


def iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def test_another_key_shares_no_pseudonym(root: Path, tmp_path: Path) -> None:
    deidentify(root, tmp_path / "one", KEY)
    deidentify(root, tmp_path / "two", OTHER_KEY)
    for one in map(dcmread, written(tmp_path / "one")):
        for two in map(dcmread, written(tmp_path / "two")):
            assert one.PatientID != two.PatientID
            assert one.StudyDate != two.StudyDate
            for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
                assert one[name].value != two[name].value
    assert not {path.name for path in written(tmp_path / "one")} & {
        path.name for path in written(tmp_path / "two")
    }


@pytest.mark.parametrize(
    ("tag", "leak"),
    [
        (0x00080090, "name in 00080090"),
        (0x00080050, "identifier in 00080050"),
        (0x00080020, "date in 00080020"),
        (0x0008002A, "date in 0008002a"),
        (0x00104000, "identifier in 00104000"),
        (0x00102154, "identifier in 00102154"),
        (0x0020000D, "UID in 0020000d"),
        (0x00080018, "UID in 00020003"),
        (0x60004000, "name in 60004000"),
    ],
)
def test_a_rule_that_lets_a_secret_through_is_found_by_the_scan(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: int, leak: str
) -> None:
    class Careless(profile.Profile):
        def action(self, asked: int) -> Action:
            return Action.KEEP if asked == tag else super().action(asked)

    for path in root.rglob("*.dcm"):
        dataset = dcmread(path)
        dataset[0x60004000].value = "for doeworth"
        dataset.save_as(path)
    monkeypatch.setattr(rewrite, "Profile", Careless)
    report = deidentify(root, tmp_path / "out", KEY)
    assert not report.passed
    assert (report.written, report.quarantined, report.leaks) == (0, 2, 2)
    assert f"leak: {leak}" in report.reasons
    assert found(everything(tmp_path / "out")) == []
    assert len(list((tmp_path / "out.quarantine").glob("*.dcm"))) == 2


def single(tmp_path: Path, **changes: object) -> Path:
    """A folder of one planted file with some attributes changed, None to delete one."""
    dataset = planted()
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    write(dataset, tmp_path / "raw" / "a.dcm")
    return tmp_path / "raw"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"BurnedInAnnotation": "YES"}, "says itself that text is burned"),
        ({"RecognizableVisualFeatures": "YES"}, "somebody can be recognised"),
        ({"SOPInstanceUID": ["1.2.3", "1.2.4"]}, "has no SOPInstanceUID, or several"),
        ({"PatientID": ""}, "has no PatientID, or several"),
        ({"PatientID": None}, "has no PatientID, or several"),
        ({"Columns": [1, 2]}, "holds values that make no sense"),
        ({"SOPClassUID": "1.2.3.4"}, "class is missing or not the standard's"),
        ({"PixelData": None}, "holds no image"),
        ({"PixelData": bytes(24 * 32 * 2) + b"DOEWORTH"}, "pixels are more or fewer"),
        ({"PixelData": bytes(100)}, "pixels are more or fewer"),
        ({"Rows": None}, "rows, columns or depth are missing"),
    ],
)
def test_what_must_not_pass(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    root = single(tmp_path, **changes)
    report = deidentify(root, tmp_path / "out", KEY)
    assert (report.written, report.quarantined, report.passed) == (0, 1, True)
    (told,) = report.reasons
    assert reason in told
    assert found(everything(tmp_path / "out")) == []
    quarantine = tmp_path / "out.quarantine"
    (kept,) = quarantine.glob("*.dcm")
    assert kept.read_bytes() == (root / "a.dcm").read_bytes()
    (line,) = (quarantine / "reasons.jsonl").read_text().splitlines()
    assert json.loads(line)["original"] == "a.dcm"
    assert stat.S_IMODE(quarantine.stat().st_mode) == 0o700


def test_a_study_of_two_patients_is_quarantined_whole(tmp_path: Path) -> None:
    mine, theirs = planted(1), planted(2)
    theirs.PatientID = "MRN-0000001"
    other = planted(3, day="20200101")
    for number, dataset in enumerate((mine, theirs, other)):
        write(dataset, tmp_path / "raw" / f"{number}.dcm")
    report = deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert report.reasons == {"its study holds images of more than one PatientID": 2}
    assert report.written == 1


def test_the_same_instance_twice_is_written_once(tmp_path: Path) -> None:
    for name in ("a.dcm", "b.dcm"):
        write(planted(), tmp_path / "raw" / name)
    report = deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert report.reasons == {"another file has the same SOPInstanceUID": 1}


def test_hostile_and_foreign_files(root: Path, tmp_path: Path) -> None:
    whole = (root / "DOEWORTH^JANELLE_19481107" / "MRN-7734921.dcm").read_bytes()
    (root / "cut.dcm").write_bytes(whole[:300])
    (root / "junk.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 64)
    (root / "scans.zip").write_bytes(b"PK\x03\x04 Doeworth.dcm")
    (root / "link.dcm").symlink_to(root / "cut.dcm")
    report = deidentify(root, tmp_path / "out", KEY)
    assert (report.written, report.quarantined, report.not_dicom) == (2, 2, 2)
    assert found(everything(tmp_path / "out")) == []


def test_damage_anywhere_ends_no_run_and_lets_nothing_through(tmp_path: Path) -> None:
    whole = write(planted(), tmp_path / "a.dcm").read_bytes()
    rng = np.random.default_rng(0)
    (tmp_path / "raw").mkdir()
    for number in range(200):
        damaged = bytearray(whole)
        for place in rng.integers(132, len(whole) - 24 * 32 * 2, 4):
            damaged[place] = rng.integers(256)
        (tmp_path / "raw" / f"{number}.dcm").write_bytes(damaged)
    report = deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert report.written + report.quarantined == 200
    assert found(everything(tmp_path / "out")) == []


def test_a_picture_within_the_picture_is_removed(tmp_path: Path) -> None:
    dataset, inner = planted(), Dataset()
    inner.add_new(0x7FE00010, "OB", b"DOEWORTH")
    dataset.SharedFunctionalGroupsSequence = [inner]
    write(dataset, tmp_path / "raw" / "a.dcm")
    assert deidentify(tmp_path / "raw", tmp_path / "out", KEY).passed
    (clean,) = map(dcmread, written(tmp_path / "out"))
    assert list(clean.SharedFunctionalGroupsSequence[0]) == []


def test_nothing_of_a_file_is_logged_or_printed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with quiet():
        dataset = planted()
        dataset.StudyInstanceUID = "1.DOEWORTH"
        dataset.StudyDate = "DOEWORTH"
        dataset.AccessionNumber = "DOEWORTH far too long for this"
        write(dataset, tmp_path / "raw" / "a.dcm")
    caplog.clear()
    deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert found(caplog.text.encode()) == []
    assert found("".join(capfd.readouterr()).encode()) == []
    assert found(everything(tmp_path / "out")) == []


def test_a_file_without_preamble_and_one_of_implicit_representation(tmp_path: Path) -> None:
    dataset = planted()
    path = write(dataset, tmp_path / "raw" / "a.dcm")
    path.write_bytes(path.read_bytes()[132:])
    other = planted(2, day="20190625")
    dcmwrite(tmp_path / "raw" / "b.dcm", other, implicit_vr=True, little_endian=True)
    report = deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert (report.written, report.passed) == (2, True)
    assert {dcmread(path).PixelData for path in written(tmp_path / "out")} == {dataset.PixelData}


def test_a_directory_of_media_is_never_copied(tmp_path: Path) -> None:
    dataset = planted()
    dataset.SOPClassUID = "1.2.840.10008.1.3.10"
    write(dataset, tmp_path / "raw" / "DICOMDIR")
    report = deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert report.reasons == {"a DICOMDIR, which lists patients; it is never copied": 1}


def test_options_keep_what_they_say(tmp_path: Path) -> None:
    options = Options(
        dates="full", patient_characteristics=True, device_identity=True,
        institution_identity=True, uids=True, descriptors=True,
    )  # fmt: skip
    report = deidentify(single(tmp_path), tmp_path / "out", KEY, options)
    assert report.passed
    (path,) = written(tmp_path / "out")
    dataset, original = dcmread(path), planted()
    for name in (
        "StudyDate", "PatientSex", "DeviceSerialNumber", "StationName", "InstitutionName",
        "StudyInstanceUID", "SOPInstanceUID",
    ):  # fmt: skip
        assert dataset[name].value == original[name].value
    assert dataset.PatientAge == "090Y"
    assert dataset.SeriesDescription == "PA CHEST"
    assert dataset.PatientID == pseudonym(KEY, PATIENT)
    assert not dataset.PatientBirthDate
    left = {"dates", "institution", "station and device", "UIDs"}
    assert set(found(everything(tmp_path / "out"))) <= left


def test_dates_can_go_altogether(tmp_path: Path) -> None:
    deidentify(single(tmp_path), tmp_path / "out", KEY, Options(dates="removed"))
    dataset = dcmread(*written(tmp_path / "out"))
    assert not dataset.StudyDate
    assert dataset.LongitudinalTemporalInformationModified == "REMOVED"


def test_the_audit_names_every_attribute_and_no_value(root: Path, tmp_path: Path) -> None:
    deidentify(root, tmp_path / "out", KEY)
    lines = [json.loads(line) for line in (tmp_path / "out/audit.jsonl").read_text().splitlines()]
    assert len(lines) == 2
    assert {line["output"] for line in lines} == {
        path.relative_to(tmp_path / "out").as_posix() for path in written(tmp_path / "out")
    }
    assert [line["file"] for line in lines] == sorted(line["file"] for line in lines)
    changes = lines[0]["changes"]
    assert changes["00100010"].startswith("Z ")
    assert changes["00400275"] == "X"
    assert changes["00081140[0].00081155"].startswith("U ")
    assert changes["00110010"].startswith("X ")
    assert changes["7fe00010"] == "checked"
    tags = {f"{element.tag:08x}" for element in planted()}
    assert tags <= set(changes)


def test_progress_and_refusals(root: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    deidentify(root, tmp_path / "out", KEY, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]
    with pytest.raises(InputError, match="exists already; remove it"):
        deidentify(root, tmp_path / "out", KEY)
    for out in (root / "out", root, tmp_path):
        with pytest.raises(InputError, match="lies in the folder that is read, or around it"):
            deidentify(root, out, KEY)
    with pytest.raises(InputError, match="there is no such folder"):
        deidentify(tmp_path / "none", tmp_path / "new", KEY)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="none of its 0 files is DICOM"):
        deidentify(tmp_path / "empty", tmp_path / "new", KEY)


def test_out_appears_whole_or_not_at_all(root: Path, tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deidentify(root, tmp_path / "out", KEY, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_the_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "project.key"
    key = read_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == key
    assert key.secret.hex() not in repr(key)
    assert read_key(tmp_path / "another.key") != key
    path.chmod(0o640)
    with pytest.raises(InputError, match="may read this key; run `chmod 600` on it"):
        read_key(path)
    path.chmod(0o600)
    path.write_text("secret")
    with pytest.raises(InputError, match="not a key, which is 64 hexadecimal digits"):
        read_key(path)
    with pytest.raises(InputError, match="the key cannot be made here"):
        read_key(tmp_path / "no" / "folder.key")


def test_a_deflated_file_is_written_so_that_it_can_be_searched(tmp_path: Path) -> None:
    dataset = planted()
    write(dataset, tmp_path / "raw" / "a.dcm")
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    dcmwrite(tmp_path / "raw" / "a.dcm", dataset, enforce_file_format=True)
    assert deidentify(tmp_path / "raw", tmp_path / "out", KEY).written == 1
    (clean,) = map(dcmread, written(tmp_path / "out"))
    assert clean.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert clean.PixelData == dataset.PixelData


@pytest.mark.parametrize(
    ("changes", "suspected"),
    [
        ({}, False),
        ({"Modality": "US"}, True),
        ({"Modality": "XX"}, True),
        ({"Modality": ""}, True),
        ({"ImageType": "SECONDARY"}, True),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, True),
        ({"ConversionType": "WSD"}, True),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.2"}, True),
    ],
)
def test_the_kind_of_image_decides_who_is_suspected(changes, suspected: bool) -> None:
    dataset = planted()
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    assert burned.is_suspect(dataset) == suspected


def ultrasound(path: Path, text: str) -> Path:
    """An ultrasound image in whose corner a text is drawn."""
    image = Image.new("L", (640, 480), 20)
    ImageDraw.Draw(image).text((30, 30), text, fill=255, font=ImageFont.load_default(size=28))
    dataset = planted()
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.6.1", "US"
    dataset.Rows, dataset.Columns = 480, 640
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = image.tobytes()
    return write(dataset, path)


def test_a_suspect_does_not_pass_without_tesseract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(burned.shutil, "which", lambda name: None)
    ultrasound(tmp_path / "raw" / "a.dcm", "")
    report = deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert (report.ocr, report.written) == (None, 0)
    assert "tesseract is not there to look" in next(iter(report.reasons))


def test_a_tesseract_that_fails_lets_nothing_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "tesseract 0"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ultrasound(tmp_path / "raw" / "a.dcm", "")
    report = deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert report.ocr == "tesseract 0"
    assert "tesseract failed" in next(iter(report.reasons))
    program.write_text("#!/bin/sh\nexit 1\n")
    assert burned.find_ocr() is None


@pytest.mark.skipif(burned.find_ocr() is None, reason="tesseract is not installed")
@pytest.mark.parametrize(
    ("text", "passes"), [("", True), ("CHEST PA", True), ("DOEWORTH JANELLE", False)]
)
def test_a_suspect_passes_if_tesseract_reads_nothing_that_tells(
    tmp_path: Path, text: str, passes: bool
) -> None:
    ultrasound(tmp_path / "raw" / "a.dcm", text)
    report = deidentify(tmp_path / "raw", tmp_path / "out", KEY)
    assert report.written == passes
    assert report.searched_for_text == passes
    assert passes or report.reasons == {"tesseract reads text in its pixels": 1}


def test_the_page_shows_the_committed_comparison() -> None:
    root = Path(__file__).parents[2]
    script = runpy.run_path(str(root / "scripts" / "deidentification_table"))
    table = list(script["_table"]())
    assert "\n".join(table) in (root / "docs" / "deidentification.md").read_text()
    assert table[2].startswith("| diascope | 0 | none | no | yes | yes | yes |")
    assert f"of {len(SECRETS)} kinds" in table[0]


@pytest.mark.skipif(burned.find_ocr() is None, reason="tesseract is not installed")
def test_every_image_can_be_looked_at(tmp_path: Path) -> None:
    dataset = dcmread(ultrasound(tmp_path / "raw" / "a.dcm", "DOEWORTH JANELLE"))
    dataset.SOPClassUID, dataset.Modality = planted().SOPClassUID, "DX"
    write(dataset, tmp_path / "raw" / "a.dcm")
    assert deidentify(tmp_path / "raw", tmp_path / "suspects", KEY).written == 1
    report = deidentify(tmp_path / "raw", tmp_path / "all", KEY, Options(ocr="all"))
    assert report.reasons == {"tesseract reads text in its pixels": 1}


@pytest.mark.real_data
def test_real_files(tmp_path: Path) -> None:
    folder = Path(os.environ.get("DIASCOPE_DATA", "")) / "dicom_samples"
    if not os.environ.get("DIASCOPE_DATA") or not folder.is_dir():
        pytest.skip("DIASCOPE_DATA names no folder with dicom_samples")
    report = deidentify(folder, tmp_path / "out", KEY)
    assert report.passed
    assert report.written + report.quarantined == 7
    # the ultrasound image has a hospital's name in its pixels
    assert report.quarantined >= 1
    originals: dict[str, Dataset] = {}
    for path in sorted(folder.glob("*.dcm")):
        dataset = dcmread(path)
        originals[KEY.uid(dataset.SOPInstanceUID)] = dataset
    for path in written(tmp_path / "out"):
        dataset = dcmread(path)
        original = originals[dataset.SOPInstanceUID]
        assert dataset.PixelData == original.PixelData
        assert dataset.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID
        assert dataset.PatientID == pseudonym(KEY, original.PatientID)
        assert not dataset.get("PatientBirthDate")
        for name in (original.StudyDate, "CompressedSamples", original.StudyInstanceUID):
            assert name.encode() not in path.read_bytes().replace(dataset.PixelData, b"")
