"""Errors of the command line: each is told in one line, and has an exit status."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

FAILURES = (
    OSError,
    ValueError,
    TypeError,
    ImportError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)  # their messages say it all


class Misuse(ValueError):
    """What was asked for can't be: exit status 2."""


class Interrupted(Exception):
    """Ctrl-C, with what became of the work: exit status 130."""


def describe(error: Exception) -> str:
    """An exception in one line, in the user's terms."""
    if hasattr(error, "format_message"):  # typer's errors of usage
        context = getattr(error, "ctx", None)
        return f"{error.format_message()} (see {context.command_path if context else 'tinyxm'} --help)"
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):  # safetensors' has no errno
        return "the disk is full; free some space; a run goes on with --resume from its last checkpoint, if it has one"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, FAILURES) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error} (--debug shows where)"


def status(error: Exception) -> int:
    """2 where another command line would help, 1 for failure."""
    if isinstance(error, FileNotFoundError | FileExistsError):
        return 1 if error.errno else 2  # the system's have a number; ours name a run or a checkpoint
    ours = isinstance(error, ValueError) and str(error).startswith(("find:", "generate:", "TINYXM_KERNELS="))
    return 2 if ours or isinstance(error, Misuse) or hasattr(error, "format_message") else 1


def usage(call: Callable[[], Any]) -> Any:
    """The call's result; a wrong value, or a path that leads through a file, is a misuse of the command line."""
    try:
        return call()
    except (ValueError, TypeError, FileExistsError, NotADirectoryError) as error:
        raise Misuse(describe(error)) from error
