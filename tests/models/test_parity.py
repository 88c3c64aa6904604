"""What a family reads is what transformers' own processors make of the same words and pictures.

The templates are written here anew, as the published chats are: turn by turn, pictures first.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pil
from transformers import (
    AutoImageProcessor,
    Gemma3Processor,
    PaliGemmaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLProcessor,
    Qwen3VLProcessor,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from diascope.answers import Text
from diascope.batching import Example, pixels
from diascope.expectations import Free
from diascope.geometry import Size
from diascope.imaging.canvas import draw
from diascope.models import family
from diascope.models.chatting import ChatModel
from diascope.models.gemma3 import PIXELS, Gemma3
from diascope.models.paligemma import PaliGemma
from diascope.models.qwen_vl import MAX_PX, MIN_PX, QwenVL, resized
from diascope.models.transformer import Transformer
from diascope.records import Image, Record, Turn
from diascope.tasks.transcript import given as told
from diascope.tasks.transcript import question, transcript

QUESTIONS = ("Where is the heart?", "Is it  wide?\nSay yes or no.")
REPLIES = ("in the middle",)
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"


def record(images: int, size: Size) -> Record:
    shown = tuple(
        Image(path=f"{number}.png", width=size.width, height=size.height, role=f"view {number}")
        for number in range(images)
    )
    turns = tuple(
        Turn(task="vqa", question=each, expects=Free(max_chars=200)) for each in QUESTIONS
    )
    return Record(
        id="r",
        dataset="d",
        patient="p",
        study="s",
        split="train",
        licence="CC0-1.0",
        images=shown,
        turns=turns,
    )


def noise(size: Size, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth coloured picture, in whose shrunk copies no two pixels are alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (max(2, size.height // 8), max(2, size.width // 8), 3), np.uint8)
    return np.asarray(Pil.fromarray(coarse).resize(size, Pil.Resampling.BICUBIC))


def rendered(model: Transformer, of: Record, pictures: list[NDArray[np.uint8]]) -> Example:
    """The second question, after a reply to the first."""
    placed = [model.canvas_map(image.size) for image in of.images]
    canvases = [draw(each, where) for each, where in zip(pictures, placed, strict=True)]
    return model.render(of.cases()[1], canvases, REPLIES, Text(text="yes"))


def saved(model: Transformer, folder: Path) -> Any:
    """transformers' processor of a saved folder, but for videos, which torchvision would read."""
    model.save(folder)
    named = {"image_token": model.image_word}
    if isinstance(model, Gemma3):
        named |= {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    words = PreTrainedTokenizerFast.from_pretrained(folder, extra_special_tokens=named)
    eyes = AutoImageProcessor.from_pretrained(folder)
    if isinstance(model, Gemma3):
        return Gemma3Processor(eyes, words, image_seq_length=model.image_tokens(None))
    if isinstance(model, PaliGemma):
        return PaliGemmaProcessor(eyes, words)
    is_third = "Qwen3" in type(model.network).__name__
    made = object.__new__(Qwen3VLProcessor if is_third else Qwen2_5_VLProcessor)
    made.image_processor, made.tokenizer, made.image_token = eyes, words, model.image_word
    made.image_token_id = model.image_id
    return made


def written(model: Transformer, of: Record) -> str:
    """The conversation as a person would write it for the processor, one token a picture."""
    if isinstance(model, PaliGemma):
        return "<image>" * len(of.images) + transcript(of.cases()[1], model.dialect, REPLIES)
    asked = [question(of, turn, model.dialect) for turn in of.turns]
    asked[0] = "\n".join([*told(of), asked[0]])
    turns = [("user", asked[0]), ("model", REPLIES[0]), ("user", asked[1])]
    if isinstance(model, Gemma3):
        first = "<start_of_image>" * len(of.images)
        said = [f"<start_of_turn>{who}\n%s{what}<end_of_turn>\n" for who, what in turns]
        return "<bos>" + "".join(said) % (first, "", "") + "<start_of_turn>model\n"
    first = "<|vision_start|><|image_pad|><|vision_end|>" * len(of.images)
    names = {"user": "user", "model": "assistant"}
    said = [f"<|im_start|>{names[who]}\n%s{what}<|im_end|>\n" for who, what in turns]
    system = "" if "Qwen3" in type(model.network).__name__ else SYSTEM
    return system + "".join(said) % (first, "", "") + "<|im_start|>assistant\n"


def processed(model: Transformer, folder: Path, text: str, pictures: list[Any]) -> dict[str, Any]:
    """Ids and pixels as transformers makes them."""
    processor = saved(model, folder)
    if not isinstance(model, QwenVL):
        return dict(processor(images=pictures, text=text, add_special_tokens=False))
    seen = processor.image_processor(pictures, return_tensors="np")
    for number in range(len(pictures)):
        blank = processor.replace_image_token(seen, number).replace("<|image_pad|>", "<|place|>")
        text = text.replace("<|image_pad|>", blank, 1)
    text = text.replace("<|place|>", "<|image_pad|>")
    return {**seen, "input_ids": [model.encode(text)]}


@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize("size", [Size(300, 200), Size(97, 201)])
def test_ids_and_pixels_are_the_processors(
    any_model: Transformer, images: int, size: Size, tmp_path: Path
) -> None:
    if any_model.image_word is None:
        pytest.skip("a composed model has no processor of transformers'")
    of = record(images, size)
    pictures = [noise(size, seed) for seed in range(images)]
    shown = pictures
    if any_model.fit == "pad":  # transformers would stretch: it is given the square
        side = max(size)
        square = any_model.canvas_map(size).model_copy(
            update={"canvas": (side, side), "scale": (1.0, 1.0), "offset": middle(size)}
        )
        shown = [draw(each, square) for each in pictures]
    ours = rendered(any_model, of, pictures)
    theirs = processed(any_model, tmp_path / "saved", written(any_model, of), shown)
    assert list(ours.prefix) == list(theirs["input_ids"][0])
    expected = np.stack([np.asarray(each) for each in theirs["pixel_values"]])
    if isinstance(any_model, QwenVL):
        said = np.concatenate([any_model._patches(each) for each in ours.canvases])
        shapes = [[1, *(side // any_model._patch for side in c.shape[:2])] for c in ours.canvases]
        assert shapes == theirs["image_grid_thw"].tolist()
        step = 1 / 255 / min(any_model.scaling.std)
    else:
        said, step = pixels(ours.canvases).numpy(), 2 / 255
    assert said.shape == expected.shape
    gaps = np.abs(said - expected)
    if any_model.fit == "pad":
        # what lies beyond the picture's edge is mixed into two rows of it there, and none here
        gaps = gaps[(slice(None), slice(None), *inside(any_model, size))]
    assert gaps.max() <= 1.01 * step


def inside(model: Transformer, size: Size) -> tuple[slice, slice]:
    """The canvas pixels well within the picture."""
    x0, y0, x1, y1 = model.canvas_map(size).rect_to_canvas((0, 0, *size))
    return slice(int(y0) + 3, int(y1) - 3), slice(int(x0) + 3, int(x1) - 3)


def middle(size: Size) -> tuple[float, float]:
    """Where a picture lies on the square of its longer side."""
    side = max(size)
    return (side - size.width) // 2 * 1.0, (side - size.height) // 2 * 1.0


@settings(max_examples=300)
@given(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([28, 32]))
def test_a_picture_gets_the_size_that_qwen_gives_it(width: int, height: int, step: int) -> None:
    if max(width, height) / min(width, height) > 200:
        return
    theirs = smart_resize(height, width, step, MIN_PX, MAX_PX)
    assert resized(Size(width, height), step)[::-1] == theirs


def test_the_template_of_a_chat_travels_with_the_weights(gemma_3: Gemma3, tmp_path: Path) -> None:
    """As a folder that was taught otherwise than the family is today."""
    gemma_3.save(tmp_path / "model")
    path = tmp_path / "model" / "diascope.json"
    card = json.loads(path.read_text())
    card["chat"]["user"] = "<start_of_turn>doctor\n"
    card["dialect"] = PIXELS.model_dump(mode="json")
    path.write_text(json.dumps(card))
    read = family("gemma3").load(tmp_path / "model", torch.float32)
    assert isinstance(read, ChatModel)
    assert read.dialect == PIXELS
    assert read.chat.user == "<start_of_turn>doctor\n"
    assert read.chat.closing == gemma_3.chat.closing


def test_a_thought_is_no_reply(gemma_3: Gemma3) -> None:
    opens, closes = (gemma_3.token_id(f"<unused{number}>") for number in (94, 95))
    thought, reply = gemma_3.encode("the heart is wide"), gemma_3.encode("yes")
    assert gemma_3.text([opens, *thought, closes, *reply, gemma_3.eos_id]) == "yes"
    assert gemma_3.text([*reply, gemma_3.eos_id]) == "yes"
    assert gemma_3.text([opens, *thought]) == ""
    assert gemma_3.text([opens, closes, opens, *thought, closes, *reply]) == "yes"
