"""Small random distortions of images, drawn afresh each epoch; part of every run's numerics.

A distortion is a field of displacements `(2, B, h, w)` in pixels, rows down and columns right: pixel (r, c)
of the new image is read at (r, c) + displacement in the old one, by bilinear interpolation. Outside is zero.
In NumPy, two to four times as fast as scipy.ndimage, which the tests compare with.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

BLOCK = 200  # images at a time: temporaries stay small enough for the cache
LARGEST_ANGLE = 15.0  # degrees: the book's "rotate by a small amount, let's say 15 degrees" (chapter 3)
ELASTIC_SIGMA, ELASTIC_ALPHA, ELASTIC_SIZE = 4.0, 34.0, 28  # Simard et al. 2003: for images of 28 pixels

Field = NDArray[np.floating]  # always float32, so that draws do not depend on the network's dtype
Draws = NDArray[np.floating]
Distortion = Callable[..., Field]  # of (rng, n, image_shape), and of amplitudes by name where in AFFINE


def affine(
    rng: np.random.Generator,
    n: int,
    image_shape: tuple[int, int],
    *,
    rotation: float,
    zoom: float,
    shear: float,
    shift: float,
) -> Field:
    """Slant, turn, enlarge and shift each image, by draws of its own from +- these amplitudes.

    `rotation` in degrees; a zoom of z makes a picture 1 + z times as large; a shear of s moves each row
    sideways by s times its distance from the centre; `shift` in pixels, drawn for down and right apart. What
    is drawn for one amplitude does not depend on the others.
    """
    amplitudes = np.array([np.deg2rad(rotation), zoom, shear, shift, shift])
    angle, zooms, shears, down, right = amplitudes[:, np.newaxis] * _uniform(rng, (5, n))
    return affine_field(angle, zooms, shears, down, right, image_shape)


def affine_field(
    angle: Draws, zoom: Draws, shear: Draws, down: Draws, right: Draws, image_shape: tuple[int, int]
) -> Field:
    """The fields of n affine maps, whose arguments are (n,): the angle in radians, shifts in pixels.

    Seen from the centre, what is at p moves to (1 + zoom) R S p + t: a slant S, a rotation R, the shift
    t = (down, right). So the new pixel q is read at M (q - t) with M = S^-1 R^-1 / (1 + zoom).
    """
    rows, columns = (np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2) for size in image_shape)
    cosine, sine = np.cos(angle) / (1 + zoom), np.sin(angle) / (1 + zoom)
    M = np.array([[cosine, sine], [-sine - shear * cosine, cosine - shear * sine]])  # (2, 2, n)
    start = -(M[:, 0] * down + M[:, 1] * right).astype(np.float32)
    change = (M - np.eye(2)[:, :, np.newaxis]).astype(np.float32)
    by_row = change[:, 0, :, np.newaxis] * rows  # (2, n, h)
    by_column = change[:, 1, :, np.newaxis] * columns + start[:, :, np.newaxis]  # (2, n, w)
    field: Field = by_row[:, :, :, np.newaxis] + by_column[:, :, np.newaxis]
    return field


def rotation(rng: np.random.Generator, n: int, image_shape: tuple[int, int]) -> Field:
    """Turn each image about its centre by an angle drawn uniformly from +-15 degrees."""
    return affine(rng, n, image_shape, rotation=LARGEST_ANGLE, zoom=0, shear=0, shift=0)


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


def affine_and_elastic(
    rng: np.random.Generator, n: int, image_shape: tuple[int, int], **amplitudes: float
) -> Field:
    """Both at once, as in `rotation_and_elastic`."""
    return affine(rng, n, image_shape, **amplitudes) + elastic(rng, n, image_shape)


DISTORTIONS: dict[str, Distortion] = {
    "rotate": rotation,
    "elastic": elastic,
    "rotate_elastic": rotation_and_elastic,
    "affine": affine,
    "affine_elastic": affine_and_elastic,
}
AFFINE = ("affine", "affine_elastic")


def augment(
    rng: np.random.Generator,
    images: NDArray[np.floating],
    *,
    distortion: str,
    image_shape: tuple[int, int],
    amplitudes: Mapping[str, float] | None = None,
) -> NDArray[np.floating]:
    """New images `(n, d)` of the same dtype, each distorted by its own draw; `images` is not written to.

    `amplitudes`: those that `affine` takes, for the distortions in AFFINE.
    """
    new = np.empty_like(images)
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK].reshape(-1, *image_shape)
        field = DISTORTIONS[distortion](rng, len(block), image_shape, **(amplitudes or {}))
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
