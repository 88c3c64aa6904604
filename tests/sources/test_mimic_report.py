"""Reports of MIMIC-CXR: sections come back as written, and no text breaks the parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.sources._mimic_report import sections

HEADINGS = {
    "indication": "REASON FOR EXAM",
    "history": "CLINICAL INFORMATION",
    "comparison": "COMPARISON",
    "findings": "FINDINGS",
    "impression": "CONCLUSION",
}
WORDS = st.lists(st.from_regex(r"[a-z]{1,9}[.,]?", fullmatch=True), min_size=1, max_size=30)


def report(*lines):
    return "\n".join(("FINAL REPORT".center(79), *(f" {line}" for line in lines), ""))


def wrapped(words, width=7):
    lines = [" ".join(words[start : start + width]) for start in range(0, len(words), width)]
    return "\n ".join(lines)


@given(st.dictionaries(st.sampled_from(["findings", "impression"]), WORDS, min_size=1), st.data())
def test_sections_come_back_single_spaced_whatever_their_order(written, data):
    told = written | data.draw(st.dictionaries(st.sampled_from(sorted(HEADINGS)), WORDS))
    order = data.draw(st.permutations(sorted(told)))
    lines = [f"{HEADINGS[name]}:  {wrapped(told[name])}\n " for name in order]
    assert sections(report(*lines)) == {name: " ".join(words) for name, words in told.items()}


@given(st.text() | st.text(alphabet="FINALREPOT:() \n_ab", max_size=300))
def test_any_text_gives_single_spaced_sections(text):
    for said in sections(text).values():
        assert said == " ".join(said.split()) != ""


def test_a_heading_inside_a_line_is_none():
    found = sections(report("FINDINGS:  Clear,", "unlike the old IMPRESSION: fluid."))
    assert found == {"findings": "Clear, unlike the old IMPRESSION: fluid."}


def test_headings_inside_the_findings_are_a_part_of_them():
    found = sections(report("FINDINGS:", "LUNGS:  Clear.", "HEART:  Large.", "IMPRESSION:  Fine."))
    assert found == {"findings": "LUNGS: Clear. HEART: Large.", "impression": "Fine."}


def test_what_was_told_to_somebody_is_no_part_of_the_impression():
    found = sections(report("IMPRESSION:  Fine.", "", "NOTIFICATION:  Told to Dr. ___."))
    assert found == {"impression": "Fine."}


def test_a_first_word_and_an_addendum_are_no_part_of_the_final_report():
    wet = " WET READ: ___ 9:41 PM\n  Fluid.\n ____\n"
    addendum = f"\n{'FINAL ADDENDUM'.center(79)}\n IMPRESSION:  Other.\n"
    assert sections(wet + report("IMPRESSION:  None.") + addendum) == {"impression": "None."}


@pytest.mark.parametrize("between", ["", "FINAL REPORT".center(79) + "\n"])
def test_a_page_break_is_cut_out(between):
    broken = f"FINDINGS:  One.\n (Over)\n\n{between} (Cont)\n Two.\n \n IMPRESSION:  Three."
    assert sections(report(broken)) == {"findings": "One. Two.", "impression": "Three."}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("COMPARISON:  ___.", "", "Clear.", "", "No fluid."), "Clear. No fluid."),
        (("PORTABLE CHEST", "", "Clear."), "Clear."),
        (("INDICATION:  Cough.", "", "PORTABLE CHEST:  Clear."), "Clear."),
        (("TECHNIQUE:  Two views.", "", "Clear."), "Clear."),
        (("IMPRESSION:", "COMPARISON:  ___.", "", "Clear."), "Clear."),
    ],
)
def test_a_report_without_findings_and_impression_is_told_whole(lines, expected):
    assert sections(report(*lines))["report"] == expected


def test_a_title_beside_an_impression_is_no_report():
    found = sections(report("CHEST, TWO VIEWS:  Clear.", "IMPRESSION:  Fine."))
    assert found == {"impression": "Fine."}


def test_a_report_of_context_alone_writes_nothing():
    assert sections(report("INDICATION:  Cough.")) == {"indication": "Cough."}


def test_texts_under_one_name_are_joined():
    found = sections(report("HISTORY:  Cough.", "CLINICAL HISTORY:  Fever.", "FINDINGS:  Clear."))
    assert found["history"] == "Cough. Fever."
