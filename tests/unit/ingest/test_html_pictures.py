"""Pictures of web pages, books and messages: which ones are to be read, and where they stand."""

import base64
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.blocks import Block
from ingest.parsers import data_urls, email, epub, html
from ingest.settings import ParseLimits
from tests.unit.ingest.test_embedded import picture, shades

LIMITS = ParseLimits()


def data_url(shade: int, size: tuple[int, int] = (200, 100)) -> str:
    content = base64.b64encode(picture(shade, size).getvalue()).decode()
    return f"data:image/png;base64,{content}"


def named(text: str) -> list[str]:
    """Text of the blocks; for a picture its address, in brackets."""
    blocks = html.read(text, lambda address: Block("picture", f"[{address}]"))
    return [block.text for block in blocks if block.text]


@pytest.mark.parametrize(
    ("markup", "texts"),
    [
        ("<h1>Door<img src=a></h1><p>Open it.</p>", ["Door", "[a]", "Open it."]),
        ("<p>Press <img src=a> to open.</p><p>Go.</p>", ["Press  to open.", "[a]", "Go."]),
        ("<figure><img src=a><figcaption>The door.</figcaption></figure>", ["[a]", "The door."]),
        ("<div><img src=a></div><p>Mind it.</p><img src=b>", ["[a]", "Mind it.", "[b]"]),
        ("<svg><g><image xlink:href='a'/></g></svg><p>After.</p>", ["[a]", "After."]),
        ("<svg><text>Net</text><text>2026</text></svg><p>After.</p>", ["Net\n2026", "After."]),
        ("<table><tr><td>1<img src=a><td>2<tr><td>3<td>4</table>", ["1\t2\n3\t4", "[a]"]),
        ("<p hidden>No <img src=a></p><p>Yes.</p>", ["Yes."]),
        ("<p>Not ours: \ufdd07\ufdd1.</p><img src=a>", ["Not ours: .", "[a]"]),
    ],
)
def test_pictures_stand_where_the_page_has_them(markup: str, texts: list[str]) -> None:
    assert named(f"<html><body>{markup}</body></html>") == texts


def test_what_an_xhtml_page_hides_is_not_read() -> None:
    page = '<?xml version="1.0" encoding="utf-8"?><html><p>Yes.</p><p hidden="">No.</p></html>'
    assert named(page) == ["Yes."]


def test_only_pictures_that_the_page_holds_itself_are_read(tmp_path: Path) -> None:
    page = (
        f"<p>One <img src='{data_url(10)}'></p><img src='{data_url(20, (20, 20))}'>"
        f"<img src='https://x.org/a.png'><img src='data:image/png;base64,AAAA'>"
        f"<p>Two</p><img src='{data_url(30)}'><img src='{data_url(10)}'>"
    )
    (path := tmp_path / "page").write_text(page)
    blocks = html.parse(path, LIMITS).blocks
    kinds = [block.text or block.boxes[0].page for block in blocks]
    assert kinds == ["One", 1, "Two", 4, 1]
    wanted = [blocks[1].boxes[0], blocks[3].boxes[0]]
    looks = list(data_urls.pictures(html.markup(path), wanted, LIMITS))
    assert [look and look.getpixel((0, 0)) for look in looks] == [(10,) * 3, (30,) * 3]


def test_pictures_of_a_book_are_found_beside_the_chapter(tmp_path: Path) -> None:
    item = "<item id='{0}' href='text/{0}.xhtml' media-type='application/xhtml+xml'/>"
    parts = {
        "META-INF/container.xml": "<container><rootfile full-path='OEBPS/b.opf'/></container>",
        "OEBPS/b.opf": f"<package><manifest>{item.format('one')}{item.format('two')}</manifest>"
        "<spine><itemref idref='one'/><itemref idref='two'/></spine></package>",
        "OEBPS/text/one.xhtml": "<html><p>One</p><img src='../art/a%20b.png'/>"
        "<img src='https://x.org/c.png'/><img src='../../../etc/passwd'/></html>",
        "OEBPS/text/two.xhtml": "<html><p>Two</p><img src='missing.png'/></html>",
        "OEBPS/art/a b.png": picture(60).getvalue(),
    }
    with zipfile.ZipFile(path := tmp_path / "book.epub", "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    assert shades(path, epub.parse(path, LIMITS).blocks) == ["One", 60, "Two"]


def test_pictures_in_the_markup_of_a_message_are_pasted(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "Door"
    message.set_content("plain")
    message.add_alternative(f"<p>See <img src='{data_url(70)}'></p>", subtype="html")
    (path := tmp_path / "mail").write_bytes(message.as_bytes())
    [pasted] = email.parse(path, LIMITS).attachments
    assert pasted.pasted
    assert pasted.content == picture(70).getvalue()
