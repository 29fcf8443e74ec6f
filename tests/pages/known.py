"""Pages of sweeps with known results, one of which has texts that try to run as scripts."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from nnexp.experiment.html_report import report
from nnexp.sweep.store import record_file as records_of
from nnexp.sweep.store.plan_file import write_plan
from tests.results.judged import at
from tests.results.sweeps import known_sizes, make_plan, make_record

EVIL = (
    "<script>window.ran = 1</script> </script><img src=x onerror=window.ran=2> \"onmouseover='window.ran=3' "
    "{{7*7}} {% raw %} <!-- ${data} ]]> '-alert(1)-' &lt;b&gt; <b>"
)


def evil_sweep(place: Path) -> Path:
    """The folder of a sweep whose question, claims, path of data and failure are hostile."""
    plan = make_plan({"batch_size": [1, 10, 1000]}, seeds=3)
    claim = {"id": EVIL, "text": EVIL, "source": EVIL, "published": EVIL}
    check = {"left": at(1), "rel": ">", "right": at(1000)}
    runs = tuple(replace(run, data=replace(run.data, name="file", path=f"{EVIL}.npz")) for run in plan.runs)
    sizes = known_sizes(run.data for run in runs)
    plan = replace(plan, question=EVIL, claims=({**claim, "check": check},), runs=runs, sizes=sizes)
    folder = place / plan.name / plan.sweep_id
    (folder / "records").mkdir(parents=True)
    write_plan(plan, {"commit": EVIL, "python": EVIL}, folder)
    for number, run in enumerate(plan.runs):
        record = make_record(run, 0.9 + 0.01 * number)
        if number == 4:
            record = replace(make_record(run, None), traceback=f"Traceback\nValueError: {EVIL}")
        records_of.write(folder / "records", record, None)
    return folder


@cache
def evil_page(place: Path) -> bytes:
    """Its report."""
    return report(evil_sweep(place), place).content
