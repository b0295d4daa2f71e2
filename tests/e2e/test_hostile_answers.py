"""An answer full of markup is shown as the text it is: it loads, links and runs nothing.

The server lets no such answer out; the page does not rely on that.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.desk import Desk

HOSTILE = (
    '<img src="https://evil.example/p.png" onerror="window.pwned = 1"> '
    "<script>window.pwned = 2</script> [here](javascript:window.pwned=3) "
    "![pixel](https://evil.example/q.png) <svg onload=window.pwned=4> https://evil.example/ "
    '<iframe srcdoc="<script>parent.pwned = 5</script>"></iframe> {{constructor}} [1]'
)
QUOTE = '<b onmouseover="window.pwned = 6">quoted</b> <style>*{display:none}</style>'
CITATION = {
    "number": 1,
    "document_id": "0" * 32,
    "document_name": '"><img src=https://evil.example/n.png onerror=window.pwned=7>.pdf',
    "page": 1,
    "boxes": [],
    "quote": QUOTE,
    "start": 0,
    "end": 10,
    "also": [],
}


def _stream() -> str:
    done = {
        "id": uuid4().hex,
        "conversation_id": uuid4().hex,
        "answer": HOSTILE,
        "refused": False,
        "interrupted": False,
        "citations": [CITATION],
        "model": "<i>model</i>",
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        "timings": {},
    }
    events: list[tuple[str, Any]] = [("citation", CITATION)]
    events += [("token", {"text": HOSTILE[at : at + 9]}) for at in range(0, len(HOSTILE), 9)]
    events.append(("done", done))
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


def _answer(route: Route) -> None:
    route.fulfill(status=200, content_type="text/event-stream", body=_stream())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_markup_in_an_answer_is_only_text(signed_in: Callable[..., Desk], language: str) -> None:
    desk = signed_in(language)
    asked: list[str] = []
    desk.page.context.on("request", lambda request: asked.append(request.url))
    desk.page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    desk.page.route("**/v1/answers", _answer)
    desk.go("")
    turn = desk.ask("Why?")
    shown = turn.get_by_test_id("answer")
    expect(shown).to_contain_text('<img src="https://evil.example/p.png"')
    expect(shown).to_contain_text("[here](javascript:window.pwned=3)")
    assert turn.locator("img, script, iframe, svg[onload], style, b[onmouseover]").count() == 0
    links = turn.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert not [link for link in links if "evil" in link or link.startswith("javascript")]
    assert desk.page.evaluate("window.pwned") is None
    origin = desk.page.evaluate("location.origin")
    assert asked
    assert not [url for url in asked if not url.startswith((origin, "data:", "blob:"))]
