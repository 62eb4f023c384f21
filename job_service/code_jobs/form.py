"""The form of a new program: its fields as the browser sends them, validated like the JSON body."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import StringField, TextAreaField

from job_service.code_jobs.sources import as_text, is_file_name
from job_service.code_jobs.wire import NewCodeJob, as_user
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.faults import Fault
from job_service.web.bodies import validate
from job_service.web.parsing import InvalidBody, parse_exactly

_FIELD_OF = {"uid": "uid", "code": "code", "file": "code", "input": "inputt"}


class ProgramForm(FlaskForm):
    """`POST /jobs/`, with its CSRF token."""

    uid = StringField("UserID")
    code = TextAreaField("Code")
    file = FileField("or a file")
    inputt = TextAreaField("Input", default="{}")

    def program(self) -> NewCodeJob | None:
        """Return the form's program; None when a field is wrong, with the reason beside that field."""
        if not self.validate():
            return None
        parts: dict[str, Any] = {}
        faults: list[Fault] = []
        for read in (self._user, self._input, self._source):
            try:
                parts.update(read())
            except Invalid as error:
                faults += error.faults or [{"loc": ["code"], "msg": error.message}]
        if not faults:
            try:
                return validate(NewCodeJob, parts)
            except Invalid as error:
                faults = error.faults
        self._show(faults)
        return None

    def _show(self, faults: list[Fault]) -> None:
        for fault in faults:
            name = _FIELD_OF.get(str(fault["loc"][0]) if fault["loc"] else "code", "code")
            self[name].errors = (*self[name].errors, fault["msg"])

    def _user(self) -> dict[str, int]:
        return {"uid": as_user((self.uid.data or "").strip())}

    def _input(self) -> dict[str, Any]:
        try:
            return {"input": parse_exactly((self.inputt.data or "{}").encode())}
        except InvalidBody as fault:
            example = 'must be a JSON object, such as {"a": 5, "b": 3}'
            raise Invalid.field("input", fault.message if fault.loc else example) from None

    def _source(self) -> dict[str, str]:
        """Return the program: an uploaded file, the name of one in CODE_DIR, or pasted text."""
        pasted = (self.code.data or "").replace("\r\n", "\n")
        if self.file.data and self.file.data.filename:
            if pasted.strip():
                raise Invalid.field("code", "paste a program or upload one, not both")
            if not self.file.data.filename.endswith(".py"):
                raise Invalid.field("code", "the uploaded file must be a .py file")
            return {"code": as_text(self.file.data.read(), "code")}
        if is_file_name(pasted.strip()):
            return {"file": pasted.strip()}
        return {"code": pasted}
