"""Settings for all tests: one thread, and cases that do not change from run to run."""

import torch
from hypothesis import HealthCheck, settings

# With several threads sums may be taken in another order, and two equal calls differ in the last digit.
torch.set_num_threads(1)

# A busy machine is slow at drawing cases, too: that says nothing about the code.
settings.register_profile(
    "course", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("course")
