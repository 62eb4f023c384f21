"""The conversion family: a tree of resources."""
