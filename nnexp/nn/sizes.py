"""How much goes through memory at once: it decides how fast training is, and changes no bit of it."""

# Bytes of parameters that train together: a step passes over all of them, so they should stay in a cache that
# a core has for itself or nearly so. More runs are trained as several stacks, in turns of one epoch.
CACHE = 4 * 1024 * 1024

EXAMPLES_PER_BLOCK = 100  # gathered by one call: so many hide its cost, and fit the cache
