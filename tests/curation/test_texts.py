"""Texts: whole sections are found in training text however they are respelt, phrases are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation.texts import LEAST_WORDS, ReportText, TextLeak, sections, text_leaks

FINDINGS = "The left lower lobe shows a small wedge shaped opacity, 14 mm, new since 2019."
OTHER = "Heart size is normal and the mediastinum is not widened on this film."
WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "opacity")
WORD = st.text("abcdefghij", min_size=1, max_size=4)


def leaked(test: str, *training: str) -> list[TextLeak]:
    texts = [ReportText(f"train{place}", "train", text) for place, text in enumerate(training)]
    return text_leaks([ReportText("test", "test", test), *texts])


@pytest.mark.parametrize(
    "training",
    [
        FINDINGS,
        f"FINDINGS: {FINDINGS}",
        f"Before it. {FINDINGS} And behind it.",
        FINDINGS.upper().replace(",", " -").replace(" ", "\n\t"),
        FINDINGS.replace("lower lobe", "(lower) LOBE").replace("opacity", WIDE),
    ],
)
def test_a_section_is_found_however_it_is_respelt(training: str) -> None:
    assert leaked(f"History: cough.\nFindings: {FINDINGS}\nIMPRESSION: As above.", training) == [
        TextLeak(record="test", split="test", training="train0", times=1, words=15)
    ]


@pytest.mark.parametrize(
    "training",
    [
        "",
        OTHER,
        FINDINGS.replace("14", "15"),
        FINDINGS.replace("left", ""),
        FINDINGS.rpartition(" ")[0],
        FINDINGS.replace("lower lobe", "lowerlobe"),
    ],
)
def test_other_text_is_not(training: str) -> None:
    assert leaked(FINDINGS, training) == []


def test_what_is_shorter_than_a_section_is_a_phrase() -> None:
    phrase = " ".join(["word"] * (LEAST_WORDS - 1))
    assert leaked(phrase, phrase) == []
    assert len(leaked(f"{phrase} more", f"{phrase} more")) == 1


def test_every_section_is_told_with_the_texts_that_hold_it() -> None:
    found = leaked(f"{FINDINGS}\n\n{OTHER}", OTHER, f"{OTHER} {OTHER}", f"{FINDINGS} {OTHER}")
    assert [(each.training, each.times) for each in found] == [("train2", 1), ("train0", 3)]


def test_only_training_text_is_searched_and_every_other_split_is_watched() -> None:
    given_texts = [ReportText(split, split, OTHER) for split in ("train", "val", "test", "x")]
    found = text_leaks(given_texts)
    assert [(each.record, each.training) for each in found] == [
        ("val", "train"),
        ("test", "train"),
        ("x", "train"),
    ]
    assert text_leaks(given_texts[1:]) == []


def test_sections_that_begin_alike_are_kept_apart() -> None:
    longer, shorter = f"{OTHER} No effusion is seen.", OTHER
    assert [each.words for each in leaked(f"{longer}\n\n{shorter}", shorter)] == [13]
    assert [each.words for each in leaked(f"{longer}\n\n{shorter}", longer)] == [17, 13]


def test_headings_part_sections_and_are_no_part_of_them() -> None:
    parts = sections(f"TECHNIQUE / VIEWS: {OTHER} IMPRESSION: {FINDINGS}\nComparison: none.")
    assert [len(part) for part in parts] == [13, 15]
    assert parts[0][0] == "heart"


@given(st.lists(WORD, min_size=1, max_size=30), st.lists(WORD, max_size=40), st.data())
def test_found_exactly_where_a_plain_search_finds_it(
    section: list[str], words: list[str], data: st.DataObject
) -> None:
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(words)))
        words = [*words[:place], *section, *words[place:]]
    held = f" {' '.join(section)} " in f" {' '.join(words)} " and len(section) >= LEAST_WORDS
    assert bool(leaked(" ".join(section), " ".join(words))) == held
