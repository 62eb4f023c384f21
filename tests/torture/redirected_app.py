"""The service as it is, behind the proxies of the torture; with a wrong clock where the environment asks for it."""

from tests.torture import redirect, wrong_clock

redirect.install()
wrong_clock.install()

from job_service.wsgi import app  # noqa: E402  the detour has to be there before the first connection

__all__ = ["app"]
