from ..models.twins import (  # noqa: TID252 - tests are no installed package
    any_model,
    composed,
    composition,
    gemma_3,
    paligemma_2,
    qwen_2_5,
    qwen_3,
    tiny,
    words_folder,
)

__all__ = [
    "any_model",
    "composed",
    "composition",
    "gemma_3",
    "paligemma_2",
    "qwen_2_5",
    "qwen_3",
    "tiny",
    "words_folder",
]
