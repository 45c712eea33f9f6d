from __future__ import annotations

import platform

import pytest
import torch
from torch import nn

from smartprod.encoders import linear_layers
from smartprod.encoders.device import use_torch_threads
from smartprod.encoders.linear_layers import Int8Linear, SteadyLinear, replace_linear_layers


@pytest.fixture(autouse=True)
def _inference():
    torch.manual_seed(0)
    with torch.inference_mode():
        yield
    use_torch_threads(1)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 48), (5, 48), (2, 3, 48), (2, 40, 48)])
def test_linear_layers_steady_one_computes_what_torch_does(shape, bias):
    layer, inputs = nn.Linear(48, 64, bias=bias), torch.randn(shape)
    outputs = SteadyLinear(layer)(inputs)
    assert outputs.shape == (*shape[:-1], 64)
    torch.testing.assert_close(outputs, layer(inputs))


def test_linear_layers_steady_one_without_onednn_computes_the_same(monkeypatch):
    layer, inputs = nn.Linear(48, 64), torch.randn(3, 48)
    monkeypatch.setattr(linear_layers, "_has_onednn", lambda: False)
    torch.testing.assert_close(SteadyLinear(layer)(inputs), layer(inputs))


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="oneDNN on x86")
@pytest.mark.parametrize(("inside", "outside"), [(384, 384), (384, 1536), (1536, 384), (768, 768), (40, 24)])
@pytest.mark.parametrize("kind", [SteadyLinear, Int8Linear])
def test_linear_layers_row_has_the_same_bits_among_any_number_of_rows(kind, inside, outside):
    layer, rows = kind(nn.Linear(inside, outside)), torch.randn(600, inside)
    use_torch_threads(1)
    expected = layer(rows)
    for threads in (1, 2, 3, 7):
        use_torch_threads(threads)
        for count in (*range(1, 26), 31, 64, 250, 511, 600):
            assert torch.equal(layer(rows[:count]), expected[:count]), f"{count} rows, {threads} threads"


@pytest.mark.parametrize("pays", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_layers_in_int8_stay_near_the_full_one(monkeypatch, pays, bias):
    monkeypatch.setattr(linear_layers, "int8_pays", lambda: pays)
    layer = nn.Linear(48, 20, bias=bias)
    inputs = torch.cat([torch.randn(2, 5, 48) * 3 + 1, torch.zeros(2, 1, 48), torch.full((2, 1, 48), 7.0)], 1)
    expected = layer(inputs)
    outputs = Int8Linear(layer)(inputs)
    assert outputs.shape == expected.shape
    assert (outputs - expected).abs().max() < 0.02 * expected.abs().max()


def test_linear_layers_are_replaced_where_they_are_plain_and_float32():
    class Own(nn.Linear):
        pass

    model = nn.Sequential(
        nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 4)), Own(4, 4), nn.Linear(4, 4).double()
    )
    assert replace_linear_layers(model, SteadyLinear) == 2
    assert [type(layer) for layer in model] == [SteadyLinear, nn.Sequential, Own, nn.Linear]
    assert replace_linear_layers(model, Int8Linear) == 2
    assert type(model[1][1]) is Int8Linear
