"""Picture files: how many pages, which way up, and how large at most."""

import io
from pathlib import Path

import pytest
from PIL import Image

from ingest.errors import DocumentDamaged, DocumentTooLarge, PictureTooLarge
from ingest.parsers import picture
from ingest.settings import ParseLimits

LIMITS = ParseLimits()
ORIENTATION = 0x0112


def saved(image: Image.Image, path: Path, kind: str, **options: object) -> Path:
    image.save(path, format=kind, **options)  # type: ignore[arg-type]
    return path


def shown(path: Path, number: int = 1) -> Image.Image:
    [(_, image)] = picture.pictures(path, [number], LIMITS)
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_picture_is_one_unread_page(tmp_path: Path, kind: str) -> None:
    path = saved(Image.new("RGB", (40, 20)), tmp_path / "a", kind)
    document = picture.parse(path, LIMITS)
    assert (document.page_count, document.unread_pages, document.blocks) == (1, (1,), ())


def test_each_picture_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    pages = [Image.new("L", (10, 10), value) for value in (0, 128, 255)]
    path = saved(pages[0], tmp_path / "a", "TIFF", save_all=True, append_images=pages[1:])
    assert picture.parse(path, LIMITS).unread_pages == (1, 2, 3)
    assert shown(path, 2).getpixel((0, 0)) == (128, 128, 128)
    with pytest.raises(DocumentTooLarge):
        picture.parse(path, ParseLimits(pages_max=2))


def test_a_camera_held_sideways_is_turned_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 20))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    path = saved(image, tmp_path / "a", "JPEG", exif=exif)
    assert shown(path).size == (20, 40)


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    path = saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), tmp_path / "a", "PNG")
    assert shown(path).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_keep_their_contrast(tmp_path: Path) -> None:
    image = Image.new("I;16", (8, 8), 1000)
    image.putpixel((0, 0), 3000)
    path = saved(image, tmp_path / "a", "PNG")
    assert shown(path).getpixel((0, 0)) == (255, 255, 255)
    assert shown(path).getpixel((4, 4)) == (0, 0, 0)


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    path = saved(Image.new("L", (9000, 100)), tmp_path / "a", "PNG")
    assert shown(path).width == 4096


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = saved(Image.new("1", (13_000, 13_000)), tmp_path / "a", "PNG")
    assert path.stat().st_size < 100_000
    with pytest.raises(PictureTooLarge):
        picture.parse(path, LIMITS)


def test_a_cut_picture_is_damaged(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(buffer, format="PNG")
    (tmp_path / "a").write_bytes(buffer.getvalue()[:3000])
    with pytest.raises(DocumentDamaged):
        shown(tmp_path / "a")


def test_other_formats_are_not_tried(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (8, 8)), tmp_path / "a", "BMP")
    with pytest.raises(DocumentDamaged):
        picture.parse(path, LIMITS)
