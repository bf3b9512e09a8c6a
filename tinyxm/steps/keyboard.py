"""Keys of a terminal, one at a time, as they are pressed."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SEQUENCES = {  # what terminals send behind an escape
    **{"[C": "right", "[D": "left", "[B": "right", "[A": "left", "[H": "home", "[F": "end"},
    **{"OC": "right", "OD": "left", "OB": "right", "OA": "left", "OH": "home", "OF": "end"},
    **{"[1~": "home", "[4~": "end", "[5~": "[", "[6~": "]"},
}


@contextmanager
def keyboard() -> Iterator[Callable[[], str]]:
    """A function that waits for one key, by its name or as a character; "" where the terminal has another size now."""
    if sys.platform == "win32":
        import msvcrt

        codes = {"K": "left", "M": "right", "H": "left", "P": "right", "G": "home", "O": "end", "I": "[", "Q": "]"}

        def read() -> str:
            key = msvcrt.getwch()
            return codes.get(msvcrt.getwch(), "") if key in ("\x00", "\xe0") else "escape" if key == "\x1b" else key

        yield read
        return
    import os
    import select
    import termios
    import tty

    file = sys.stdin.fileno()
    before, decode = termios.tcgetattr(file), codecs.getincrementaldecoder("utf-8")("ignore").decode

    def waiting(seconds: float = 0.05) -> bool:
        return bool(select.select([file], [], [], seconds)[0])

    def read_posix() -> str:
        size = os.get_terminal_size(file)
        while not waiting(0.2):
            if os.get_terminal_size(file) != size:
                return ""
        while not (key := decode(byte := os.read(file, 1))):  # a character may be several bytes
            if not byte:
                return "q"  # the terminal is closed
        if key != "\x1b":
            return key
        rest = ""
        while waiting() and len(rest) < 4 and not (rest and ((rest[-1].isalpha() and rest != "O") or rest[-1] == "~")):
            rest += os.read(file, 1).decode("utf-8", "ignore")
        return SEQUENCES.get(rest, "escape" if not rest else "")

    try:
        tty.setcbreak(file)
        yield read_posix
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)
