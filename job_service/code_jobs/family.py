"""The family of code jobs: programs of users, with pages of their own."""

from functools import partial

from job_service.code_jobs import openapi
from job_service.code_jobs.adapter import CodeJobs
from job_service.code_jobs.pages import Pages
from job_service.code_jobs.routes import code_routes, listed, shared_routes
from job_service.code_jobs.store import CODE_STORE
from job_service.kinds.dialect import Dialect
from job_service.kinds.family import Family, Foundation, Link, OpenFamily, StartPage
from job_service.kinds.users import submitting_user


def _open(base: Foundation) -> OpenFamily:
    jobs = CodeJobs(base.store, base.settings.code_dir)
    pages = Pages(jobs, base.once, base.settings.code_timeout_seconds)
    return OpenFamily(
        blueprints=(code_routes(jobs), shared_routes(jobs, pages)),
        dialect=Dialect(submitting_user, jobs.of_parameters, base.batches.create),
        links=(Link("Code", "code_pages.all_jobs", beneath=("/jobs/", "/users/"), lists_jobs=True),),
        start=StartPage(partial(listed, jobs), pages.newest),
    )


CODE_JOBS = Family(CODE_STORE, openapi.CODE_JOBS, _open)
