"""How long and in which form documents are kept: retention, archives, backups, the schema's version."""
