"""Our YAML says what the value says, to a reader of YAML that is not ours."""

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own, for three calls
from hypothesis import given
from hypothesis import strategies as st

from service.api.yaml import dump

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["yes", "no", "null", "~", "1.0", "- a", "a: b", "#", "'", '"', "", "\n", "\t", "200", "2026-11-18"]
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=12
)


@given(VALUES)
def test_whatever_is_written_is_read_again(value: object) -> None:
    assert yaml.safe_load(dump(value)) == value


def test_parts_stand_in_blocks() -> None:
    assert dump({"a": [1, {"b": "c", "d": []}], "e": {}}) == '"a":\n  - 1\n  - "b": "c"\n    "d": []\n"e": {}\n'
