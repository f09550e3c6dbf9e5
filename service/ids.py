"""Ids and secrets: random text that tells nothing, not even its age.

The rule to remember: everything of ours that is made up is written in the alphabet of ULIDs (Crockford's base32), five
random bits a character, so that it can be read out and typed without mistaking I, L, O or U for anything. Epochs alone
are in small letters.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EPOCH_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_LETTERS, _EPOCH_LETTERS = ((alphabet * 8).encode() for alphabet in (ALPHABET, EPOCH_ALPHABET))
"""By a random byte: each letter stands for eight of the 256."""


def characters(length: int) -> str:
    """Random characters of `ALPHABET`, five bits each."""
    return secrets.token_bytes(length).translate(_LETTERS).decode()


def new_id() -> str:
    """An id of 26 characters, 130 bits."""
    return characters(26)


def new_epoch() -> str:
    """A name for one life of a wire; 40 random bits are plenty for lives that are counted on fingers."""
    return secrets.token_bytes(8).translate(_EPOCH_LETTERS).decode()
