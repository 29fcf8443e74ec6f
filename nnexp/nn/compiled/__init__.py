"""The same training, compiled: thousands of networks at once, on a CPU or an accelerator, by JAX.

Read `plain` of the core first. In reading order: `units`, `network`, `rates`, `optimizers`, `newton_cg`,
`epoch`, `on_chip`, `evaluation`, `monitors`, `device`, `states`, `start`, `feed`, `turns`, `training`.
Symbols and shapes are the core's; everything here is a pure function over one stack of K networks, compiled
once per shape. First weights and orders come from the core's own streams of random numbers. The masks of
dropout are drawn on the device, each run's from a key that its own stream gives: they are other masks than
the core's, with the same chances.

The same call on the same device gives the same bits. A run here and in the core agree to rounding; a run
alone and in a stack, on a processor to the bit (`turns`), on an accelerator to rounding.
"""

from nnexp.nn.compiled.device import prepared
from nnexp.nn.compiled.training import train

__all__ = ["prepared", "train"]
