"""What goes over the committer's socket: frames of a length and JSON, typed by the action.

JSON, because it keeps what a source stated as it was stated (an offset, a year that no timestamp reaches).
"""

import struct
from dataclasses import dataclass, field
from typing import Any

import msgspec

from onebasket.base.committer.performing import Action

HEAD = struct.Struct(">I")
STATE = ""
"""The action's name in a frame that asks for the committer's state."""


class QueueFullError(Exception):
    """More is waiting than can be answered soon; `retry_after` is in seconds."""

    retry_after = 1


class BrokenRequestError(Exception):
    """The action failed on this very request; the committer's log says how. Its neighbours went on."""


@dataclass(frozen=True, slots=True)
class HotAction:
    """An action of the hot path, and the types of one request and of its outcome on the wire.

    Every action is safe to repeat: the same request again has the same outcome and no second effect.
    """

    run: Action
    request: Any
    outcome: Any
    encode: Any = field(init=False)
    requests: Any = field(init=False)
    outcomes: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "encode", msgspec.json.Encoder().encode)
        object.__setattr__(self, "requests", _decoder(self.request))
        object.__setattr__(self, "outcomes", _decoder(self.outcome))


def _decoder(item: Any) -> Any:  # noqa: ANN401 - any type that msgspec reads
    return msgspec.json.Decoder(list.__class_getitem__(item)).decode


class Asked(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Requests of one caller for one action; `weights` are their lines."""

    action: str
    weights: tuple[int, ...]
    requests: msgspec.Raw


class Answered(msgspec.Struct, frozen=True, array_like=True, tag="answered", gc=False):
    """Their outcomes, in order."""

    outcomes: msgspec.Raw


class Full(msgspec.Struct, frozen=True, array_like=True, tag="full"):
    """The queue takes no more; nothing was done."""


class Unavailable(msgspec.Struct, frozen=True, array_like=True, tag="unavailable"):
    """The database cannot serve."""

    message: str


class Broken(msgspec.Struct, frozen=True, array_like=True, tag="broken"):
    """A request made its action fail."""

    message: str


class State(msgspec.Struct, frozen=True, array_like=True, tag="state"):
    """How many requests wait, by action, and what the process measured, as text for Prometheus."""

    waiting: dict[str, int]
    measured: str


Reply = Answered | Full | Unavailable | Broken | State

encode = msgspec.json.Encoder().encode
decode_asked = msgspec.json.Decoder(Asked).decode
_decode_reply = msgspec.json.Decoder(Reply).decode


def decode_reply(body: bytes) -> Reply:
    """Return the reply of a frame."""
    return _decode_reply(body)  # type: ignore[no-any-return] # msgspec cannot tell the types of a union


def frame(body: bytes) -> bytes:
    """Return the body with its length in front."""
    return HEAD.pack(len(body)) + body
