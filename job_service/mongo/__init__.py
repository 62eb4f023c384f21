"""The store: every query of the core, and every index that serves one."""
