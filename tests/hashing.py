"""How the suite keeps passwords."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    """The product's own, at the least cost there is."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
