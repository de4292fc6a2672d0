"""`python -m recordbridge` is `recordbridge`."""

from __future__ import annotations

import sys

from recordbridge.cli import main

if __name__ == "__main__":
    sys.exit(main())
