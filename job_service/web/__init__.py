"""What the routes share: parsing, errors to answers, who is calling, health."""
