"""What is asked of a scene graph: where things are, and whether they are there."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from diascope.expectations import BoxSpace
from diascope.records import Turn
from diascope.sources import turns
from diascope.sources._imagenome.graph import REGIONS, Attribute, Boxes, Said

_KINDS = ("anatomicalfinding", "disease", "tubesandlines", "device")
_ABNORMAL, _NORMAL = Attribute("nlp", "yes", "abnormal"), Attribute("nlp", "yes", "normal")


def region_turns(boxes: Boxes) -> Iterator[Turn]:
    """Where each region of the anatomy is."""
    for region, box in boxes.items():
        yield turns.where(f"the {region}", region, [box])


def phrase_turns(said: Sequence[Said], boxes: Boxes) -> Iterator[Turn]:
    """Where each sentence that finds something is, if all of its regions are boxed.

    Any region is offered, since those of the sentence are the answer.
    """
    regions: dict[str, list[str]] = defaultdict(list)
    for each in said:
        if not each.compares and any(_is_found(one) for one in each.attributes):
            regions[each.phrase].append(each.region)
    for phrase, named in regions.items():
        if boxes.keys() >= set(named):
            found = [boxes[region] for region in REGIONS if region in named]
            asked = turns.where(f'"{phrase}"', phrase, found, len(REGIONS))
            space = BoxSpace(labels=REGIONS, limit=len(REGIONS))
            yield asked.model_copy(update={"expects": space})


def _is_found(attribute: Attribute) -> bool:
    return attribute.kind in _KINDS and attribute.said == "yes"


def normal_turns(said: Sequence[Said]) -> Iterator[Turn]:
    """Whether a region is normal, where that is told: one abnormal thing outweighs the rest."""
    told: dict[str, set[Attribute]] = defaultdict(set)
    for each in said:
        told[each.region].update(set(each.attributes) & {_ABNORMAL, _NORMAL})
    for region, attributes in told.items():
        if attributes:
            normal = "no" if _ABNORMAL in attributes else "yes"
            yield turns.which(f"Is the {region} normal?", turns.YES_NO, normal)


def finding_turns(said: Sequence[Said]) -> Iterator[Turn]:
    """Whether a finding is in a region, where the sentences do not contradict each other."""
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in said:
        for one in each.attributes:
            if one.kind in _KINDS:
                told[each.region, one.name].add(one.said)
    for (region, name), answers in told.items():
        if len(answers) == 1:
            yield turns.which(f"Is there {name} in the {region}?", turns.YES_NO, *answers)
