"""What a definition of a kind stands for, and how its figures are changed."""

from dataclasses import fields

import pytest

from job_service.lifecycle.definition import any_result, changed, own_kind, policy_of, shown, sound, with_policy
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.job import State
from job_service.lifecycle.kind import Kind, KindPolicy
from job_service.lifecycle.retry import RetryPolicy

FIGURES = {
    "retry": {"maxAttempts": 5, "backoffSeconds": 0.5, "backoffMaxSeconds": 60},
    "leaseSeconds": 30,
    "startWithinSeconds": 3_600,
    "maxRunSeconds": 600,
    "limits": {"running": 4},
    "retentionDays": 7,
}


def test_every_figure_of_a_policy_has_a_field_of_the_definition():
    policy = policy_of(FIGURES)
    assert all(getattr(policy, field.name) is not None for field in fields(KindPolicy))
    assert (policy.backoff_seconds, policy.retention_days, policy.limits) == (0.5, 7, {"running": 4})


def test_the_words_of_a_kind_that_is_data_are_those_of_the_states():
    kind = own_kind("thumbnail", 3, {}, any_result)
    assert kind.words == {state: state.value for state in State}
    assert (kind.steps, kind.types, kind.own, kind.revision) == (None, (), True, 3)


def test_no_steps_at_all_are_not_the_same_as_any_step():
    assert own_kind("thumbnail", 1, {"steps": []}, any_result).steps == frozenset()


def test_a_closed_list_of_types_is_what_claims_may_choose_from():
    kind = own_kind("thumbnail", 1, {"types": ["b", "a"]}, any_result)
    assert (kind.types, kind.choices) == (("b", "a"), {"type": frozenset("ab")})
    with pytest.raises(ValueError, match="there is no thumbnail job of the type c"):
        kind.require_type("c")


def test_a_family_keeps_its_words_when_it_gets_figures():
    family = Kind(name="code", words={state: state.name for state in State})
    changed_family = with_policy(family, 2, FIGURES)
    assert (changed_family.words, changed_family.policy.lease_seconds) == (family.words, 30)
    assert shown(changed_family) == {"name": "code", "family": True, "revision": 2, **FIGURES}


def test_rules_of_retrying_are_the_services_but_for_what_the_kind_says():
    service = RetryPolicy(max_attempts=3, max_leases_lost=4, backoff_seconds=5, backoff_max_seconds=600)
    assert service.of(own_kind("thumbnail", 1, {}, any_result)) is service
    own = service.of(own_kind("thumbnail", 1, {"retry": {"maxAttempts": 9, "backoffSeconds": 0}}, any_result))
    assert own == RetryPolicy(max_attempts=9, max_leases_lost=4, backoff_seconds=0, backoff_max_seconds=600)


def test_a_change_takes_fields_back_and_leaves_those_that_it_does_not_name():
    after = changed({"description": "Small", **FIGURES}, {"leaseSeconds": None, "retry": {"maxAttempts": None}})
    assert after == {
        "description": "Small",
        **{name: value for name, value in FIGURES.items() if name != "leaseSeconds"},
        "retry": {"backoffSeconds": 0.5, "backoffMaxSeconds": 60},
    }
    assert "retry" not in changed(after, {"retry": None})
    assert "retry" not in changed(after, {"retry": {"backoffSeconds": None, "backoffMaxSeconds": None}})


def test_what_says_nothing_is_no_part_of_a_definition():
    assert sound({"description": None, "retry": {}, "limits": {"running": None}, "result": False}) == {"result": False}


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({}, {"retry": {"backoffSeconds": 9, "backoffMaxSeconds": 8}}),
        ({"retry": {"backoffMaxSeconds": 8}}, {"retry": {"backoffSeconds": 9}}),
        ({"retry": {"backoffSeconds": 9}}, {"retry": {"backoffMaxSeconds": 8}}),
    ],
)
def test_a_first_delay_over_the_longest_is_refused_also_where_they_come_one_by_one(before, change):
    with pytest.raises(Invalid) as caught:
        changed(before, change)
    assert caught.value.faults[0]["loc"] == ["retry", "backoffSeconds"]
