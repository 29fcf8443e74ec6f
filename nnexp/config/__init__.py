"""Configuration: Hydra composes it once, then it is checked dataclasses. Only this folder knows Hydra."""

from nnexp.config.addresses import without_addresses
from nnexp.config.compose import load_config, load_configs, show, values_of
from nnexp.config.files import GROUPS, choices, conf_dir, file_behind, note_on_config
from nnexp.config.notify import Notify
from nnexp.config.overrides import words_for
from nnexp.config.schema import Config, Execution, Tracking

__all__ = [
    "GROUPS",
    "Config",
    "Execution",
    "Notify",
    "Tracking",
    "choices",
    "conf_dir",
    "file_behind",
    "load_config",
    "load_configs",
    "note_on_config",
    "show",
    "values_of",
    "without_addresses",
    "words_for",
]
