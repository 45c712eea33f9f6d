"""The typed configuration: schema, loading, `key=value` overrides, and errors that name key, file and line."""

from __future__ import annotations

from smartprod.config.loading import DEFAULT_CONFIG, LoadedConfig, load_config, override_config
from smartprod.config.schema import Config, KeptProducts
from smartprod.config.several_labels import SIGMOID_KINDS, check_several_labels
from smartprod.config.shipped import shipped_folder
from smartprod.config.show import config_lines
from smartprod.config.user_cache import cache_folder
from smartprod.config.yaml_file import YamlFile, load_yaml

__all__ = [
    "DEFAULT_CONFIG",
    "SIGMOID_KINDS",
    "Config",
    "KeptProducts",
    "LoadedConfig",
    "YamlFile",
    "cache_folder",
    "check_several_labels",
    "config_lines",
    "load_config",
    "load_yaml",
    "override_config",
    "shipped_folder",
]
