import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation._converse.findings import KINDS, NO_FINDING, WORDS, finding_of
from diascope.curation._converse.statements import hedges, statements
from diascope.sources._chexpert import FINDINGS

from .sentences import SENTENCES, expected

PLAIN = {
    "Enlarged Cardiomediastinum": "widened mediastinum",
    "Cardiomegaly": "cardiomegaly",
    "Lung Opacity": "opacity",
    "Lung Lesion": "nodule",
    "Edema": "edema",
    "Consolidation": "consolidation",
    "Pneumonia": "pneumonia",
    "Atelectasis": "atelectasis",
    "Pneumothorax": "pneumothorax",
    "Pleural Effusion": "pleural effusion",
    "Pleural Other": "pleural thickening",
    "Fracture": "rib fracture",
    "Support Devices": "pacemaker",
}
names = st.sampled_from(sorted(PLAIN))
lists = st.lists(names, min_size=1, max_size=5, unique=True)


@pytest.mark.parametrize(("sentence", "coded"), SENTENCES)
def test_a_sentence_says_what_a_reader_takes_from_it(sentence, coded):
    assert set(statements(sentence)) == expected(coded)


def test_the_findings_are_chexperts():
    assert {NO_FINDING, *WORDS} == set(FINDINGS)
    assert {*KINDS, *(kind for kinds in KINDS.values() for kind in kinds)} <= set(WORDS)


@given(lists, st.sampled_from(["or", "nor", "or any"]))
def test_a_denied_list_denies_each(found, conjunction):
    words = [PLAIN[name] for name in found]
    listed = f"{', '.join(words[:-1])} {conjunction} {words[-1]}" if words[1:] else words[0]
    assert set(statements(f"There is no {listed}.")) == {(name, "absent") for name in found}


@given(names, names)
def test_what_follows_but_is_on_its_own(first, second):
    said = statements(f"No {PLAIN[first]}, but {PLAIN[second]} is present.")
    assert said == ((first, "absent"), (second, "present"))


@given(st.lists(st.sampled_from(SENTENCES), max_size=6))
def test_a_text_says_what_its_sentences_say(chosen):
    text = " ".join(sentence for sentence, _ in chosen)
    together = set().union(*(expected(coded) for _, coded in chosen))
    assert set(statements(text)) == together


@given(st.sampled_from(SENTENCES), st.sampled_from([str.upper, str.title, lambda s: f"\n {s}  "]))
def test_case_and_space_around_change_nothing(pair, change):
    assert set(statements(change(pair[0]))) == expected(pair[1])


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    for finding, status in statements(text):
        assert finding in FINDINGS
        assert status in ("present", "absent", "uncertain")


def test_a_cue_does_not_reach_over_a_whole_page():
    assert statements(f"No {'x ' * 400} effusion") == (("Pleural Effusion", "present"),)


def test_doubt_is_heard():
    assert hedges("Possibly.")
    assert not hedges("No.")


@pytest.mark.parametrize(
    ("label", "finding"),
    [
        ("Pleural Effusion", "Pleural Effusion"),
        ("effusion", "Pleural Effusion"),
        ("Pleural_Thickening", "Pleural Other"),
        ("Infiltration", "Lung Opacity"),
        ("nodule, calcified", "Lung Lesion"),
        ("No Finding", "No Finding"),
        ("normal", "No Finding"),
        ("device", "Support Devices"),
        ("hernia", None),
        ("consolidation or pneumonia", None),
    ],
)
def test_a_label_means_one_of_them_or_none(label, finding):
    assert finding_of(label) == finding
