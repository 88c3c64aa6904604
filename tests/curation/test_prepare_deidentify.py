"""A preparation that de-identifies: nothing that is written tells who it is of."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from diascope.curation.deidentify import pseudonym, read_key
from diascope.curation.prepare import PrepareOptions, prepare
from diascope.recordfile import RecordFile
from diascope.reporting.data_card import write_data_card

planted_phi = runpy.run_path(str(Path(__file__).with_name("planted_phi.py")))
planted, write, SECRETS, PATIENT = (
    planted_phi[name] for name in ("planted", "write", "SECRETS", "PATIENT")
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two studies of a patient and one image that must not pass, under names that name her."""
    folder = tmp_path / "raw" / "DOEWORTH^JANELLE_19481107"
    write(planted(), folder / "MRN-7734921.dcm")
    prior = planted(day="20190625")
    pixels = np.random.default_rng(7).integers(0, 4096, (24, 32), np.uint16)
    prior.PixelData = pixels.tobytes()
    write(prior, folder / "prior" / "1.2.826.0.1.3680043.8.498.111.1.7734921")
    burned = planted(2)
    burned.BurnedInAnnotation = "YES"
    write(burned, folder / "Doeworth" / "Janelle.dcm")
    (folder / "Doeworth.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"Janelle Doeworth")
    return tmp_path / "raw"


def everything(out: Path) -> bytes:
    """All that a folder tells: names and contents."""
    paths = sorted(out.rglob("*"))
    names = b"\n".join(str(path.relative_to(out)).encode() for path in paths)
    return names + b"\n".join(path.read_bytes() for path in paths if path.is_file())


def found(content: bytes) -> list[str]:
    low = content.lower()
    return [
        kind
        for kind, secrets in SECRETS.items()
        if any(secret.lower().encode() in low for secret in secrets)
    ]


@pytest.mark.parametrize("shards", [None, 1])
def test_no_planted_secret_is_written(root: Path, tmp_path: Path, shards: int | None) -> None:
    out, key = tmp_path / "out", tmp_path / "key"
    options = PrepareOptions(deidentify=key, shard_records=shards)
    made = prepare("dicom_folder", root, out, options)
    write_data_card(out)
    assert found(everything(root)) == list(SECRETS), "the planted folder must hold every kind"
    assert found(everything(out)) == []
    records = RecordFile(out / "records.jsonl")
    assert {each.patient for each in records} == {pseudonym(read_key(key), PATIENT)}
    assert (made.audit.records, made.audit.images) == (2, 2)
    assert all(path.suffix == ".dcm" for path in (out / "images").rglob("*/*"))
    assert [each.reason.split(":")[0] for each in made.audit.exclusions][-1] == (
        "its image must not pass"
    )
    card = json.loads((out / "card.json").read_text())
    assert card["deidentified"]["methods"][0].startswith("113100 ")
    assert (out / "card.json").read_bytes().find(key.read_bytes().strip()) < 0


def test_the_same_key_gives_the_same_folder(root: Path, tmp_path: Path) -> None:
    options = PrepareOptions(deidentify=tmp_path / "key")
    one, two = (prepare("dicom_folder", root, tmp_path / name, options) for name in "ab")
    for made in (one, two):
        (made.out / "records.jsonl.index").unlink()  # it holds when its file was written
    assert everything(one.out) == everything(two.out)
    assert one.card.deidentified is not None


def test_without_a_key_the_card_says_that_it_was_not_done(root: Path, tmp_path: Path) -> None:
    made = prepare("dicom_folder", root, tmp_path / "out")
    assert made.card.deidentified is None
