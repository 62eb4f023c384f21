"""The pages of the code jobs, in the console's frame."""

from flask import Response, flash, redirect, render_template, url_for

from job_service.code_jobs.adapter import CodeJobs
from job_service.code_jobs.form import ProgramForm
from job_service.code_jobs.wire import NewCodeJob, shown
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.job import ALIVE, Job
from job_service.mongo.keys.once import Once
from job_service.web.forms import form_key
from job_service.web.request_ids import request_id

_ROWS = 100
#: Rows on the start page.
_NEWEST = 20
#: Seconds beside the program's time limit for which a page waits, so that a worker can claim the job.
_PATIENCE_SECONDS = 5.0


class Pages:
    """Renders pages; `timeout` is the longest that a program may run, in seconds."""

    def __init__(self, jobs: CodeJobs, once: Once, timeout: float) -> None:
        self._jobs = jobs
        self._once = once
        self._wait = min(timeout + _PATIENCE_SECONDS, 30.0)

    def all_jobs(self, added: int | None) -> str:
        """Show the newest jobs and an empty form; of a job just `added`, wait for its end and show the result."""
        if added is None:
            return self._form_page(ProgramForm())
        ended = self._jobs.when_ended(self._jobs.get(added), self._wait)
        category, words, english = _outcome(ended)
        flash(f"{words} ({english}) ID: {ended['number']}", category)
        return self._form_page(ProgramForm(), ended)

    def submit(self) -> Response | tuple[str, int]:
        """Submit a form, once; show faults beside its fields, or redirect to the page with the result."""
        form = ProgramForm()
        new = form.program()
        number = self._stored(form, new) if new else None
        if number is None:
            return self._form_page(form), 400
        return redirect(url_for("code_pages.all_jobs", added=number), 303)  # type: ignore[return-value]  # Flask's own Response

    def one_job(self, job: Job) -> str:
        """Show one job."""
        alive, origin = job["state"] in ALIVE, self._jobs.origin(job)
        return render_template("code_jobs/job.html", job=job, view=shown(job), alive=alive, origin=origin)

    def again(self, number: int) -> Response:
        """Make a new job like an ended one, and redirect to its page."""
        if not ProgramForm().validate():
            raise Invalid("The form is too old, or came from elsewhere: load the page again")
        again = self._once.do(form_key(), lambda: str(self._jobs.again(number)["number"]))
        return redirect(url_for("code_pages.one_job", number=again), 303)  # type: ignore[return-value]  # Flask's own Response

    def newest(self) -> str:
        """Return the newest jobs as a part of the start page; empty while there are none."""
        jobs = self._jobs.list(limit=_NEWEST)
        return render_template("code_jobs/newest.html", jobs=jobs) if jobs else ""

    def jobs_of(self, uid: int) -> str:
        """Show the jobs of a user."""
        return render_template("code_jobs/user.html", uid=uid, jobs=self._jobs.list(uid, limit=_ROWS))

    def _stored(self, form: ProgramForm, new: NewCodeJob) -> str | None:
        try:
            return self._once.do(form_key(), lambda: str(self._jobs.submit(new, request_id())["number"]))
        except Invalid as error:
            form.code.errors = (*form.code.errors, error.message)
            return None

    def _form_page(self, form: ProgramForm, made: Job | None = None) -> str:
        view = shown(made) if made else None
        return render_template("code_jobs/all.html", form=form, jobs=self._jobs.list(limit=_ROWS), made=made, view=view)


def _outcome(job: Job) -> tuple[str, str, str]:
    if job["state"] == "completed":
        return "success", "Adicionado com sucesso!", "Added, and done."
    if job["state"] in ALIVE:
        return "warning", "Adicionado, ainda sem resultado.", "Added; it has not ended yet."
    return "danger", "Adicionado, porém com erro!", "Added, but it ended with an error."
