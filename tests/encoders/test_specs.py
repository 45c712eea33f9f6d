from __future__ import annotations

import pytest

from smartprod.config import Config
from smartprod.encoders import encoder_identity, load_encoder, own_encoder
from smartprod.encoders.specs import parse_spec


def test_specs_an_own_name_stands_for_a_folder_wherever_it_lies(timm_folder, tmp_path):
    copy = tmp_path / "elsewhere"
    copy.symlink_to(timm_folder)
    here, there = (
        load_encoder(f"mine=timm:{folder}", modality="image", config=Config().extract, threads=1)
        for folder in (timm_folder, copy)
    )
    assert (here.name, here.weights_hash) == ("mine", there.weights_hash) == (there.name, here.weights_hash)


def test_specs_an_own_name_of_a_folder_can_travel(timm_folder):
    own = own_encoder(f"mine=timm:{timm_folder}")
    assert (own.name, own.kind, own.folder) == ("mine", "timm", timm_folder)
    assert encoder_identity(own.spec).startswith("timm:")


@pytest.mark.parametrize("name", ["lite0", "mine=lite0", "timm:./a=b", "mine=timm:resnet18.a1_in1k@main"])
def test_specs_what_lies_in_no_folder_of_its_own_name_does_not_travel(name):
    assert own_encoder(name) is None


def test_specs_an_equals_sign_in_a_folder_is_no_own_name():
    assert parse_spec("timm:./a=b").name == "timm:./a=b"
