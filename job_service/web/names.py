"""Names that people choose freely, such as those of users and tokens."""

from unicodedata import category


def is_name(text: str, longest: int) -> bool:
    """Say whether a text has 1 to `longest` characters, without control characters and lone surrogates."""
    return 1 <= len(text) <= longest and not any(category(character) in {"Cc", "Cs"} for character in text)
