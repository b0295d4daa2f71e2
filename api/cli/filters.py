"""Options that narrow a search or a question to documents with certain properties."""

from datetime import datetime
from typing import Annotated

import typer

_DAY = ["%Y-%m-%d"]

Words = list[str] | None
Type = Annotated[
    Words, typer.Option("--type", help="pdf, text, slides, table, mail, web, book or picture.")
]
Tag = Annotated[Words, typer.Option("--tag", help="A tag of the documents; may be repeated.")]
Author = Annotated[Words, typer.Option("--author", help="Who wrote them; may be repeated.")]
Language = Annotated[Words, typer.Option("--language", help="Such as en or zh.")]
DatedFrom = Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="First day.")]
DatedTo = Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Last day.")]


def filters_of(  # noqa: PLR0917 - the options of a command
    types: Words,
    tags: Words,
    authors: Words,
    languages: Words,
    dated_from: datetime | None,
    dated_to: datetime | None,
) -> dict[str, object]:
    """Return the filters as the API reads them, without those that were not given."""
    given = {
        "types": types,
        "tags": tags,
        "authors": authors,
        "languages": languages,
        "dated_from": dated_from and dated_from.date().isoformat(),
        "dated_to": dated_to and dated_to.date().isoformat(),
    }
    return {name: value for name, value in given.items() if value}
