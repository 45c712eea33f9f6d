from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import load_encoder, onnx_runtime, runtimes
from smartprod.encoders.device import Device
from smartprod.encoders.onnx_runtime import OnnxRuntime
from smartprod.encoders.torch_runtime import TorchRuntime
from smartprod.errors import EncoderError

CPU = Device("cpu", "fp32")


@pytest.fixture
def own_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SMARTPROD_CACHE", str(tmp_path))
    return tmp_path / "onnx"


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (7, 3, 48, 48), np.uint8)


@pytest.fixture
def small_network():
    """A convolutional network with the normalisation inside: uint8 `[B, 3, S, S]` to `[B, 16]`."""
    import torch

    class Small(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.layers = torch.nn.Sequential(
                torch.nn.Conv2d(3, 8, 3, stride=2), torch.nn.SiLU(), torch.nn.Conv2d(8, 16, 3)
            )

        def forward(self, pixels):
            return self.layers(pixels.float() / 255).mean((2, 3))

    return Small()


def open_image(name, runtime="auto"):
    return load_encoder(name, modality="image", config=ExtractConfig(runtime=runtime), threads=1)


def runtime_of(encoder):
    return type(encoder.runtime)


def test_runtimes_agree_and_share_a_fingerprint(timm_folder, own_cache):
    fast, slow = open_image(f"timm:{timm_folder}"), open_image(f"timm:{timm_folder}", "torch")
    assert (runtime_of(fast), runtime_of(slow)) == (OnnxRuntime, TorchRuntime)
    assert fast.fingerprint == slow.fingerprint
    batch = np.random.default_rng(0).integers(
        0, 256, (5, 3, *fast.prepare(np.zeros((9, 9, 3), np.uint8)).shape[1:]), np.uint8
    )
    np.testing.assert_allclose(fast.encode(batch), slow.encode(batch), atol=1e-3)


@pytest.mark.parametrize(("multiplies_fast", "expected"), [(True, TorchRuntime), (False, OnnxRuntime)])
def test_runtimes_auto_gives_transformers_to_torch_where_it_multiplies_fast(
    beit_folder, own_cache, monkeypatch, multiplies_fast, expected
):
    monkeypatch.setattr(runtimes, "torch_multiplies_fast", lambda: multiplies_fast)
    open_image(f"transformers-image:{beit_folder}", "onnxruntime")  # what lies in the cache does not decide
    assert runtime_of(open_image(f"transformers-image:{beit_folder}")) is expected


def test_runtimes_auto_takes_torch_on_a_gpu(small_network):
    model = runtimes.ImageModel("small", "0" * 64, (48, 48), convolutional=True, build=lambda: small_network)
    gpu = Device("cuda:0", "bf16")
    assert not runtimes._takes_onnx(model, runtimes.RuntimeOptions(), gpu)
    assert not runtimes._takes_onnx(model, runtimes.RuntimeOptions("torch"), CPU)
    assert runtimes._takes_onnx(model, runtimes.RuntimeOptions("onnxruntime"), gpu)


def test_runtimes_run_side_by_side_give_the_same_bits(timm_folder, noise):
    for runtime in ("onnxruntime", "torch"):
        encoder = open_image(f"timm:{timm_folder}", runtime)
        images = [encoder.prepare(image.transpose(1, 2, 0)) for image in noise]
        alone = [encoder.encode(image[None]) for image in images]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda image, encoder=encoder: encoder.encode(image[None]), images * 5))
        np.testing.assert_array_equal(np.concatenate(together), np.concatenate(alone * 5))


@pytest.mark.parametrize("size", [1, 3, 4, 64])
def test_runtimes_torch_steps_of_any_size_keep_every_image_in_its_place(small_network, noise, size):
    import torch

    runtime = TorchRuntime(small_network, device=CPU, images_per_call=size, convolutional=True)
    with torch.inference_mode():
        expected = small_network(torch.from_numpy(noise)).numpy()
    embeddings = runtime.run(noise)
    assert (embeddings.dtype, embeddings.shape) == (np.float32, (7, 16))
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)
    for i in range(7):
        np.testing.assert_array_equal(runtime.run(noise[i : i + 1])[0], embeddings[i])


def test_runtimes_torch_reads_what_may_not_be_written(small_network, noise):
    noise.flags.writeable = False
    runtime = TorchRuntime(small_network, device=CPU, images_per_call=1)
    assert np.isfinite(runtime.run(noise[::-1])).all()


def test_runtimes_lower_precision_stays_close(small_network, noise):
    full = TorchRuntime(small_network, device=CPU, images_per_call=4, convolutional=True)
    half = TorchRuntime(small_network, device=Device("cpu", "bf16"), images_per_call=4, convolutional=True)
    assert (full.precision, half.precision) == ("fp32", "bf16")
    np.testing.assert_allclose(half.run(noise), full.run(noise), atol=0.02)
    assert not np.array_equal(half.run(noise), full.run(noise))


def test_runtimes_compiled_model_that_fails_runs_eagerly_with_a_warning(small_network, noise, monkeypatch):
    import torch

    def broken_compiler(module, **_):
        def run(_):
            raise RuntimeError("no compiler here\nand more")

        return run

    eager = TorchRuntime(small_network, device=CPU, images_per_call=4).run(noise)
    monkeypatch.setattr(torch, "compile", broken_compiler)
    runtime = TorchRuntime(small_network, device=CPU, images_per_call=4, compiled=True)
    with pytest.warns(UserWarning, match="could not be compiled and runs as it is: no compiler here$"):
        np.testing.assert_array_equal(runtime.run(noise), eager)


def test_runtimes_too_small_a_gpu_memory_is_told_with_the_setting(small_network, noise, monkeypatch):
    import torch

    def forward(_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(small_network, "forward", forward)
    with pytest.raises(EncoderError, match=r"extract\.image_batch_size=32") as caught:
        TorchRuntime(small_network, device=CPU, images_per_call=64).run(noise)
    assert caught.value.code == "SP470"


def test_runtimes_export_is_kept_and_a_damaged_one_is_made_again(timm_folder, own_cache):
    open_image(f"timm:{timm_folder}")
    (kept,) = own_cache.iterdir()
    content = kept.read_bytes()
    open_image(f"timm:{timm_folder}")
    assert [file.name for file in own_cache.iterdir()] == [kept.name]
    kept.write_bytes(content[:-100])
    assert runtime_of(open_image(f"timm:{timm_folder}")) is OnnxRuntime
    (again,) = own_cache.iterdir()
    assert len(again.read_bytes()) == len(content)


def test_runtimes_export_that_onnx_runtime_refuses_is_made_again(timm_folder, own_cache):
    from smartprod.encoders.export_cache import write_export

    open_image(f"timm:{timm_folder}")
    (kept,) = own_cache.iterdir()
    stem = kept.stem.rpartition("-")[0]
    kept.unlink()
    write_export(stem, b"made by another version")
    assert runtime_of(open_image(f"timm:{timm_folder}")) is OnnxRuntime
    assert [file.stem.rpartition("-")[0] for file in own_cache.iterdir()] == [stem]


def test_runtimes_export_that_cannot_be_read_is_passed_over(timm_folder, own_cache):
    open_image(f"timm:{timm_folder}")
    (kept,) = own_cache.iterdir()
    kept.unlink()
    kept.mkdir()  # not readable as a file, whoever runs the test
    with pytest.warns(UserWarning, match="could not be kept"):
        assert runtime_of(open_image(f"timm:{timm_folder}")) is OnnxRuntime


def _encode_in_process(folder, barrier, results):
    from smartprod.config import Config
    from smartprod.encoders import configure_offline

    configure_offline(Config())
    barrier.wait()
    encoder = open_image(f"timm:{folder}")
    results.put(
        (runtime_of(encoder).__name__, encoder.encode(np.full((1, 3, 160, 160), 99, np.uint8)).tobytes())
    )


@pytest.mark.slow
def test_runtimes_two_processes_may_export_at_once(timm_folder, own_cache):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    workers = [
        context.Process(target=_encode_in_process, args=(timm_folder, barrier, results)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    found = {results.get(timeout=120) for _ in workers}
    for worker in workers:
        worker.join()
    assert len(found) == 1
    assert {file.suffix for file in own_cache.iterdir()} == {".onnx"}


def test_runtimes_export_that_differs_falls_back_with_a_warning(timm_folder, own_cache, monkeypatch):
    monkeypatch.setattr(onnx_runtime, "MINIMUM_AGREEMENT", 1.1)
    with pytest.warns(UserWarning, match="Continuing with torch"):
        encoder = open_image(f"timm:{timm_folder}")
    assert runtime_of(encoder) is TorchRuntime
    with pytest.raises(EncoderError, match="differ from torch's") as caught:
        open_image(f"timm:{timm_folder}", "onnxruntime")
    assert caught.value.code == "SP407"
    assert not own_cache.exists()


def test_runtimes_cache_that_cannot_be_written_only_warns(timm_folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SMARTPROD_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="could not be kept"):
        assert runtime_of(open_image(f"timm:{timm_folder}")) is OnnxRuntime
