"""Who may: tokens, secrets and idempotency keys."""
