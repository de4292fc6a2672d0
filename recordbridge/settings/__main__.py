"""`python -m recordbridge.settings` prints the reference, with `--schema` the JSON Schema."""

from __future__ import annotations

import json
import sys

from recordbridge.settings.reference import json_schema, markdown

if __name__ == "__main__":
    made = json.dumps(json_schema(), indent=2) + "\n" if "--schema" in sys.argv else markdown()
    sys.stdout.write(made)
