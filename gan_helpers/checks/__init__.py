"""Exercise checks: each answers *not attempted*, *not yet* (with a hint) or *passed*, and never raises.

A notebook's checks live beside this file (`nb01.py` for notebook 01) and read like this:

    @exercise(1)
    def check_1(answer):
        value = call(answer, torch.tensor([0.0, 2.0]))
        compare(value, torch.tensor(...), mistakes={"the sign is flipped": torch.tensor(...)})

`answer` is what the learner wrote. The test raises `Hint` for what is wrong; its message is the only
thing the learner sees, so it names the likely mistake and not the solution.
"""

from __future__ import annotations

import _thread
import contextlib
import copy
import functools
import signal
import threading
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch

NOT_ATTEMPTED, NOT_YET, PASSED = "not attempted", "not yet", "passed"
TIME_LIMIT = 5.0  # seconds for one call of an answer


class Hint(Exception):
    """Raised by a check: the answer is not right yet, and this is why."""


class NotAttempted(Exception):
    """Raised by a check when the stub is still in place."""


def judge(test: Callable[[object], None], answer: object) -> tuple[str, str]:
    """Return (state, message) of a test on an answer; `test` is a function decorated or not."""
    test = getattr(test, "__wrapped__", test)
    try:
        if answer is None:
            raise NotAttempted
        test(answer)
    except NotAttempted:
        return NOT_ATTEMPTED, "replace None by your answer (if you did: is a `return` missing?)"
    except Hint as hint:
        return NOT_YET, str(hint)
    return PASSED, ""


def exercise(number: int) -> Callable:
    """Turn a test that raises hints into a check that prints one line: the number, the state, the hint."""

    def decorate(test: Callable[[object], None]) -> Callable[[object], None]:
        @functools.wraps(test)
        def check(answer: object) -> None:
            state, message = judge(test, answer)
            mark = {NOT_ATTEMPTED: "○", NOT_YET: "✗", PASSED: "✓"}[state]
            print(f"{mark} Exercise {number}: {state}" + (f" – {message}" if message else ""))

        check.number = number
        return check

    return decorate


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Interrupt the block after some seconds (main thread only: elsewhere it runs without a limit)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    fired, ended, lock = threading.Event(), threading.Event(), threading.Lock()

    def interrupt() -> None:
        with lock:
            if not ended.is_set():
                fired.set()
                _thread.interrupt_main()

    # A process that was started in the background ignores interrupts, ours as well.
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        try:
            yield
        finally:
            with lock:  # what was sent until now arrives in here, and nothing is sent any more
                ended.set()
    except KeyboardInterrupt:
        if not fired.is_set():
            raise  # the learner pressed Stop
        raise Hint(f"your code was still running after {seconds:g} s: a loop that never ends?") from None
    finally:
        timer.cancel()
        if not callable(handler):
            signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)


def call(answer: object, *args: object, limit: float = TIME_LIMIT) -> object:
    """Return answer(*args), called on copies. None: not attempted; whatever goes wrong becomes a Hint."""
    if not callable(answer):
        raise Hint(f"expected a function, got {type(answer).__name__}: pass its name, without calling it")
    given = copy.deepcopy(args)
    try:
        with _deadline(limit):
            value = answer(*given)
    except Hint:
        raise
    except (Exception, SystemExit) as error:
        reason = str(error).split("\n")[0][:160]  # torch lists its whole signature on further lines
        raise Hint(f"your code raised {type(error).__name__}: {reason}") from error
    for k, (before, after) in enumerate(zip(args, given, strict=True)):
        if isinstance(before, torch.Tensor) and not torch.equal(before, after):
            raise Hint(
                f"your code changes its argument number {k + 1} in place: compute a new tensor instead"
            )
        if isinstance(before, (list, dict)) and len(before) != len(after):
            raise Hint(f"your code changes the length of its argument number {k + 1}: leave it as it was")
    if value is None:
        raise NotAttempted
    return value


def expect(condition: bool, hint: str) -> None:
    """Raise the hint unless the condition holds."""
    if not condition:
        raise Hint(hint)


def number(value: object) -> float:
    """Return a number or one-element tensor as float; anything else is a Hint."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number, torch.Tensor, np.ndarray)):
        raise Hint(f"expected a number, got {type(value).__name__}")
    if isinstance(value, (torch.Tensor, np.ndarray)):
        shape = tuple(value.shape)
        expect(
            int(np.prod(shape)) == 1 and len(shape) == 0,
            f"expected one number, got shape {shape}: reduce it to one (sum? mean?)",
        )
    value = float(value)
    expect(np.isfinite(value), f"the result is {value}: which step overflows, or takes the log of 0?")
    return value


def tensor(value: object, shape: tuple[int, ...]) -> torch.Tensor:
    """Return a finite tensor of the expected shape, detached; anything else is a Hint."""
    expect(isinstance(value, torch.Tensor), f"expected a tensor, got {type(value).__name__}")
    expect(tuple(value.shape) == shape, f"expected shape {shape}, got {tuple(value.shape)}")
    value = value.detach()
    expect(
        bool(torch.isfinite(value).all()),
        "the result holds NaN or infinity: which step overflows, or takes the log of 0?",
    )
    return value


def compare(
    value: object,
    expected: torch.Tensor | float,
    mistakes: Mapping[str, torch.Tensor | float],
    *,
    rtol: float = 1e-4,
    atol: float = 1e-6,
) -> None:
    """Pass if value equals expected; else raise the hint whose wrong value it equals, or a general one."""
    expected = torch.as_tensor(expected, dtype=torch.float64)
    if expected.ndim == 0:
        value = torch.tensor(number(value), dtype=torch.float64)
    else:
        value = tensor(value, tuple(expected.shape)).double()
    if torch.allclose(value, expected, rtol=rtol, atol=atol):
        return
    for hint, wrong in mistakes.items():
        if torch.allclose(value, torch.as_tensor(wrong, dtype=torch.float64), rtol=rtol, atol=atol):
            raise Hint(hint)
    k = int((value - expected).abs().argmax())
    where = f" at position {k} of {expected.numel()}" if expected.ndim else ""
    raise Hint(f"expected {expected.flatten()[k]:.5g}, got {value.flatten()[k]:.5g}{where}")
