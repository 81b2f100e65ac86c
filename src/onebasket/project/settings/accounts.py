"""How people sign in: shoppers by e-mail at /account/, the chain's people by name at /login/, both through allauth."""

from typing import Any, Final

PAGES: Final = "onebasket.channels.account"

RATE_LIMITS: Final = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip,60/h/ip",
    "reset_password": "20/m/ip,5/10m/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_email": "1/3m/key",
    "manage_email": "10/m/user,20/h/user",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
    "prove_card": "5/10m/user,10/h/user,30/h/ip",
    "send_code": "3/h/user,10/h/ip",
}
"""Each process counts for itself (docs/rules/accounts.md)."""

MOST_COUNTED: Final = 50_000
"""Counters that a process remembers; the longest untouched go first."""


def account_settings(*, encrypted: bool, trust_proxy: bool) -> dict[str, Any]:
    """Return allauth's settings, and where the tries of people are counted."""
    return {
        "AUTHENTICATION_BACKENDS": [
            "django.contrib.auth.backends.ModelBackend",
            f"{PAGES}.signing.ShopperBackend",
        ],
        "ACCOUNT_ADAPTER": f"{PAGES}.adapter.AccountAdapter",
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*"],
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
        "ACCOUNT_UNIQUE_EMAIL": True,
        "ACCOUNT_CHANGE_EMAIL": True,
        "ACCOUNT_PREVENT_ENUMERATION": True,
        "ACCOUNT_SESSION_REMEMBER": True,
        "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE": False,
        "ACCOUNT_EMAIL_SUBJECT_PREFIX": "",
        "ACCOUNT_EMAIL_CONFIRMATION_ANONYMOUS_REDIRECT_URL": "account_login",
        "ACCOUNT_DEFAULT_HTTP_PROTOCOL": "https" if encrypted else "http",
        "ACCOUNT_RATE_LIMITS": RATE_LIMITS,
        "ACCOUNT_FORMS": {"signup": f"{PAGES}.signing.SignupForm"},
        "ALLAUTH_TRUSTED_PROXY_COUNT": 1 if trust_proxy else 0,
        "MFA_ADAPTER": f"{PAGES}.adapter.SecondFactorAdapter",
        "MFA_FORMS": {
            "authenticate": f"{PAGES}.secondfactor.AuthenticateForm",
            "reauthenticate": f"{PAGES}.secondfactor.ReauthenticateForm",
        },
        "MFA_TOTP_TOLERANCE": 1,
        "MFA_TOTP_ISSUER": "onebasket",
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "OPTIONS": {"MAX_ENTRIES": MOST_COUNTED},
            }
        },
    }
