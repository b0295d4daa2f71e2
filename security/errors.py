"""What can go wrong in the security package.

    SecurityError
    ├── Unauthenticated             nobody, or nobody any more
    │   └── InvalidCredentials
    ├── Forbidden                   known, and not allowed
    │   ├── InsufficientScope
    │   └── PasswordSignInOff
    ├── NotFound                    absent, or hidden: both look the same
    ├── Conflict
    │   ├── NameTaken
    │   ├── LastOwner
    │   ├── NoPassword
    │   ├── GroupNameTaken
    │   ├── GroupDenied
    │   ├── ManagedElsewhere
    │   └── KeyInUse
    ├── InvalidInput
    │   ├── PasswordRefused
    │   └── NameRefused
    ├── TooManyAttempts
    ├── TooManyRequests
    │   └── BudgetSpent
    ├── OutboundFailed              another server could not be asked
    │   ├── OutboundRefused
    │   ├── OutboundTimeout
    │   └── OutboundTooLarge
    ├── AuditUnavailable            cannot be put on record, so it did not happen
    ├── ReceiptInvalid
    ├── BackupInvalid
    ├── BackupExpired
    ├── CheckpointNotKept           signed, and not safely stored outside
    ├── CheckpointInvalid           not a note of ours, or of another key
    ├── AuditForked                 the log is not what was signed before
    └── CryptoError                 keys and ciphertexts
        ├── DecryptionFailed
        ├── KeyDestroyed
        └── KeyUnavailable

Messages are fixed texts that say what to do: they hold no secret, token or name.
"""

from typing import ClassVar


class SecurityError(Exception):
    """Base of the package. `status` is the HTTP status, `code` the stable name of the error."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "security_failed"
    message: ClassVar[str] = "The request could not be checked. Ask the operator of this server."

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.message
        super().__init__(self.detail)


class Unauthenticated(SecurityError):
    """No session or token, or one that is unknown, expired or revoked: all look the same."""

    status = 401
    code = "unauthenticated"
    message = "Sign in, or send a valid access token."


class InvalidCredentials(Unauthenticated):
    """Unknown name or wrong password; the caller does not learn which."""

    code = "invalid_credentials"
    message = "The name or the password is wrong. Check both and try again."


class Forbidden(SecurityError):
    """The caller may see that the thing exists, and may not do this with it."""

    status = 403
    code = "forbidden"
    message = "You may not do this. Ask an owner for the right."


class InsufficientScope(Forbidden):
    """The access token was made without the scope that this needs (RFC 6750, section 3.1)."""

    message = "This access token was made without the scope that this needs. Use another."

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope


class PasswordSignInOff(Forbidden):
    """The settings let people sign in through an identity provider only."""

    code = "password_sign_in_off"
    message = "Signing in with a password is switched off. Use your organisation's sign-in."


class NotFound(SecurityError):
    """Absent or hidden."""

    status = 404
    code = "not_found"
    message = "There is no such thing here, or you may not see it."


class Conflict(SecurityError):
    """The change does not fit what is stored."""

    status = 409
    code = "conflict"
    message = "This does not fit the present state. Reload and try again."


class NameTaken(Conflict):
    """A user of this tenant has the name."""

    code = "name_taken"
    message = "A user with this name exists. Choose another name."


class LastOwner(Conflict):
    """The tenant would be left without anyone who can administer it."""

    code = "last_owner"
    message = "This is the last owner of the tenant. Make someone else an owner first."


class NoPassword(Conflict):
    """The account has none: its person signs in through an identity provider."""

    code = "no_password"
    message = "This person signs in through your identity provider. Change the password there."


class GroupNameTaken(Conflict):
    """A group of the same source has the name."""

    code = "group_name_taken"
    message = "A group with this name exists. Choose another name."


class GroupDenied(Conflict):
    """A permission list denies the group, so deleting it would let its members in."""

    code = "group_denied"
    message = (
        "Documents are closed to this group: deleting it would open them to its members. "
        "Take it out of their permissions first."
    )


class ManagedElsewhere(Conflict):
    """The group is the identity provider's: a change here would not last."""

    code = "managed_elsewhere"
    message = "This group comes from your identity provider. Change it there."


class KeyInUse(Conflict):
    """A key version still wraps something, so it cannot be retired."""

    code = "key_in_use"
    message = "An older key still wraps something. Run `sourcebook keys rewrap`, then try again."


class InvalidInput(SecurityError):
    """A value that the caller sent cannot be taken."""

    status = 422
    code = "invalid_input"
    message = "A value is not acceptable. Correct it and try again."


class PasswordRefused(InvalidInput):
    """Too short, or longer than anything that needs hashing."""

    code = "password_refused"
    message = "The password is too short or too long."


class NameRefused(InvalidInput):
    """Empty, too long, or with characters that cannot be seen."""

    code = "name_refused"
    message = "A name needs 1 to 200 visible characters, without spaces at its ends."


class TooManyAttempts(SecurityError):
    """Sign-in is paused for this name or address."""

    status = 429
    code = "too_many_attempts"
    message = "Too many failed sign-ins. Wait before you try again."

    def __init__(self, retry_seconds: int) -> None:
        super().__init__()
        self.retry_seconds = retry_seconds


class TooManyRequests(SecurityError):
    """More requests in a minute than one person, token or tenant may make."""

    status = 429
    code = "too_many_requests"
    message = "Too many requests in a short time. Wait before you send more."

    def __init__(self, retry_seconds: int) -> None:
        super().__init__()
        self.retry_seconds = retry_seconds


class BudgetSpent(TooManyRequests):
    """The day's questions or generated tokens are used up."""

    code = "daily_budget_spent"
    message = (
        "Today's budget of questions is used up. It begins anew at midnight UTC; an operator can "
        "raise it with SOURCEBOOK_SECURITY__DAILY_BUDGET."
    )


class OutboundFailed(SecurityError):
    """Another server could not be reached, or what it answered is no HTTP."""

    status = 502
    code = "outbound_failed"
    message = "Another server could not be reached. Try again, or check its address."


class OutboundRefused(OutboundFailed):
    """An address that may not be called: internal, or of a scheme or port that is not allowed."""

    status = 422
    code = "outbound_refused"
    message = (
        "This address may not be called from here. If it belongs to your organisation, an operator "
        "can allow it with SOURCEBOOK_SECURITY__OUTBOUND__INTERNAL_ORIGINS."
    )


class OutboundTimeout(OutboundFailed):
    """The other server took too long, as a whole or for one step."""

    status = 504
    code = "outbound_timeout"
    message = "Another server did not answer in time. Try again later."


class OutboundTooLarge(OutboundFailed):
    """The other server sent more than may be read, or sent it compressed."""

    code = "outbound_too_large"
    message = "Another server answered with more than may be read."


class AuditUnavailable(SecurityError):
    """The audit log could not be written, so what should be on record has not happened."""

    status = 503
    code = "audit_unavailable"
    message = (
        "The audit log cannot be written, so nothing was done. Try again, and tell the operator "
        "of this server if it goes on."
    )


class ReceiptInvalid(SecurityError):
    """A receipt of an erasure that was changed, or that another key signed."""

    status = 422
    code = "receipt_invalid"
    message = "This is not a valid receipt: it was changed, or another installation signed it."


class BackupInvalid(SecurityError):
    """A file that is no backup of keys, or was altered."""

    code = "backup_invalid"
    message = "This is not a backup of keys, or it was altered. Choose another one."


class BackupExpired(SecurityError):
    """A backup of keys that is too old to be restored."""

    code = "backup_expired"
    message = (
        "This backup of keys is too old (30 days at most), or from the future: what was erased "
        "since could come back. Choose a newer one."
    )


class CheckpointNotKept(SecurityError):
    """A place for checkpoints did not take one."""

    status = 503
    code = "checkpoint_not_kept"
    message = (
        "A checkpoint of the audit log could not be written outside the database. Check the "
        "checkpoint file's folder and the syslog server."
    )


class CheckpointInvalid(SecurityError):
    """Not a signed checkpoint, or one that another key signed."""

    status = 422
    code = "checkpoint_invalid"
    message = "This is not a checkpoint that the given key signed."


class AuditForked(SecurityError):
    """The tree that should be signed does not contain the one that was signed last."""

    code = "audit_forked"
    message = (
        "The audit log is not a continuation of its last checkpoint, so it was changed or an older "
        "backup was restored. Nothing was signed. Run `sourcebook audit verify`."
    )


class CryptoError(SecurityError):
    """Base of what keys and ciphertexts can do wrong."""

    code = "crypto_failed"


class DecryptionFailed(CryptoError):
    """Altered, moved, cut, of an unknown format, or sealed under another key."""

    code = "decryption_failed"
    message = "Stored data cannot be decrypted: it was altered or its key is not this one."


class KeyDestroyed(CryptoError):
    """The wrapped key is gone, and with it everything that it sealed."""

    status = 410
    code = "key_destroyed"
    message = "The key of this data was destroyed: the data cannot be read any more."


class KeyUnavailable(CryptoError):
    """The key-encryption key is missing, unsafe, or not the one that wrapped the data."""

    status = 503
    code = "key_unavailable"
    message = "The key-encryption key cannot be used."
