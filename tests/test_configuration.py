"""Configuration: all mistakes at once, one base, key=value on top, and TOML that reads back."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from diascope.configuration import dump_toml, load, recipe, write_toml
from diascope.errors import InputError
from diascope.values import Value


class Steps(Value):
    unit: Literal["steps"] = "steps"
    count: Annotated[int, Field(ge=1)]


class Epochs(Value):
    unit: Literal["epochs"] = "epochs"
    count: float


class Optim(Value):
    lr: Annotated[float, Field(gt=0)] = 1e-3
    name: Literal["adamw", "sgd"] = "adamw"
    clip: float | None = None


class Phase(Value):
    name: str
    duration: Annotated[Steps | Epochs, Field(discriminator="unit")]


class Config(Value):
    records: Path
    seed: int = 0
    optim: Optim = Optim()
    phases: tuple[Phase, ...] = ()
    weights: dict[str, float] = Field(default_factory=dict)
    note: str | None = None


def write(folder: Path, text: str, name: str = "config.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def errors(path: Path, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load(path, overrides, Config)
    return str(caught.value)


def test_reads_every_kind_of_value(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        records = "data/records.jsonl"
        weights = { "a b" = 1, c = 2.5 }
        optim = { name = "sgd", lr = 1 }
        phases = [{ name = "all", duration = { unit = "epochs", count = 1.5 } }]
        """,
    )
    config = load(path, (), Config)
    assert config.records == Path("data/records.jsonl")
    assert config.weights == {"a b": 1.0, "c": 2.5}
    assert config.optim == Optim(name="sgd", lr=1.0)
    assert config.phases[0].duration == Epochs(count=1.5)


def test_reports_five_mistakes_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        seed = "seven"
        optim = { lerning_rate = 1, name = "adam", lr = -1 }
        phases = [{ nam = "a", duration = { unit = "steps", count = 1 } }]
        """,
    )
    message = errors(path).splitlines()
    assert message[0] == f"{path}: 7 mistakes"
    lines = {line.strip().split(":")[0]: line for line in message[1:]}
    assert "required" in lines["records"]
    assert "valid integer, not 'seven'" in lines["seed"]
    assert "unknown key" in lines["optim.lerning_rate"]
    assert "did you mean 'adamw'?" in lines["optim.name"]
    assert "greater than 0, not -1" in lines["optim.lr"]
    assert "did you mean 'name'?" in lines["phases.0.nam"]
    assert "required" in lines["phases.0.name"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('sed = 1\nrecords = "a"', "sed: unknown key, did you mean 'seed'?"),
        (
            'records = "a"\nphases = [{ name = "a", duration = { unit = "steps", cuont = 1 } }]',
            "phases.0.duration.steps.cuont: unknown key, did you mean 'count'?",
        ),
        (
            'records = "a"\nphases = [{ name = "a", duration = { unit = "step", count = 1 } }]',
            "phases.0.duration: 'step' is not valid, did you mean 'steps'?",
        ),
        ('records = "a"\noptim = 3', "optim: should be an object, not 3"),
    ],
)
def test_names_the_place_and_the_nearest_name(tmp_path: Path, text: str, line: str) -> None:
    assert line in errors(write(tmp_path, text))


def test_a_number_is_not_taken_for_a_string(tmp_path: Path) -> None:
    assert "note: should be a valid string, not 3" in errors(
        write(tmp_path, "records = 'a'\nnote = 3")
    )


def test_overrides_are_toml_or_bare_words(tmp_path: Path) -> None:
    path = write(tmp_path, 'records = "a"')
    pairs = ("optim.lr=5e-4", "note=two words", "weights.c=3", "optim.name=sgd", 'records="b"')
    config = load(path, pairs, Config)
    assert config.optim == Optim(lr=5e-4, name="sgd")
    assert (config.note, config.weights, config.records) == ("two words", {"c": 3.0}, Path("b"))


def test_an_override_cannot_smuggle_in_a_second_key(tmp_path: Path) -> None:
    config = load(write(tmp_path, 'records = "a"'), ('note="x"\nseed = 7',), Config)
    assert config.seed == 0


def test_bad_overrides_are_listed_with_the_other_mistakes(tmp_path: Path) -> None:
    message = errors(write(tmp_path, 'records = "a"'), "seed", "records.x.y=1", "=3", "sede=4")
    assert "seed: should be key=value" in message
    assert "records.x.y=1: records.x is a value, not a table" in message
    assert "=3: should be key=value" in message
    assert "sede: unknown key, did you mean 'seed'?" in message


def test_a_base_lies_below(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    write(tmp_path / "shared", 'records = "a"\nseed = 1\noptim = { lr = 0.5 }', "base.toml")
    path = write(tmp_path, 'base = "shared/base.toml"\nseed = 2\noptim = { name = "sgd" }')
    assert load(path, (), Config) == Config(
        records=Path("a"), seed=2, optim=Optim(lr=0.5, name="sgd")
    )


def test_bases_in_a_circle_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, 'base = "b.toml"', "a.toml")
    path = write(tmp_path, 'base = "a.toml"', "b.toml")
    assert "its own base: b.toml -> a.toml -> b.toml" in errors(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"seed = ", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        (b"base = 3", "base: should be the path"),
        (b'base = "gone.toml"', "gone.toml: no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, content: bytes, what: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    assert what in errors(path)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "", "flare_mini.toml")
    assert "did you mean 'flare_mini.toml'?" in errors(tmp_path / "flare_mimi.toml")
    assert "cannot be read" in errors(tmp_path)


def test_a_recipe_is_found_by_its_name_and_folder() -> None:
    assert recipe("m4cxr").name == recipe("twins/m4cxr").name == "m4cxr.toml"
    assert recipe("m4cxr") != recipe("twins/m4cxr")


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(InputError, match="no recipe named 'nothing_like_it'"):
        recipe("nothing_like_it")


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_written_toml_parses_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(write_toml(table)) == table


@given(
    st.builds(
        Config,
        records=st.builds(Path, st.text("abc/.", min_size=1)),
        seed=st.integers(-(2**63), 2**63 - 1),
        optim=st.builds(Optim, lr=st.floats(min_value=1e-300), clip=st.none() | st.just(1.0)),
        phases=st.lists(
            st.builds(Phase, name=KEYS, duration=st.builds(Steps, count=st.integers(1, 9))),
            max_size=3,
        ).map(tuple),
        weights=st.dictionaries(KEYS, st.floats(allow_nan=False), max_size=3),
        note=st.none() | KEYS,
    )
)
def test_a_dumped_configuration_loads_equal(config: Config) -> None:
    text = dump_toml(config)
    assert Config.model_validate_json(json.dumps(tomllib.loads(text))) == config


def test_a_none_that_toml_cannot_say_is_refused() -> None:
    class Odd(Value):
        limit: int | None = 3

    with pytest.raises(ValueError, match="None"):
        dump_toml(Odd(limit=None))
