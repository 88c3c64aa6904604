import pytest

from diascope.curation._converse.exchange import LeftOpen, exchanged

from .sentences import expected

EXCHANGES = [
    ("Is there a pleural effusion?", "Yes.", "+PE"),
    ("Is there a pleural effusion?", "Yes, a small one on the left.", "+PE"),
    ("Is there a pleural effusion?", "No.", "-PE"),
    ("Is there a pleural effusion?", "No, there is none.", "-PE"),
    ("Is there a pleural effusion?", "There is none.", "-PE"),
    ("Is there a pleural effusion?", "Possibly.", "?PE"),
    ("Is there a pleural effusion?", "It cannot be excluded.", "?PE"),
    ("Is there pneumothorax or effusion?", "No.", "-PX -PE"),
    ("Is there pneumothorax or effusion?", "No pneumothorax, but an effusion.", "-PX +PE"),
    ("Is there no effusion?", "Yes.", "-PE"),
    ("Is the heart enlarged?", "The heart is normal in size.", "-CM"),
    ("Is the heart enlarged?", "It is not.", None),
    ("Is there an effusion?", "No consolidation is seen.", None),
    ("Is there an effusion?", "The image is rotated.", None),
    ("Is there no effusion?", "No.", None),
    ("Where is the pneumothorax?", "At the left apex.", "+PX"),
    ("How large is the effusion?", "Small.", "+PE"),
    ("How large is the effusion?", "There is no effusion.", "-PE"),
    ("What about pneumothorax?", "None.", "-PX"),
    ("What about pneumothorax?", "The ribs are thin.", None),
    ("Describe the lungs.", "The lungs show patchy opacities.", "+LO"),
    ("Which view is it?", "Frontal.", ""),
]


@pytest.mark.parametrize(("question", "answer", "coded"), EXCHANGES)
def test_a_question_and_its_answer_say(question, answer, coded):
    if coded is None:
        with pytest.raises(LeftOpen):
            exchanged(question, answer)
    else:
        assert set(exchanged(question, answer)) == expected(coded)
