import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.training._controller.alarms import SURE, collapses, overfits, risen
from diascope.training._controller.history import Seen
from diascope.training._controller.replies import Worth

PATIENTS = [f"p{number // 2}" for number in range(24)]


def seen(step: int, val: float, train: float) -> Seen:
    return Seen(step, {"vqa": val}, {"vqa": train})


def noisy(mean: float, seed: int = 0) -> list[float]:
    return (mean + 0.1 * np.random.default_rng(seed).standard_normal(24)).tolist()


def worth(n: int, alike: int, true_alike: int) -> Worth:
    return Worth(n, 0, "accuracy", 0.5, 0.5, 0.0, n - alike + 1, alike, true_alike)


LOOKS = [seen(10, 1.2, 1.4), seen(20, 1.0, 1.1), seen(30, 1.1, 0.8), seen(40, 1.5, 0.5)]
KEPT = {10: noisy(1.2), 20: noisy(1.0), 30: noisy(1.1), 40: noisy(1.5, 1)}


def test_a_loss_that_rises_while_its_training_falls_rings() -> None:
    alarm = overfits("vqa", LOOKS, KEPT.get, PATIENTS)
    assert alarm is not None
    assert alarm.kind == "overfits"
    said = str(alarm)
    assert "vqa overfits: since step 20 its validation loss has risen by 0.5" in said
    assert "on 12 patients" in said
    assert "fell from 1.1 to 0.5" in said


@pytest.mark.parametrize(
    "looks",
    [
        LOOKS[:1],
        LOOKS[:2],
        [seen(20, 1.0, 0.4), seen(40, 1.5, 0.5)],
        [Seen(20, {"vqa": 1.0}, {"vqa": 1.1}), Seen(40, {"vqa": 1.5}, {})],
    ],
    ids=["first look", "best look", "training rises too", "not learnt since"],
)
def test_no_other_course_rings(looks: list[Seen]) -> None:
    assert overfits("vqa", looks, KEPT.get, PATIENTS) is None


def test_a_rise_within_the_noise_does_not_ring() -> None:
    kept = KEPT | {40: noisy(1.02, 1)}
    assert overfits("vqa", LOOKS, kept.get, PATIENTS) is None


def test_losses_that_somebody_removed_ring_nothing() -> None:
    assert overfits("vqa", LOOKS, {40: KEPT[40]}.get, PATIENTS) is None


def test_many_cases_of_few_patients_are_few() -> None:
    assert risen([1.0] * 24, [2.0] * 24, ["a", "b"] * 12) is None


def test_chance_is_what_a_paired_test_says() -> None:
    from scipy.stats import ttest_rel

    before, after = noisy(1.0, 3), noisy(1.05, 4)
    alone = [str(number) for number in range(24)]
    told = risen(before, after, alone)
    assert told is not None
    assert told.chance == pytest.approx(ttest_rel(after, before, alternative="greater").pvalue)


def test_noise_alone_rings_as_seldom_as_said() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((4000, 2, 24))
    rung = [risen(*pair.tolist(), [str(n) for n in range(24)]) for pair in drawn]
    assert sum(rise is not None and rise.chance <= SURE for rise in rung) <= 12


@given(st.floats(0.001, 5), st.integers(5, 20))
def test_the_same_rise_for_every_patient_is_no_chance(rise: float, patients: int) -> None:
    alone = [str(number) for number in range(patients)]
    told = risen([1.0] * patients, [1.0 + rise] * patients, alone)
    assert told is not None
    assert told.chance < SURE
    fallen = risen([1.0 + rise] * patients, [1.0] * patients, alone)
    assert fallen is not None
    assert fallen.chance == 1.0


@pytest.mark.parametrize(
    ("told", "rings"),
    [
        (worth(16, 16, 4), True),
        (worth(16, 9, 4), True),
        (worth(16, 8, 4), False),
        (worth(16, 16, 16), False),
        (worth(8, 8, 8), False),
        (worth(7, 7, 1), False),
    ],
)
def test_replies_collapse_when_truths_do_not(told: Worth, rings: bool) -> None:
    alarm = collapses("vqa", told)
    assert (alarm is not None) == rings
    if alarm is not None:
        assert f"{told.alike} of 16 replies are the same, of the truths 4" in str(alarm)
