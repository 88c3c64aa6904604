"""Causal language models of composed ones: what one must do to learn from a packed row."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor

from diascope.batching import Run, Span
from diascope.errors import InputError
from diascope.models import attention

PROBE = ((3, 1, 4, 1, 5), (9, 2, 6))
"""Two short texts, as numbers of tokens."""


def refuse_unpackable(language: Any) -> None:
    """InputError for a model that cannot read two texts in one row as it reads each alone.

    Its own forward pass of each text is held against a packed row through diascope's attention and
    its head. A model that hides its attention from transformers' interface, puts places into it as
    biases, or bends its logits after its head would learn across examples, or another loss.
    """
    if any(weight.is_meta for weight in language.parameters()):
        return
    training = language.training
    language.eval()
    try:
        with torch.no_grad():
            gap = _gap(language)
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise _refused(language, str(error).split("\n", 1)[0]) from None
    finally:
        language.train(training)
    # 8 bits of a bfloat16 are worth two hundredths of the largest logit
    if gap > (1e-3 if language.dtype == torch.float32 else 5e-2):
        raise _refused(language, f"its logits change by {gap:.1%} of the largest")


def _gap(language: Any) -> float:
    """The largest difference of a logit, as a share of the largest logit."""
    rows = [torch.tensor(row) % language.get_input_embeddings().weight.shape[0] for row in PROBE]
    alone = torch.cat([language(input_ids=row[None], use_cache=False).logits[0] for row in rows])
    together = _packed(language, rows)
    return float((alone - together).abs().max() / alone.abs().max().clamp_min(1e-6))


def _packed(language: Any, rows: Sequence[Tensor]) -> Tensor:
    ends = torch.tensor([0, *map(len, rows)]).cumsum(0).tolist()
    language.base_model.set_attn_implementation(attention.NAME)
    states = language.base_model(
        inputs_embeds=language.get_input_embeddings()(torch.cat(list(rows))[None]),
        position_ids=torch.cat([torch.arange(len(row)) for row in rows])[None],
        attention_mask=attention.NO_MASK,
        runs=[Run(Span(*ends_of), (), True) for ends_of in pairwise(ends)],
        use_cache=False,
    )
    return cast("Tensor", language.get_output_embeddings()(states.last_hidden_state)[0])


def _refused(language: Any, why: str) -> InputError:
    kind = language.config.model_type
    return InputError(
        f"model.compose.language: a {kind!r} model cannot learn from examples in one row ({why}); "
        "use one of LLaMA's, Mistral's, Qwen's or GPT-2's kind"
    )
