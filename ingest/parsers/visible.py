"""Take out the characters that a reader cannot see and a model can.

Instructions hide in tag characters (U+E0000), zero-width characters, bidi overrides and runs of
variation selectors. The same characters also do honest work, and stay where they do: joiners in
emoji and in scripts that join or stack letters, the tags in the flags of England, Scotland and
Wales, one variation selector after what it varies. All others are dropped, so that no text can
carry another one: what stays is at most one such character after each visible one.
"""

import re
import unicodedata
from typing import Final

_ALWAYS: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls but tab and line ends
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and musical format controls
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # tags, and what is reserved beside them
    "\ud800-\udfff"  # unpaired surrogates
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use: glyphs without a meaning
)
_JOINERS: Final = "\u200c\u200d"
_ZWJ: Final = "\u200d"
_MONGOLIAN_SELECTORS: Final = "\u180b-\u180d\u180f"
_EMOJI_SELECTORS: Final = "\ufe0e\ufe0f"
_KEYCAP: Final = "\u20e3"
_FLAGS: Final = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
_SUSPECT: Final = re.compile(
    f"(?<=\U0001f3f4)(?:{_FLAGS})"
    f"|[{_ALWAYS}]+|[{_JOINERS}{_MONGOLIAN_SELECTORS}\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)

# Scripts whose spelling needs joiners: Arabic and its neighbours, Mongolian, those of India and
# South-East Asia.
_JOINING: Final = re.compile(
    "[\u0600-\u08ff\u0900-\u109f\u1780-\u18af\u1a00-\u1aaf\u1b00-\u1bff\ua840-\ua8ff\ua980-\ua9df"
    "\uaa00-\uaaff\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010aff\U00011000-\U00011fff"
    "\U0001e900-\U0001e95f]"
)
_IDEOGRAPH: Final = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3007]"
)
_STANDARDISED: Final = re.compile(
    "[\u1000-\u109f\u2200-\u22ff\u2a00-\u2aff\u3001-\u303f\ua840-\ua87f]"
)
_SKIN: Final = re.compile("[\U0001f3fb-\U0001f3ff]")
_VARIED_KINDS: Final = frozenset({"So", "Sm", "Po", "Pd"})


def visible(text: str) -> str:
    """Return `text` without what cannot be seen; applying it again changes nothing."""
    if not _SUSPECT.search(text):
        return text
    kept: list[str] = []
    before, position = "", 0
    for match in _SUSPECT.finditer(text):
        between = text[position : match.start()]
        before, position = (before + between)[-2:], match.end()
        kept.append(between)
        if _belongs(match[0], before, text[position : position + 1]):
            kept.append(match[0])
            before = (before + match[0])[-2:]
    kept.append(text[position:])
    return "".join(kept)


def _belongs(found: str, before: str, after: str) -> bool:
    """Whether `found` does honest work after `before` (the two characters kept last)."""
    last = before[-1:]
    if found in _JOINERS:
        return bool(_JOINING.match(last)) or (
            found == _ZWJ and _is_pictograph(_varied(before)) and _is_pictograph(after)
        )
    if found in _EMOJI_SELECTORS:
        return _is_pictograph(last) or (last in tuple("0123456789#*") and after == _KEYCAP)
    if "\ufe00" <= found <= "\ufe0d":
        return bool(_IDEOGRAPH.match(last) or _STANDARDISED.match(last))
    if "\u180b" <= found <= "\u180f":
        return "\u1800" <= last <= "\u18af" and not _SUSPECT.match(last)
    if "\U000e0100" <= found[0] <= "\U000e01ef":
        return bool(_IDEOGRAPH.match(last))
    return len(found) > 1 and re.fullmatch(_FLAGS, found) is not None


def _varied(before: str) -> str:
    """Return the character that a selector or a skin colour at the end of `before` belongs to."""
    last = before[-1:]
    return before[:1] if last in tuple(_EMOJI_SELECTORS) or _SKIN.match(last) else last


def _is_pictograph(character: str) -> bool:
    return character == "\u2139" or (
        character > "\x7f" and unicodedata.category(character) in _VARIED_KINDS
    )
