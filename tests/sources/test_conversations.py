"""_conversations: turns alternate, marks go or stay, images told together are of one patient."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.sources._conversations import MARK, Kin, Message, conversation, message
from diascope.sources.folder import Unreadable

WORDS = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1)
NAMES = st.sampled_from("abcdefgh")


def said(*texts):
    return [Message(("user", "assistant")[at % 2], text) for at, text in enumerate(texts)]


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1), st.integers(1, 4), st.booleans())
def test_every_exchange_is_a_turn_and_marks_at_the_ends_go(exchanges, num_images, before):
    texts = [text for exchange in exchanges for text in exchange]
    marks = f"{MARK}\n" * num_images
    texts[0] = marks + texts[0] if before else f"{texts[0]}\n{marks}"
    turns = conversation(said(*texts), num_images, marked=True).turns
    assert [turn.question for turn in turns] == [asked for asked, _ in exchanges]


def test_a_mark_inside_a_sentence_keeps_them_all():
    asked = f"{MARK} is the first, {MARK} the second: which is brighter?"
    assert conversation(said(asked, "a"), 2, marked=True).turns[0].question == asked


@pytest.mark.parametrize(
    ("texts", "num_images", "marked"),
    [
        ((MARK + "a", "b"), 0, False),
        ((MARK + "a", "b"), 2, False),
        (("a", "b"), 1, True),
        ((), 1, False),
        (("a", "b", "c"), 1, False),
        ((MARK, "b"), 1, False),
        (("a", " "), 1, False),
    ],
)
def test_what_is_no_conversation_about_images_is_unreadable(texts, num_images, marked):
    with pytest.raises(Unreadable):
        conversation(said(*texts), num_images, marked)


def test_a_system_text_is_told_and_not_asked():
    told = conversation([Message("system", "Be brief."), *said("a", "b")], 1, marked=False)
    assert [context.text for context in told.context] == ["Be brief."]
    assert len(told.turns) == 1


def test_an_empty_system_text_is_none():
    told = conversation([Message("system", " "), *said("a", "b")], 1, marked=False)
    assert (told.context, len(told.turns)) == ((), 1)


def test_options_in_the_question_close_it():
    asked = "Which side? Please choose from the following two options: [left, right]"
    turn = conversation(said(asked, "left"), 1, marked=False).turns[0]
    assert (turn.question, turn.expects.options) == ("Which side?", ("left", "right"))
    assert conversation(said(asked, "both"), 1, marked=False).turns[0].question == asked


@pytest.mark.parametrize("turn", ["a", {}, {"from": "human"}, {"from": "cat", "value": "x"}])
def test_a_turn_of_another_form_is_unreadable(turn):
    with pytest.raises(Unreadable):
        message(turn, "from", "value")


@given(st.lists(st.lists(NAMES, min_size=1, max_size=3)))
def test_images_told_together_are_of_one_patient_in_any_order(together):
    kin, other = Kin(together), Kin(together[::-1])
    for names in together:
        assert len({kin.of(name) for name in names}) == 1
        assert [kin.of(name) for name in names] == [other.of(name) for name in names]


def test_images_told_apart_are_of_their_own():
    kin = Kin([["p1/a.png"], ["p2/a.png"]])
    assert kin.of("p1/a.png") != kin.of("p2/a.png")
