"""The routes that make, list and revoke API tokens."""
