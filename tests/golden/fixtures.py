"""Small documents in every format, built by the test: project-made, English and Chinese."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import docx
import pptx
import xlsxwriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from ingest import detect

ROWS = [("Year", "Revenue", "Profit"), ("2023", "512.4", "88"), ("2024", "634.0", "101")]
CHINESE_ROWS = [("年份", "收入"), ("2023", "五亿元"), ("2024", "六亿元")]


def pdf(draw: Callable[[Canvas], None]) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=True)
    draw(canvas)
    canvas.save()
    return buffer.getvalue()


def lines(canvas: Canvas, left: float, top: float, texts: list[str]) -> None:
    for number, text in enumerate(texts):
        canvas.drawString(left, top - 14 * number, text)


def english_pdf() -> bytes:
    def draw(canvas: Canvas) -> None:
        for page in (1, 2, 3):
            canvas.setFont("Helvetica", 8)
            canvas.drawString(72, 810, "Acme annual report")
            canvas.drawString(290, 30, f"Page {page}")
            if page == 1:
                canvas.setFont("Helvetica-Bold", 22)
                canvas.drawString(72, 760, "Annual Report 2024")
            canvas.setFont("Helvetica-Bold", 15)
            canvas.drawString(72, 720, f"{page} Chapter {'ABC'[page - 1]}")
            canvas.setFont("Helvetica", 11)
            lines(
                canvas,
                72,
                690,
                [
                    "The company grew in every region and opened",
                    "two new plants. Margins were stable.",
                ],
            )
            lines(canvas, 72, 640, ["Staff numbers rose as well, mostly in research."])
            for number, row in enumerate(ROWS):
                for column, cell in enumerate(row):
                    canvas.drawString(72 + 120 * column, 600 - 14 * number, cell)
            lines(canvas, 72, 540, ["• First measure of the plan", "• Second measure of the plan"])
            canvas.showPage()

    return pdf(draw)


def chinese_pdf() -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("STSong-Light", 20)
        canvas.drawString(72, 760, "二〇二四年年度报告")
        canvas.setFont("STSong-Light", 15)
        canvas.drawString(72, 720, "第一章 经营情况")
        canvas.setFont("STSong-Light", 11)
        lines(
            canvas,
            72,
            690,
            ["公司在各个地区的业务都实现了增长，并且新", "建了两座工厂。利润率保持稳定。"],
        )

    return pdf(draw)


def two_column_pdf() -> bytes:
    left = [f"Left column line {n} goes on here" for n in range(1, 11)]
    right = [f"Right column line {n} follows it" for n in range(1, 11)]

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            canvas.drawString(60, 760 - 12 * number, one)
            canvas.drawString(320, 760 - 12 * number, other)

    return pdf(draw)


def word() -> bytes:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Confidential header"
    document.add_heading("Travel policy", 1)
    document.add_paragraph("Staff book trains before planes. 员工应优先乘坐火车。")
    document.add_heading("Hotels", 2)
    document.add_paragraph("Up to 120 euros", style="List Bullet")
    document.add_paragraph("Breakfast included", style="List Bullet")
    table = document.add_table(0, 3)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    return saved(document.save)


def slides() -> bytes:
    deck = pptx.Presentation()
    for title, body in (("Strategy", "Grow abroad\nHire engineers"), ("战略", "拓展海外市场")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
        slide.notes_slide.notes_text_frame.text = f"Speaker note on {title}"
    return saved(deck.save)


def workbook() -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    date = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("Sales")
    sheet.write_row(0, 0, ["Day", "Units", "Share", "Done"])
    for row in range(1, 31):
        sheet.write_datetime(row, 0, dt.datetime(2024, 1, row), date)  # noqa: DTZ001 - Excel has no zones
        sheet.write_row(row, 1, [row * 10, row / 8, row % 2 == 0])
    chinese = book.add_worksheet("收入")
    for number, row in enumerate(CHINESE_ROWS):
        chinese.write_row(number, 0, row)
    book.add_worksheet("Empty")
    book.close()
    return buffer.getvalue()


def saved(save: Callable[[io.BytesIO], None]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


HTML = """<!doctype html><html><head><title>Leave &amp; absence</title><style>p{}</style></head>
<body><h1>Leave</h1><p>Everyone has <b>28 days</b> a year.</p><h2>病假</h2><p>病假需要医生证明。</p>
<ul><li>Tell your manager</li><li>Send the form</li></ul>
<table><tr><th>Years</th><th>Days</th></tr><tr><td>0-5</td><td>28</td></tr></table>
<script>alert("never read")</script></body></html>"""

MARKDOWN = """# Runbook

Restart the *worker* first.

## 检查

- 查看日志
- Check the queue

| Host | Role |
|------|------|
| a1   | api  |
"""


def mail() -> bytes:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "Bo <bo@example.org>"
    message["Date"] = "Fri, 01 Nov 2024 10:00:00 +0000"
    message["Subject"] = "Budget 预算 2025"
    message.set_content("Hello Bo,\n\nthe budget is 5 million.\n\n预算已经批准。\n")
    return message.as_bytes()


def package(media_type: str, parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", media_type)
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ODF = """<office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
 xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0">
<office:body>%s</office:body></office:document-content>"""

ODT_BODY = """<office:text><text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
<text:h text:outline-level="1">Returns 退货</text:h>
<text:p>Goods come back<text:s text:c="2"/>within <text:span>30 days</text:span><office:annotation>
<text:p>a comment</text:p></office:annotation>.<text:note><text:note-citation>1</text:note-citation>
<text:note-body><text:p>Counted from delivery.</text:p></text:note-body></text:note></text:p>
<text:list><text:list-item><text:p>Pack them</text:p></text:list-item>
<text:list-item><text:p>贴上标签</text:p></text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>Kind</text:p></table:table-cell>
<table:table-cell><text:p>Fee</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell><text:p>Small</text:p></table:table-cell>
<table:table-cell><text:p>0</text:p></table:table-cell></table:table-row></table:table>
</office:text>"""

ODP_BODY = """<office:presentation><draw:page><draw:frame presentation:class="title"><draw:text-box>
<text:p>Plan</text:p></draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>Open two shops
</text:p></draw:text-box></draw:frame></draw:page><draw:page><draw:frame><draw:text-box>
<text:p>第二页</text:p></draw:text-box></draw:frame></draw:page></office:presentation>"""

OPF = """<package xmlns="http://www.idpf.org/2007/opf"><metadata
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Handbook 手册</dc:title></metadata><manifest>
<item id="b" href="text/two.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one%20.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="cover.png" media-type="image/png"/></manifest>
<spine><itemref idref="c"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""

EPUB = {
    "META-INF/container.xml": """<container
 xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>""",
    "OEBPS/book.opf": OPF,
    "OEBPS/text/one .xhtml": "<html><body><h1>First</h1><p>One paragraph.</p></body></html>",
    "OEBPS/text/two.xhtml": "<html><body><h1>第二章</h1><p>第二段。</p></body></html>",
}

RTF = rb"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset134 SimSun;}}
{\stylesheet{\s1\outlinelevel0 Section;}{\s2 heading 2;}}{\info{\title Terms}{\author Nobody}}
{\header Confidential\par}\pard\s1 Payment\par\pard Caf\'e9 costs are {\v never shown}paid
 {\b monthly}.\par\pard\s2{\f1\'b8\'b6\'bf\'ee}\par\pard\uc1\u20844?\u21496? \u-10179?\u-8704?\par
{\pict\bin4 {{{{}\pard\intbl Fee\cell Euro\cell\row\intbl Small\cell 5\cell\row\pard After\line
the table {\*\unknown skipped}\{braces\}\par}"""

SCANS = Path(__file__).parent / "scans"
"""Our own words drawn with DejaVu Serif (turned by half a degree) and Noto Sans CJK."""

DOCUMENTS: dict[str, tuple[str, bytes]] = {
    "english.pdf": (detect.PDF, english_pdf()),
    "chinese.pdf": (detect.PDF, chinese_pdf()),
    "two_columns.pdf": (detect.PDF, two_column_pdf()),
    "text.odt": (
        detect.ODT,
        package(detect.ODT, {"META-INF/manifest.xml": "<m/>", "content.xml": ODF % ODT_BODY}),
    ),
    "slides.odp": (
        detect.ODP,
        package(detect.ODP, {"META-INF/manifest.xml": "<m/>", "content.xml": ODF % ODP_BODY}),
    ),
    "book.epub": (detect.EPUB, package(detect.EPUB, EPUB)),
    "terms.rtf": (detect.RTF, RTF),
    "word.docx": (detect.DOCX, word()),
    "slides.pptx": (detect.PPTX, slides()),
    "workbook.xlsx": (detect.XLSX, workbook()),
    "page.html": (detect.HTML, HTML.encode()),
    "page_gb18030.html": (detect.HTML, HTML.encode("gb18030")),
    "runbook.md": (detect.MARKDOWN, MARKDOWN.encode()),
    "mail.eml": (detect.EML, mail()),
    "english.png": (detect.PNG, (SCANS / "english.png").read_bytes()),
    "chinese.png": (detect.PNG, (SCANS / "chinese.png").read_bytes()),
    "table.csv": (detect.CSV, 'name,城市,note\nAda,北京,"a, b"\nBo,上海,\n'.encode()),
    "table_gb18030.csv": (detect.CSV, "姓名;部门\n张三;财务\n李四;市场\n".encode("gb18030")),
    "notes.txt": (detect.TEXT, "First paragraph.\nSame one.\n\n第二段。\n".encode()),
    "notes_utf16.txt": (detect.TEXT, "First paragraph.\r\n\r\n第二段。\r\n".encode("utf-16")),
}
