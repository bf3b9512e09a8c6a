"""Training: the loop, checkpoints, run folders and reports."""

from tinyxm.training.checkpoint import load_checkpoint, save_checkpoint
from tinyxm.training.folder import RunFolder
from tinyxm.training.loop import Stopped, fit, training_threads

__all__ = ["RunFolder", "Stopped", "fit", "load_checkpoint", "save_checkpoint", "training_threads"]
