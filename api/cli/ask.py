"""Ask from a terminal; the answer appears as it is written."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from api.cli.client import Client, ClientError, read_login
from api.cli.filters import Author, DatedFrom, DatedTo, Language, Tag, Type, filters_of
from api.cli.search import place_of, show_copies


def ask(  # noqa: PLR0917 - the options of a command
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    types: Type = None,
    tags: Tag = None,
    authors: Author = None,
    languages: Language = None,
    dated_from: DatedFrom = None,
    dated_to: DatedTo = None,
) -> None:
    """Answer a question from your documents, with its sources."""
    console = Console()
    filters = filters_of(types, tags, authors, languages, dated_from, dated_to)
    body = {"question": question, "stream": True, "filters": filters}
    for name, data in Client(read_login()).events("/v1/answers", body):
        match name:
            case "token":
                console.print(Text(data["text"]), end="")
            case "done":
                _show_sources(console, data)
            case "error":
                raise ClientError(data["detail"])


def _show_sources(console: Console, answer: dict[str, Any]) -> None:
    console.print()
    for citation in answer["citations"]:
        number = (f"\n[{citation['number']}] ", "bold")
        console.print(Text.assemble(number, (place_of(citation), "cyan")))
        console.print(Text(citation["quote"]))
        show_copies(console, citation)
