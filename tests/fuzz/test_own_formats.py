"""A short run of the fuzzer, the same each time; `make fuzz` runs it for as long as one likes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("own_formats.py")
ROOT = SCRIPT.parents[2]
NO_LIMIT = "-rss_limit_mb=0"


def test_no_reader_of_our_formats_fails_in_a_way_it_does_not_name(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no build for this Python")
    ended = subprocess.run(
        # libFuzzer takes this process's own memory for that of the run, which inherits the peak.
        [sys.executable, SCRIPT, "corpus", "-runs=20000", "-seed=7", "-max_len=400", NO_LIMIT],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Done 20000 runs" in ended.stderr
