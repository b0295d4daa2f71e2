"""Names of mailboxes on the wire: modified UTF-7 (RFC 3501, section 5.1.3), quoted."""

import re
from base64 import b64encode
from typing import Final

_SHIFTED: Final = re.compile(r"[^\x20-\x7e]+")


def quoted(name: str) -> str:
    """Return a mailbox's name as it stands in a command."""
    wired = _SHIFTED.sub(lambda found: _shifted(found.group()), name.replace("&", "&-"))
    escaped = wired.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _shifted(text: str) -> str:
    packed = b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
    return f"&{packed}-"
