"""Text engines: a language model that answers prompts by text alone, here or at an address."""

from pathlib import Path

from diascope.curation.converse import TextEngine
from diascope.errors import InputError
from diascope.generation.remote import RemoteTextEngine


def open_text_engine(engine: str, name: str | None = None, key: str | None = None) -> TextEngine:
    """The engine at an address (`http...`), or of the weights in a folder.

    `name` is what the server at the address calls its model, `key` what it wants to be shown.
    InputError for an address without a name, a folder with one, or no such folder.
    """
    if engine.startswith(("http://", "https://")):
        if name is None:
            raise InputError(f"{engine}: say which of the server's models is meant with --model")
        return RemoteTextEngine(engine, name, key)
    if name is not None:
        raise InputError(f"--model {name} is for a server; the folder {engine} holds one model")
    if not Path(engine).is_dir():
        raise InputError(f"{engine}: neither a folder of weights nor an address (http://...)")
    from diascope.generation.text_local import LocalTextEngine

    return LocalTextEngine.open(Path(engine))
