"""Instance detection: many objects of few classes, one list of boxes per class, F1 at IoU 0.5.

Scored as detection is: pooled over images and classes, labels must agree. Baseline: the mean box
of each label that at least half of the training cases have.
"""

from diascope.expectations import BoxSpace
from diascope.tasks._boxes import mean_box
from diascope.tasks._geometry import (
    instance_codec,
    instance_prompt,
    measure_boxes,
    reading_order,
    summarise_boxes,
)
from diascope.tasks.task import Task

TASK = Task(
    name="instance_detection",
    accepts=(BoxSpace,),
    prompt=instance_prompt,
    codec=instance_codec,
    measure=measure_boxes,
    summarise_sums=summarise_boxes,
    primary="f1_50",
    baseline=mean_box,
    order=reading_order,
)
