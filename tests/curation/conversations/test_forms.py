"""Every form by an example that was worked out by hand from what its fixture says."""

from collections.abc import Callable
from typing import Any

import pytest

from diascope.answers import Boxes, Choice, Labels, Text
from diascope.records import Record

MIMIC_FINDINGS = (
    "The heart is enlarged. Vessels are a little prominent, so that mild edema is possible. There "
    "is no effusion and no pneumothorax."
)
FOLLOW_UP = (
    "As compared to the study of ___, a line now ends in the vein above the heart. A new left "
    "effusion is small; atelectasis beside it cannot be excluded. The heart is still enlarged. No "
    "pneumothorax."
)
LISTED = "cardiomegaly, edema, pneumothorax, pleural effusion"
LABELS = {
    "present": ("cardiomegaly",),
    "absent": ("pneumothorax", "pleural effusion"),
    "uncertain": ("edema",),
}
IS_THERE = (
    "Is {} present in the radiology image? If so, provide the bounding box coordinates of the "
    "region."
)
FIRST_VINDR = "2222222222222222222222222222c3d4"
MS = "3d4e5f60-11111111-22222222-33333333-44444447"
IMAGENOME = "3d4e5f60-11111111-22222222-33333333-44444447"


def brief(answer: Any) -> Any:
    match answer:
        case Text(text=text):
            return text
        case Choice(option=option):
            return option
        case Labels():
            return answer.model_dump(exclude={"kind"})
        case Boxes(boxes=boxes):
            return [(box.label, *box.corners) for box in boxes]


def said(record: Record) -> list[tuple[Any, ...]]:
    return [(turn.task, turn.image, turn.question, brief(turn.answer)) for turn in record.turns]


def roles(record: Record) -> list[str]:
    return [image.role for image in record.images]


EXAMPLES: list[tuple[str, str, str, list[str], list[tuple[Any, ...]]]] = [
    (
        "mimic_cxr",
        "report",
        "59000003/1",
        ["lateral"],
        [
            (
                "report",
                0,
                "Provide a description of the findings in the radiology image.",
                MIMIC_FINDINGS,
            )
        ],
    ),
    (
        "mimic_cxr",
        "report_with_indication",
        "59000003/0",
        ["main"],
        [
            (
                "report",
                0,
                "Provide a description of the findings in the radiology image given the following "
                "indication: ___ year old woman with slow onset of breathlessness. // edema?",
                MIMIC_FINDINGS,
            )
        ],
    ),
    (
        "mimic_cxr",
        "findings",
        "59000003/0",
        ["main"],
        [
            (
                "multilabel",
                0,
                "Which of the following findings are present in the radiology image? Findings: "
                + LISTED,
                LABELS,
            )
        ],
    ),
    (
        "mimic_cxr",
        "findings",
        "51000002/0",
        ["main"],
        [("classification", 0, "Are there any findings in the radiology image?", "no")],
    ),
    (
        "covid19_radiography",
        "findings",
        "COVID-1/0",
        ["main"],
        [
            (
                "classification",
                0,
                "Which of the following is present in the radiology image? Findings: COVID, "
                "Lung_Opacity, Normal, Viral Pneumonia",
                "COVID",
            )
        ],
    ),
    (
        "mimic_cxr",
        "findings_then_report",
        "59000003/0",
        ["main"],
        [
            (
                "multilabel",
                0,
                "Which of the following findings are present in the radiology image? Findings: "
                + LISTED,
                LABELS,
            ),
            (
                "report",
                0,
                "Based on the previous conversation, provide a description of the findings in the "
                "radiology image.",
                MIMIC_FINDINGS,
            ),
        ],
    ),
    (
        "mimic_cxr",
        "multi_view_report",
        "59000003/0",
        ["main", "lateral"],
        [
            (
                "multilabel",
                0,
                "Which of the following findings are present in the radiology images? Findings: "
                + LISTED,
                LABELS,
            ),
            (
                "report",
                0,
                "Based on the previous conversation, provide a description of the findings in the "
                "radiology images.",
                MIMIC_FINDINGS,
            ),
        ],
    ),
    (
        "mimic_cxr",
        "follow_up_report",
        "50000001/0",
        ["prior", "prior", "main"],
        [
            (
                "multilabel",
                2,
                "The radiology studies are given in chronological order. Which of the following "
                "findings are present in the current follow-up radiology images? Findings: "
                "cardiomegaly, atelectasis, pneumothorax, pleural effusion, support devices",
                {
                    "present": ("cardiomegaly", "pleural effusion", "support devices"),
                    "absent": ("pneumothorax",),
                    "uncertain": ("atelectasis",),
                },
            ),
            (
                "report",
                2,
                "Based on the previous conversation, provide a description of the findings in the "
                "current follow-up radiology images.",
                FOLLOW_UP,
            ),
        ],
    ),
    (
        "mimic_cxr",
        "impression",
        "53000004/0",
        ["main"],
        [
            (
                "report",
                0,
                "The 'Findings' section of a chest x-ray radiology report is given: The chest is "
                "hard to judge on this film. The bases are cut off. Please write the 'Impression' "
                "section based on the 'Findings' section.",
                "Please repeat the film.",
            )
        ],
    ),
    (
        "siim_pneumothorax",
        "finding_grounding",
        "1.2.276.0.7230010.3.1.4.8323329.132.1517870000.298/0",
        ["main"],
        [("detection", 0, IS_THERE.format("pneumothorax"), [("pneumothorax", 22, 4, 30, 12)])],
    ),
    (
        "siim_pneumothorax",
        "finding_grounding",
        "1.2.276.0.7230010.3.1.4.8323329.131.1517870000.295/0",
        ["main"],
        [("detection", 0, IS_THERE.format("pneumothorax"), [])],
    ),
    (
        "vindr_cxr",
        "grounded_finding",
        f"{FIRST_VINDR}/0",
        ["main"],
        [
            # 4.3125 / 32, 5.375 / 26, 9.9375 / 32 and 10.375 / 26, rounded outwards
            ("vqa", 0, "Provide a finding name for this region. [13,20,32,40]", "nodule/mass")
        ],
    ),
    (
        "nih_cxr14",
        "multi_finding_grounding",
        "00000001_000.png/0",
        ["main"],
        [
            # three of fourteen labels are boxed anywhere in the set; cardiomegaly is not
            (
                "detection",
                0,
                "Which of the following findings are present in the radiology image? Provide the "
                "bounding box coordinates if present. Findings: atelectasis, infiltration, mass",
                [],
            )
        ],
    ),
    (
        "vindr_cxr",
        "abnormality_detection",
        f"{FIRST_VINDR}/0",
        ["main"],
        [
            (
                "detection",
                0,
                "Provide the bounding box coordinates of abnormal regions in the radiology image.",
                [("abnormality", 4.3125, 5.375, 9.9375, 10.375)],
            )
        ],
    ),
    (
        "covid19_radiography",
        "organ_grounding",
        "COVID-1/0",
        ["main"],
        [
            (
                "grounding",
                0,
                "Provide the bounding box coordinates of lungs in the radiology image.",
                [
                    ("lungs", 20.4, 4.8, 31.2, 24.0),
                    ("lungs", 4.8, 4.8, pytest.approx(14.4), 24.0),
                ],
            )
        ],
    ),
    (
        "covid19_radiography",
        "grounded_organ",
        "COVID-1/0",
        ["main"],
        [
            (
                "vqa",
                0,
                "Provide an organ name for this region. [56,16,87,80], [13,16,40,80]",
                "lungs",
            )
        ],
    ),
    (
        "ms_cxr",
        "phrase_grounding",
        f"{MS}/0",
        ["main"],
        [
            (
                "grounding",
                0,
                "Provide the bounding box coordinate of the region this phrase describes: small "
                "bilateral effusions",
                [
                    ("small bilateral effusions", 1, 15, 9, 22),
                    ("small bilateral effusions", 21, 14, 29, 23),
                ],
            ),
            (
                "grounding",
                0,
                "Provide the bounding box coordinate of the region this phrase describes: "
                "plate-like atelectasis at the left base",
                [("plate-like atelectasis at the left base", 20, 13, 27, 17)],
            ),
        ],
    ),
    (
        "ms_cxr",
        "grounded_phrase",
        f"{MS}/0",
        ["main"],
        [
            # the image is 30 x 24
            (
                "vqa",
                0,
                "Provide a radiology report phrase for the region. [3,62,30,92], [70,58,97,96].",
                "small bilateral effusions",
            ),
            (
                "vqa",
                0,
                "Provide a radiology report phrase for the region. [66,54,90,71].",
                "plate-like atelectasis at the left base",
            ),
        ],
    ),
    (
        "chest_imagenome",
        "anatomy_grounding",
        f"{IMAGENOME}/0",
        ["main"],
        [
            (
                "grounding",
                0,
                "Provide the bounding box coordinate of the anatomical region. right lung",
                [("right lung", 2, 3, 15, 24)],
            ),
            (
                "grounding",
                0,
                "Provide the bounding box coordinate of the anatomical region. left costophrenic "
                "angle",
                [("left costophrenic angle", 26, 20, 32, 28)],
            ),
        ],
    ),
    (
        "chest_imagenome",
        "grounded_anatomy",
        f"{IMAGENOME}/0",
        ["main"],
        [
            # the image is 32 x 28
            (
                "vqa",
                0,
                "Provide an anatomical region name for this region. [6,10,47,86]",
                "right lung",
            ),
            (
                "vqa",
                0,
                "Provide an anatomical region name for this region. [81,71,100,100]",
                "left costophrenic angle",
            ),
        ],
    ),
    (
        "mimic_cxr_vqa",
        "vqa",
        "test/1/0",
        ["main"],
        [
            (
                "vqa",
                0,
                "Answer the question. Which regions show pneumonia?",
                "right lower lung zone, right lung",
            )
        ],
    ),
    (
        "mimic_diff_vqa",
        "difference",
        "51000023/8/0",
        ["reference", "main"],
        [
            (
                "vqa",
                1,
                "Using the provided reference and main radiology images, answer the following "
                "question. what has changed compared to the reference image?",
                "nothing has changed.",
            )
        ],
    ),
    (
        "radialog",
        "dialogue",
        "mimic_cxr_instruct_llava_v2/9/0",
        ["main"],
        [
            (
                "vqa",
                0,
                "Predicted Findings: edema. Describe this picture.",
                "There is mild edema on both sides. The heart is normal.",
            ),
            ("vqa", 0, "Give one short sentence.", "Mild edema, normal heart."),
        ],
    ),
]


@pytest.mark.parametrize(
    ("source", "name", "which", "shown", "expected"),
    EXAMPLES,
    ids=[f"{example[1]}-{example[0]}-{number}" for number, example in enumerate(EXAMPLES)],
)
def test_an_example_of_every_form(
    make: Callable[..., Any],
    source: str,
    name: str,
    which: str,
    shown: list[str],
    expected: list[tuple[Any, ...]],
) -> None:
    record = make(source, name).named(f"{source}/{name}/{which}")
    assert (record.dataset, roles(record), said(record)) == (f"{source}/{name}", shown, expected)


def test_the_study_before_comes_with_its_findings(make: Callable[..., Any]) -> None:
    record = make("mimic_cxr", "follow_up_report").named("mimic_cxr/follow_up_report/50000001/0")
    (context,) = record.context
    assert (context.role, context.study) == ("prior radiology report", "59000003")
    assert context.text == MIMIC_FINDINGS


def test_the_region_of_words_is_their_evidence_in_pixels(make: Callable[..., Any]) -> None:
    record = make("ms_cxr", "grounded_phrase").named(f"ms_cxr/grounded_phrase/{MS}/0")
    (turn, _) = record.turns
    assert isinstance(turn.answer, Text)
    assert turn.answer.evidence is not None
    assert [box.corners for box in turn.answer.evidence.boxes] == [(1, 15, 9, 22), (21, 14, 29, 23)]


@pytest.mark.parametrize(
    ("source", "name", "why", "times"),
    [
        ("mimic_cxr", "report", "no findings section of a report", 3),
        ("mimic_cxr", "findings", "no finding is known", 1),
        ("mimic_cxr", "multi_view_report", "one image only", 3),
        ("mimic_cxr", "multi_view_report", "no findings section of a report", 1),
        ("mimic_cxr", "follow_up_report", "no study before it with a report", 3),
        ("mimic_cxr", "follow_up_report", "no findings section of the study before it", 1),
        ("mimic_cxr", "vqa", "no question about the images", 5),
        ("radialog", "vqa", "no question about the images", 4),
        ("openi", "impression", "not both of findings and impression", 2),
    ],
)
def test_what_is_lacking_is_counted(
    make: Callable[..., Any], source: str, name: str, why: str, times: int
) -> None:
    assert make(source, name).lacks.count(why) == times


def test_reports_of_radialog_are_no_dialogues(make: Callable[..., Any]) -> None:
    made = make("radialog", "dialogue")
    assert {record.metadata.get("task") for record in made.records} == {
        *("CPbQA", "CPaQA", "EL", "VC", "CO", "RQA", "SU"),
        None,
    }
