"""M4CXR's training mixture: how often each of its 50 sets is drawn, and that as our mixture.

Weights are those of the published configuration of its second phase (instruction_tuning.yaml of
deepnoid-ai/M4CXR-TNNLS); they sum to 704. M4CXR draws a conversation and takes the mean loss over
its answers, so that one of many turns weighs as much as one of one turn; our mixture draws turns,
each group as often as its weight says, which is the same share.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from diascope.curation.conversations import all_forms

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "mimiccxr_single_image_cot_prompting": 200.0,
        "mimiccxr_multi_image_cot_prompting": 120.0,
        "mimiccxr_multi_study_cot_prompting": 60.0,
        "brax_multi_disease": 7.0,
        "chexpert_multi_disease": 30.0,
        "vinbig_multi_disease": 3.0,
        "nih_multi_disease": 10.0,
        "chestx_det_multi_disease": 1.0,
        "siim_multi_disease": 4.0,
        "rsna_multi_disease": 4.0,
        "covid19_multi_disease": 3.0,
        "vinbig_loc_f_ground": 2.0,
        "nih_loc_f_ground": 10.0,
        "chestx_det_loc_f_ground": 2.0,
        "jsrt_loc_f_ground": 0.1,
        "siim_loc_f_ground": 4.0,
        "rsna_loc_f_ground": 1.0,
        "covid_qu_loc_f_ground": 1.0,
        "qata_loc_f_ground": 1.0,
        "vinbig_loc_grounded_f": 2.0,
        "chestx_det_loc_grounded_f": 2.0,
        "jsrt_loc_grounded_f": 0.1,
        "siim_loc_grounded_f": 2.0,
        "rsna_loc_grounded_f": 1.0,
        "covid_qu_loc_grounded_f": 1.0,
        "qata_loc_grounded_f": 3.0,
        "vinbig_loc_abn_det": 3.0,
        "chestx_det_loc_abn_det": 1.5,
        "jsrt_loc_abn_det": 0.1,
        "siim_loc_abn_det": 2.0,
        "rsna_loc_abn_det": 1.0,
        "covid_qu_loc_abn_det": 1.5,
        "qata_loc_abn_det": 1.5,
        "nih_loc_mf_ground": 10.0,
        "vinbig_loc_mf_ground": 2.0,
        "chestx_det_loc_mf_ground": 2.0,
        "covid19_loc_o_ground": 0.8,
        "covid_qu_loc_o_ground": 0.8,
        "covid19_loc_grounded_o": 0.8,
        "covid_qu_loc_grounded_o": 0.8,
        "mscxr_grounded_p": 2.0,
        "imagenome_grounded_p": 40.0,
        "mscxr_p_ground": 2.0,
        "imagenome_p_ground": 40.0,
        "imagenome_a_ground": 20.0,
        "imagenome_grounded_a": 20.0,
        "mimicvqa_vqa": 2.0,
        "mimiccxr_diff_vqa": 2.0,
        "mimiccxr_diff_vqa_difference": 4.0,
        "radialog": 70.0,
    }
)
"""By the names that M4CXR gives its sets."""


def group_weights(groups: Iterable[str]) -> dict[str, float]:
    """The weight of each group of conversations, 0 for one that M4CXR does not have.

    Groups are named as the data sets of conversations are: `mimic_cxr/findings_then_report`.
    """
    known = {
        form.group(dataset): WEIGHTS[name]
        for form in all_forms().values()
        for dataset, name in form.m4cxr.items()
        if name in WEIGHTS
    }
    return {group: known.get(group, 0.0) for group in groups}
