"""Print the JSON Schema of the record, as published in `schemas/`."""

from __future__ import annotations

import json
import sys

from forensics.record import SCHEMA, CaseRecord


def record_schema() -> str:
    """Return the JSON Schema (2020-12) of `record.json`."""
    schema = CaseRecord.model_json_schema(by_alias=True, mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:{SCHEMA}"}
    return json.dumps(head | schema, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(record_schema())
