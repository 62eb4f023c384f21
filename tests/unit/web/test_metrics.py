"""Many values at once leave a histogram as one after another would."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from job_service.web.metrics import observe_all

BOUNDS = (0.1, 1, 10)


def samples(values, observe):
    registry = CollectorRegistry()
    histogram = Histogram("waited", "Waited", ["kind"], registry=registry, buckets=BOUNDS)
    observe(histogram.labels("dataset"), values)
    return [
        (sample.name, sample.labels, sample.value)
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    ]


def one_after_another(histogram, values):
    for value in values:
        histogram.observe(value)


# Halves and quarters, so that sums do not depend on the order.
@given(st.lists(st.one_of(st.sampled_from(BOUNDS[1:]), st.integers(0, 80).map(lambda number: number / 4)), min_size=1))
def test_many_values_at_once_count_as_one_after_another(values):
    assert samples(values, observe_all) == samples(values, one_after_another)
