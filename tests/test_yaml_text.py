"""YAML of strangers is read as plain values, or refused in one line before it takes memory or crashes."""

import pytest
import yaml

from nnexp.yaml_text import load_yaml


def bomb(levels: int) -> str:
    """Ten aliases of ten aliases of ...: 10 ** levels values from as many lines."""
    lines = ["x0: &x0 1"]
    lines += [f"x{k}: &x{k} [{', '.join([f'*x{k - 1}'] * 10)}]" for k in range(1, levels + 1)]
    return "\n".join(lines)


def test_plain_values_and_a_few_aliases_are_read() -> None:
    assert load_yaml("base: &base {a: 1}\nlist: [*base, *base]") == {"base": {"a": 1}, "list": [{"a": 1}] * 2}
    assert load_yaml(bomb(3))["x2"][9] == [1] * 10
    assert load_yaml("") is None
    assert load_yaml("R&D: 2 * 3") == {"R&D": "2 * 3"}


@pytest.mark.parametrize("text", [bomb(6), bomb(100), "&a [*a]", "a: &a {b: *a}"])
def test_aliases_that_repeat_too_much_are_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="its aliases must repeat at most 100000 values"):
        load_yaml(text)


@pytest.mark.parametrize("part", ["[", "{a: ", "[1, ", "- ", "? ", "-\n"])
def test_values_that_nest_too_deep_are_refused(part: str) -> None:
    with pytest.raises(yaml.YAMLError, match="its values must nest at most 200 deep"):
        load_yaml(part * 300_000)


def test_deep_values_below_the_limit_are_read() -> None:
    assert load_yaml("[" * 100 + "]" * 100) is not None
    assert load_yaml("- " * 100 + "1") is not None


def test_python_objects_are_refused() -> None:
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        load_yaml("!!python/object/apply:os.system [ls]")
