"""From bytes to characters: decoding with a word on what was guessed, normal forms, and the mending of mojibake.

A text in a file is bytes; which characters they mean is an agreement that the file rarely states. And one text can be
written in several ways that look alike: "é" is one code point (U+00E9) or two (U+0065 U+0301). So texts are first
decoded, then brought to a normal form, or equal texts would count as different words.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from . import drawing
from .step import step

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS = ("NFC", "NFD", "NFKC", "NFKD")
MARKS = (  # a longer one first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class DecodedText(NamedTuple):
    """What `decode_text` read: the text, the encoding it was read by, and a word on what was guessed or lost, or ""."""

    text: str
    encoding: str
    told: str


def code_points(text: str) -> list[str]:
    """Each character by its number and name, as the Unicode standard has them: "é" → ["U+00E9 LATIN SMALL ... ACUTE"].

    Shows what can't be seen: which of two like letters it is, a space that is none, a mark without width.
    """
    _a_text("code_points", text)
    return [f"U+{ord(c):04X} {unicodedata.name(c, unicodedata.category(c))}" for c in text]


def _draw_bytes(axes: Axes, value: Any, settings: Mapping[str, Any]) -> None:
    drawing.text(axes, [f"{byte:02X}" for byte in value[:200]], settings)
    axes.set_title(f"{len(value)} bytes" + ", the first 200" * (len(value) > 200), fontsize=8)


def _draw_decoded(axes: Axes, value: Any, settings: Mapping[str, Any]) -> None:
    drawing.text(axes, value.text, settings)
    axes.set_title(f"{len(value.text)} characters, {value.encoding}" + f": {value.told}" * bool(value.told), fontsize=8)


def _draw_points(axes: Axes, value: Any, settings: Mapping[str, Any]) -> None:
    shown = [f"{c if c.isprintable() and not unicodedata.combining(c) else '·'} {ord(c):04X}" for c in value[:120]]
    drawing.text(axes, shown, settings)
    axes.set_title(f"{len(value)} code points" + ", the first 120" * (len(value) > 120), fontsize=8)


@step(before=_draw_bytes, after=_draw_decoded)
def decode_text(data: bytes, *, encoding: str | None = None) -> DecodedText:
    """The characters that bytes mean, the encoding they were read by, and a word on what was guessed or lost.

    In this order, unless `encoding` says which: a byte order mark (UTF-8, UTF-16, UTF-32), which is taken off; zeros in
    every other byte, as UTF-16 without a mark has them in texts of Western languages; UTF-8, which other encodings
    hardly ever are by chance; UTF-8 with damage, where most of what isn't ASCII is whole: each broken part becomes "�";
    else Windows' cp1252, or Latin-1 where cp1252 has no such character. The last is a guess, as any bytes are Latin-1:
    Greek, Russian or Chinese text in an older encoding comes out as nonsense, so `told` says so. Never raises for what
    the bytes are. Raises TypeError for what isn't bytes, LookupError for an encoding that Python doesn't know.
    Sources: the Unicode standard 16.0, section 3.10; the WHATWG Encoding standard, windows-1252.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"decode_text: expected bytes, got a {type(data).__name__}; a text needs no decoding")
    data = bytes(data)
    if encoding is not None:
        try:
            given = codecs.lookup(encoding)._is_text_encoding
        except (LookupError, ValueError):
            given = False
        if not given:
            raise LookupError(
                f"decode_text: no encoding {encoding!r}; name one such as 'utf-8', 'cp1252' or 'shift_jis'"
            )
        return _read(data, encoding, "")
    for mark, name in MARKS:
        if data.startswith(mark):
            return _read(data[len(mark) :], name, "")
    head = data[:4096]
    if len(head) >= 4:
        even, odd = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
        if max(even, odd) > 0.5 > 5 * min(even, odd):
            return _read(data, "utf-16-le" if odd > even else "utf-16-be", "no byte order mark; told by its zeros")
    try:
        return DecodedText(data.decode("utf-8"), "utf-8", "")
    except UnicodeDecodeError as error:
        broken = f"byte {error.start} (0x{data[error.start]:02X}) isn't UTF-8"
    mended = data.decode("utf-8", "replace")
    lost = mended.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    if sum(c > "\x7f" for c in mended) - lost >= lost:
        return DecodedText(mended, "utf-8", f"{broken}; broken parts became \ufffd: {lost}")
    try:
        return DecodedText(data.decode("cp1252"), "cp1252", f"{broken}; read as cp1252, which is a guess")
    except UnicodeDecodeError:
        return DecodedText(data.decode("latin-1"), "latin-1", f"{broken}; read as latin-1, which is a guess")


def _read(data: bytes, encoding: str, told: str) -> DecodedText:
    try:
        return DecodedText(data.decode(encoding), encoding, told)
    except UnicodeDecodeError as error:
        lost = f"byte {error.start} isn't {encoding}; broken parts became \ufffd"
        return DecodedText(data.decode(encoding, "replace"), encoding, "; ".join(filter(None, (told, lost))))


@step(before=_draw_points)
def normalise_text(
    text: str, *, form: Form | None = "NFC", casefold: bool = False, controls: bool = False, one_space: bool = False
) -> str:
    """One way of writing for texts that count as equal. Doing it twice changes nothing more.

    | form | makes equal | loses |
    | --- | --- | --- |
    | NFC, NFD | é and e + ◌́: what is the same character by definition | nothing that can be seen |
    | NFKC, NFKD | also ﬁ and fi, ² and 2, Ａ and A, ① and 1, no-break space and space | 2⁵ becomes 25, ½ becomes 1⁄2 |
    | casefold | also A and a, ß and ss, ς and σ | SS from ß, Polish from polish, US from us |

    The forms with C compose, those with D take apart. Case is folded without regard to language: Turkish dotless ı
    stays apart from i. `controls` False removes what has no place in a text: control characters but tab and newline (of
    which \\r and \\r\\n become one), marks that reverse the direction of writing, byte order marks, lone surrogates;
    joiners stay, as emoji and Persian need them. `one_space` makes each run of white space one space, and none at the
    ends. Raises TypeError for what isn't a text, ValueError for another form. Source: Unicode Standard Annex 15, and
    section 3.13 of the standard (caseless matching).
    """
    _a_text("normalise_text", text)
    if form is not None and form not in FORMS:
        raise ValueError(f"normalise_text: form {form!r}; expected one of {', '.join(FORMS)}, or None")
    if not controls:
        text = UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    last = None
    while last != text:  # a folded letter may compose anew, and what composes may fold: at most three rounds
        last = text
        text = unicodedata.normalize(form, text) if form else text
        text = text.casefold() if casefold else text
    return " ".join(text.split()) if one_space else text


UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]")


def _as_read(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def _class(low: int, high: int) -> str:
    # what cp1252 makes of these bytes, and Latin-1, too: both are what UTF-8 is mistaken for
    return "[" + "".join(re.escape(c) for b in range(low, high + 1) for c in dict.fromkeys((_as_read(b), chr(b)))) + "]"


BYTE = {_as_read(b): b for b in range(0x80, 0x100)} | {chr(b): b for b in range(0x80, 0x100)}
LATER = _class(0x80, 0xBF)
SEQUENCE = f"(?:{_class(0xC2, 0xDF)}{LATER}|{_class(0xE0, 0xEF)}{LATER}{{2}}|{_class(0xF0, 0xF4)}{LATER}{{3}})"
RUN = re.compile(f"{SEQUENCE}+")
ONE = re.compile(SEQUENCE)
QUOTES = "«»‘’‚“”„‹›"


@step(before=drawing.text)
def repair_mojibake(text: str) -> str:
    """UTF-8 that was read as cp1252 or Latin-1, read rightly: "cafÃ©" → "café", "itâ€™s" → "it’s", "ðŸ˜€" → "😀".

    UTF-8 writes a character beyond ASCII as a lead byte and one to three later ones, which those encodings show as "Ã"
    and "©". Such sequences are turned back into bytes and decoded; what was spoilt twice is repaired twice. A sequence
    is sure where two stand together, or where it becomes a letter of Latin-1 or Latin Extended-A, punctuation, a symbol
    or an emoji, and no quotation mark closes it ("CAFÉ»" is no mojibake of "ɻ"); the rest is repaired only in a text
    where two stand together, as words of Greek or Russian make them. Where a byte was lost ("Ã " for "à", its no-break
    space made a space) nothing can be known, and it stays. A text about mojibake is changed, too: it looks the same.
    Raises TypeError for what isn't a text.
    """
    _a_text("repair_mojibake", text)
    if text.isascii():
        return text
    for _ in range(3):
        several = any(_several(match.group()) for match in RUN.finditer(text))
        repaired = RUN.sub(partial(_repaired, every=several), text)
        if repaired == text:
            break
        text = repaired
    return text


def _several(run: str) -> bool:
    return len(ONE.findall(run)) > 1 and _decoded(run) != run


def _repaired(match: re.Match[str], every: bool) -> str:
    run = match.group()
    return _decoded(run) if every or _several(run) or _plausible(run) else run


def _decoded(run: str) -> str:
    try:
        return bytes(BYTE[c] for c in run).decode("utf-8")
    except UnicodeDecodeError:  # an overlong form or a surrogate: never was UTF-8
        return run


def _plausible(run: str) -> bool:
    decoded = _decoded(run)
    point = ord(decoded[0])
    likely = 0xA0 <= point < 0x180 or 0x2010 <= point < 0x2400 or 0x2600 <= point < 0x2800 or point >= 0x1F000
    return decoded != run and likely and not (run[0] not in "ÂÃ" and len(run) == 2 and run[1] in QUOTES)


def _a_text(operation: str, text: Any) -> None:
    if not isinstance(text, str):
        more = "; decode it with decode_text" if isinstance(text, bytes) else ""
        raise TypeError(f"{operation}: expected a text, got a {type(text).__name__}{more}")
