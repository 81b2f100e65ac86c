"""State changes of access: sources, tokens, users, and how an enrolled source's items are taken in."""

from onebasket.commerce.access.actions.sources import (
    AccessError,
    TokenRequest,
    enrol_source,
    issue_token,
    revoke_token,
    set_source_active,
)
from onebasket.commerce.access.actions.users import CreatedUser, UserRequest, change_user, create_user, set_password

__all__ = [
    "AccessError",
    "CreatedUser",
    "TokenRequest",
    "UserRequest",
    "change_user",
    "create_user",
    "enrol_source",
    "issue_token",
    "revoke_token",
    "set_password",
    "set_source_active",
]
