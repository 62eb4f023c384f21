"""The one thing that can be wrong with a sandbox: that there is none."""


class SandboxUnavailable(Exception):
    """No program can be run here. The message is a sentence that says what is missing."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"No sandbox is available: {missing}.")
        self.missing = missing
