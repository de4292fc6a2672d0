"""The composition root: the only package that names concrete adapters.

`serve` runs the service until it is told to stop; `check_live` looks at the configured Asterisks;
`transcribe` has recordings of the past transcribed; `look` and `replay` ask the database and the
running service.
"""

from recordbridge.app.batch import transcribe
from recordbridge.app.desk import look, replay
from recordbridge.app.live import check_live
from recordbridge.app.run import serve

__all__ = ["check_live", "look", "replay", "serve", "transcribe"]
