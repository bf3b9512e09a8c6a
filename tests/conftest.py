"""What holds for all tests: no drawn example is held to a time, for a busy machine isn't a mistake."""

from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
