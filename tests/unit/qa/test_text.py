import pytest

from qa.text import plain, without_path


@pytest.mark.parametrize(
    ("generated", "shown"),
    [
        ("See [the form](http://evil.example/pay).", "See the form."),
        ("![pixel](https://evil.example/x.png) Done.", "Done."),
        ("Go to https://intranet.example/form.", "Go to intranet.example/form."),
        ("Run javascript:alert(1).", "Run alert(1)."),
        ("<script>alert(1)</script>Text.", "alert(1)Text."),
        ("<https://evil.example> Text.", "Text."),
        ("**Bold** and `code` and _this_.", "Bold and code and this."),
        ("snake_case stays.", "snake_case stays."),
        ("- A point [1][2].", "A point."),
        ("# Heading", "Heading"),
        ("句子【1】。", "句子。"),
        ("According to the passage, it rained.", "It rained."),
        ("根据段落，下雨了。", "下雨了。"),
        ("Hidden\u200b\u202etext.", "Hiddentext."),
        ("[[a](b)](http://evil.example)", "a"),
        ("[form]*(https://evil.example)*", "form"),
        ("!**[x]**(evil.example/p.png)", ""),
        ("java**script:alert(1)", "alert(1)"),
        ("h<b>ttps://evil.example", "evil.example"),
        ("hthttps://tps://evil.example", "evil.example"),
        ("<<b>img src=x onerror=alert(1)>", ""),
        ("[1]: https://evil.example", "evil.example"),
        ("See www.evil.example now.", "See evil.example now."),
        ("<img src=x onerror=alert(1)", ""),
        ("点击 [这里](evil.example/！", "点击 [这里] (evil.example/！"),
        ("请访问https://evil.example或www.evil.example。", "请访问evil.example或evil.example。"),
        ("2 < 3 and 5 > 4.", "2 < 3 and 5 > 4."),
    ],
)
def test_only_text_is_left(generated, shown):
    assert plain(generated) == shown


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("rules.pdf > Travel > Hotels It is 120 euros.", "It is 120 euros."),
        ("rules.pdf > HotelsIt is 120 euros.", "It is 120 euros."),
        ("rules.pdf: It is 120 euros.", "It is 120 euros."),
        ("Hotels are paid.", "Hotels are paid."),
        ("rules.pdf", "rules.pdf"),
    ],
)
def test_a_copied_path_is_dropped_and_a_heading_alone_is_not(sentence: str, expected: str) -> None:
    assert without_path(sentence, "rules.pdf", ["Travel", "Hotels"]) == expected
