"""Questions about one picture come together, and the picture is read once for them."""

from pathlib import Path

import pytest

from diascope.batching import pack
from diascope.mixture import MixtureConfig
from diascope.models.gemma3 import Gemma3
from diascope.training.bundles import bundled
from diascope.training.config import DataConfig
from diascope.training.feed import Feed, open_feed

TOGETHER = 3


@pytest.fixture
def feed(gemma_3: Gemma3, phantom: Path) -> Feed:
    data = DataConfig(records=str(phantom), mixture=MixtureConfig(by="dataset"), together=TOGETHER)
    return open_feed(gemma_3, data, phantom, seed=0)


def test_every_case_is_in_one_bundle_and_a_bundle_is_about_one_picture(feed: Feed) -> None:
    found = bundled(feed.groups, TOGETHER)
    for name, cases in feed.groups.items():
        assert sorted(int(n) for bundle in found[name] for n in bundle) == list(range(len(cases)))
        for bundle in found[name]:
            assert 1 <= len(bundle) <= TOGETHER
            about = {tuple(image.path for image in cases[int(n)].record.images) for n in bundle}
            assert len(about) == 1
    assert max(len(bundle) for bundles in found.values() for bundle in bundles) == TOGETHER
    assert bundled(feed.groups, 1) == {}


def test_rows_are_shorter_where_pictures_are_shared(
    feed: Feed, gemma_3: Gemma3, phantom: Path
) -> None:
    data = DataConfig(records=str(phantom), mixture=MixtureConfig(by="dataset"))
    single = open_feed(gemma_3, data, phantom, seed=0)
    shares = []
    for each in (single, feed):
        examples = list(each.examples(range(36)))
        row = pack(examples)
        shares.append(len(row.input_ids) / sum(example.length for example in examples))
    assert shares[1] < shares[0] - 0.05
