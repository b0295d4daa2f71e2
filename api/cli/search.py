"""Search from a terminal."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from api.cli.client import Client, read_login
from api.cli.filters import Author, DatedFrom, DatedTo, Language, Tag, Type, filters_of


def search(  # noqa: PLR0917 - the options of a command
    query: Annotated[str, typer.Argument(help="A question, or words.")],
    limit: Annotated[int, typer.Option(min=1, max=50, help="Passages to show.")] = 5,
    types: Type = None,
    tags: Tag = None,
    authors: Author = None,
    languages: Language = None,
    dated_from: DatedFrom = None,
    dated_to: DatedTo = None,
) -> None:
    """Show the passages that fit best, with the place they stand in."""
    filters = filters_of(types, tags, authors, languages, dated_from, dated_to)
    wanted = {"query": query, "limit": limit, "filters": filters}
    hits = Client(read_login()).call("POST", "/v1/search", json=wanted)
    console = Console()
    for hit in hits["hits"]:
        console.print(Text.assemble((f"{hit['rank']}. ", "bold"), (place_of(hit), "cyan")))
        console.print(Text(hit["text"]))
        show_copies(console, hit)
        console.print()
    if not hits["hits"]:
        console.print("Nothing was found.")


def place_of(source: dict[str, Any]) -> str:
    """Name a document and, where it has pages, the page."""
    page = f", page {source['page']}" if source["page"] else ""
    return f"{source['document_name']}{page}"


def show_copies(console: Console, source: dict[str, Any]) -> None:
    """Name the other documents that say the same."""
    if source["also"]:
        places = ", ".join(map(place_of, source["also"]))
        console.print(Text(f"Also in {places}", "dim"), soft_wrap=True)
