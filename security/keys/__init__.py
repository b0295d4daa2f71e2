"""The key-encryption key (KEK): the one secret that is not in the database.

It wraps the tenants' keys and nothing else. A wrapped key names its KEK in its header, and that
name alone chooses who unwraps it.
"""

from security.keys.environment import EnvironmentKeyProvider
from security.keys.file import FileKeyProvider
from security.keys.moved import MovedKeyProvider
from security.keys.port import KeyProvider, ReplaceableKeyProvider
from security.keys.vault import VaultKeyProvider

__all__ = [
    "EnvironmentKeyProvider",
    "FileKeyProvider",
    "KeyProvider",
    "MovedKeyProvider",
    "ReplaceableKeyProvider",
    "VaultKeyProvider",
]
