"""Training: the loop, checkpoints, run folders and reports."""

from tinyxm.training.checkpoint import load_checkpoint, save_checkpoint
from tinyxm.training.folder import RunFolder
from tinyxm.training.loop import Stopped, blas_threads, fit

__all__ = ["RunFolder", "Stopped", "blas_threads", "fit", "load_checkpoint", "save_checkpoint"]
