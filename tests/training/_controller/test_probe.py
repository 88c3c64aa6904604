from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Choice
from diascope.expectations import Options
from diascope.records import Case, Image, Record, Turn
from diascope.training._controller.probe import answered, in_turn, stratified

groups = st.lists(st.lists(st.integers(), max_size=5), max_size=5)


def case(number: int, dataset: str, option: str | None) -> Case:
    answer = Choice(option=option) if option else None
    expects = Options(options=("yes", "no", "maybe"))
    turn = Turn(task="classification", question="?", expects=expects, answer=answer)
    image = Image(path="x.png", width=8, height=8)
    record = Record(
        id=str(number),
        dataset=dataset,
        patient=str(number),
        study="s",
        split="val",
        images=(image,),
        turns=(turn,),
    )
    return Case(record, 0)


@given(groups, st.integers(0, 30))
def test_taking_turns_takes_the_first_of_each_before_any_second(
    groups: list[list[int]], limit: int
) -> None:
    placed = [[(depth, value) for depth, value in enumerate(group)] for group in groups]
    taken = in_turn(placed, limit)
    assert len(taken) == min(limit, sum(map(len, groups)))
    assert [depth for depth, _ in taken] == sorted(depth for depth, _ in taken)


def test_a_rare_answer_is_asked_about_as_often_as_a_common_one() -> None:
    cases = [case(number, "d", "no" if number % 8 else "yes") for number in range(40)]
    counts = Counter(each.truth.option for each in stratified(cases, 10))
    assert counts == {"yes": 5, "no": 5}


def test_a_small_data_set_is_asked_about_beside_a_large_one() -> None:
    cases = [case(number, "small" if number % 10 == 0 else "large", "no") for number in range(40)]
    counts = Counter(each.record.dataset for each in stratified(cases, 8))
    assert counts == {"small": 4, "large": 4}


def test_cases_that_all_differ_are_spread_over_the_file() -> None:
    cases = [case(number, str(number), "no") for number in range(16)]
    assert [each.record.id for each in stratified(cases, 4)] == ["0", "4", "8", "12"]


def test_what_has_no_answer_is_never_asked() -> None:
    cases = [case(number, "d", "yes" if number % 2 else None) for number in range(20)]
    for chosen in (answered(cases, 6), stratified(cases, 6)):
        assert len(chosen) == 6
        assert all(each.turn.answer is not None for each in chosen)
    assert not stratified([], 4)
    assert not stratified(cases, 0)
