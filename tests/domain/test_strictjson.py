"""The door for JSON: what a careful editor's client sends passes unchanged, everything doubtful is refused by name."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.strictjson import DEPTH_MAX, INT_MAX, Malformed, parse


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + closing * depth).encode()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"headline":"Storm closes the bridge"}', {"headline": "Storm closes the bridge"}),
        (b' \t\r\n{"a" : [ 1 , true , null ]}\n', {"a": [1, True, None]}),
        ('{"headline":"عاصفة"}'.encode(), {"headline": "عاصفة"}),
        (rb'{"headline":"\u0639\u0627"}', {"headline": "عا"}),
        (rb'"\ud83c\udf08"', "🌈"),
        (rb'"a\"[[[[[[[[[[\\"', 'a"[[[[[[[[[[\\'),
        (b"9007199254740992", INT_MAX),
        (b"-9007199254740992", -INT_MAX),
        (b"-0", 0),
        (b"1.5e3", 1500.0),
        (b"1e300", 1e300),
        (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
        (b'{"a":{"a":{"a":1}}}', {"a": {"a": {"a": 1}}}),
        (b'""', ""),
        (b"[[[[[[[[]]]]]]]]", [[[[[[[[]]]]]]]]),
    ],
)
def test_reader_takes_plain_json(body: bytes, value: object) -> None:
    assert parse(body) == value


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "is empty"),
        (b" ", "is empty"),
        (b"{", "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":+1}', "not JSON"),
        (b'{"a":.5}', "not JSON"),
        (b'{"a":0x10}', "not JSON"),
        (b'{"a":1} // why', "not JSON"),
        (b'{"a":1}{"a":1}', "not JSON"),
        (b'{"a":1}\x00', "not JSON"),
        (b'"line\nend"', "not JSON"),
        (b'"nul\x00"', "not JSON"),
        (rb'"\x41"', "not JSON"),
        (rb'"\u+041"', "not JSON"),
        (b'"open', "not JSON"),
        (b"\xc2\xa01", "not JSON"),
        ("{\u201ca\u201d:1}".encode(), "not JSON"),
        (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
        ('{"a":1}'.encode("utf-16"), "not UTF-8"),
        (b'"\xff"', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'"\xc0\xaf"', "not UTF-8"),
        (b'"\xf4\x90\x80\x80"', "not UTF-8"),
        (b'"\xe2\x82', "not UTF-8"),
        (b"NaN", "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b'{"a":-Infinity}', "-Infinity is not JSON"),
        (b"1e400", "too large"),
        (b"-1e400", "too large"),
        (b"9007199254740993", "beyond 2^53"),
        (b"-9007199254740993", "beyond 2^53"),
        (b"9" * 16_000, "beyond 2^53"),
        (b'{"a":1,"a":1}', "the key 'a' stands twice"),
        (rb'{"a":1,"\u0061":2}', "the key 'a' stands twice"),
        (b'[{"b":{"c":0,"d":1,"c":0}}]', "the key 'c' stands twice"),
        (b'{"":1,"":2}', "the key '' stands twice"),
        (rb'{"\ud800":1,"\ud800":2}', r"the key '\ud800' stands twice"),
        (rb'"\ud800"', "surrogate"),
        (rb'"\uDFFF"', "surrogate"),
        (rb'"\udf08\ud83c"', "surrogate"),
        (rb'{"\ud800":1}', "surrogate"),
        (rb'[{"a":["\ud83c"]}]', "surrogate"),
        (rb'"a\u0000b"', "NUL"),
        (rb'{"a\u0000":1}', "NUL"),
        (nested(9), "deeper than 8"),
        (nested(9, '{"a":', "}"), "deeper than 8"),
        (nested(8_192), "deeper than 8"),
        (b"[" * 16_384, "deeper than 8"),
        (b'{"a":' * 3_000, "deeper than 8"),
        (rb'["\\",' + b"[" * 9, "deeper than 8"),
    ],
)
def test_reader_refuses_what_others_might_read_differently(body: bytes, why: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(body)
    assert why in refused.value.detail
    assert refused.value.detail.isascii()


def test_reader_counts_objects_and_arrays_alike_and_not_their_number() -> None:
    assert parse(b"[" + b",".join([nested(DEPTH_MAX - 1)] * 100) + b"]")
    with pytest.raises(Malformed, match="deeper"):
        parse(b'[{"a":' * 4 + b"[]" + b"}]" * 4)


def test_reader_does_not_tell_a_whole_long_key_back() -> None:
    key = b"k" * 5_000
    with pytest.raises(Malformed) as refused:
        parse(b'{"%s":1,"%s":1}' % (key, key))
    assert len(refused.value.detail) < 200


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-INT_MAX, INT_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=12,
)


def depth_of(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 0


@given(documents, st.booleans())
def test_reader_gives_back_what_an_honest_client_wrote(value: object, escaped: bool) -> None:
    body = json.dumps(value, ensure_ascii=escaped).encode()
    if depth_of(value) <= DEPTH_MAX:
        assert parse(body) == value
    else:
        with pytest.raises(Malformed, match="deeper"):
            parse(body)


crumbs = st.lists(
    st.sampled_from(
        [*b'[]{}",:\\0129.eE+-ntfuaINb \n\x00\xff\xef\xbb\xbf'],
    ).map(lambda byte: bytes([byte]))
    | st.sampled_from([rb"\ud800", rb"\udc00", b'"a":', b"NaN", b"null", b"[[[[", b'"\\"', "é".encode()]),
    max_size=60,
).map(b"".join)


@given(st.binary(max_size=200) | crumbs)
def test_reader_raises_nothing_but_its_own_error_and_returns_only_what_can_be_written_again(body: bytes) -> None:
    value: object = None
    with contextlib.suppress(Malformed):
        value = parse(body)
    assert json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False).encode()) == value
