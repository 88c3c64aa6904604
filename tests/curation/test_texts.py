"""Texts: sections are found in training text however they are respelt, and copied reports fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation.texts import (
    FEW,
    LEAST_COPIED,
    LEAST_WORDS,
    MOST,
    ReportLeak,
    ReportText,
    TextLeak,
    sections,
    sentences,
    text_leaks,
)

FINDINGS = "The left lower lobe shows a small wedge shaped opacity, 14 mm, new since 2019."
OTHER = "Heart size is normal and the mediastinum is not widened on this film."
WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "opacity")
WORD = st.text("abcdefghij", min_size=1, max_size=4)


def leaked(test: str, *training: str) -> list[TextLeak]:
    texts = [ReportText(f"train{place}", "train", text) for place, text in enumerate(training)]
    return list(text_leaks([ReportText("test", "test", test), *texts]).sections)


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
    found = text_leaks(given_texts).sections
    assert [(each.record, each.training) for each in found] == [
        ("val", "train"),
        ("test", "train"),
        ("x", "train"),
    ]
    assert text_leaks(given_texts[1:]).sections == ()


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


def sentence(name: str, words: int = 10) -> str:
    """Words that no other name's sentence has."""
    return " ".join(f"{name}{place}" for place in range(words)) + "."


OWN = [sentence(f"own{letter}") for letter in "abcdef"]
STANDARD = [sentence(f"standard{letter}") for letter in "abc"]


def copies(test: str, training: dict[str, str], split: str = "test") -> list[ReportLeak]:
    """The copied reports; training texts by record, whose patient stands before a slash."""
    texts = [
        ReportText(record, "train", text, record.partition("/")[0])
        for record, text in training.items()
    ]
    return list(text_leaks([ReportText("r", split, test, "p"), *texts]).reports)


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_report_that_one_training_patient_has_is_a_copy(split: str) -> None:
    report = " ".join(OWN[:5])
    held = {"a/1": "Nothing of it.", "b/1": f"Before. {report.upper()} Behind."}
    leak = ReportLeak(record="r", split=split, training="b/1", words=50, own=50)
    assert copies(report, held, split) == [leak]


@pytest.mark.parametrize(
    ("kept", "copied"),
    [
        (LEAST_COPIED // 10, True),
        (LEAST_COPIED // 10 - 1, False),
    ],
)
def test_a_copy_has_so_many_words(kept: int, copied: bool) -> None:
    assert bool(copies(" ".join(OWN[:kept]), {"a": " ".join(OWN[:kept])})) == copied


@pytest.mark.parametrize(("rest", "copied"), [(40, True), (41, False)])
def test_a_copy_is_most_of_the_report(rest: int, copied: bool) -> None:
    assert MOST == 40 / 80
    report = f"{' '.join(OWN[:4])} {sentence('new', rest)}"
    assert bool(copies(report, {"a": " ".join(OWN[:4])})) == copied


def test_what_many_patients_write_is_neither_copied_nor_own() -> None:
    standard = " ".join(STANDARD)
    many = {f"q{number}": standard for number in range(FEW + 1)}
    assert copies(standard, many) == []
    report = f"{standard} {' '.join(OWN[:4])}"
    (leak,) = copies(report, {**many, "a": report})
    assert (leak.words, leak.own, leak.training) == (40, 40, "a")
    few = {f"q{number}": standard + " " + OWN[0] for number in range(FEW)}
    found = copies(f"{standard} {OWN[0]}", few)
    assert [leak.training for leak in found] == list(few)


def test_the_records_of_a_patient_are_one_reader_and_one_report() -> None:
    report = " ".join(OWN)
    again = {f"a/{number}": report for number in range(FEW + 5)}
    (leak,) = copies(report, again)
    assert leak.training == "a/0"
    halves = {"a/1": " ".join(OWN[:3]), "a/2": " ".join(OWN[3:])}
    assert [(each.words, each.training) for each in copies(report, halves)] == [(60, "a/1")]
    strangers = {"a": " ".join(OWN[:3]), "b": " ".join(OWN[3:])}
    assert copies(report, strangers) == []


def test_all_texts_of_a_record_are_one_report() -> None:
    parts = [ReportText("r", "test", " ".join(OWN[start : start + 2]), "p") for start in (0, 2)]
    training = ReportText("a", "train", " ".join(OWN), "q")
    (leak,) = text_leaks([*parts, training]).reports
    assert (leak.words, leak.own) == (40, 40)
    assert text_leaks([parts[0], training]).reports == ()


def test_sentences_end_at_stops_and_sections() -> None:
    text = f"{sentence('one')} {sentence('two')}\n\n{sentence('three')[:-1]}\nIMPRESSION: Clear."
    assert [words[0] for words in sentences(text)] == ["one0", "two0", "three0"]


@given(st.lists(st.sampled_from([*OWN, *STANDARD]), max_size=9, unique=True), st.data())
def test_copies_are_those_of_a_plain_count(report: list[str], data: st.DataObject) -> None:
    sets = st.lists(st.sampled_from([*OWN, *STANDARD]), max_size=9, unique=True)
    training = data.draw(st.lists(sets, max_size=6))
    holders = {each: sum(each in held for held in training) for each in report}
    own = [each for each in report if holders[each] <= FEW]
    best = max((sum(10 for each in own if each in held) for held in training), default=0)
    expected = best >= LEAST_COPIED and best >= MOST * 10 * len(own)
    held = {f"q{number}": " ".join(each) for number, each in enumerate(training)}
    assert bool(copies(" ".join(report), held)) == expected
