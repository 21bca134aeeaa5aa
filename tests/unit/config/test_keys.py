"""Keys are declared once; what is written from them is up to date."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonschema
import pytest
import yaml

from sed_core.config.__main__ import documents
from sed_core.config.documents import HINT
from sed_core.config.json_schema import schema_of
from sed_core.config.key import key, keys_of

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Inner:
    size: int = key(3, minimum=1)
    """Of it,
    in frames."""


@dataclass(frozen=True)
class Outer(Inner):
    kind: Literal["a", "b"] | None = key("a")
    inner: Inner = key()
    named: dict[str, Inner] = key(optional=True)
    pairs: list[list[float]] = key([[1, 2]], items={"items": {"maximum": 9}, "maxItems": 2})


def test_types_bounds_and_texts_become_a_schema():
    schema = schema_of(Outer)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["size", "kind", "inner", "pairs"]
    assert schema["additionalProperties"] is False
    found = schema["properties"]
    assert found["size"] == {"type": "integer", "minimum": 1, "description": "Of it, in frames."}
    assert found["kind"] == {"enum": ["a", "b", None]}
    assert found["inner"] == {"$ref": "#/$defs/Inner"}
    assert found["named"] == {"type": "object", "additionalProperties": {"$ref": "#/$defs/Inner"}}
    row = {"type": "array", "items": {"type": "number", "maximum": 9}, "maxItems": 2}
    assert found["pairs"] == {"type": "array", "items": row}
    assert [one.default for one in keys_of(Outer)][:2] == [3, "a"]


@pytest.mark.parametrize(
    "name", ["schemas/config.schema.yaml", "config.yaml", "docs/configuration.md"]
)
def test_what_is_written_from_the_keys_is_up_to_date(name):
    stale = f"{name} is stale; run `python -m sed_core.config`"
    assert (ROOT / name).read_text() == documents(ROOT)[name], stale


def test_editors_check_a_file_that_says_only_what_differs():
    schema = yaml.safe_load((ROOT / "schemas/config.schema.yaml").read_text())
    editor = jsonschema.Draft202012Validator(schema)
    editor.check_schema(schema)
    for file in (ROOT / "config.yaml", *(ROOT / "configs").glob("*.yaml")):
        assert not list(editor.iter_errors(yaml.safe_load(file.read_text()))), file
    assert list(editor.iter_errors({"systems": {"mine": {"training": {"n_epoch": 3}}}}))
    assert (ROOT / "config.yaml").read_text().startswith(f"{HINT}\n")
