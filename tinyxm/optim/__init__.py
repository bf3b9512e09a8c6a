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

from tinyxm.optim.clipping import clip_by_norm, clip_by_value
from tinyxm.optim.optimizers import Adam, AdamW, GradientDescent, Momentum, Optimizer
from tinyxm.optim.schedules import Schedule, constant, cosine, warm_up

__all__ = [
    "Adam",
    "AdamW",
    "GradientDescent",
    "Momentum",
    "Optimizer",
    "Schedule",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine",
    "warm_up",
]
