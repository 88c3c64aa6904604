import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation._converse.drafts import Unusable, drafts, words_of
from diascope.curation._converse.prompts import KINDS, prompt, template_sha256
from diascope.curation._converse.writing import Reply
from diascope.expectations import Free, Options
from diascope.geometry import Size
from diascope.tasks.checks import problems

kinds = st.sampled_from(KINDS)
DIALOGUE = {"turns": [{"question": "Is there an effusion?", "answer": "No."}]}


def draft(kind, value):
    return drafts(kind, Reply(json.dumps(value), True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("I cannot do that.", "no JSON"),
        ('{"report": "x"', "no JSON"),
        ("[" * 30_000, "no JSON"),
        ("[]", "another form"),
        ("null", "another form"),
        ('{"report": 7, "turns": 7}', "another form"),
        ('{"report": "", "turns": []}', "another form"),
        ('{"report": " ", "turns": [{"question": " ", "answer": " "}]}', "another form"),
        ('{"text": "x"}', "another form"),
        (json.dumps({"report": "x" * 4001}), "another form"),
        (json.dumps({"turns": DIALOGUE["turns"] * 21}), "another form"),
    ],
)
def test_a_hostile_reply_is_unusable(kind, text, why):
    with pytest.raises(Unusable, match=why):
        drafts(kind, Reply(text, True))


def test_a_reply_that_is_cut_off_is_unusable_even_if_it_can_be_read():
    with pytest.raises(Unusable, match="cut off"):
        drafts("dialogue", Reply(json.dumps(DIALOGUE), False))


def test_a_fence_around_it_is_taken_off():
    fenced = f"```json\n{json.dumps(DIALOGUE)}\n```"
    assert drafts("dialogue", Reply(fenced, True)) == draft("dialogue", DIALOGUE)


def test_a_bare_yes_or_no_closes_the_question():
    (turn,) = draft("dialogue", DIALOGUE)
    assert turn.expects == Options(options=("Yes", "No"))
    assert words_of(turn) == "No"


def test_words_stay_open():
    (turn,) = draft("dialogue", {"turns": [{"question": "Where?", "answer": "Left."}]})
    assert isinstance(turn.expects, Free)
    assert words_of(turn) == "Left."


@given(kinds, st.text(max_size=200), st.booleans())
def test_any_reply_makes_turns_or_is_unusable(kind, text, closed):
    try:
        made = drafts(kind, Reply(text, closed))
    except Unusable:
        return
    assert made


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_a_drafted_turn_can_be_asked_and_written(question, answer):
    try:
        (turn,) = draft("dialogue", {"turns": [{"question": question, "answer": answer}]})
    except Unusable:
        return
    assert problems(turn, Size(8, 8)) == []
    assert words_of(turn)


def test_an_invisible_character_hides_no_word():
    (turn,) = draft("refined", {"report": "An eff\u200busion\u202e is seen."})
    assert words_of(turn) == "An effusion is seen."


@given(kinds, st.text(max_size=300), st.booleans())
def test_no_report_ends_its_own_quotation(kind, report, restricted):
    made = prompt(kind, report, restricted)
    quoted = made.text[made.text.index("as a JSON string: ") + len("as a JSON string: ") :]
    assert json.loads(quoted) == report
    assert "\n" not in quoted.removesuffix("\n")
    assert made.restricted == restricted


def test_each_kind_has_words_of_its_own():
    assert len({template_sha256(kind) for kind in KINDS}) == len(KINDS)
