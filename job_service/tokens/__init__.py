"""API tokens: made, listed and revoked by whoever may."""
