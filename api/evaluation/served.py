"""A running server as what is measured, asked over its API like any program would."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.cli.client import Client, ClientError
from evaluation.runner import Found, Given

_HITS_MAX = 50


@dataclass(frozen=True, slots=True)
class ServedCorpus:
    """Asks with the rights of whoever signed in; answers are conversations, deleted afterwards."""

    client: Client

    def search(self, question: str, limit: int) -> Sequence[Found]:
        """Return what is found, best first."""
        body = {"query": question, "limit": min(limit, _HITS_MAX)}
        hits = self.client.call("POST", "/v1/search", json=body)["hits"]
        return [_found(place) for hit in hits for place in (hit, *hit["also"])]

    def answer(self, question: str) -> Given:
        """Return the whole answer.

        Raises:
            ClientError: the server refused the question or broke off.
        """
        begun, first = time.perf_counter(), 0.0
        for name, data in self.client.events("/v1/answers", {"question": question, "stream": True}):
            if name != "started":
                first = first or time.perf_counter()
            if name == "error":
                raise ClientError(data["detail"])
            if name == "done":
                self.client.call("DELETE", f"/v1/conversations/{data['conversation_id']}")
                cited = [_found(citation) for citation in data["citations"]]
                return Given(data["answer"], data["refused"], cited, (first - begun) * 1000)
        message = "The server broke the answer off."
        raise ClientError(message)


def _found(source: Mapping[str, Any]) -> Found:
    return Found(source["document_name"], source["page"])
