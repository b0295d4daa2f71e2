"""The commands that run or look after a server on this machine."""

from collections.abc import Callable

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from api.cli import (
    audit,
    backup,
    erase,
    evaluation,
    groups,
    index,
    key_backups,
    keys,
    models,
    permissions,
    serve,
    service_accounts,
    sources,
)
from api.cli.client import ClientError
from api.problems import OUR_ERRORS


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("serve")(serve.serve)
    app.command("api")(serve.api)
    app.command("worker")(serve.worker)
    app.command("migrate")(serve.migrate)
    app.add_typer(models.app, name="models")
    app.add_typer(index.app, name="index")
    app.command("backup")(backup.backup)
    app.add_typer(erase.app, name="erase")
    key_backups.add_to(keys.app)
    app.add_typer(keys.app, name="keys")
    app.add_typer(audit.app, name="audit")
    app.add_typer(evaluation.app, name="eval")
    app.add_typer(service_accounts.app, name="service-accounts")
    app.add_typer(groups.app, name="groups")
    app.add_typer(permissions.app, name="permissions")
    app.add_typer(sources.app, name="sources")


def in_words(command: Callable[[], None]) -> Callable[[], None]:
    """Turn the server's own errors into the kind that every command prints."""

    def run() -> None:
        try:
            command()
        except ValidationError as error:
            raise ClientError(_settings_error(error)) from error
        except SettingsError as error:
            message = f"These settings are not valid: {error}."
            raise ClientError(message) from None
        except OUR_ERRORS as error:
            raise ClientError(str(error)) from error

    return run


def _settings_error(error: ValidationError) -> str:
    """Name each setting that is wrong, by its variable, without its value."""
    lines = [
        f"  SOURCEBOOK_{'__'.join(map(str, item['loc'])).upper()}: {item['msg']}"
        for item in error.errors(include_input=False)
    ]
    return "\n".join(("These settings are not valid:", *lines))
