"""The family of transcoding: jobs for encoders, and the profiles and options that these are given."""

from functools import partial

from job_service.kinds.dialect import Dialect
from job_service.kinds.family import Family, Foundation, Link, OpenFamily
from job_service.kinds.users import submitting_user
from job_service.transcoding import openapi
from job_service.transcoding.adapter import TranscodingJobs
from job_service.transcoding.options_store import EncoderOptions
from job_service.transcoding.pages import add_profiles
from job_service.transcoding.profiles import ProfileBook
from job_service.transcoding.profiles_store import Profiles
from job_service.transcoding.routes import api_routes
from job_service.transcoding.store import TRANSCODING_STORE


def _open(base: Foundation) -> OpenFamily:
    store = base.store
    profiles = Profiles(store.collections)
    options = EncoderOptions(store.collections, lambda count: store.submission.next_number("encoder-option", count))
    jobs, book = TranscodingJobs(store, base.clients, profiles, options), ProfileBook(store, profiles, options)
    return OpenFamily(
        blueprints=api_routes(jobs, book),
        dialect=Dialect(submitting_user, jobs.of_parameters, base.batches.create),
        links=(Link("Transcoding", "console.transcoding"),),
        pages=(partial(add_profiles, book=book),),
    )


ENCODINGS = Family(TRANSCODING_STORE, openapi.ENCODINGS, _open)
