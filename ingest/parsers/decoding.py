"""Bytes of text files to characters: UTF-8, else a byte order mark, else the likeliest charset."""

import codecs
import re

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What programs mean that name a charset: the Encoding Standard of the web says so as well.
_USED = {
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252",
}
_SAMPLE_BYTES = 256 * 1024
_STATISTICS_BYTES_MIN = 200
_HIGH = re.compile(rb"[\x80-\xff]+")
_HIGH_SHARE_MAX = 0.2  # of the bytes of a text in Latin letters
_LONG_RUNS_SHARE_MAX = 0.1
_FREQUENT_SHARE_MIN = 0.6
# Of cp1252 without the letters that stand where Polish, Czech, Turkish and others have theirs.
_WESTERN = frozenset(
    "€‚„…†‡‰‹›‘’“”•–—™\u00a0¡¢£¥§©«»®°±²´µ·¼½¾¿×÷ÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÜßàáâäåæçèéêëíîïñóôöøùúü"
)


def decode(data: bytes, declared: str | None = None) -> str:
    """Characters of `data`; undecodable bytes become U+FFFD, which cleaning removes.

    `declared` is a charset that the file itself names (HTML meta, MIME); it is tried after UTF-8.
    """
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return data.decode(charset, errors="replace")
    for charset in ("utf-8", as_used(declared or "utf-8")):
        if (text := _strictly(data, charset)) is not None:
            return text
    return data.decode(_likeliest(data[:_SAMPLE_BYTES]), errors="replace")


def as_used(charset: str) -> str:
    """Name the charset that holds all characters which are sent under this name."""
    return _USED.get(charset.lower(), charset)


def _strictly(data: bytes, charset: str) -> str | None:
    try:
        text = data.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return None
    return None if "\0" in text else text


def _likeliest(sample: bytes) -> str:
    """Statistics need length; a short text of frequent GB 2312 characters is taken for Chinese.

    Neither can they tell English with some quotation marks and pounds from other languages.
    """
    if len(sample) < _STATISTICS_BYTES_MIN and _is_gb2312(sample):
        return "gb18030"
    if _is_western(sample):
        return "cp1252"
    match = from_bytes(sample).best()
    return match.encoding if match else "latin-1"


def _is_western(sample: bytes) -> bool:
    """Whether what is not ASCII are single letters and signs of Western Windows."""
    text = _strictly(sample, "cp1252")
    runs = _HIGH.findall(sample)
    if text is None or not all(letter.isascii() or letter in _WESTERN for letter in text):
        return False
    long = sum(len(run) > 1 for run in runs)
    few = sum(map(len, runs)) <= _HIGH_SHARE_MAX * len(sample)
    return few and long <= _LONG_RUNS_SHARE_MAX * len(runs)


def _is_gb2312(sample: bytes) -> bool:
    """Whether most pairs of high bytes are punctuation or one of the 3755 frequent characters.

    Of the pairs of Big5, and of single letters between ASCII, less than half look like one.
    """
    text = _strictly(sample, "gb18030")
    if text is None:
        return False
    pairs = [letter.encode("gb18030") for letter in text if not letter.isascii()]
    frequent = [
        len(pair) == 2 and pair[1] >= 0xA1 and (pair[0] <= 0xA3 or 0xB0 <= pair[0] <= 0xD7)  # noqa: PLR2004 - rows of the code table
        for pair in pairs
    ]
    return sum(frequent) >= _FREQUENT_SHARE_MIN * len(pairs)
