"""Fixtures of the widget's tests."""

from tests.chromium import chromium, context, page

__all__ = ["chromium", "context", "page"]
