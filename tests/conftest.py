"""What holds for all tests: no drawn example is held to a time, for a busy machine isn't a mistake; compiled kernels
are kept in one folder, also where a test, or a process that it starts, has a cache of its own for all else."""

import os

from hypothesis import HealthCheck, settings

from tinyxm_kernels._cache import cache_folder

os.environ["TINYXM_KERNEL_CACHE"] = str(cache_folder())

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
