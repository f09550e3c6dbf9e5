"""Properties of the domain: no deadline for an example, because a busy machine is no fault in a rule."""

from hypothesis import settings

settings.register_profile("domain", deadline=None)
settings.load_profile("domain")
