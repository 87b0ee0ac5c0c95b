"""Settings for the notebook runs: patience on a loaded machine, and a list of the slowest notebooks."""

from collections import defaultdict

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


def pytest_collection_modifyitems(items):
    for item in items:
        if hasattr(item, "output_timeout"):  # a notebook cell
            item.output_timeout = PATIENCE


def pytest_terminal_summary(terminalreporter):
    seconds = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            nodeid = getattr(report, "nodeid", "")
            if ".ipynb::" in nodeid and hasattr(report, "duration"):
                seconds[nodeid.split("::")[0]] += report.duration
    if seconds:
        terminalreporter.section("slowest notebooks")
        for path, took in sorted(seconds.items(), key=lambda row: -row[1])[:10]:
            terminalreporter.write_line(f"{took:7.1f} s  {path}")
