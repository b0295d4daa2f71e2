"""What can be wrong with what a Git server sends.

GitError
├── NotGit          it is not what the protocol says
└── PackTooLarge    it is more than may be unpacked
"""


class GitError(Exception):
    """Base of what the readers of the protocol raise; the connector says it in words."""


class NotGit(GitError):
    """No answer of a Git server, or a damaged one."""


class PackTooLarge(GitError):
    """More bytes than the limit, counted before they are unpacked."""
