"""The pages; nothing but the composition root imports them."""
