"""The error of a machine without a working sandbox."""


class SandboxUnavailable(Exception):
    """This machine cannot run programs. The message is a sentence that says what is missing."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"No sandbox is available: {missing}.")
        self.missing = missing
