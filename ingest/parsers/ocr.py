"""Text in pictures: PP-OCRv6 by RapidOCR on OpenVINO; the models lie in its wheel.

OpenVINO was chosen by measurement: 0.85 s for a receipt on one core where ONNX Runtime takes 2.3 s,
with the same text. Loading takes about a second, so a process reads several pages.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# OpenVINO's converter, which nothing here uses, tells its makers of every import over the network.
sys.modules["openvino.tools.ovc"] = None  # type: ignore[assignment]  # so that importing it fails

import rapidocr  # noqa: E402 - after the report is switched off

from ingest.parsers.ocr_spaces import Decoder  # noqa: E402 - as above

_DETECTOR, _RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"


@dataclass(frozen=True, slots=True)
class Strip:
    """A run of text on one line; edges in pixels; certainty from 0 to 1.

    `height` is that of the letters, also where the line is askew; `slope` is how far it sinks for
    each pixel to the right. One that `is_stamped` stands on the page as if alone.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    height: float
    slope: float = 0.0
    certainty: float = 1.0
    is_stamped: bool = False


class Reader:
    """The loaded models. Side effects: starts `threads` native threads, so never fork after it.

    `side_pixels_max` is the long side to which a picture is shrunk to find lines; they are read at
    full size.
    """

    def __init__(self, threads: int, side_pixels_max: int) -> None:
        self._engine = rapidocr.RapidOCR(params=_settings(threads, side_pixels_max))
        recogniser = self._engine._load_rec_model()  # type: ignore[no-untyped-call]  # untyped there
        recogniser.postprocess_op = Decoder(recogniser.postprocess_op.character)

    def strips(self, picture: Image.Image) -> list[Strip]:
        """Return what is written in an RGB picture, in no particular order, however uncertain."""
        found: Any = self._engine(np.ascontiguousarray(np.asarray(picture)[:, :, ::-1]))
        if found.txts is None:
            return []
        found = zip(found.txts, found.boxes, found.scores, strict=True)
        return [_strip(*strip) for strip in found]


def _settings(threads: int, side_pixels_max: int) -> dict[str, Any]:
    """Give paths to the models: by name the library would look for them on the network."""
    models = Path(rapidocr.__file__).parent / "models"
    engine = rapidocr.EngineType.OPENVINO
    return {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        "Global.text_score": 0.0,  # what is left out is decided when the whole page is known
        "Global.max_side_len": 100_000,  # pictures come in at the size they are to be read at
        "EngineConfig.openvino.inference_num_threads": threads,
        "Det.engine_type": engine,
        "Det.model_path": str(models / _DETECTOR),
        "Det.limit_type": "max",
        "Det.limit_side_len": side_pixels_max,
        "Rec.engine_type": engine,
        "Rec.model_path": str(models / _RECOGNISER),
    }


def _strip(text: str, corners: np.ndarray[Any, Any], certainty: float) -> Strip:
    """Take the rectangle around the corners (top left, top right, bottom right, bottom left)."""
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    across, down = corners[1] - corners[0]
    slope = float(down / across) if across > abs(down) else 0.0
    height = float(np.linalg.norm(corners[3] - corners[0]))
    edges = float(left), float(top), float(right), float(bottom)
    return Strip(text, *edges, height, slope, certainty)
