"""What of a directory's person is kept: name, address, and whether they are active."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from security.scim.errors import InvalidValue
from security.scim.patch import lowered

TEXT_CHARACTERS_MAX: Final = 255
EMAILS_MAX: Final = 20
_NAMES: Final = ("formatted", "familyName", "givenName")
_BOOLEANS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Person:
    """A user as SCIM has one; `kept` is what is stored sealed, in SCIM's own shape."""

    user_name: str
    external_id: str | None
    active: bool
    kept: Mapping[str, Any]

    @property
    def resource(self) -> dict[str, Any]:
        """The attributes in SCIM's shape."""
        said = {"userName": self.user_name, "active": self.active, **self.kept}
        return said if self.external_id is None else {**said, "externalId": self.external_id}


def person_of(resource: Mapping[str, Any]) -> Person:
    """Read a user resource; attributes that are not kept here are passed over.

    Raises:
        InvalidValue: one of those that are kept is of the wrong kind, or there is no userName.
    """
    read = lowered(resource)
    user_name = text_of(read, "userName")
    if not user_name:
        raise InvalidValue
    kept: dict[str, Any] = {}
    if display_name := text_of(read, "displayName"):
        kept["displayName"] = display_name
    if name := _name(read.get("name")):
        kept["name"] = name
    if emails := _emails(read.get("emails")):
        kept["emails"] = emails
    active = boolean_of(read.get("active", True))
    return Person(user_name, text_of(read, "externalId"), active, kept)


def text_of(read: Mapping[str, Any], name: str) -> str | None:
    """Return a text attribute of a resource with lower-case names, None when it has none.

    Raises:
        InvalidValue: it is no text, too long, or holds half a character.
    """
    value = read.get(name.lower())
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS_MAX:
        raise InvalidValue
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise InvalidValue
    return value


def boolean_of(value: object) -> bool:
    """Return a boolean, which Entra may write as "True" or "False".

    Raises:
        InvalidValue: it is none.
    """
    if isinstance(value, str):
        value = _BOOLEANS.get(value.lower())
    if not isinstance(value, bool):
        raise InvalidValue
    return value


def _name(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidValue
    return {name: text for name in _NAMES if (text := text_of(value, name))}


def _emails(value: object) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > EMAILS_MAX:
        raise InvalidValue
    return [_email(one) for one in value]


def _email(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidValue
    email: dict[str, Any] = {
        name: text for name in ("value", "type") if (text := text_of(value, name))
    }
    if "primary" in value:
        email["primary"] = boolean_of(value["primary"])
    return email
