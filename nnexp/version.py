"""The version of this package, as it was installed."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("nnexp")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "unknown"
