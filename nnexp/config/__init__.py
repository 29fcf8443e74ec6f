"""Configuration: Hydra composes it once, then it is checked dataclasses. Only this and `cli` know Hydra."""

from nnexp.config.compose import choices, conf_dir, load_config, register, spelled
from nnexp.config.schema import Config, Execution, Tracking

__all__ = ["Config", "Execution", "Tracking", "choices", "conf_dir", "load_config", "register", "spelled"]
