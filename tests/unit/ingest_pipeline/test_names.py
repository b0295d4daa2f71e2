"""Names of files and collections."""

import pytest

from ingest.errors import InvalidName
from ingest.names import clean_collection_name, clean_file_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("C:\\Users\\me\\plan.docx", "plan.docx"),
        ("/absolute/file.txt", "file.txt"),
        ("folder/", "folder"),
        ("..", "document"),
        ("", "document"),
        ("   ", "document"),
        ("/", "document"),
        ("\0\n\r\t", "document"),
        ("line\nbreak\r.txt", "linebreak.txt"),
        ("fdp.\u202egnp.exe", "fdp.gnp.exe"),
        ("季度报告 2026.xlsx", "季度报告 2026.xlsx"),
        ("Cafe\u0301.txt", "Café.txt"),
        (".env", ".env"),
        ("report\ufe0f\U000e0100\U000e0041\u3164.pdf", "report.pdf"),
    ],
)
def test_file_names(given: str, kept: str) -> None:
    assert clean_file_name(given) == kept


def test_long_file_name_keeps_its_extension() -> None:
    cleaned = clean_file_name("季" * 500 + ".docx")
    assert len(cleaned) == 200
    assert cleaned.endswith("季.docx")


def test_long_extension_is_cut() -> None:
    assert len(clean_file_name("a." + "b" * 500)) == 200


def test_collection_names() -> None:
    assert clean_collection_name("  Human resources\u200b ") == "Human resources"


@pytest.mark.parametrize("name", ["", " \u200b\n", "a" * 201])
def test_refused_collection_names(name: str) -> None:
    with pytest.raises(InvalidName):
        clean_collection_name(name)
