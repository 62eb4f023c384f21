"""Credentials and keys: API tokens, secrets and idempotency keys."""
