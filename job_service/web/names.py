"""Names that people give: anything they can write."""

from unicodedata import category


def is_name(text: str, longest: int) -> bool:
    """Say whether a text has 1 to `longest` characters, none a control character or half of one of Unicode's."""
    return 1 <= len(text) <= longest and not any(category(character) in {"Cc", "Cs"} for character in text)
