"""Fixtures of the store's tests."""

from tests.stores import server, store

__all__ = ["server", "store"]
