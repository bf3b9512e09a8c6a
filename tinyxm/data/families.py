"""Families of emoji: which concepts are variants of one another and must stay on the same side of a split."""

from __future__ import annotations

import re

from .text import words

# A whole series of drawings made to one pattern: matched against the full name, first match wins.
SERIES = tuple(
    (name, re.compile(pattern))
    for name, pattern in {
        "keycap": r"^keycap|^input symbol for",
        "clock face": r"^clock face",
        "zodiac": r"^(ophiuchus|aries|taurus|gemini|cancer|leo|virgo|libra|scorpius|sagittarius|capricorn|"
        r"aquarius|pisces)$",
        "moon phase": r"\bmoon symbol$|\bmoon with face$|^crescent moon$",
        "globe": r"\bglobe\b",
        "check mark": r"\bcheck mark$|^ballot box with check$",
        "cross mark": r"\bcross mark$",
        "arrow": r"^(?!bow|heart|envelope|mobile).*\barrows?\b",
        "squared sign": r"\bsquared\b|^circled|^information source$",
        "square": r"\bsquare( button)?$",
        "media button": r"\btriangle$|\b(track|pause|stop|record|eject) button$",
        "punctuation": r"\b(exclamation|question) mark\b",
        "arithmetic": r"^heavy (plus|minus|division|multiplication|equals)\b",
        "legal mark": r"^(copyright|registered|trade mark) sign$",
        "card suit": r"\b(spade|club|diamond) suit$",
        "heart": r"^(?!anatomical|couple|.*\bface\b).*\bhearts?( suit)?$",
        "place medal": r"\bplace medal$",
        "couple": r"^family$|\bholding hands$|^couple with|^kiss$|^people hugging$",
        "no-evil monkey": r"-no-evil monkey$",
        "pointing index": r"pointing (backhand )?index$|^index pointing",
        "palms": r"^palms? (up|down)\b",
        "bicyclist": r"bicyclist$",
        "gesture": r"^face with (no good|ok) gesture$",
        "litter": r"\blitter\b",
        "mail tray": r"^(in|out)box tray$",
        "chart": r"\bchart\b",
        "speaker": r"^speaker\b",
        "mobile phone": r"\bmobile phones?\b",
        "place sign": r"^(mens|womens|baby) symbol$|^restroom$|^water closet$",
        "gender sign": r"^(fe)?male sign$|^transgender symbol$",
        "royalty": r"^prince(ss)?$|^person with crown$",
        "dancing": r"^dancer$|^man dancing$",
        "hourglass": r"^hourglass",
        "cloud": r"^cloud\b|^sun behind",
        "ear": r"^ear( with hearing aid)?$",
        "mechanical limb": r"^mechanical (arm|leg)$",
        "wheelchair": r"wheelchair$",
        "person": r"^person (frowning|with pouting face|with blond hair)$|^bearded person$",
        "imp": r"^imp$|^smiling face with horns$",
        "tongue": r"^face with stuck-out tongue",
        "laughing face": r"^smiling face with open mouth|^grinning face( with smiling eyes)?$",
        "kissing face": r"^kissing face",
        "hand over mouth": r"\bhand (over|covering) mouth$",
        "six-pointed star": r"^six pointed star|^star of david$",
        "drop": r"^droplet$|^drop of blood$",
        "bed": r"^bed$|^sleeping accommodation$",
        "pen": r"^(fountain )?pen$",
        "nest": r"\bnest\b",
        "cityscape": r"^cityscape",
        "wry face": r"^smirking face$|^face with wry smile$",
        "speech bubble": r"\bspeech (balloon|bubble)$",
        "house": r"^(derelict )?houses?\b",
        "calendar": r"calendar$",
        "santa": r"^(father|mother) christmas$",
        "flag": r"^(?!.*mailbox).*\bflags?\b",
    }.items()
)
# Words that tell a variant from its like: gender and age, tone, direction and position
VARIANT = frozenset(
    words(
        "man men woman women person people boy girl boys girls mans mens womans womens male female mr mrs father "
        "mother adult child older"
        " black white light medium dark skin tone"
        " left right up down leftwards rightwards upwards downwards pointing pointed facing front oncoming incoming "
        "outgoing departure arriving horizontal vertical raised lowered tilted"
    )
)
# and from its wider kin: colour, size, strength, number; negation, and words that only say "this is a picture"
KIN = VARIANT | frozenset(
    words(
        "red orange yellow green blue purple brown pink grey gray negative"
        " large small heavy big low high slightly two three double multiple linked clinking first second third"
        " no not non do off sign symbol"
    )
)
PATTERNED = frozenset({"flag", "keycap", "clock face", "zodiac", "couple", "squared sign"})
STATES = frozenset({"open", "closed"})  # of a lock, a book or an umbrella; an open mouth is an expression
DETAIL = re.compile(r" (with|without|on|over|behind) .*")


def variants(name: str, category: str = "") -> str:
    """What an emoji is a variant of, by gender, age, tone or direction: "woman running" → "running".

    The series in `PATTERNED`, drawn to one pattern each, count as variants of one thing each.
    """
    series = _series(name.lower(), category)
    if series in PATTERNED:
        return series
    return " ".join(w for w in words(name) if w not in VARIANT) or "person"


def _series(name: str, category: str) -> str:
    """The first series that a name belongs to, or nothing."""
    return "flag" if category == "Flags" else next((s for s, pattern in SERIES if pattern.search(name)), "")


def family(name: str, category: str = "") -> str:
    """The wider family of an emoji, from its Unicode name and category: all that is drawn much alike shares it.

    1. Series drawn to one pattern are one family each: flags, keycaps, clock faces, zodiac, moon phases, arrows,
       hearts, squared and circled letters, media buttons and triangles, card suits, place medals, couples ...
    2. A cat's face that restates a human one belongs to that: "crying cat face" → "crying face"; an animal and its face
       are one: "cow face" → "cow".
    3. Things lose the details after "with", "without", "on", "over", "behind" and whether they're open or
       closed: "closed lock with key" → "lock". Faces and people keep theirs: there the detail is the concept.
    4. What is left loses the words for gender, age, colour, tone, size, number, direction and negation, and plural s:
       "large red square", "white medium small square" → "square".
    """
    name = name.lower()
    if category == "Smileys & Emotion":
        name = name.replace("cat face", "face")
    if series := _series(name, category):
        return series
    thing = category not in {"Smileys & Emotion", "People & Body"}
    if thing:
        name = DETAIL.sub("", name)
    left = [w for w in words(name.replace("’", "")) if w not in KIN]
    if thing:
        left = [w for w in left if w not in STATES] or left
    if category == "Animals & Nature" and len(left) > 1:
        left = [w for w in left if w != "face"]
    left = [w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in left]
    return " ".join(left) or "person"
