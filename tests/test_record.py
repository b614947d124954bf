import json

import jsonschema
import pytest
from pydantic import ValidationError

from forensics.errors import InvalidRecord
from forensics.record import CaseRecord, Extent, Signal, round_floats
from forensics.schema import record_schema
from tests.conftest import ROOT


def test_a_record_comes_back_as_it_was(examined) -> None:
    text = (examined[0] / "record.json").read_text(encoding="utf-8")
    record = CaseRecord.from_json(text)
    assert record.to_json() == text
    with pytest.raises(ValidationError):
        record.item.name = "other"


def test_the_published_schema_is_the_record(examined) -> None:
    published = (ROOT / "schemas" / "record-1.schema.json").read_text(encoding="utf-8")
    assert published == record_schema(), "run `make schema`"
    plain = json.loads((examined[0] / "record.json").read_text(encoding="utf-8"))
    jsonschema.validate(plain, json.loads(published))
    plain["verdict"]["conclusion"] = "fake"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain, json.loads(published))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "other/1"}', "\x00\xff"])
def test_what_is_not_a_record_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecord, match="not a record"):
        CaseRecord.from_json(text)


def test_a_record_holds_no_unknown_key_and_no_nan(examined) -> None:
    plain = json.loads((examined[0] / "record.json").read_text(encoding="utf-8"))
    with pytest.raises(InvalidRecord):
        CaseRecord.from_json(json.dumps(plain | {"probability_fake": 0.9}))
    plain["media"]["duration_s"] = float("nan")
    with pytest.raises(InvalidRecord):
        CaseRecord.from_json(json.dumps(plain))


def test_a_signal_has_as_many_values_as_times() -> None:
    kept = {
        "analyzer": "a", "version": "1", "name": "n", "unit": "px", "extent": Extent(),
        "score": 1.0, "words": "w",
    }  # fmt: skip
    assert Signal(**kept, times_s=(0.0, 1.0), values=(None, 2.0)).values == (None, 2.0)
    with pytest.raises(ValidationError, match="2 values for 1 times"):
        Signal(**kept, times_s=(0.0,), values=(1.0, 2.0))


def test_rounding_keeps_significant_digits() -> None:
    assert round_floats(0.00012345678) == 0.000123457
    assert round_floats(123456.789, 4) == 123500.0
