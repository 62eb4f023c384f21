"""The description of every route, made from the models that check requests, and a page to try it."""
