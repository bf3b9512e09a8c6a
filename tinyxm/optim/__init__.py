"""What is done with gradients: clipped, then turned into updates, at a rate that follows a schedule.

optimizer = AdamW(model.parameters(), lr=1e-3)
schedule = Schedule(optimizer, warm_up(40, cosine(1800)))
for batch in batches:
    optimizer.zero_grad()
    loss(model, batch).backward()
    clip_by_norm(model.parameters(), 5.0)
    optimizer.step()
    schedule.step()
"""

from tinyxm.optim.adaptive import AdaDelta, AdaGrad, Adam, AdamW, AMSGrad, RMSProp
from tinyxm.optim.averaging import AveragedWeights
from tinyxm.optim.clipping import clip_by_layer, clip_by_norm, clip_by_value
from tinyxm.optim.descent import GradientDescent, Momentum, Nesterov
from tinyxm.optim.optimizer import Optimizer
from tinyxm.optim.range_test import RangeTest, lr_range_test
from tinyxm.optim.schedules import Plateau, Schedule, constant, cosine, exponential, one_cycle, step, warm_up

__all__ = [
    "AMSGrad",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AveragedWeights",
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "Plateau",
    "RMSProp",
    "RangeTest",
    "Schedule",
    "clip_by_layer",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine",
    "exponential",
    "lr_range_test",
    "one_cycle",
    "step",
    "warm_up",
]
