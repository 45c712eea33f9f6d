from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_torchvision_mend_lets_timm_and_transformers_import():
    out = run(
        "from smartprod.encoders import import_torchvision; import_torchvision(); import_torchvision();"
        "import timm; from transformers import BertModel; import torchvision; print(torchvision.__name__)"
    )
    assert out.strip() == "torchvision"


def test_torchvision_mend_touches_nothing_where_torchvision_imports():
    out = run(
        "import sys, types; own = types.ModuleType('torchvision'); sys.modules['torchvision'] = own;"
        "from smartprod.encoders import import_torchvision; import_torchvision();"
        "print(sys.modules['torchvision'] is own, 'torch' in sys.modules)"
    )
    assert out.split() == ["True", "False"]


def test_encoders_import_no_model_library_for_names_and_identities():
    out = run(
        "import sys; from smartprod.encoders import list_encoders, encoder_identity, configure_offline;"
        "from smartprod.config import Config; configure_offline(Config()); list_encoders();"
        "[encoder_identity(name) for name in ('lite0', 'minilm', 'beit')];"
        "print({'torch', 'timm', 'transformers', 'numpy', 'huggingface_hub'} & set(sys.modules))"
    )
    assert out.strip() == "set()"
