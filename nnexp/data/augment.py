"""Small random distortions of images, drawn afresh each epoch; part of every run's numerics.

A distortion is a field of displacements `(2, B, h, w)` in pixels, rows down and columns right: pixel (r, c)
of the new image is read at (r, c) + displacement in the old one, by bilinear interpolation. Outside is zero.
In NumPy, two to four times as fast as scipy.ndimage, which the tests compare with.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

BLOCK = 200  # images at a time: temporaries stay small enough for the cache
LARGEST_ANGLE = np.deg2rad(15)  # the book's "rotate by a small amount, let's say 15 degrees" (chapter 3)
ELASTIC_SIGMA, ELASTIC_ALPHA, ELASTIC_SIZE = 4.0, 34.0, 28  # Simard et al. 2003: for images of 28 pixels

Field = NDArray[np.floating]  # always float32, so that draws do not depend on the network's dtype
Distortion = Callable[[np.random.Generator, int, tuple[int, int]], Field]


def rotation(rng: np.random.Generator, n: int, image_shape: tuple[int, int]) -> Field:
    """Turn each image about its centre by an angle drawn uniformly from +-15 degrees."""
    angle = _uniform(rng, (n, 1, 1)) * np.float32(LARGEST_ANGLE)
    height, width = image_shape
    rows = (np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2))[:, None]
    columns = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([cosine * rows - sine * columns - rows, sine * rows + cosine * columns - columns])


def elastic(rng: np.random.Generator, n: int, image_shape: tuple[int, int]) -> Field:
    """Simard, Steinkraus and Platt (2003): uniform noise in +-1, smoothed by a Gaussian, times alpha.

    sigma = 4 and alpha = 34 for 28 pixels, a standard deviation of 1.4 pixels; for other sizes both are
    changed so that small and large pictures are distorted alike (smooth noise shrinks like 1 / sigma).
    """
    ratio = min(image_shape) / ELASTIC_SIZE
    noise = _uniform(rng, (2, n, *image_shape))
    down, across = (_gaussian(size, ELASTIC_SIGMA * ratio) for size in image_shape)
    return np.float32(ELASTIC_ALPHA * ratio**2) * (down @ noise @ across)


def rotation_and_elastic(rng: np.random.Generator, n: int, image_shape: tuple[int, int]) -> Field:
    """Both at once: the displacements add."""
    return rotation(rng, n, image_shape) + elastic(rng, n, image_shape)


DISTORTIONS: dict[str, Distortion] = {
    "rotate": rotation,
    "elastic": elastic,
    "rotate_elastic": rotation_and_elastic,
}


def augment(
    rng: np.random.Generator,
    images: NDArray[np.floating],
    *,
    distortion: str,
    image_shape: tuple[int, int],
) -> NDArray[np.floating]:
    """New images `(n, d)` of the same dtype, each distorted by its own draw; `images` is not written to."""
    new = np.empty_like(images)
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK].reshape(-1, *image_shape)
        field = DISTORTIONS[distortion](rng, len(block), image_shape)
        new[start : start + BLOCK] = resample(block, field).reshape(len(block), -1)
    return new


def resample(images: NDArray[np.floating], field: Field) -> NDArray[np.floating]:
    """Images `(B, h, w)` read at displaced positions, bilinearly; zeros stand for what lies outside."""
    n, height, width = images.shape
    frame = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    rows = np.clip(field[0] + np.arange(1, height + 1, dtype=np.float32)[:, None], 0, height + 1)
    columns = np.clip(field[1] + np.arange(1, width + 1, dtype=np.float32), 0, width + 1)
    top = np.minimum(rows.astype(np.intp), height)
    left = np.minimum(columns.astype(np.intp), width)
    down, right = (rows - top).astype(images.dtype), (columns - left).astype(images.dtype)
    image = np.arange(n)[:, None, None]
    above = (1 - right) * frame[image, top, left] + right * frame[image, top, left + 1]
    below = (1 - right) * frame[image, top + 1, left] + right * frame[image, top + 1, left + 1]
    blend: NDArray[np.floating] = (1 - down) * above + down * below
    return blend


def _uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> Field:
    """Draws from [-1, 1)."""
    return 2 * rng.random(shape, dtype=np.float32) - 1


def _gaussian(size: int, sigma: float) -> Field:
    """Matrix `(size, size)` that smooths a row of pixels; zeros stand for what lies outside."""
    distance = np.subtract.outer(np.arange(size), np.arange(size)) / sigma
    weights = np.exp(-(distance**2) / 2) / (sigma * np.sqrt(2 * np.pi))
    return np.asarray(weights, np.float32)
