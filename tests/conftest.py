"""What all tests share: an example of hypothesis may take as long as the machine needs; nothing here is timed."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
