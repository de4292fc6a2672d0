"""A real S3 server (SeaweedFS) on loopback, that can be killed and started again."""

from tests.objectstore.server import BUCKET, KEY, READER, SECRET, ObjectStore

__all__ = ["BUCKET", "KEY", "READER", "SECRET", "ObjectStore"]
