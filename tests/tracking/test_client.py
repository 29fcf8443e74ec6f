import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Stops at the first import of MLflow, so that it costs nothing.
WATCH = """
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "mlflow":
            print("telemetry disabled:", os.environ.get("MLFLOW_DISABLE_TELEMETRY"))
            sys.exit()

sys.meta_path.insert(0, Watch())
import nnexp.tracking
import nnexp.tracking.model
print("imported")
from nnexp.tracking.client import connect
connect("sqlite:///never.db")
print("not reached")
"""


def test_mlflow_is_imported_at_the_first_use_only_and_with_telemetry_off(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", WATCH],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_DISABLE_TELEMETRY": "false"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert process.stdout.splitlines() == ["imported", "telemetry disabled: true"]
    assert list(tmp_path.iterdir()) == []
