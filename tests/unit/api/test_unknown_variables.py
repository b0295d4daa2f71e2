import os

import pytest

from api.settings import unknown_variables


def test_a_misspelt_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SOURCEBOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOURCEBOOK_PORT", "8000")
    monkeypatch.setenv("SOURCEBOOK_MODEL__NAME", "qwen2.5-coder-1.5b-instruct")
    monkeypatch.setenv("SOURCEBOOK_TOKEN", "sbk_x")
    assert unknown_variables() == []
    monkeypatch.setenv("SOURCEBOOK_PROT", "8000")
    monkeypatch.setenv("SOURCEBOOK_MODLE__NAME", "x")
    assert unknown_variables() == ["SOURCEBOOK_MODLE__NAME", "SOURCEBOOK_PROT"]
