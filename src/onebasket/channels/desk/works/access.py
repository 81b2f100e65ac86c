"""People, sources and tokens."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

from onebasket.channels.desk.columns import address_of
from onebasket.channels.desk.works.asking import place_codes, unknown_places
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm, refusing
from onebasket.commerce.access.actions import (
    AccessError,
    TokenRequest,
    UserRequest,
    change_user,
    create_user,
    enrol_source,
    issue_token,
    revoke_token,
    set_password,
    set_source_active,
)
from onebasket.commerce.access.actions.second_factors import reset_second_factor
from onebasket.commerce.access.models import Role, Source, Token, User
from onebasket.commerce.access.rules import SCOPES, SHOPPER
from onebasket.commerce.places.queries import places_by_code

_PLACES_HELP = "Place codes, split by commas. Only the role store is bound to places."


class _OfNoPlace(Work):
    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()


class EnrolForm(WorkForm):
    """The source's code and name."""

    code = forms.CharField(max_length=64, help_text="Such as till-330-2. It names the machine for ever.")
    name = forms.CharField(max_length=120, required=False)


class EnrolSource(_OfNoPlace):
    """Enrol a till, store or partner system."""

    slug = "enrol-source"
    label = "Enrol a source"
    verb = "Enrol"
    about = "One enrolment for one till, store or partner system. A replaced or restored machine enrols anew."
    right = "sources.enrol"
    model = Source
    form = EnrolForm
    on_row = False

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Enrol it."""
        identity = enrol_source(asked.data["code"], actor=asked.actor, name=asked.data["name"])
        return Done("Enrolled. Issue it a token next.", address=address_of(Source, identity))


class CloseSource(_OfNoPlace):
    """Shut a source out."""

    slug = "close-source"
    label = "Close"
    verb = "Close it"
    about = "None of its tokens opens anything from now on. What it has sent stays."
    right = "sources.enrol"
    model = Source
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it while the source is open."""
        return bool(row.active)

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Close it."""
        set_source_active(asked.row.code, active=False, actor=asked.actor)
        return Done("The source is closed.")


class OpenSource(_OfNoPlace):
    """Let a closed source in again."""

    slug = "open-source"
    label = "Open again"
    verb = "Open it"
    about = "Its tokens that are neither revoked nor expired open again what they are for."
    right = "sources.enrol"
    model = Source

    def is_offered(self, row: Row) -> bool:
        """Offer it once the source is closed."""
        return not row.active

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Open it."""
        set_source_active(asked.row.code, active=True, actor=asked.actor)
        return Done("The source is open.")


class TokenForm(WorkForm):
    """What the token is for."""

    source = forms.CharField(label="Source code", max_length=64)
    name = forms.CharField(max_length=120, help_text="What it is for, so that people know it later.")
    scopes = forms.MultipleChoiceField(
        choices=[(name, f"{name}: {about}") for name, about in SCOPES.items()], widget=forms.CheckboxSelectMultiple
    )
    places = forms.CharField(help_text="Place codes, split by commas; * is every place.")
    days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, help_text="Days it holds; empty is for good."
    )


class IssueToken(_OfNoPlace):
    """Give a source the key to the API."""

    slug = "issue-token"
    label = "Issue a token"
    verb = "Issue"
    about = "The secret is shown once, right after; only its digest is kept. Give as few scopes and places as will do."
    right = "tokens.issue"
    model = Token
    also_on = (Source,)
    form = TokenForm
    on_row = False

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with the source that one comes from."""
        return {"source": query.get("source", "")}

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Issue it."""
        data = asked.data
        places = place_codes(data["places"])
        if problem := unknown_places(places, places_by_code(places)):
            return Refused(problem, "places")
        expires_at = datetime.now(UTC) + timedelta(days=data["days"]) if data["days"] else None
        request = TokenRequest(data["source"], data["name"], tuple(data["scopes"]), places, expires_at)
        identity, secret = issue_token(request, actor=asked.actor)
        return Done(f"The token {data['name']} is issued.", secret=secret, address=address_of(Token, identity))


class RevokeToken(_OfNoPlace):
    """Take a token back."""

    slug = "revoke-token"
    label = "Revoke"
    verb = "Revoke it"
    about = "It opens nothing from now on (a serving process may remember it for five seconds). This cannot be undone."
    right = "tokens.issue"
    model = Token
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it while the token opens something."""
        return row.revoked_at is None

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Revoke it."""
        if revoke_token(asked.row.pk, actor=asked.actor):
            return Done("The token is revoked.")
        return Refused("It was revoked before.")


class RoleForm(WorkForm):
    """Role and places."""

    role = forms.ChoiceField(choices=[choice for choice in Role.choices if choice[0] != SHOPPER])
    places = forms.CharField(required=False, help_text=_PLACES_HELP)


class UserForm(RoleForm):
    """Who, in which role."""

    username = forms.CharField(label="Name", max_length=150)
    field_order = ("username", "role", "places")


class _OnUser(_OfNoPlace):
    right = "users.manage"
    model = User


class AddUser(_OnUser):
    """Let somebody in."""

    slug = "add-user"
    label = "Add a user"
    verb = "Add"
    about = "A password is made and shown once, right after. Hand it over safely."
    form = UserForm
    on_row = False

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Make the user."""
        places = place_codes(asked.data["places"])
        if problem := unknown_places(places, places_by_code(places)):
            return Refused(problem, "places")
        made = create_user(UserRequest(asked.data["username"], asked.data["role"], places), actor=asked.actor)
        return Done(f"{made.username} may sign in.", secret=made.password or "", address=address_of(User, made.id))


class ChangeUser(_OnUser):
    """Give somebody another role or other places."""

    slug = "change-user"
    label = "Role and places"
    verb = "Change"
    about = "It holds from the next click on."
    form = RoleForm

    def is_offered(self, row: Row) -> bool:
        """Offer it for the chain's people."""
        return bool(row.role != SHOPPER)

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with what holds."""
        return {"role": row.role, "places": ", ".join(row.places)}

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Change role and places."""
        places = place_codes(asked.data["places"])
        if problem := unknown_places(places, places_by_code(places)):
            return Refused(problem, "places")
        if problem := _own(asked):
            return Refused(problem)
        row = asked.row
        change_user(row.username, role=asked.data["role"], places=places, active=row.is_active, actor=asked.actor)
        return Done(f"{row.username} is {asked.data['role']} now.")


class _Switch(_OnUser):
    active: bool

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        if problem := _own(asked):
            return Refused(problem)
        row = asked.row
        change_user(row.username, role=row.role, places=tuple(row.places), active=self.active, actor=asked.actor)
        return Done(f"{row.username} {'may sign in again' if self.active else 'may not sign in any more'}.")


class DeactivateUser(_Switch):
    """Shut somebody out."""

    slug = "deactivate-user"
    label = "Deactivate"
    verb = "Deactivate"
    about = "From the next click on they are out. What they did stays under their name."
    is_grave = True
    active = False

    def is_offered(self, row: Row) -> bool:
        """Offer it for who may sign in."""
        return bool(row.is_active)


class ActivateUser(_Switch):
    """Let somebody in again."""

    slug = "activate-user"
    label = "Activate"
    verb = "Activate"
    about = "They may sign in again, with the password they had."
    active = True

    def is_offered(self, row: Row) -> bool:
        """Offer it for who may not sign in."""
        return not row.is_active


class ResetPassword(_OnUser):
    """Give somebody a new password."""

    slug = "reset-password"
    label = "New password"
    verb = "Make a new password"
    about = "The old one ends at once, and with it every session. The new one is shown once, right after."
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it for the chain's people: shoppers have a link sent."""
        return bool(row.role != SHOPPER)

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Make the password."""
        secret = set_password(asked.row.username, actor=asked.actor)
        return Done(f"{asked.row.username} has a new password.", secret=secret or "")


class ResetSecondFactor(_OnUser):
    """Let somebody in who lost their second factor."""

    slug = "reset-second-factor"
    label = "Reset the second factor"
    verb = "Remove it"
    about = "App and recovery codes end at once. Where the role asks for it, the next log-in sets up a new one."
    is_grave = True

    @refusing(AccessError)
    def perform(self, asked: Asked) -> Result:
        """Remove it."""
        if problem := _own(asked):
            return Refused(problem)
        reset_second_factor(asked.row.username, actor=asked.actor)
        return Done(f"{asked.row.username} has no second factor now.")


def _own(asked: Asked) -> str:
    if asked.row.username == asked.actor:
        return "You cannot change your own rights: ask another admin, so that somebody always remains."
    return ""
