"""The fourteen findings of CheXpert, and the words that reports use for them.

Names, and which finding is a kind of which, are those of Irvin et al., AAAI 2019 (table 1 and
figure 1). The words are common radiological usage in English, spelt the American and the British
way; what is not listed here is not seen.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

NO_FINDING = "No Finding"
DEVICES = "Support Devices"
_HEART = (
    r"heart(?! (?:rate|failure))|cardiac silhouette|cardiac size|cardiac contours?|cardiac shadow"
)
_MIDDLE = r"cardiomediastin\w+|mediastin(?:um|al)"
_LARGE = r"widen(?:ed|ing)|enlarge(?:d|ment)|prominen(?:t|ce)"

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Enlarged Cardiomediastinum": (
            rf"(?:{_LARGE})(?: of| to)?(?: the)? (?:{_MIDDLE})",
            rf"(?:{_MIDDLE})(?:(?!normal)[^,;]){{0,30}} (?:{_LARGE})",
        ),
        "Cardiomegaly": (
            r"cardiomegaly",
            rf"(?:enlarge[ds]?|enlargement of(?: the)?|big) (?:{_HEART})",
            rf"(?:{_HEART})(?:(?!normal)[^,;]){{0,30}} (?:enlarge(?:d|ment)|increased)",
            r"cardiac enlargement|increased cardiothoracic ratio",
        ),
        "Lung Opacity": (
            r"opaci(?:ty|ties|fications?|fied)",
            r"infiltrat(?:es?|ions?)",
            r"air ?-?space (?:disease|process)",
            r"(?:increased|prominent) interstitial (?:markings|lung markings)|interstitial pattern",
            r"reticulations?|haziness",
        ),
        "Lung Lesion": (
            r"(?:micro)?nodules?|nodularity",
            r"(?<!mediastinal )(?<!hilar )(?<!breast )(?<!cardiac )(?<!wall )"
            r"mass(?:es)?(?! effect)",
            r"(?<!bone )(?<!bony )(?<!osseous )(?<!lytic )(?<!sclerotic )lesions?",
            r"tumou?rs?|neoplasms?|malignanc(?:y|ies)|metasta(?:sis|ses|tic disease)|granulomas?",
            r"(?:lung|bronchogenic) (?:cancer|carcinoma)",
        ),
        "Edema": (
            r"(?<!tissue )(?<!laryngeal )(?<!wall )o?edema",
            r"(?:vascular|venous) (?:congestion|engorgement|redistribution)",
            r"heart failure|fluid overload|chf|kerley b? ?lines|cephali[sz]ation",
        ),
        "Consolidation": (r"consolidat(?:ions?|ive)",),
        "Pneumonia": (r"(?:broncho)?pneumonias?", r"infectious process|(?:lung |chest )?infection"),
        "Atelectasis": (
            r"atelecta(?:sis|ses|tic)",
            r"volume loss|loss of volume|(?:lung|lobar|lobe) collapse|collapsed (?:lung|lobe)",
        ),
        "Pneumothorax": (r"(?:hydro|ha?emo)?pneumothora(?:x|ces)",),
        "Pleural Effusion": (
            r"(?<!pericardial )(?<!joint )effusions?",
            r"(?:hydro|ha?emo)(?:pneumo)?thorax|pleural fluid|empyema",
        ),
        "Pleural Other": (
            r"pleural (?:thickening|plaques?|scarring|calcifications?|mass(?:es)?)",
            r"fibrothorax|apical (?:cap|thickening)",
        ),
        "Fracture": (r"fractur(?:es?|ed)",),
        DEVICES: (
            r"devices?|hardware|pace ?makers?|pacers?|defibrillators?|icd|pacing (?:leads?|wires?)",
            r"catheters?|picc|(?:venous|central) lines?|port-a-cath|swan-ganz",
            r"(?:endotracheal|et|enteric|nasogastric|ng|feeding|chest|tracheostomy|gastric) tubes?",
            r"tubes?|sternotomy wires|surgical clips|stents?|prosthe(?:sis|ses|tic valve)|drains?",
        ),
    }
)
"""Patterns of each finding's words, in lower case; `No Finding` has no words but NORMAL's."""

_IS = r"(?: (?:is|are|was|were|appears?|look|looks))?(?: to be)?(?: within| of)?(?: all| entirely)?"
_FINE = r"(?:normal|unremarkable)"
_OPACITIES = ("Edema", "Consolidation", "Pneumonia", "Lung Lesion", "Atelectasis")
_LUNG_FINDINGS = ("Lung Opacity", *_OPACITIES)

NORMAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        rf"(?:{_HEART})(?: size)?(?: and \w+(?: \w+)?)?{_IS} {_FINE}": ("Cardiomegaly",),
        rf"{_FINE} (?:size of the )?(?:{_HEART})|{_FINE} (?:sized )?heart": ("Cardiomegaly",),
        rf"cardiomediastin\w+ (?:silhouette|contours?|shadow)?{_IS} {_FINE}": (
            "Cardiomegaly",
            "Enlarged Cardiomediastinum",
        ),
        rf"{_FINE} cardiomediastin\w+": ("Cardiomegaly", "Enlarged Cardiomediastinum"),
        rf"mediastin(?:um|al)(?: contours?| silhouette)?{_IS} {_FINE}": (
            "Enlarged Cardiomediastinum",
        ),
        rf"{_FINE} mediastin(?:um|al)": ("Enlarged Cardiomediastinum",),
        rf"(?<!remainder of the )(?<!rest of the )(?<!remaining )lungs?(?: fields| parenchyma)?"
        rf"(?: bilaterally)?{_IS} (?:clear(?! of)|{_FINE})": _LUNG_FINDINGS,
        rf"(?:clear|{_FINE}) lungs?": _LUNG_FINDINGS,
        rf"(?:costophrenic|cp) (?:angles|sulci){_IS} (?:clear|sharp|{_FINE})": (
            "Pleural Effusion",
        ),
        rf"(?:osseous structures|bones|bony (?:structures|thorax)|ribs|skeleton){_IS}"
        rf" (?:intact|{_FINE})": ("Fracture",),
        r"no (?:acute |focal |significant )*pleural (?:abnormalit(?:y|ies)|disease)": (
            "Pleural Effusion",
            "Pleural Other",
            "Pneumothorax",
        ),
        r"no (?:acute |focal |significant )*(?:bony|osseous|skeletal) abnormalit(?:y|ies)": (
            "Fracture",
        ),
    }
)
"""Patterns that call a part of the chest normal, and the findings that they deny."""

HEALTHY: tuple[str, ...] = (
    r"no (?:evidence of )?(?:any )?(?:acute |active |significant )*"
    r"(?:cardiopulmonary |cardiothoracic |intrathoracic |thoracic |chest |radiographic )*"
    r"(?:abnormalit(?:y|ies)|disease|process|findings?|patholog(?:y|ies))"
    r"(?! (?:of|to|for|in|on|that|other|suggest\w*|concerning|consistent))",
    rf"{_FINE} (?:chest|study|radiograph|examination|x-?ray)",
    rf"(?:chest|study|radiograph|examination|x-?ray){_IS} {_FINE}",
)
"""Patterns that say `No Finding`."""

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Consolidation": ("Pneumonia",),
        "Lung Opacity": _OPACITIES,
        "Enlarged Cardiomediastinum": ("Cardiomegaly",),
    }
)
"""What is there whenever one of its kinds is (figure 1), the narrower ones first."""

_WHOLE = MappingProxyType(
    {name: re.compile(rf"\b(?:{'|'.join(words)})\b") for name, words in WORDS.items()}
)


def mentions(text: str) -> list[tuple[str, int, int]]:
    """Every mention in lower-case text: the finding, where it begins, where it ends."""
    return [
        (name, *found.span())
        for name, pattern in _WHOLE.items()
        for found in pattern.finditer(text)
    ]


def finding_of(label: str) -> str | None:
    """The finding that a data set's label means; None for a label that is none of the fourteen."""
    words = " ".join(label.replace("_", " ").lower().split())
    if words in (NO_FINDING.lower(), "normal", "no findings"):
        return NO_FINDING
    exact = {name.lower(): name for name in WORDS}
    if words in exact:
        return exact[words]
    named = {name for name, _, _ in mentions(words)}
    return named.pop() if len(named) == 1 else None
