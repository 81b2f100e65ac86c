"""Tables of who may do what: users with roles, enrolled sources, tokens."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    """What a person does here; `rules.ROLE_RIGHTS` says what each may do: a shopper nothing of the chain's."""

    ADMIN = "admin"
    MERCHANDISER = "merchandiser"
    STORE = "store"
    MANAGER = "manager"
    FINANCE = "finance"
    READER = "reader"
    SHOPPER = "shopper"


class User(AbstractUser):
    """A person who signs in. A store's role is bound to `places` (place codes); a shopper is known by e-mail."""

    role = models.CharField(max_length=16, choices=Role, default=Role.READER)
    places = models.JSONField(default=list, blank=True)


class Source(models.Model):
    """One enrolment of one till, store or partner system. A replaced or restored machine enrols anew."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        """Name the source as people know it."""
        return self.code


class Token(models.Model):
    """A bearer token: hashed at rest, shown once, bound to scopes and places (`["*"]` is every place)."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    places = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
