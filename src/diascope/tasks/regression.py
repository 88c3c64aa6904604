"""Regression: a measurement in a stated range and unit, scored by mean absolute error.

An invalid reply is as far off as the range allows. Baseline: the median of the training cases.
"""

from diascope.expectations import Range
from diascope.tasks._baselines import median
from diascope.tasks._numbers import measure_number, number_codec, number_prompt, summarise_numbers
from diascope.tasks.task import Task

TASK = Task(
    name="regression",
    accepts=(Range,),
    prompt=number_prompt,
    codec=number_codec,
    measure=measure_number,
    summarise_sums=summarise_numbers,
    primary="mae",
    higher_is_better=False,
    baseline=median,
)
