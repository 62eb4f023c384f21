"""What one batch may cost, and results by a schema that is refused today."""

from job_service.kinds import own_jobs, schemas
from job_service.kinds.adapter import result_checks
from job_service.kinds.dialect import Sender
from job_service.kinds.own_jobs import OwnJobs
from job_service.kinds.schemas import Schemas, compile_schema
from job_service.lifecycle.definition import any_result, own_kind
from job_service.lifecycle.errors import Invalid

SENDER = Sender({"userId": "7"}, None, lambda _item: None)


def jobs_of(schema):
    return OwnJobs(own_kind("strict", 1, {"parameters": schema}, any_result), Schemas())


def outcomes(make, *parameters):
    for each in parameters:
        try:
            yield make(each, SENDER, None).parameters
        except Invalid as refused:
            yield refused.message


def test_once_the_schema_took_too_long_the_rest_of_a_batch_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(own_jobs, "MOST_SECONDS", 0.01)
    dear = {"a": [139] * 3_000}
    schema = {"properties": {"a": {"items": {"oneOf": [{"const": place} for place in range(140)]}}}}
    first, second = outcomes(jobs_of(schema), dear, {"a": []})
    assert first == dear
    assert "send fewer at a time" in second
    assert [*outcomes(jobs_of(schema), {"a": []})] == [{"a": []}]


def test_ten_thousand_items_of_a_usual_schema_are_all_checked():
    make = jobs_of({"properties": {f"a{place}": {"type": "string", "maxLength": 9} for place in range(20)}})
    item = {f"a{place}": "word" for place in range(20)}
    assert [*outcomes(make, *[item] * 10_000)] == [item] * 10_000


def test_a_kind_whose_schema_of_results_is_refused_today_is_there_and_takes_no_results():
    kind = own_kind("old", 1, {"result": {"$dynamicRef": "#a"}}, result_checks())
    assert "cannot be used" in str(kind.result_fault({}))


def test_a_schema_of_results_is_compiled_once_and_when_the_first_result_comes(monkeypatch):
    compiled = []

    def record(document):
        compiled.append(document)
        return compile_schema(document)

    monkeypatch.setattr(schemas, "compile_schema", record)
    kind = own_kind("quick", 1, {"result": {"type": "string"}}, result_checks())
    assert compiled == []
    assert (kind.result_fault("x"), kind.result_fault(1)) == (None, 'the value is not of type "string"')
    assert compiled == [{"type": "string"}]
