"""What a SCIM client can do wrong (RFC 7644, section 3.12).

ScimRefused
├── InvalidFilter
├── InvalidPath
├── InvalidValue
├── InvalidSyntax
├── NoTarget
├── Immutable
└── NotUnique
"""

from typing import ClassVar

from security.errors import SecurityError


class ScimRefused(SecurityError):
    """Base; `scim_type` is the error's name in RFC 7644."""

    status = 400
    code = "scim_refused"
    scim_type: ClassVar[str]


class InvalidFilter(ScimRefused):
    """A filter that cannot be read, or that nothing here can be found by."""

    scim_type = "invalidFilter"
    message = "Filter by userName, displayName, externalId, id or active, with eq and `and`."


class InvalidPath(ScimRefused):
    """A path that cannot be read."""

    scim_type = "invalidPath"
    message = "The path of an operation cannot be read."


class InvalidValue(ScimRefused):
    """A value of the wrong kind, too long, or missing."""

    scim_type = "invalidValue"
    message = "A value is missing or not of the kind that its attribute needs."


class InvalidSyntax(ScimRefused):
    """A body that is no SCIM message."""

    scim_type = "invalidSyntax"
    message = "The body is not a SCIM message."


class NoTarget(ScimRefused):
    """An operation on something that is not there."""

    scim_type = "noTarget"
    message = "The path of an operation leads to nothing."


class Immutable(ScimRefused):
    """A change of what cannot change."""

    scim_type = "mutability"
    message = "This attribute cannot be changed."


class NotUnique(ScimRefused):
    """A userName, displayName or externalId that somebody else has."""

    status = 409
    scim_type = "uniqueness"
    message = "Another resource has this userName, displayName or externalId."
