"""What the workflow engine may store: ids, numbers and codes, and nothing else."""

import json
import re

from dbos import Serializer

_ID_OR_CODE = re.compile(r"[A-Za-z0-9_.:-]{0,80}")

State = None | bool | int | str | list["State"] | dict[str, "State"]


class StateSerializer(Serializer):
    """JSON of ids and codes. Text of any other kind is refused, and exceptions lose theirs.

    So no document text, name or message can reach the engine's tables, which are not encrypted,
    whatever a step returns or raises.
    """

    def name(self) -> str:
        """Return the name that is stored beside each value."""
        return "ids_and_codes"

    def serialize(self, data: object) -> str:
        """Turn ids and codes into JSON.

        Raises:
            TypeError: anything else.
        """
        return json.dumps(_checked(data))

    def deserialize(self, serialized_data: str) -> State:
        """Read what `serialize` wrote; an exception comes back as the name of its class."""
        state: State = json.loads(serialized_data)
        return state


def _checked(data: object) -> State:
    match data:
        case BaseException():
            return type(data).__name__
        case None | bool() | int():
            return data
        case str() if _ID_OR_CODE.fullmatch(data):
            return data
        case list() | tuple():
            return [_checked(item) for item in data]
        case dict():
            return {str(_checked(key)): _checked(item) for key, item in data.items()}
    message = f"a workflow stores ids and codes, not {type(data).__name__}"
    raise TypeError(message)
