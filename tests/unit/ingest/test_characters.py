import pytest

from ingest.parsers import language
from ingest.parsers.characters import clean, join_lines, one_line
from ingest.parsers.decoding import decode

CHINESE = "公司二〇二三年营业收入为五亿元，同比增长百分之十。管理层认为市场前景良好。" * 4


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ef\ufb01cient o\ufb00er", "efficient offer"),
        ("２０２３ ＡＢ", "2023 AB"),
        ("收入，增长；是吗？", "收入，增长；是吗？"),
        ("\u2f08\u2f00", "人一"),
        ("zero\u200bwidth \u202eflip", "zerowidth flip"),
        ("hid\U000e0041den", "hidden"),
        ("a\x00b\x07c", "abc"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\uf0b7 item", "• item"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_clean(raw: str, expected: str) -> None:
    assert clean(raw) == expected


def test_one_line_has_single_spaces() -> None:
    assert one_line(" a \n\n b\u3000c\x0bd ") == "a b c d"


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("the", "end", "the end"),
        ("中文", "继续", "中文继续"),
        ("中文", "and", "中文 and"),
        ("", "a", "a"),
    ],
)
def test_join_lines(first: str, second: str, joined: str) -> None:
    assert join_lines(first, second) == joined


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "gbk"])
def test_decode_chinese(charset: str) -> None:
    assert decode(CHINESE.encode(charset)) == CHINESE


def test_decode_short_chinese_without_statistics() -> None:
    assert decode("产品,部门\n".encode("gb18030")) == "产品,部门\n"


def test_decode_other_east_asian_charsets() -> None:
    traditional = "公司營業收入增長，管理層認為市場前景良好。" * 8
    japanese = "当社の売上高は前年同期比で増加しました。今後の見通しは良好です。" * 8
    assert decode(traditional.encode("big5")) == traditional
    assert decode(japanese.encode("shift_jis")) == japanese


@pytest.mark.parametrize("times", [1, 4, 30])
@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("The supplier’s “best efforts” are limited to €1,500 – as agreed… ", "cp1252"),
        ("Price: £20 each. Below 40°C. Section §5. ½ of it. © Acme. 50 m². ", "cp1252"),
        ("Der Vertrag läuft drei Jahre; die Vergütung beträgt 1.500 € im Monat. ", "cp1252"),
        ("Umowa została zawarta między stronami; wynagrodzenie płatne jest co miesiąc. ", "cp1250"),
        ("Договор заключен между сторонами на определенный срок, плата ежемесячно. ", "cp1251"),
    ],
)
def test_decode_what_windows_wrote(text: str, charset: str, times: int) -> None:
    assert decode((text * times).encode(charset)) == text * times


def test_decode_chinese_among_english() -> None:
    text = "Supplier 供应商 Acme Ltd shall pay the buyer 买方 each month in advance. " * 9
    assert decode(text.encode("gb18030")) == text


def test_decode_prefers_what_the_file_declares() -> None:
    assert decode("na\xefve".encode("latin-1"), "latin-1") == "naïve"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (CHINESE, "zh"),
        ("The committee of the board has approved the plan for this year.", "en"),
        ("本手册介绍 Debian GNU/Linux 的安装方法，以及如何使用 dhcp-client。", "zh"),
        ("売上高は前年同期比で増加しましたので、よろしくお願いします。", "ja"),
        ("Le conseil a approuvé le projet pour cette année sans réserve.", None),
        ("1 2 3", None),
    ],
)
def test_language(text: str, code: str | None) -> None:
    assert language.guess(text) == code
