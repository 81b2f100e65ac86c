"""Addresses of accounts. Those of allauth keep its names: it leads from one to another by them."""

from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import URLPattern, path, re_path

from onebasket.channels.account import pages, purchases
from onebasket.channels.account.members import shopper, signed_in
from onebasket.channels.account.secondfactor import Activate


def _of_shoppers(view: Any) -> Any:  # noqa: ANN401 - a view of allauth's
    """Let shoppers alone into a page of allauth's, and send strangers to the shoppers' log-in."""
    return shopper(lambda request, _member, **parameters: view(request, **parameters))


OWN: list[URLPattern] = [
    path("", pages.home, name="account_home"),
    path("details/", pages.details, name="account_details"),
    path("addresses/", pages.addresses, name="account_addresses"),
    path("addresses/new/", pages.new_address, name="account_new_address"),
    path("addresses/<int:identity>/", pages.address, name="account_address"),
    path("consents/", pages.consents, name="account_consents"),
    path("card/", pages.card, name="account_card"),
    path("purchases/", purchases.purchases, name="account_purchases"),
    path("purchases/receipts/<int:identity>/", purchases.receipt, name="account_receipt"),
    path("purchases/orders/<uuid:identity>/", purchases.order, name="account_order"),
    path("export/", pages.export, name="account_export"),
    path("delete/", pages.delete, name="account_delete"),
    path("deleted/", pages.deleted, name="account_deleted"),
]
LOG_IN: list[URLPattern] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),
    path("reauthenticate/", signed_in(account.reauthenticate), name="account_reauthenticate"),
    path("email/", _of_shoppers(account.email), name="account_email"),
    path("confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"),
    path("password/change/", _of_shoppers(account.password_change), name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
SECOND_FACTOR: list[URLPattern] = [
    path("2fa/", signed_in(factors.index), name="mfa_index"),
    path("2fa/authenticate/", factors.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", signed_in(factors.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", signed_in(Activate.as_view()), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", signed_in(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", signed_in(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/generate/", signed_in(recovery.generate_recovery_codes), name="mfa_generate_recovery_codes"
    ),
    path(
        "2fa/recovery-codes/download/", signed_in(recovery.download_recovery_codes), name="mfa_download_recovery_codes"
    ),
]

urlpatterns = [*OWN, *LOG_IN, *SECOND_FACTOR]
