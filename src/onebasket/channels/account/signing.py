"""How shoppers sign in and up: by e-mail, shoppers alone, and so that nobody learns who else has an account."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.forms import SignupForm as BaseSignupForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onebasket.commerce.access.rules import SHOPPER


class ShopperBackend(AuthenticationBackend):
    """E-mail and password of shoppers; whoever works here signs in by name, elsewhere."""

    def authenticate(  # type: ignore[override] # as allauth's own, which takes what is handed in by name
        self,
        request: HttpRequest | None,
        **credentials: Any,  # noqa: ANN401 - Django's signature
    ) -> Any:  # noqa: ANN401 - Django's user, whichever
        """Return the shopper of these credentials, or None; a password is hashed in either case."""
        if not credentials.get("email"):
            return None
        known = {name: credentials.get(name) for name in ("email", "password")}
        user: Any = super().authenticate(request, **known)
        return user if user is not None and user.role == SHOPPER else None


class SignupForm(BaseSignupForm):
    """Asks for a name as well, which the customer begins with."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("As you want to be called. You may leave it empty."),
    )
    field_order = ("name", "email", "password1")

    def try_save(self, request: HttpRequest) -> Any:  # noqa: ANN401 - allauth's signature
        """Sign up; for an address that has an account take as long as for one that has none."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def signup(self, request: HttpRequest, user: Any) -> None:  # noqa: ANN401, ARG002 - allauth's signature
        """Keep the name with the account until its customer is made."""
        user.first_name = self.cleaned_data["name"].strip()[:120]
        user.save(update_fields=["first_name"])
