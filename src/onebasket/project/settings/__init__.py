"""Django's settings, put together from the environment. Every variable stands in docs/configuration.md."""

import os
from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from onebasket.channels.desk.theme import UNFOLD as UNFOLD
from onebasket.project.settings.accounts import account_settings
from onebasket.project.settings.databases import InvalidDatabaseUrlError, database_settings, parse_database_url
from onebasket.project.settings.environment import (
    TEST_SECRET_KEY,
    TRIAL_CARD_SECRET,
    Environment,
    InvalidEnvironmentError,
    Mode,
    installation_key,
    production_weaknesses,
    read_environment,
)
from onebasket.project.settings.logs import logging_settings
from onebasket.project.settings.mail import NONE, mail_settings
from onebasket.project.settings.security import STRICT_POLICY, transport_settings

django_stubs_ext.monkeypatch()


def _read() -> Environment:
    try:
        environment = read_environment(os.environ, directory=Path.cwd())
    except InvalidEnvironmentError as error:
        raise ImproperlyConfigured(str(error)) from error
    weaknesses = production_weaknesses(environment) if environment.is_production else ()
    if weaknesses:
        raise ImproperlyConfigured(
            "onebasket does not start in production with weak settings:\n"
            + "".join(f"  - {weakness}\n" for weakness in weaknesses)
            + "For a trial on your own machine set ONEBASKET_ENV=development. See docs/configuration.md."
        )
    return environment


def _secret_key(environment: Environment) -> str:
    if environment.secret_key:
        return environment.secret_key
    return TEST_SECRET_KEY if environment.mode is Mode.TEST else installation_key(environment.home)


def _database(environment: Environment) -> dict[str, object]:
    try:
        address = parse_database_url(environment.database_url, directory=Path.cwd())
    except InvalidDatabaseUrlError as error:
        raise ImproperlyConfigured(str(error)) from error
    return database_settings(address, pool=environment.database_pool)


ENVIRONMENT = _read()
ONEBASKET_HOME = ENVIRONMENT.home
ONEBASKET_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)

SECRET_KEY = _secret_key(ENVIRONMENT)
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts) or ["localhost", "127.0.0.1", "[::1]", "testserver"]

INSTALLED_APPS = [
    # First, so that their words go before those that Django's own applications have for the same texts, and accounts'
    # pages before those of allauth.
    "onebasket.front",
    "onebasket.channels.shop",
    "onebasket.channels.kiosk.apps.KioskConfig",
    "onebasket.channels.account.apps.AccountPagesConfig",
    "onebasket.channels.store.apps.StoreConfig",
    "onebasket.channels.pulse",
    "onebasket.channels.referral.apps.ReferralConfig",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # whitenoise serves static files also under Django's own development server
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "ninja",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "onebasket.base.apps.BaseConfig",
    "onebasket.commerce.access.apps.AccessConfig",
    "onebasket.commerce.places.apps.PlacesConfig",
    "onebasket.commerce.customers.apps.CustomersConfig",
    "onebasket.commerce.catalogue.apps.CatalogueConfig",
    "onebasket.commerce.books.apps.BooksConfig",
    "onebasket.commerce.stock.apps.StockConfig",
    "onebasket.commerce.slots.apps.SlotsConfig",
    "onebasket.commerce.payments.apps.PaymentsConfig",
    "onebasket.commerce.partners.apps.PartnersConfig",
    "onebasket.commerce.sales.apps.SalesConfig",
    "onebasket.commerce.pricing.apps.PricingConfig",
    "onebasket.commerce.search.apps.SearchConfig",
    "onebasket.commerce.orders.apps.OrdersConfig",
    "onebasket.commerce.fulfilment.apps.FulfilmentConfig",
    "onebasket.commerce.insights.apps.InsightsConfig",
    "onebasket.channels.api",
    "onebasket.channels.desk",
]

MIDDLEWARE = [
    "onebasket.project.middleware.api_headers",
    "onebasket.project.middleware.compression",
    "django.middleware.security.SecurityMiddleware",
    "onebasket.project.middleware.static_files",
    "onebasket.project.middleware.content_policy",
    "onebasket.project.middleware.desk_policy",
    "onebasket.project.middleware.permissions_policy",
    "onebasket.project.middleware.sessions",
    "onebasket.project.middleware.common",
    # These two by their own names, which Django's deployment checks look for.
    "django.middleware.csrf.CsrfViewMiddleware",
    "onebasket.project.middleware.authentication",
    "onebasket.project.middleware.messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "onebasket.project.middleware.htmx",
    "onebasket.project.middleware.language",
    "allauth.account.middleware.AccountMiddleware",
    "onebasket.project.middleware.second_factor",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

ROOT_URLCONF = "onebasket.project.urls"
WSGI_APPLICATION = "onebasket.project.wsgi.application"

DATABASES = {"default": _database(ENVIRONMENT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
CSRF_FAILURE_VIEW = "onebasket.project.refusing.csrf_failure"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
globals().update(account_settings(encrypted=ENVIRONMENT.is_production, trust_proxy=ENVIRONMENT.trust_proxy))
# Roles that need a second factor.
STAFF_MFA_ROLES = frozenset(ENVIRONMENT.staff_mfa)
# Whether any mail leaves: without it no address can be verified, and nobody signs up.
MAIL_IS_SENT = ENVIRONMENT.mail != NONE
# What links in mails begin with: whoever writes them has no request to read it from, and would not trust one.
ADDRESS = ENVIRONMENT.address


def _mail() -> dict[str, object]:
    try:
        return mail_settings(ENVIRONMENT.mail, home=ENVIRONMENT.home, sender=ENVIRONMENT.mail_from)
    except InvalidEnvironmentError as error:
        raise ImproperlyConfigured(str(error)) from error


globals().update(_mail())

LANGUAGE_CODE = "en"
# Those of base/languages.py, which cannot be read before Django has its settings.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = ENVIRONMENT.is_production
LANGUAGE_COOKIE_AGE = 31_536_000
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
# Static files come out of the installed packages themselves: nothing to collect, nothing to forget at an upgrade.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 300

CONTENT_SECURITY_POLICY = STRICT_POLICY
globals().update(
    transport_settings(
        encrypted=ENVIRONMENT.is_production,
        hsts_seconds=ENVIRONMENT.hsts_seconds,
        trust_proxy=ENVIRONMENT.trust_proxy,
    )
)

# A batch is at most 2,000 lines; larger bodies come as files, which are read as streams.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

LOGGING = logging_settings(level=ENVIRONMENT.log_level, style=ENVIRONMENT.log_format)

# Whether webhooks may go to http and to addresses inside our own network.
WEBHOOKS_PRIVATE = ENVIRONMENT.webhooks_private
# Days that events are kept once every webhook is done with them; 0 is for ever.
EVENT_DAYS = ENVIRONMENT.event_days
# Where card payments are asked for; without an address none are taken.
CARD_URL = ENVIRONMENT.card_url
CARD_SECRET = ENVIRONMENT.card_secret or ("" if ENVIRONMENT.is_production else TRIAL_CARD_SECRET)

# The desk posts one field for every row of a list.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
