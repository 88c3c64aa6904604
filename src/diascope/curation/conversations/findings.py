"""findings: which findings are there, M4CXR's "multi_disease"."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._labels import findings_turn
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study


def _make(study: Study) -> Iterator[Talk | Lack]:
    for image in study.images:
        shown = study.showing(image)
        first = findings_turn(shown, "the radiology image")
        yield Talk(shown.records[0], (image,), (first,)) if first else Lack("no finding is known")


FORM = Form(
    name="findings",
    about="which of the findings that are known of are there",
    needs="labels, or one of a few classes",
    make=_make,
    m4cxr=MappingProxyType(
        {
            "brax": "brax_multi_disease",
            "chexpert": "chexpert_multi_disease",
            "vindr_cxr": "vinbig_multi_disease",
            "nih_cxr14": "nih_multi_disease",
            "chestx_det": "chestx_det_multi_disease",
            "siim_pneumothorax": "siim_multi_disease",
            "rsna_pneumonia": "rsna_multi_disease",
            "covid19_radiography": "covid19_multi_disease",
        }
    ),
)
