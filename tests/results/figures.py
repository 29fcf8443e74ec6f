"""The CSV files of a sweep without what may differ between two trainings: times, and MLflow's ids."""

from pathlib import Path


def figures_in(folder: Path) -> dict[str, str]:
    """The text of each CSV file in the folder, without those columns."""
    texts = {}
    for file in sorted(folder.glob("*.csv")):
        header, *rows = [line.split(",") for line in file.read_text().splitlines()]
        kept = [k for k, column in enumerate(header) if "seconds" not in column and "mlflow_" not in column]
        texts[file.name] = "\n".join(",".join(row[k] for k in kept) for row in [header, *rows])
    return texts
