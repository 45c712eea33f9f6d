from __future__ import annotations

import numpy as np
import pytest

from smartprod.errors import ModelError
from smartprod.state import State, load_state, save_state

ARRAYS = {
    "columns": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "strided": np.arange(10)[::2],
    "scalar": np.asarray(3.5),
    "empty": np.zeros((0, 4), np.float32),
}


def test_state_round_trip_is_exact(tmp_path):
    state = State("kind", {"dim": 3, "name": "ä", "flag": None, "rate": 0.1}, ARRAYS, "tree\nleaf\n")
    save_state(state, tmp_path / "new", "part")
    loaded = load_state(tmp_path / "new", "part")
    assert (loaded.kind, loaded.settings, loaded.text) == (state.kind, state.settings, state.text)
    assert set(loaded.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(loaded.arrays[name], array)
        assert (loaded.arrays[name].dtype, loaded.arrays[name].shape) == (array.dtype, array.shape)


def test_state_writes_only_what_there_is(tmp_path):
    save_state(State("kind"), tmp_path, "part")
    assert [file.name for file in tmp_path.iterdir()] == ["part.json"]
    assert load_state(tmp_path, "part").arrays == {}


@pytest.mark.parametrize("suffix", [".json", ".safetensors", ".txt"])
def test_state_missing_or_cut_file_is_told(tmp_path, suffix):
    save_state(State("kind", {}, ARRAYS, "text"), tmp_path, "part")
    file = tmp_path / f"part{suffix}"
    if suffix != ".txt":
        file.write_bytes(file.read_bytes()[:20])
        with pytest.raises(ModelError, match="SP701"):
            load_state(tmp_path, "part")
    file.unlink()
    with pytest.raises(ModelError, match="SP701"):
        load_state(tmp_path, "part")


def test_state_arrays_of_another_part_are_refused(tmp_path):
    save_state(State("kind", {}, ARRAYS), tmp_path, "part")
    save_state(State("kind", {}, {"other": np.zeros(1)}), tmp_path, "other")
    (tmp_path / "other.safetensors").replace(tmp_path / "part.safetensors")
    with pytest.raises(ModelError, match="SP702"):
        load_state(tmp_path, "part")
