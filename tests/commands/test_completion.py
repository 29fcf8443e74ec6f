"""Tab completion offers what may follow."""

from pathlib import Path

import pytest

from nnexp.commands.completion import candidates


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nnexp sta", ["status"]),
        ("nnexp act", ["activation="]),
        ("nnexp activation=so", ["activation=softplus"]),
        ("nnexp +", ["+sweep="]),
        ("nnexp +sweep=book/soft", ["+sweep=book/softmax"]),
        (
            "nnexp +sweep=batch_size mo",
            ["mode=", "momentum=", "momentum_ramp_epochs=", "momentum_start=", "monitor."],
        ),
        (
            "nnexp data=",
            [f"data={name}" for name in ("digits", "fashion_mnist", "file", "mnist", "nand", "synthetic")],
        ),
        ("nnexp data.s", ["data.scale=", "data.shear=", "data.shift="]),
        ("nnexp noti", ["notify."]),
        ("nnexp notify.", ["notify.after=", "notify.url="]),
        ("nnexp dry_run=", ["dry_run=false", "dry_run=true"]),
        ("nnexp n_jobs=", ["n_jobs=null"]),
        ("nnexp sweep.axes.lam", ["sweep.axes.lambda_l1=", "sweep.axes.lambda_l2="]),
        ("nnexp help lambda", ["lambda_l1", "lambda_l2"]),
        ("nnexp --c", ["--cfg", "--config-dir"]),
        ("nnexp data.path=sweeps/pl", ["data.path=sweeps/plain/"]),
        ("nnexp epochs=3 lis", []),
    ],
)
def test_the_last_word_is_completed(line: str, expected: list[str]) -> None:
    assert candidates(line) == expected


def test_commands_about_sweeps_offer_those_of_this_folder(sweeps: Path) -> None:
    (identity,) = (path.name for path in (sweeps / "plain").iterdir())
    assert candidates("nnexp status p") == ["plain", f"plain/{identity}"]
    assert candidates("nnexp list s") == ["sweeps_dir="]


def test_at_the_beginning_every_command_and_key_is_offered() -> None:
    assert {"list", "help", "epochs=", "data=", "sweep."} <= set(candidates("nnexp "))


def test_a_shell_that_says_no_line_is_at_the_beginning() -> None:
    assert candidates("") == candidates("nnexp ")
