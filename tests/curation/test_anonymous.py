"""Records and images lose every planted secret on their way in, and what must not pass does not."""

import os
import runpy
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from pydicom import dcmread

from diascope.answers import Choice, Number, Text
from diascope.curation.anonymous import Anonymiser, anonymous
from diascope.curation.audit import Auditor
from diascope.curation.deidentify import Key, Options, pseudonym
from diascope.curation.looks import Looks
from diascope.curation.prints import PrintWriter
from diascope.errors import InputError
from diascope.expectations import Free
from diascope.expectations import Options as Choices
from diascope.geometry import BoxFormat
from diascope.imaging.decode import decode
from diascope.imaging.sandbox import DecodePool
from diascope.recordfile import write_records
from diascope.records import Context, Image, Record, Turn
from diascope.sources import Problem, Source, source
from diascope.sources.misread import MisreadBoxes

planted_phi = runpy.run_path(str(Path(__file__).with_name("planted_phi.py")))
planted, write, SECRETS, PATIENT = (
    planted_phi[name] for name in ("planted", "write", "SECRETS", "PATIENT")
)
KEY = Key(bytes(range(32)))
RAW = "DOEWORTH^JANELLE_19481107/MRN-7734921.dcm"
VIEW = Turn(
    task="classification",
    question="Which view is it?",
    expects=Choices(options=("PA", "AP")),
    answer=Choice(option="PA"),
)


def found(content: bytes) -> list[str]:
    """The kinds of secret that some bytes still hold."""
    low = content.lower()
    return [
        kind
        for kind, secrets in SECRETS.items()
        if any(secret.lower().encode() in low for secret in secrets)
    ]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(planted(), tmp_path / "raw" / RAW)
    return tmp_path / "raw"


def record(*turns: Turn, path: str = RAW, **changes: Any) -> Record:
    values: dict[str, Any] = {
        "id": "MRN-7734921/1",
        "dataset": "d",
        "patient": PATIENT,
        "study": "1.2.826.0.1.3680043.8.498.111.1",
        "split": "train",
        "images": (Image(path=path, width=32, height=24, sha256="0" * 64, view="PA"),),
        "turns": turns or (VIEW,),
        "metadata": {"file": "Doeworth.csv", "row": "7", "referrer": "Greystoke", "part": "chest"},
    }
    return Record(**(values | changes))


def said(question: str, answer: str = "Normal.") -> Turn:
    return Turn(task="vqa", question=question, expects=Free(), answer=Text(text=answer))


def own(root: Path, *records: Record) -> Source:
    write_records(root / "records.jsonl", records)
    return anonymous(source("jsonl"), KEY)


def read(layout: Source, root: Path) -> list[Record | Problem]:
    return list(layout.read(root))


def without_path(item: Record) -> bytes:
    """All of a record but where its images lie, which is never written."""
    images = tuple(image.model_copy(update={"path": "x"}) for image in item.images)
    return item.model_copy(update={"images": images}).model_dump_json().encode()


def test_a_folder_of_dicom_loses_every_secret(root: Path) -> None:
    layout = anonymous(source("dicom_folder"), KEY)
    (item,) = read(layout, root)
    assert isinstance(item, Record)
    assert item.patient == pseudonym(KEY, PATIENT)
    assert item.study == KEY.uid("1.2.826.0.1.3680043.8.498.111.1")
    assert found(without_path(item)) == []
    data = layout.image_bytes(root, item.images[0].path)
    assert found((root / RAW).read_bytes()) == list(SECRETS)
    assert found(data) == []
    dataset = dcmread(BytesIO(data))
    assert (dataset.PatientID, dataset.StudyInstanceUID) == (item.patient, item.study)
    assert dataset.PixelData == planted().PixelData
    assert layout.image_bytes(root, item.images[0].path) == data


def test_sex_and_age_are_asked_where_the_profile_keeps_them(root: Path) -> None:
    kept = Options(patient_characteristics=True)
    (plain,) = read(anonymous(source("dicom_folder"), KEY), root)
    (told,) = read(anonymous(source("dicom_folder"), KEY, kept), root)
    assert isinstance(plain, Record)
    assert isinstance(told, Record)
    more = {turn.question: turn.answer for turn in told.turns[len(plain.turns) :]}
    assert more == {
        "What is the patient's sex?": Choice(option="female"),
        "How old is the patient?": Number(value=90, unit="years"),
    }


def test_a_record_goes_by_pseudonyms(root: Path) -> None:
    image = Image(path=RAW, width=32, height=24, study="MRN-7734921", view="Doeworth view")
    context = Context(role="prior", text="Clear.", study="MRN-7734921")
    (clean,) = read(own(root, record(images=(image,), context=(context,), study="MRN-1")), root)
    assert isinstance(clean, Record)
    assert clean.study.startswith("S")
    assert clean.images[0].study == clean.context[0].study != clean.study
    assert (clean.images[0].sha256, clean.images[0].view) == (None, None)
    assert clean.metadata["part"] == "chest"
    assert set(clean.metadata) == {"file", "row", "part"}
    assert found(without_path(clean)) == []
    assert (clean.split, clean.dataset) == ("train", "d")


def test_the_same_patient_is_the_same_in_every_run_and_another_key_tells_another() -> None:
    one, two = (Anonymiser(KEY).record(record()) for _ in range(2))
    other = Anonymiser(Key(bytes(32))).record(record())
    assert one is not None
    assert other is not None
    assert one == two
    assert not {one.id, one.patient, one.study} & {other.id, other.patient, other.study}


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (said("What did Dr Greystoke see?"), "name"),
        (said("Is it normal?", "Seen by JANELLE\nDoeworth."), "name"),
        (said("What was seen on 2019-06-14?"), "date"),
        (said("Where is ACC-2291-88?"), "identifier"),
        (said("What does MRN-7734921 have?"), "identifier"),
    ],
)
def test_words_that_repeat_a_header_are_left_out(root: Path, turn: Turn, kind: str) -> None:
    problem, kept = read(own(root, record(turn), record(said("Is it normal?"), id="2")), root)
    assert isinstance(kept, Record)
    assert isinstance(problem, Problem)
    assert problem.reason == f"leak: {kind} in its words"
    assert problem.row == 7
    assert found(problem.model_dump_json().encode()) == []


def test_the_id_of_a_patient_is_looked_for_where_no_header_is(root: Path) -> None:
    PIL.Image.new("L", (32, 24)).save(root / "a.png")
    told = record(said("What does mrn-7734921 have?"), path="a.png")
    (problem,) = read(own(root, told), root)
    assert isinstance(problem, Problem)
    assert problem.reason == "leak: patient's id in its words"


def test_problems_tell_no_names() -> None:
    reason = "'Doeworth' in DOE/Doeworth.dcm: 19481107 is no age of Greystoke or MRN-7; mend it"
    told = {"file": "DOE/Doeworth.csv", "row": 3, "reason": f"DOE/Doeworth.csv: {reason}"}
    clean = Anonymiser(KEY).problem(Problem(**told))
    assert (clean.file, clean.row) == (Anonymiser(KEY).name("DOE/Doeworth.csv"), 3)
    assert clean.reason.endswith("is no age of * or * mend it")
    assert "oe" not in clean.reason.lower()
    boxes = {"dataset": "d", "task": "detection", "numbers": ((1, 2, 3, 4),), "image": (9, 9)}
    misread = Anonymiser(KEY).problem(MisreadBoxes(**told, **boxes, format=BoxFormat()))
    assert isinstance(misread, MisreadBoxes)
    assert misread.numbers == ((1, 2, 3, 4),)


def test_a_raster_loses_what_lies_beside_its_pixels(root: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x010E] = "Doeworth"
    pixels = np.random.default_rng(0).integers(0, 255, (24, 32), np.uint8)
    PIL.Image.fromarray(pixels).save(root / "a.JPEG", exif=exif, comment="Janelle")
    layout = own(root, record(path="a.JPEG"))
    (item,) = read(layout, root)
    assert isinstance(item, Record)
    assert item.images[0].path == "a.JPEG/deidentified.jpg"
    assert found((root / "a.JPEG").read_bytes()) == ["patient's name"]
    assert found(layout.image_bytes(root, item.images[0].path)) == []


Examine = Callable[[Source, Path], list[tuple[Record, tuple[str, ...]]]]


@pytest.fixture
def examine(tmp_path: Path) -> Iterator[Examine]:
    """What the audit says of all records of a layout."""
    with DecodePool(1) as pool, closing(PrintWriter(tmp_path / "prints")) as prints:

        def run(layout: Source, root: Path) -> list[tuple[Record, tuple[str, ...]]]:
            looks = Looks(lambda path: layout.image_bytes(root, path), pool, prints)
            records = [item for item in layout.read(root) if isinstance(item, Record)]
            return [tuple(each) for each in Auditor(looks).examine(records)]

        yield run


def test_the_audit_finds_nothing_wrong_with_what_is_left(root: Path, examine: Examine) -> None:
    ((clean, reasons),) = examine(own(root, record()), root)
    assert reasons == ()
    assert clean.images[0].sha256 not in (None, "0" * 64)


def test_what_must_not_pass_is_refused_without_its_name(root: Path, examine: Examine) -> None:
    burned = planted()
    burned.BurnedInAnnotation = "YES"
    write(burned, root / "DOEWORTH/1.dcm")
    (root / "DOEWORTH/2.dcm").write_bytes((root / RAW).read_bytes()[:700])
    PIL.Image.new("L", (32, 24)).save(root / "DOEWORTH/3.tif")
    PIL.Image.new("L", (9, 9)).save(root / "DOEWORTH/4.png")
    records = [
        record(path=f"DOEWORTH/{name}", id=name)
        for name in ("1.dcm", "2.dcm", "3.tif", "4.png", "5.png")
    ]
    reasons = [told for _, told in examine(own(root, *records), root)]
    expected = (
        "its image must not pass: says itself that text is burned into its pixels",
        "its image must not pass: ",
        "its image must not pass: neither DICOM, PNG nor JPEG",
        "its image: the picture is 9 x 9, its record says 32 x 24",
        "its image is missing",
    )
    for (reason,), start in zip(reasons, expected, strict=True):
        assert reason.startswith(start)
        assert found(reason.encode()) == []


def test_a_leak_in_the_written_file_stops_it(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    from diascope.curation._deidentify import profile

    keeps = profile.Profile.action
    name = int("00081070", 16)  # OperatorsName
    monkeypatch.setattr(
        profile.Profile,
        "action",
        lambda self, tag: profile.Action.KEEP if tag == name else keeps(self, tag),
    )
    with pytest.raises(InputError, match="leak: name in 00081070"):
        Anonymiser(KEY).image_bytes((root / RAW).read_bytes())


def test_the_card_says_how_it_was_done() -> None:
    told = Anonymiser(KEY).deidentified()
    assert told.methods[0] == "113100 Basic Application Confidentiality Profile"
    assert told.options == Options()
    assert told.edition.startswith("20")


@pytest.mark.real_data
@pytest.mark.skipif(
    not os.environ.get("DIASCOPE_DATA"), reason="DIASCOPE_DATA names no folder of real data"
)
def test_real_radiographs_keep_their_pixels() -> None:
    folder = Path(os.environ["DIASCOPE_DATA"]) / "dicom_samples"
    for path in sorted(folder.glob("RG*.dcm")):
        data = path.read_bytes()
        clean = Anonymiser(KEY).image_bytes(data)
        assert np.array_equal(decode(data, "before"), decode(clean, "after"))
        assert dcmread(BytesIO(clean)).PatientIdentityRemoved == "YES"
