"""An Apache with one mechanism, as the tests use it."""

from . import apache


class Site:
    """An Apache with one verifier, and the passwords of its users."""

    def __init__(self, mechanism, **options):
        self.mechanism = mechanism
        self.apache = apache.Apache(mechanism, **options)
        self.passwords = mechanism.passwords

    def close(self):
        self.apache.close()
        self.mechanism.close()
