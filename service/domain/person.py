"""Who is the same person: what every rule of two persons compares.

The rule to remember: a key is not a person. Whoever holds two keys is one person still, and the name that a key was
given says who holds it; so the same key or the same name is the same person (reliability §7, test 15). It follows that
two people need two names, and that a desk which shares one name counts as one person.
"""

from service.domain.alert import Author
from service.domain.folding import fold


def same_person(one: Author, other: Author) -> bool:
    """Whether both are the same person, as far as keys tell: the same key, or keys of the same name."""
    return one.key_id == other.key_id or owner(one.name) == owner(other.name)


def owner(name: str) -> str:
    """A key's name as it is compared: neither case nor accents nor spaces make another person."""
    return " ".join(fold(name).split())
