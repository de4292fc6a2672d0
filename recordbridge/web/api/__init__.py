"""The REST API (section 5 of the rules): operations on calls, recordings and deliveries."""

from recordbridge.web.api.asking import Api
from recordbridge.web.api.door import add_api

__all__ = ["Api", "add_api"]
