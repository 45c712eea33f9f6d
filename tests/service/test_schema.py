"""The OpenAPI schema and the service agree, whatever a client makes of the schema."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytest.importorskip("schemathesis.specs.openapi.checks")

OPERATIONS = [
    ("POST", "/v1/classify"), ("POST", "/v1/classify-form"), ("GET", "/v1/model"),
    ("GET", "/health"), ("GET", "/ready"), ("GET", "/metrics"),
]  # fmt: skip


@pytest.fixture(scope="module")
def schema(service):
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json")


def test_schema_lists_every_operation(schema):
    found = [(each.ok().method.upper(), each.ok().path) for each in schema.get_all_operations()]
    assert sorted(found) == sorted(OPERATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_schema_holds_for_generated_requests(schema, method, path, mode):
    operation = schema[path][method]
    if mode == "NEGATIVE" and method == "GET":
        pytest.skip("nothing that could be wrong about a GET without parameters")
    excluded = []
    if path == "/v1/classify-form":  # in a form everything is text or bytes: no type can be violated
        excluded = [schemathesis.specs.openapi.checks.negative_data_rejection]
    seen = []

    @settings(
        max_examples=25, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode]))
    def holds(case):
        seen.append(case.call_and_validate(excluded_checks=excluded))

    holds()
    assert seen
