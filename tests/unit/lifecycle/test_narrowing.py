"""Whom the news of a job are for."""

import pytest

from job_service.lifecycle.family import Narrowing, Part

ADDED = Part("dataset", "ADD")


@pytest.mark.parametrize(
    ("narrowing", "parts", "meets"),
    [
        (Narrowing("dataset"), {ADDED}, True),
        (Narrowing("dataset", types=("ADD",)), {ADDED}, True),
        (Narrowing("dataset", types=("CHANGE", "ADD")), {Part("code"), ADDED}, True),
        (Narrowing("dataset", types=("CHANGE",)), {ADDED}, False),
        (Narrowing("dataset", types=("CHANGE",)), {ADDED, Part("dataset")}, True),
        (Narrowing("code"), {ADDED}, False),
        (Narrowing("code", types=("ADD",)), {ADDED}, False),
        (Narrowing("dataset"), set(), False),
    ],
)
def test_a_claim_is_met_by_its_kind_and_types(narrowing, parts, meets):
    assert narrowing.meets(parts) is meets
