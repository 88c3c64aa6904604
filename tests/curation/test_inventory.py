"""An inventory tells which layout a folder is in, and what is lacking of the published set."""

import dataclasses
from pathlib import Path

import pytest

from diascope.curation import inventory
from diascope.curation.inventory import take_inventory
from diascope.errors import InputError
from diascope.recordfile import write_records
from diascope.sources import all_sources
from diascope.sources.phantom import PhantomSettings, generate


def test_a_folder_is_recognised_and_counted(tmp_path: Path) -> None:
    records = list(generate(tmp_path, PhantomSettings(seed=0, patients=3)))
    write_records(tmp_path / "records.jsonl", records)
    (tmp_path / "phantom.toml").unlink(missing_ok=True)
    (found,) = [each for each in take_inventory(tmp_path) if each.source == "jsonl"]
    assert found.found["patients"] == 3
    assert found.found["records"] == len(records)
    assert found.found["questions"] == sum(len(record.turns) for record in records)
    assert found.found["problems"] == 0
    assert found.confirmed
    assert found.lacking == ()


def test_what_is_lacking_of_the_published_set_is_named(tmp_path: Path, monkeypatch) -> None:
    drawn = generate(tmp_path, PhantomSettings(seed=1, patients=2))
    write_records(tmp_path / "records.jsonl", drawn)
    whole = dataclasses.replace(all_sources()["jsonl"], counts={"patients": 2, "images": 10**6})
    monkeypatch.setattr(inventory, "all_sources", lambda: {"jsonl": whole})
    (found,) = take_inventory(tmp_path)
    assert found.lacking == ("images",)


def test_a_folder_of_no_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not in the layout of any source"):
        take_inventory(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        take_inventory(tmp_path / "nowhere")
