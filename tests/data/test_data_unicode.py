import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm.data import code_points, decode_text, normalise_text, repair_mojibake

ANY = st.text(st.characters())  # lone surrogates, too
WRITABLE = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"))


@given(WRITABLE)
def test_what_unicode_wrote_is_read_back(text):
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):  # the last three with a byte order mark
        if "\0" not in text:  # many zeros look like UTF-16 without a mark, and after UTF-16's like UTF-32's
            assert decode_text(text.encode(encoding)).text == text
    assert decode_text(text.encode("utf-16-be"), encoding="utf-16-be") == (text, "utf-16-be", "")


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data):
    assert isinstance(decode_text(data).text, str)


@pytest.mark.parametrize(
    ("data", "text", "encoding", "told"),
    [
        (b"caf\xe9 \x80", "café €", "cp1252", "byte 3 (0xE9) isn't UTF-8; read as cp1252, which is a guess"),
        (b"\x81\xe9", "\x81é", "latin-1", "a guess"),
        ("hello".encode("utf-16-le"), "hello", "utf-16-le", "by its zeros"),
        ("Grüße".encode("utf-16-be"), "Grüße", "utf-16-be", "by its zeros"),
        ("naïve cafés, über Ä".encode()[:-1], "naïve cafés, über \ufffd", "utf-8", "broken parts became \ufffd: 1"),
        ("日本".encode("utf-16") + b"!", "日本\ufffd", "utf-16-le", "byte 4 isn't utf-16-le"),
        (b"", "", "utf-8", ""),
        (b"a\0b", "a\0b", "utf-8", ""),
    ],
)
def test_a_guess_is_told(data, text, encoding, told):
    found = decode_text(data)
    assert found[:2] == (text, encoding)
    assert told in found.told
    assert bool(told) == bool(found.told)


def test_decode_refuses_by_name():
    with pytest.raises(TypeError, match="decode_text: expected bytes, got a str"):
        decode_text("text")
    for wrong in ("klingon", "rot13", "\0"):
        with pytest.raises(LookupError, match="decode_text: no encoding"):
            decode_text(b"a", encoding=wrong)


def test_every_character_of_windows_and_of_latin_1_is_mended():
    for point in {*range(0xA0, 0x180), ord("’"), ord("–"), ord("€"), ord("😀"), ord("☃")}:
        c = chr(point)
        for wrong in ("cp1252", "latin-1"):
            try:
                spoilt = f"x{c}y".encode().decode(wrong)
            except UnicodeDecodeError:
                continue
            doubtful = 0x100 <= point < 0x800 and spoilt[2] in "«»‘’‚“”„‹›"
            assert repair_mojibake(spoilt) == (spoilt if doubtful else f"x{c}y"), (c, wrong)


@pytest.mark.parametrize(
    "text", ["Привет, мир", "Ελληνικά", "日本語のテキスト", "naïve façade “déjà vu” – 5 €", "👩‍🚀 🇳🇴"]
)
def test_mojibake_once_and_twice(text):
    once = "".join(bytes([b]).decode("cp1252", "replace") if b not in UNDEFINED else chr(b) for b in text.encode())
    twice = "".join(bytes([b]).decode("cp1252", "replace") if b not in UNDEFINED else chr(b) for b in once.encode())
    assert once != text
    assert repair_mojibake(once) == repair_mojibake(twice) == repair_mojibake(text) == text


UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
SOUND = ["SÃO PAULO", "«CAFÉ» est là", "På «SÅ»", "Fußgänger; „ÜBER“ 20 °C; ¿Qué? ½ £5 naïve Ā»"]


@pytest.mark.parametrize("text", [*SOUND, "", "plain", "Ω≈ç√∫", "Здравствуйте", "日本"])
def test_what_is_sound_stays(text):
    assert repair_mojibake(text) == text


def test_repair_of_a_part():
    assert repair_mojibake("«CAFÉ» is a cafÃ©, itâ€™s said") == "«CAFÉ» is a café, it’s said"
    assert repair_mojibake("Ã\x80\x80") == "À\x80"
    with pytest.raises(TypeError, match="decode it with decode_text"):
        repair_mojibake(b"caf\xe9")


@given(ANY)
def test_normalising_agrees_with_the_standard_library_and_is_done_once(text):
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalise_text(text, form=form, controls=True) == unicodedata.normalize(form, text)
        for options in ({}, {"casefold": True}, {"casefold": True, "one_space": True}):
            once = normalise_text(text, form=form, **options)
            assert normalise_text(once, form=form, **options) == once
            assert all(unicodedata.category(c) not in ("Cc", "Cs") or c in "\t\n" for c in once)


def test_nfkc_casefold_agrees_with_the_standard_where_a_letter_folds_and_composes_anew():
    """Definition D145: toNFD(toCasefold(toNFD(X))) are equal for what matches without case."""

    def d145(c):
        return unicodedata.normalize("NFD", unicodedata.normalize("NFD", c).casefold())

    for point in range(sys.maxunicode):
        c = chr(point)
        if c != c.casefold() and not 0xD800 <= point < 0xE000:
            assert unicodedata.normalize("NFD", normalise_text(c, casefold=True)) == d145(c), hex(point)


def test_normalising_by_hand():
    assert normalise_text("e\u0301") == "é"
    assert normalise_text("ﬁ ２⁵ ½", form="NFKC") == "fi 25 1⁄2"
    assert normalise_text("Straße ΣΑΣ", casefold=True) == "strasse σασ"
    assert normalise_text("ß\u0301", casefold=True) == "sś"  # what folding makes composes anew
    assert normalise_text("a\r\nb\rc\x00\x1b[0m\ufeff\u202e 👩\u200d🚀") == "a\nb\nc[0m 👩\u200d🚀"
    assert normalise_text(" a\t\n b\xa0 ", one_space=True) == "a b"
    assert normalise_text("É", form=None) == "É"
    with pytest.raises(ValueError, match="normalise_text: form 'nfc'"):
        normalise_text("a", form="nfc")
    with pytest.raises(TypeError, match="got a bytes; decode it"):
        normalise_text(b"a")


def test_code_points():
    assert code_points("é\x00") == ["U+00E9 LATIN SMALL LETTER E WITH ACUTE", "U+0000 Cc"]


def test_a_line_of_a_million_words():
    line = ("cafÃ©" + " words" * 9 + " ") * 100_000
    read = decode_text(line.encode()).text
    assert normalise_text(repair_mojibake(read), one_space=True) == line.replace("Ã©", "é").rstrip()


def test_the_steps_show_themselves(tmp_path):
    for figure in (
        decode_text.plot(b"caf\xe9"),
        normalise_text.plot("e\u0301\x00 ﬁ", form="NFKC"),
        repair_mojibake.plot("cafÃ©"),
        decode_text.plot(b""),
        repair_mojibake.plot("\x00 $日本$ 😀 " * 1000),  # no glyphs for some, and no formula
    ):
        figure.savefig(tmp_path / "step.png")
