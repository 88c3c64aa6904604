"""Attention of packed rows, for any decoder of transformers.

A packed row goes in as [1, heads, tokens, width] with its runs (see batching): every run attends to
the tokens that it sees and to no others, so that nothing is computed between examples. Padded rows
go in with a mask, as with transformers' own implementations. Soft-capping (Gemma 2) and sliding
windows (Gemma 2 and 3) are the decoder's, and hold on both ways.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from diascope.batching import Run, Span

NAME = "diascope"
NO_MASK = torch.zeros(1, 1, 1, 1)
"""Given with runs: transformers hands a mask of four dimensions on and builds none of its own."""


def attend(  # noqa: PLR0913, PLR0917 - transformers calls it so
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    runs: Sequence[Run] | None = None,
    softcap: float | None = None,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """[batch, tokens, heads, width] of queries [batch, heads, tokens, width]."""
    if runs is not None:
        kept = _Kept(scaling, softcap, sliding_window)
        return _packed(runs, query, key, value, kept).transpose(1, 2).contiguous(), None
    if softcap is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling)
    is_causal = attention_mask is None and query.shape[2] > 1
    capped = _capped(query, key, value, attention_mask, is_causal, scaling, softcap)
    return capped.transpose(1, 2).contiguous(), None


class _Kept(NamedTuple):
    """What is the same for every run of a layer."""

    scaling: float | None
    softcap: float | None
    window: int | None


def _packed(runs: Sequence[Run], query: Tensor, key: Tensor, value: Tensor, kept: _Kept) -> Tensor:
    """[1, heads, tokens, width]. The row is cut where nothing before is seen: by `split`, whose
    gradient is one copy, where that of a slice is as long as the row."""
    starts = [number for number, run in enumerate(runs) if not run.seen]
    pieces = [runs[here:there] for here, there in pairwise([*starts, len(runs)])]
    sizes = [piece[-1].span.end - piece[0].span.start for piece in pieces]
    queries, keys, values = (torch.split(each, sizes, dim=2) for each in (query, key, value))
    return torch.cat(
        [
            _run(run, queries[number], keys[number], values[number], piece[0].span.start, kept)
            for number, piece in enumerate(pieces)
            for run in piece
        ],
        dim=2,
    )


def _run(run: Run, query: Tensor, key: Tensor, value: Tensor, origin: int, kept: _Kept) -> Tensor:
    """One run of a piece that begins at `origin` of the row."""
    seen = _joined((*run.seen, run.span))
    queries = _part(query, (run.span,), origin)
    keys, values = (_part(each, seen, origin) for each in (key, value))
    count, visible = queries.shape[2], keys.shape[2]
    far = kept.window is not None and visible > kept.window
    whole = run.causal and count == visible and not far
    bounded = (run.causal or far) and not whole
    mask = _mask(count, visible, run.causal, kept.window) if bounded else None
    if kept.softcap is not None:
        return _capped(queries, keys, values, mask, whole, kept.scaling, kept.softcap)
    return scaled_dot_product_attention(
        queries,
        keys,
        values,
        attn_mask=mask,
        is_causal=whole,
        scale=kept.scaling,
        enable_gqa=query.shape[1] != key.shape[1],
    )


def _mask(count: int, visible: int, causal: bool, window: int | None) -> Tensor:
    """[count, visible] for the last `count` of the visible tokens; a block sees all of itself."""
    before = visible - count
    place, seen = torch.arange(before, visible)[:, None], torch.arange(visible)[None, :]
    mask = seen <= place
    if window is not None:
        mask = mask & (seen > place - window)
    return mask if causal else mask | (seen >= before)


def _capped(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    is_causal: bool,
    scaling: float | None,
    softcap: float,
) -> Tensor:
    """Scores bent by softcap * tanh(score / softcap) before the softmax, as Gemma 2 was trained."""
    groups = query.shape[1] // key.shape[1]
    key, value = (each.repeat_interleave(groups, dim=1) for each in (key, value))
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = torch.tanh(query @ key.transpose(2, 3) * (scale / softcap)) * softcap
    if is_causal:
        mask = _mask(query.shape[2], key.shape[2], True, None)
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return torch.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype) @ value


def _part(tensor: Tensor, spans: Sequence[Span], origin: int) -> Tensor:
    parts = [tensor[:, :, span.start - origin : span.end - origin] for span in spans]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Neighbours made one: what is one slice need not be copied."""
    joined = [spans[0]]
    for span in spans[1:]:
        if joined[-1].end == span.start:
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
