"""Distortions: scipy.ndimage is the independent source for interpolation and smoothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from nnexp.data.augment import (
    AFFINE,
    BLOCK,
    DISTORTIONS,
    affine,
    affine_field,
    augment,
    elastic,
    resample,
    rotation,
)

SHAPE = (28, 28)
AMPLITUDES = {"rotation": 15.0, "zoom": 0.1, "shear": 0.1, "shift": 1.0}
NOTHING = dict.fromkeys(AMPLITUDES, 0.0)


def random_images(n: int, dtype: type = np.float32) -> np.ndarray:
    return np.random.default_rng(5).random((n, SHAPE[0] * SHAPE[1])).astype(dtype)


@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_resampling_equals_scipys_interpolation(n: int, height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = rng.random((n, height, width))
    field = rng.uniform(-3, 3, (2, n, height, width)).astype(np.float32)
    grid = np.indices((height, width))
    expected = [
        ndimage.map_coordinates(image, grid + displacement, order=1, mode="grid-constant")
        for image, displacement in zip(images, field.swapaxes(0, 1), strict=True)
    ]
    np.testing.assert_allclose(resample(images, field), expected, atol=1e-5)  # positions are float32


def test_no_displacement_changes_no_bit() -> None:
    images = random_images(3).reshape(3, *SHAPE)
    assert np.array_equal(resample(images, np.zeros((2, 3, *SHAPE), np.float32)), images)


def test_whole_displacements_move_pixels_and_shift_zeros_in() -> None:
    image = np.array([[[1, 2], [3, 4]]], np.float32)
    down = np.zeros((2, 1, 2, 2), np.float32)
    down[0] = 1  # read one row further down: the picture moves up
    assert resample(image, down).tolist() == [[[3, 4], [0, 0]]]


def test_rotation_turns_about_the_centre_by_at_most_15_degrees() -> None:
    field = rotation(np.random.default_rng(0), 2000, SHAPE).astype(np.float64)
    before = np.indices(SHAPE) - 13.5
    after = before[:, None] + field
    np.testing.assert_allclose(
        np.hypot(*after), np.broadcast_to(np.hypot(*before), after[0].shape), atol=1e-5
    )
    turned = np.angle(np.exp(1j * (np.arctan2(*after) - np.arctan2(*before))), deg=True)
    angles = turned[:, 0, 0]
    np.testing.assert_allclose(turned, np.broadcast_to(angles[:, None, None], turned.shape), atol=1e-3)
    assert np.abs(angles).max() <= 15 + 1e-3
    # Uniform: the standard deviation is 30 / sqrt(12), within 4 standard errors.
    assert abs(angles.std() - 8.66) < 4 * 8.66 * np.sqrt(0.2 / 2000)
    assert abs(angles.mean()) < 4 * 8.66 / np.sqrt(2000)


def moved(images: np.ndarray, **parameters: float) -> np.ndarray:
    """The images `(n, h, w)` after one affine map, the same for each of them."""
    names = ("angle", "zoom", "shear", "down", "right")
    angle, zoom, shear, down, right = (np.full(len(images), parameters.get(name, 0.0)) for name in names)
    return resample(images, affine_field(angle, zoom, shear, down, right, images.shape[1:]))


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.floats(-7, 7),
    st.floats(-0.9, 2),
    st.floats(-2, 2),
    st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
)
def test_an_affine_map_equals_scipys(
    shape: tuple[int, int], angle: float, zoom: float, shear: float, shift: tuple[float, float]
) -> None:
    """SciPy takes the map from new to old positions: the inverse of zoom x rotation x slant, then shift."""
    image = np.random.default_rng(0).random(shape)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inverse = np.linalg.inv((1 + zoom) * turn @ [[1, 0], [shear, 1]])
    centre = (np.array(shape) - 1) / 2
    offset = centre - inverse @ (centre + shift)
    expected = ndimage.affine_transform(image, inverse, offset, order=1, mode="grid-constant")
    new = moved(image[np.newaxis], angle=angle, zoom=zoom, shear=shear, down=shift[0], right=shift[1])
    np.testing.assert_allclose(new[0], expected, atol=1e-4)  # positions are float32, up to some hundred


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_affine_maps_that_move_whole_pixels_are_exact(dtype: type) -> None:
    images = random_images(3, dtype).reshape(3, *SHAPE)
    assert moved(images).tobytes() == images.tobytes()
    assert np.array_equal(moved(images, angle=np.pi / 2), np.rot90(images, axes=(1, 2)))  # to the left
    assert np.array_equal(moved(images, angle=np.pi), images[:, ::-1, ::-1])
    shifted = np.zeros_like(images)
    shifted[:, 1:, :-2] = images[:, :-1, 2:]
    assert np.array_equal(moved(images, down=1, right=-2), shifted)
    slanted = moved(images[:, :27], shear=1)  # 27 rows: the middle one stays
    for row in range(27):
        expected = ndimage.shift(images[0, row], row - 13, order=0)
        assert np.array_equal(slanted[0, row], expected)


def test_a_picture_becomes_so_much_larger() -> None:
    image = np.zeros((1, 29, 29))
    image[0, 9:20, 9:20] = 1
    assert moved(image, zoom=1)[0].sum() == pytest.approx(4 * image.sum(), rel=0.02)


def test_no_amplitude_changes_no_bit() -> None:
    images = random_images(BLOCK + 1)
    new = augment(
        np.random.default_rng(0), images, distortion="affine", image_shape=SHAPE, amplitudes=NOTHING
    )
    assert new.tobytes() == images.tobytes()


@pytest.mark.parametrize(("name", "amplitude"), AMPLITUDES.items())
def test_an_affine_draw_is_uniform_between_plus_and_minus_its_amplitude(name: str, amplitude: float) -> None:
    field = affine(np.random.default_rng(0), 4000, SHAPE, **NOTHING | {name: amplitude}).astype(np.float64)
    old = np.indices(SHAPE)[:, np.newaxis] - 13.5 + field
    draws = {
        "rotation": 45 - np.rad2deg(np.arctan2(*old[:, :, 27, 27])),
        "zoom": 13.5 / old[0, :, 27, 0] - 1,
        "shear": -field[1, :, 27, 0] / 13.5,
        "shift": -field[:, :, 5, 5].ravel(),
    }[name]
    assert 0.99 * amplitude < np.abs(draws).max() <= amplitude * (1 + 1e-4)
    spread = amplitude / np.sqrt(3)  # within 4 standard errors
    assert abs(draws.std() - spread) < 4 * spread * np.sqrt(0.2 / len(draws))
    assert abs(draws.mean()) < 4 * spread / np.sqrt(len(draws))
    assert abs(np.corrcoef(draws[:2000], draws[-2000:])[0, 1]) < 4 / np.sqrt(2000)


def test_an_amplitude_leaves_the_draws_of_the_others_alone() -> None:
    def field(**amplitudes: float) -> np.ndarray:
        return affine(np.random.default_rng(3), 5, SHAPE, **NOTHING | amplitudes)

    np.testing.assert_allclose(field(shift=2), field(shift=1) * 2, rtol=1e-6)
    slanted, both = field(shear=0.3), field(shear=0.3, shift=2)
    assert np.array_equal(slanted[0], np.zeros_like(slanted[0]))
    np.testing.assert_allclose(np.diff(both[1], axis=1), np.diff(slanted[1], axis=1), atol=1e-5)


def test_to_rotate_is_an_affine_distortion_by_15_degrees() -> None:
    field = affine(np.random.default_rng(4), 5, SHAPE, **NOTHING | {"rotation": 15.0})
    assert np.array_equal(rotation(np.random.default_rng(4), 5, SHAPE), field)


@pytest.mark.parametrize("shape", [(28, 28), (14, 14), (8, 8)])
def test_elastic_is_smoothed_noise_as_simard_gives_it(shape: tuple[int, int]) -> None:
    field = elastic(np.random.default_rng(3), 4, shape)
    ratio = shape[0] / 28
    noise = 2 * np.random.default_rng(3).random((2, 4, *shape), dtype=np.float32).astype(np.float64) - 1
    sigma = (0, 0, 4 * ratio, 4 * ratio)
    expected = 34 * ratio**2 * ndimage.gaussian_filter(noise, sigma, mode="constant", truncate=8)
    np.testing.assert_allclose(field, expected, atol=1e-4)


def test_elastic_displacements_stay_in_proportion_to_the_image() -> None:
    deviations = [elastic(np.random.default_rng(0), 500, (s, s)).std() / s for s in (28, 56)]
    assert deviations[0] == pytest.approx(1.3 / 28, rel=0.05)
    assert deviations[1] == pytest.approx(deviations[0], rel=0.05)


def distorted(rng: np.random.Generator, images: np.ndarray, distortion: str) -> np.ndarray:
    amplitudes = AMPLITUDES if distortion in AFFINE else {}
    return augment(rng, images, distortion=distortion, image_shape=SHAPE, amplitudes=amplitudes)


@pytest.mark.parametrize("distortion", DISTORTIONS)
class TestEveryDistortion:
    def test_same_generator_same_bytes_then_a_fresh_draw(self, distortion: str) -> None:
        images = random_images(5)
        rng = np.random.default_rng(1)
        first, second = (distorted(rng, images, distortion) for _ in range(2))
        again = distorted(np.random.default_rng(1), images, distortion)
        assert first.tobytes() == again.tobytes()
        assert not np.array_equal(first, second)

    def test_every_image_gets_its_own_draw(self, distortion: str) -> None:
        images = np.tile(random_images(1), (BLOCK + 3, 1))  # more than one block
        new = distorted(np.random.default_rng(1), images, distortion)
        assert len(np.unique(new, axis=0)) == BLOCK + 3

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_shape_dtype_and_range_are_kept_and_the_images_too(self, distortion: str, dtype: type) -> None:
        images = random_images(4, dtype)
        images.setflags(write=False)
        new = distorted(np.random.default_rng(1), images, distortion)
        assert (new.shape, new.dtype) == (images.shape, images.dtype)
        assert new.min() >= 0
        assert new.max() <= images.max() * (1 + 1e-6)

    def test_draws_do_not_depend_on_the_dtype(self, distortion: str) -> None:
        single, double = (
            distorted(np.random.default_rng(1), random_images(4, t), distortion)
            for t in (np.float32, np.float64)
        )
        np.testing.assert_allclose(single, double, atol=1e-6)

    def test_the_picture_stays_recognisable(self, distortion: str) -> None:
        image = (np.hypot(*(np.indices(SHAPE) - 13.5)) < 9).astype(np.float32).reshape(1, -1)
        new = distorted(np.random.default_rng(1), np.tile(image, (20, 1)), distortion)
        for one in new:
            assert np.corrcoef(one, image[0])[0, 1] > 0.7


def test_both_together_is_the_sum_of_displacements() -> None:
    both = DISTORTIONS["rotate_elastic"](np.random.default_rng(2), 3, SHAPE)
    rng = np.random.default_rng(2)
    assert np.array_equal(both, rotation(rng, 3, SHAPE) + elastic(rng, 3, SHAPE))
    both = DISTORTIONS["affine_elastic"](np.random.default_rng(2), 3, SHAPE, **AMPLITUDES)
    rng = np.random.default_rng(2)
    assert np.array_equal(both, affine(rng, 3, SHAPE, **AMPLITUDES) + elastic(rng, 3, SHAPE))
