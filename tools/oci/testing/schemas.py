"""The official JSON schemas of bills of materials.

SPDX's is the file `schemas/spdx-schema.json` of the specification's release 2.3, unchanged (CC-BY-3.0). CycloneDX's
come with its own library.
"""

import json
from pathlib import Path

import jsonschema
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

_SPDX = Path("tools/oci/testing/spdx-2.3.schema.json")


def spdx_errors(text: str) -> list[str]:
    """Return the first error of an SPDX 2.3 document, or None."""
    validator = jsonschema.Draft7Validator(json.loads(_SPDX.read_text()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(text))]


def cyclonedx_errors(text: str) -> list[str]:
    """Return the first error of a CycloneDX 1.6 document, or None."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [] if error is None else [str(error)]
