"""The whole product on PostgreSQL, as a role for which row-level security holds."""

from pathlib import Path

import pytest

from tests.product import ADMIN_PASSWORD, serving

pytestmark = pytest.mark.models

TEXT = "The storm cellar opens with the brass key. Nobody else has a copy of the brass key."


def test_people_upload_search_ask_and_delete(fenced_url: str, tmp_path: Path) -> None:
    settings = {"SOURCEBOOK_STORAGE__DATABASE_URL": fenced_url}
    with serving(tmp_path / "data", tmp_path / "log", **settings) as server:
        admin = server.signed_in()
        made = admin.post("/v1/collections", json={"name": "Keys"}).raise_for_status().json()
        document = server.ready(admin, made["id"], "cellar.txt", TEXT)
        token = server.with_token(["read", "ask"], admin)
        for client in (admin, token):
            found = client.post("/v1/search", json={"query": "brass key"}).raise_for_status()
            assert [hit["document_id"] for hit in found.json()["hits"]] == [document]
        asked = token.post("/v1/answers", json={"question": "What opens the storm cellar?"})
        assert asked.raise_for_status().json()["citations"][0]["document_id"] == document
        people = {"name": "Bo", "password": ADMIN_PASSWORD, "role": None}
        admin.post("/v1/users", json=people).raise_for_status()
        hidden = server.signed_in("Bo").get(f"/v1/documents/{document}")
        assert hidden.status_code == 404
        assert admin.get("/metrics").text.count('sourcebook_documents{status="ready"} 1.0') == 1
        admin.delete(f"/v1/documents/{document}").raise_for_status()
        assert token.post("/v1/search", json={"query": "brass key"}).json()["hits"] == []
        admin.delete("/v1/session").raise_for_status()
        assert admin.get("/v1/session").status_code == 401
