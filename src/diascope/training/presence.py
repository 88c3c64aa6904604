"""What a case says of a picture's labels: which are there and which are not."""

from diascope.answers import Choice, Findings, Labels
from diascope.expectations import FindingList, LabelSet, Options
from diascope.metrics.labels import as_labels
from diascope.records import Case
from diascope.training.lessonconfig import LabelsConfig

ABNORMAL = "abnormal"


def presence(case: Case) -> dict[str, float]:
    """1 for a label that is present, 0 for one that is absent.

    What is uncertain or unknown is left out; so is everything of a case that is not about labels.
    Of the options of a classification the chosen one is present. What a list of findings leaves
    out is absent.
    """
    match case.turn.answer, case.turn.expects:
        case Labels() as labels, _:
            return _told(labels)
        case Findings() as findings, FindingList(names=names):
            named = {finding.name for finding in findings.findings}
            unlisted = (name for name in names if name not in named)
            return dict.fromkeys(unlisted, 0.0) | _told(as_labels(findings))
        case Choice(option=option), Options(options=options) if case.turn.task == "classification":
            return dict.fromkeys(options, 0.0) | {option: 1.0}
    return {}


def asked_presence(case: Case, config: LabelsConfig) -> dict[str, float]:
    """What the case says of what a phase asks."""
    return presence(case) if config.ask == "labels" else abnormality(case, config)


def abnormality(case: Case, config: LabelsConfig) -> dict[str, float]:
    """Whether the picture is abnormal, under the one name `abnormal`; empty where nobody knows.

    Any finding makes it so. A label such as No Finding unmakes it, and so does a label set all of
    whose findings are absent; options tell only where one of them is normal.
    """
    said = {name.lower(): value for name, value in presence(case).items()}
    normal, aside = ({name.lower() for name in names} for names in (config.normal, config.aside))
    findings = {name: value for name, value in said.items() if name not in normal | aside}
    told_normal = {said[name] for name in normal & said.keys()}
    if isinstance(case.turn.answer, Choice) and not told_normal:
        return {}
    if any(findings.values()):
        return {ABNORMAL: 1.0}
    all_absent = findings and _asked(case) - normal - aside <= findings.keys()
    return {ABNORMAL: 0.0} if 1.0 in told_normal or (all_absent and not told_normal) else {}


def _told(labels: Labels) -> dict[str, float]:
    return dict.fromkeys(labels.absent, 0.0) | dict.fromkeys(labels.present, 1.0)


def _asked(case: Case) -> set[str]:
    match case.turn.expects:
        case LabelSet(labels=names) | FindingList(names=names) | Options(options=names):
            return {name.lower() for name in names}
    return set()
