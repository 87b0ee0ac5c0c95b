"""Settings for the notebook runs: patience on a loaded machine, and a list of the slowest notebooks."""

import os
import sys
from collections import defaultdict
from pathlib import Path

import pytest

PATIENCE = 60.0  # seconds without any message from a kernel whose cell has ended


def pytest_configure(config):
    # After a cell's reply nbval waits five seconds for the rest of its outputs, and after an error one
    # more time for the kernel to fall idle. Both are fixed in its code; on a loaded machine the kernel's
    # output thread may simply not have been scheduled yet.
    if config.pluginmanager.hasplugin("nbval"):
        from nbval.kernel import RunningKernel

        if not hasattr(RunningKernel, "impatient_await_idle"):
            RunningKernel.impatient_await_idle = RunningKernel.await_idle
            # (A wait of one second is a kernel's start, which nbval repeats by itself.)
            RunningKernel.await_idle = lambda self, msg_id, timeout: self.impatient_await_idle(
                msg_id, PATIENCE if timeout >= 5 else timeout
            )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One process per core that we may use: in a container that can be fewer than the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = Path("/sys/fs/cgroup/cpu.max")  # "200000 100000": two cores; "max 100000": no limit
    quota, period = limit.read_text().split() if limit.exists() else ("max", "1")
    return min(cores, 8) if quota == "max" else max(1, min(cores, 8, int(quota) // int(period)))


def pytest_collection_modifyitems(items):
    for item in items:
        if hasattr(item, "output_timeout"):  # a notebook cell
            item.output_timeout = PATIENCE


def pytest_terminal_summary(terminalreporter):
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    if any("test_records.py" in getattr(report, "nodeid", "") for report in reports):
        sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
        import recorder

        if remarks := [remark for name in recorder.names() for remark in recorder.standing(name)[1]]:
            terminalreporter.section("records that a release must not hold")
            terminalreporter.write_line("\n".join(remarks))
    seconds = defaultdict(float)
    for report in reports:
        nodeid = getattr(report, "nodeid", "")
        if ".ipynb::" in nodeid and hasattr(report, "duration"):
            seconds[nodeid.split("::")[0]] += report.duration
    if seconds:
        terminalreporter.section("slowest notebooks")
        for path, took in sorted(seconds.items(), key=lambda row: -row[1])[:10]:
            terminalreporter.write_line(f"{took:7.1f} s  {path}")
