"""Twenty real files of a company, made on the spot: nine formats, English and Chinese."""

import io
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path

import docx
import pptx
import xlsxwriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

TRAVEL = "travel-policy.pdf"
TRAVEL_CHINESE = "差旅规定.pdf"
LEAVE = "leave.html"
LEAVE_CHINESE = "请假制度.docx"
DUBLIN = "data-centre.txt"
BROKEN = "broken.pdf"
DUBLIN_TEXT = (
    b"The data centre in Dublin was opened in March 2019. It has 480 racks and is cooled with sea "
    b"water.\n"
)

_FILLER = "This paragraph only says that the rules of this page hold for all staff."
_FILLER_CHINESE = "本页的规定适用于公司的全体员工，自发布之日起执行。"


def write(folder: Path) -> list[Path]:
    """Write all twenty; return their paths."""
    papers = _papers()
    for name, content in papers.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in papers]


def _papers() -> dict[str, bytes]:
    travel = pdf("Helvetica", _TRAVEL_PAGES)
    return {
        TRAVEL: travel,
        TRAVEL_CHINESE: pdf("STSong-Light", _TRAVEL_PAGES_CHINESE),
        BROKEN: travel[: len(travel) // 3],
        "fire-safety.docx": word("Fire safety", ["The fire alarm is tested on Monday mornings."]),
        LEAVE_CHINESE: word(
            "请假制度", ["员工每年享有15天带薪年假。", "病假超过三天须提交医院证明。"]
        ),
        "strategy.pptx": _slides("Strategy", "We open a shop in Lisbon\nHire ten engineers"),
        "战略.pptx": _slides("战略", "明年拓展海外市场\n招聘十名工程师"),
        "sales.xlsx": _sheet([("Region", "Units"), ("North", 410), ("South", 385)]),
        "收入.xlsx": _sheet([("年份", "收入"), ("2023", "五亿元"), ("2024", "六亿元")]),
        "suppliers.csv": b"supplier,city\nOakwood Timber,Leeds\nBrightline Glass,Hull\n",
        "员工.csv": "姓名,部门\n张三,财务部\n李四,市场部\n".encode("gb18030"),
        LEAVE: _html("Parental leave", "Parents may take 16 weeks of parental leave."),
        "考勤.html": _html("考勤", "上班时间为上午九点，迟到须登记。"),
        "runbook.md": b"# Runbook\n\n## Restart\n\nRestart the worker before the gateway.\n",
        "部署.md": "# 部署\n\n## 检查\n\n发布前检查日志和队列。\n".encode(),
        DUBLIN: DUBLIN_TEXT,
        "会议纪要.txt": "会议决定于五月更换食堂的供应商。\n".encode(),
        "budget.eml": _mail("Budget", "The marketing budget for spring is 5 million."),
        "通知.eml": _mail("放假通知", "国庆节期间办公室关闭七天。"),
        "glossary.pdf": pdf("Helvetica", [["Glossary", "A rack is a frame for servers."]]),
    }


_TRAVEL_PAGES = [
    ["Travel policy", *[_FILLER] * 12],
    [
        "Hotels",
        *[_FILLER] * 3,
        "Hotel costs are refunded up to 120 euros a night.",
        *[_FILLER] * 3,
        "Receipts must be handed in within 30 days after the journey.",
    ],
    ["Trains", "Trains are booked before planes wherever that is possible."],
]
_TRAVEL_PAGES_CHINESE = [
    ["差旅规定", *[_FILLER_CHINESE] * 8],
    ["住宿", *[_FILLER_CHINESE] * 3, "员工出差住宿费每晚不超过600元。", _FILLER_CHINESE],
]


def pdf(font: str, pages: Sequence[Sequence[str]]) -> bytes:
    if font == "STSong-Light":
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=True)
    for heading, *paragraphs in pages:
        canvas.setFont(font, 18)
        canvas.drawString(72, 760, heading)
        canvas.setFont(font, 11)
        for number, text in enumerate(paragraphs):
            canvas.drawString(72, 720 - 40 * number, text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def word(heading: str, paragraphs: Sequence[str]) -> bytes:
    document = docx.Document()
    document.add_heading(heading, 1)
    for text in paragraphs:
        document.add_paragraph(text)
    return _saved(document.save)


def _slides(title: str, body: str) -> bytes:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = title
    slide.placeholders[1].text = body
    return _saved(deck.save)


def _sheet(rows: Sequence[Sequence[str | int]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return buffer.getvalue()


def _html(heading: str, text: str) -> bytes:
    head = f'<meta charset="utf-8"><title>{heading}</title>'
    return f"<!doctype html><html><head>{head}</head><body><h1>{heading}</h1><p>{text}</p>".encode()


def _mail(subject: str, text: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "all@example.org"
    message["Date"] = "Fri, 01 Nov 2024 10:00:00 +0000"
    message["Subject"] = subject
    message.set_content(text)
    return message.as_bytes()


def _saved(save: Callable[[io.BytesIO], None]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()
