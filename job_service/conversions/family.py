"""The family of conversions: documents for the converters of their source."""

from functools import partial

from job_service.conversions import openapi
from job_service.conversions.adapter import Conversions
from job_service.conversions.pages import add_sources
from job_service.conversions.routes import conversion_routes
from job_service.conversions.store import CONVERSION_STORE
from job_service.kinds.dialect import Dialect
from job_service.kinds.family import Family, Foundation, Link, OpenFamily
from job_service.kinds.users import submitting_user


def _open(base: Foundation) -> OpenFamily:
    conversions = Conversions(base.store, base.clients)
    return OpenFamily(
        blueprints=(conversion_routes(conversions),),
        dialect=Dialect(submitting_user, conversions.of_parameters, base.batches.create),
        retry=conversions.retry,
        links=(Link("Conversions", "console.conversions"),),
        pages=(partial(add_sources, conversions=conversions),),
    )


CONVERSIONS = Family(CONVERSION_STORE, openapi.CONVERSIONS, _open)
