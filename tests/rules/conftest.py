"""Hypothesis without its wall-clock deadline: these tests run on machines that are busy with others."""

from hypothesis import settings

settings.register_profile("rules", deadline=None)
settings.load_profile("rules")
