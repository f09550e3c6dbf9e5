"""Fixtures of the tests in a real browser."""

from tests.chromium import chromium, context, page

__all__ = ["chromium", "context", "page"]
