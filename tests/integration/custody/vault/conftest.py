from tests.support.vault_site import site

__all__ = ["site"]
