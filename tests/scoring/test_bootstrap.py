"""The cluster bootstrap: against a plain loop, against clusters it must respect, its coverage."""

import numpy as np
import pytest

from diascope.scoring import bootstrap
from diascope.scoring.bootstrap import bounds, by_patient, resampled, values


def mean(sums):
    return {"mean": sums["total"] / sums["n"]}


def rows_of(numbers):
    return np.stack([np.ones(len(numbers)), numbers], axis=1)


def interval(numbers, patients, seed=0, resamples=1000):
    table = by_patient(rows_of(numbers), np.array(patients))
    (sums,) = resampled([table], resamples, np.random.default_rng(seed))
    return bounds(values(mean, ("n", "total"), sums)["mean"])


def test_by_patient_sums_the_cases_of_each():
    rows = rows_of(np.array([1.0, 2.0, 4.0]))
    assert by_patient(rows, np.array(["b", "a", "b"])).tolist() == [[1, 2], [2, 5]]


def test_every_resample_equals_a_plain_loop_over_drawn_patients():
    rng = np.random.default_rng(3)
    patients = np.array([f"p{number}" for number in rng.integers(0, 7, 40)])
    numbers, others = rng.normal(size=(2, 40))
    tables = [by_patient(rows_of(each), patients) for each in (numbers, others)]
    sums = resampled(tables, 50, np.random.default_rng(5))
    names = np.unique(patients)
    drawn = np.random.default_rng(5).multinomial(len(names), np.full(len(names), 1 / 7), size=50)
    for index, counts in enumerate(drawn):
        for each, found in zip((numbers, others), sums, strict=True):
            chosen = [
                value
                for name, times in zip(names, counts, strict=True)
                for _ in range(times)
                for value in each[patients == name]
            ]
            assert found[index, 0] == len(chosen)
            assert found[index, 1] == pytest.approx(sum(chosen))


def test_the_interval_is_that_of_drawing_patients_with_replacement():
    rng = np.random.default_rng(1)
    patients = np.repeat(np.arange(30), 4)
    numbers = rng.normal(size=30)[patients] + 0.3 * rng.normal(size=120)
    means = []
    for _ in range(4000):
        drawn = rng.integers(0, 30, 30)
        means.append(np.concatenate([numbers[patients == name] for name in drawn]).mean())
    low, high = interval(numbers, patients.astype(str), resamples=4000)
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.03)


def test_cases_that_stand_and_fall_together_count_once():
    rng = np.random.default_rng(2)
    of_patient = rng.integers(0, 2, 50).astype(float)
    numbers, patients = np.repeat(of_patient, 9), np.repeat(np.arange(50), 9).astype(str)
    clustered = interval(numbers, patients)
    naive = interval(numbers, np.arange(450).astype(str))
    ratio = (clustered.high - clustered.low) / (naive.high - naive.low)
    assert ratio == pytest.approx(3, rel=0.15)  # sqrt of nine cases a patient


def test_the_interval_covers_the_true_mean_nineteen_times_in_twenty():
    rng = np.random.default_rng(7)
    covered = 0
    for trial in range(300):
        patients = np.repeat(np.arange(60), 3)
        numbers = rng.normal(size=60)[patients] + rng.normal(size=180)
        low, high = interval(numbers, patients.astype(str), seed=trial, resamples=400)
        covered += low <= 0 <= high
    assert 0.91 <= covered / 300 <= 0.98


def test_chunks_change_no_number(monkeypatch):
    table = by_patient(rows_of(np.arange(20.0)), np.arange(20).astype(str))
    whole = resampled([table], 30, np.random.default_rng(0))[0]
    monkeypatch.setattr(bootstrap, "_CHUNK", 70)
    assert np.array_equal(resampled([table], 30, np.random.default_rng(0))[0], whole)


@pytest.mark.parametrize(("undefined", "has_interval"), [(0, True), (5, True), (6, False)])
def test_a_metric_that_is_often_undefined_has_no_interval(undefined, has_interval):
    samples = np.arange(100.0)
    samples[:undefined] = np.nan
    assert np.isfinite(bounds(samples).low) == has_interval
