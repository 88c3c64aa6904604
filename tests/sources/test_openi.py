"""openi: reports that are no XML, that declare entities, that miss an image or say nothing."""

import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.openi import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "openi" / "raw"
REPORT = "ecgen-radiology/3999.xml"
BOMB = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><eCitation>&b;</eCitation>'


@pytest.fixture
def root(tmp_path):
    """Without the report that names no image."""
    copied = shutil.copytree(RAW, tmp_path / "raw")
    (copied / "ecgen-radiology/5.xml").unlink()
    return copied


def replaced(root, old, new):
    text = (root / REPORT).read_text()
    assert old in text
    (root / REPORT).write_text(text.replace(old, new))


def problems(root):
    return [item for item in SOURCE.read(root) if isinstance(item, Problem)]


def studies(root):
    return {item.study for item in SOURCE.read(root) if isinstance(item, Record)}


def test_a_report_without_an_image_is_told():
    (problem,) = problems(RAW)
    assert (problem.file, problem.reason) == ("ecgen-radiology/5.xml", "it names no image")


@pytest.mark.parametrize("text", ["", "no XML", "<eCitation>", BOMB, "<eCitation/>"])
def test_a_report_that_cannot_be_read_is_told(root, text):
    (root / REPORT).write_text(text)
    (problem,) = problems(root)
    assert problem.file == REPORT
    assert studies(root) == {"CXR1", "CXR2", "CXR4"}


def test_an_image_that_is_missing_is_told(root):
    (root / "NLMCXR_png/CXR3999_IM-2045-1001.png").unlink()
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (REPORT, None)
    assert "CXR3999_IM-2045-1001.png' is missing" in problem.reason


def test_an_image_id_that_leads_out_of_the_folder_is_refused(root):
    replaced(root, 'parentImage id="CXR3999', 'parentImage id="../../CXR3999')
    (problem,) = problems(root)
    assert "points out of its folder" in problem.reason


def test_a_report_that_writes_nothing_is_told(root):
    replaced(root, "The lungs are wide and clear.", " ")
    replaced(root, "No acute disease.", "")
    (problem,) = problems(root)
    assert problem.reason == "nothing is known of it that could be asked"


def test_a_folder_without_reports_says_so(tmp_path):
    with pytest.raises(InputError, match="no report is in it"):
        list(SOURCE.read(tmp_path))
