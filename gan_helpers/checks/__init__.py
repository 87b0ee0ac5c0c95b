"""Exercise checks: each answers *not attempted*, *not yet* (with a hint) or *passed*, and never raises.

A notebook's checks live beside this file (`nb01.py` for notebook 01) and read like this:

    @exercise(1, {
        "the sign is flipped": lambda x: -torch.sin(x),
        "that is the slope, not the value": lambda x: torch.cos(x),
    })
    def check_1(answer, mistakes):
        same(answer, torch.sin, mistakes, (torch.tensor([0.3, 2.0]),), (torch.tensor([1.0]),))

A mistake is a function with its hint: the check compares the answer with what the mistake returns, and the
tests feed the mistake to the check. `same` calls the answer on several inputs (one size, or numbers written
in, fit the first only), `trains` looks at gradients (`.item()`, `detach`, `no_grad`), `untouched` at what is
left behind in a network. For anything else a check raises `Hint`, usually through `expect`: its message
is the only thing the learner sees, so it names the likely mistake and not the solution.
"""

from __future__ import annotations

import _thread
import contextlib
import copy
import functools
import signal
import sys
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

NOT_ATTEMPTED, NOT_YET, PASSED = "not attempted", "not yet", "passed"
TIME_LIMIT = 5.0  # seconds for one call of an answer; imports do not count


class Hint(Exception):
    """Raised by a check: the answer is not right yet, and this is why."""


class NotAttempted(Exception):
    """Raised by a check when the stub is still in place."""


# --- the frame of a check -------------------------------------------------------------------------


def judge(check: Callable[[object], None], answer: object) -> tuple[str, str]:
    """Return (state, message) of a check on an answer; nothing but the Stop button interrupts it."""
    try:
        kind = type(attempted(answer)).__name__
        expect(callable(answer), f"expected a function, got {kind}: pass its name, without calling it")
        check.__wrapped__(answer, check.mistakes)
    except NotAttempted:
        return NOT_ATTEMPTED, "replace None by your answer (if you did: is a `return` missing?)"
    except Hint as hint:
        return NOT_YET, str(hint)
    except (Exception, SystemExit) as error:  # what the answer returned breaks when it is looked at
        return NOT_YET, f"your result cannot be used as the docstring says: {_blame(error)}"
    return PASSED, ""


def exercise(number: int, mistakes: Mapping[str, Callable] | None = None) -> Callable:
    """Turn test(answer, mistakes), which raises hints, into a check that prints one line.

    `mistakes` maps a hint to a function that makes this mistake, called as an answer would be.
    """

    def decorate(test: Callable[[object, Mapping], None]) -> Callable[[object], None]:
        @functools.wraps(test)
        def check(answer: object) -> None:
            state, message = judge(check, answer)
            mark = {NOT_ATTEMPTED: "○", NOT_YET: "✗", PASSED: "✓"}[state]
            print(f"{mark} Exercise {number}: {state}" + (f" – {message}" if message else ""))

        check.number, check.mistakes = number, dict(mistakes or {})
        return check

    return decorate


def expect(condition: bool, hint: str) -> None:
    """Raise the hint unless the condition holds."""
    if not condition:
        raise Hint(hint)


# --- calling an answer ----------------------------------------------------------------------------


class _Late(BaseException):
    """Sent into an answer that runs too long; an answer's `except Exception` does not swallow it."""


def _frames(frame: object) -> Iterator:
    """Yield the frames of an answer that is running, the innermost first."""
    while frame is not None and frame.f_code is not call.__code__:
        yield frame
        frame = frame.f_back


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Interrupt the block after some seconds, also if it catches everything.

    An import is never cut in half, for half a module would stay behind for the rest of the session: an alarm
    that falls into one does not count, and the next comes after as many seconds. Without limit: other
    threads than the main one, one long call of a library, nested blocks that catch everything, an import
    without end, and on Windows, which knows no alarm, `time.sleep`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def line(frame: object, event: str, _: object) -> object:
        if event == "line":
            raise _Late
        return line

    def late(_: int, frame: object) -> None:
        frames = list(_frames(frame))
        if any("importlib._bootstrap" in f.f_code.co_filename for f in frames):
            return
        sys.settrace(lambda *_: None)
        for f in frames:  # whoever catches the first one gets a second on the line that caught it
            if f.f_code.co_filename not in (__file__, contextlib.__file__):
                f.f_trace = line
        raise _Late

    ended, lock = threading.Event(), threading.Lock()

    def ring() -> None:
        while not ended.wait(seconds):
            with lock:
                if not ended.is_set():
                    _thread.interrupt_main(number)

    alarm = hasattr(signal, "setitimer")
    number = signal.SIGALRM if alarm else signal.SIGTERM
    trace, before = sys.gettrace(), signal.signal(number, late)
    try:
        try:
            if alarm:
                signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
            else:
                threading.Thread(target=ring, daemon=True).start()
            yield
        finally:  # what was sent until now arrives in here, and nothing is sent any more
            if alarm:
                signal.setitimer(signal.ITIMER_REAL, 0)
            with lock:
                ended.set()
    except _Late:
        raise Hint(f"your code was still running after {seconds:g} s: a loop that never ends?") from None
    finally:
        sys.settrace(trace)
        signal.signal(number, before)


def _blame(error: BaseException) -> str:
    """Say what was raised, why, and in which line of the learner's code."""
    reason = str(error).split("\n")[0][:160]  # torch lists its whole signature on further lines
    if "backward through the graph a second time" in reason:
        reason = "torch.autograd.grad throws its graph away: pass create_graph=True if the result must train"
    libraries = (
        __file__.removesuffix("__init__.py"),
        "<frozen",
        *map(sysconfig.get_path, ("stdlib", "purelib", "platlib")),
    )
    own = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(libraries)]
    where = f" (line {own[-1].lineno}: {own[-1].line})" if own and own[-1].line else ""
    return f"{type(error).__name__}: {reason}{where}"


def _unchanged(before: object, after: object) -> bool:
    if isinstance(before, Tensor):
        return torch.equal(before, after)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    return not isinstance(before, dict) or before.keys() == after.keys()


def call(answer: Callable, *args: object, limit: float = TIME_LIMIT) -> object:
    """Return answer(*args), called on copies. None: not attempted; whatever goes wrong becomes a Hint.

    To give an answer the thing itself and no copy (a network, a leaf), hide it: call(lambda: answer(D)).
    """
    given = copy.deepcopy(args)
    try:
        with _deadline(limit):
            value = answer(*given)
    except (Hint, NotAttempted):
        raise
    except (Exception, SystemExit) as error:
        raise Hint(f"your code raised {_blame(error)}") from error
    for k, (before, after) in enumerate(zip(args, given, strict=True)):
        expect(
            _unchanged(before, after),
            f"your code changes its argument number {k + 1} in place: compute something new instead",
        )
    return attempted(value)


# --- reading a result -----------------------------------------------------------------------------


def attempted(value: object) -> object:
    """Return the value, unless it is None: then the stub is still in place."""
    if value is None:
        raise NotAttempted
    return value


def number(value: object) -> float:
    """Return a number or a tensor without axes as float; anything else is a Hint."""
    attempted(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number, Tensor, np.ndarray)):
        raise Hint(f"expected a number, got {type(value).__name__}")
    if isinstance(value, (Tensor, np.ndarray)):
        shape = tuple(value.shape)
        expect(shape == (), f"expected one number, got shape {shape}: reduce it to one (sum? mean?)")
    value = _plain(value)
    expect(not np.iscomplexobj(value), "the result is complex, and a real number was asked for")
    value = float(value)
    expect(np.isfinite(value), f"the result is {value}: which step overflows, or takes the log of 0?")
    return value


def tensor(value: object, shape: tuple[int, ...]) -> Tensor:
    """Return a finite tensor of the expected shape, detached; anything else is a Hint."""
    expect(isinstance(value, Tensor), f"expected a tensor, got {type(value).__name__}")
    expect(tuple(value.shape) == shape, f"expected shape {shape}, got {tuple(value.shape)}")
    expect(not value.is_complex(), "the result is complex, and real numbers were asked for")
    value = value.detach()
    expect(
        bool(torch.isfinite(value).all()),
        "the result holds NaN or infinity: which step overflows, or takes the log of 0?",
    )
    return value


def truth(value: object) -> bool:
    """Return a bool of Python, NumPy or torch as bool; anything else is a Hint."""
    if isinstance(value, (Tensor, np.ndarray)) and value.shape == ():
        value = value.item()
    if not isinstance(attempted(value), (bool, np.bool_)):
        raise Hint(f"expected True or False, got {value!r}: compare with something")
    return bool(value)


def _plain(value: object) -> np.ndarray:
    if isinstance(value, Tensor):
        value = value.detach().cpu().to(torch.complex128 if value.is_complex() else torch.float64)
    return np.asarray(value)


def _close(value: object, other: object, rtol: float = 0, atol: float = 0) -> bool:
    """Say whether two results are equal, member by member if they are tuples."""
    if isinstance(other, tuple):
        pairs = zip(value, other, strict=False)
        return len(value) == len(other) and all(_close(v, o, rtol, atol) for v, o in pairs)
    a, b = _plain(value), _plain(other)
    return a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True)


def _members(value: object, count: int) -> list:
    """Return the members of a pair, a triple, … that came as tuple, list or tensor."""
    if isinstance(value, Tensor) and value.ndim:
        value = list(value)
    fits = isinstance(value, (tuple, list)) and len(value) == count
    expect(fits, f"return {count} results, separated by a comma: got {type(value).__name__}")
    return list(value)


def compare(
    value: object,
    expected: object,
    mistakes: Mapping[str, object] | None = None,
    *,
    rtol: float = 1e-4,
    atol: float = 1e-6,
) -> None:
    """Pass if value equals expected; else raise the hint whose wrong value it equals, or a general one.

    expected: a number, a tensor, or a tuple of these, whose members are compared one by one.
    """
    mistakes = mistakes or {}
    if isinstance(expected, tuple):
        members = _members(value, len(expected))
        for whole in (True, False):  # first a mistake that explains all members, then one for each
            for k, (member, right) in enumerate(zip(members, expected, strict=True)):
                fits = {
                    hint: v for hint, v in mistakes.items() if not whole or _close(members, v, rtol, atol)
                }
                if fits or not whole:
                    wrong = {hint: v[k] for hint, v in fits.items()}
                    compare(member, right, wrong, rtol=rtol, atol=atol)
        return
    shape = _plain(expected).shape
    wanted = (Tensor,) if shape else (Tensor, np.ndarray, np.number, int, float)
    if isinstance(value, wanted) and not isinstance(value, bool):
        if _close(value, expected, rtol, atol):
            return
        for hint, wrong in mistakes.items():
            expect(not _close(value, wrong, rtol, atol), hint)
    got = _plain(tensor(value, shape) if shape else number(value)).astype(float).ravel()
    right = _plain(expected).astype(float).ravel()
    k = int(np.abs(got - right).argmax())
    where = f" at position {k} of {len(right)}" if shape else ""
    raise Hint(f"expected {right[k]:.5g}, got {got[k]:.5g}{where}")


def same(
    answer: Callable,
    right: Callable,
    mistakes: Mapping[str, Callable],
    *cases: tuple,
    rtol: float = 1e-4,
    atol: float = 1e-6,
) -> None:
    """Compare answer(*case) with right(*case), and with every mistake, for each case.

    Cases of several sizes and values refuse what is written in: constants, one size, one setting. A mistake
    is named if it explains all cases so far, those that came out right as well.
    """
    near, values = {"rtol": rtol, "atol": atol}, []
    for case in cases:
        value = None
        try:
            value = call(answer, *case)
            with contextlib.suppress(Hint):
                compare(value, right(*case), **near)
                values.append(value)
                continue
            wrong = {}
            for hint, mistake in mistakes.items():
                with contextlib.suppress(Exception):  # a mistake need not work everywhere
                    *before, now = [mistake(*copy.deepcopy(c)) for c in cases[: len(values) + 1]]
                    if all(map(functools.partial(_close, **near), values, before)):
                        wrong[hint] = now
            compare(value, right(*case), wrong, **near)
        except Hint as hint:
            if not values or str(hint) in mistakes:
                raise
            if any(type(value) is type(other) and _close(value, other) for other in values):
                raise Hint(f"the same result for other inputs: use the arguments ({hint})") from None
            shapes = [str(tuple(x.shape)) for x in case if isinstance(x, Tensor)]
            other = f" (of shape {' and '.join(shapes)})" if shapes else ""
            raise Hint(
                f"right for one input, but for another{other} {hint}: is a number or size written in?"
            ) from None


# --- gradients ------------------------------------------------------------------------------------


def trains(
    value: Callable[[], object], leaves: Mapping[str, Tensor | Iterable[Tensor]], hint: str = ""
) -> None:
    """Raise a hint unless value()'s gradient reaches all leaves, and is what finite differences say.

    leaves: name -> a float64 tensor that requires a gradient, or several (a network's parameters); value()
    must be smooth within 0.01 of them. `hint` says what is likely if the gradient is wrong.
    """
    hint = hint or "is there a detach(), .item() or no_grad on the way?"
    groups = {name: [leaf] if isinstance(leaf, Tensor) else list(leaf) for name, leaf in leaves.items()}
    result = call(value)
    kind = type(result).__name__
    expect(isinstance(result, Tensor), f"a plain {kind} trains nothing: return the tensor itself, no .item()")
    expect(result.requires_grad, f"the value is right, but no gradient comes back: {hint}")
    weights = torch.linspace(1, 2, result.numel(), dtype=torch.float64).view(result.shape)
    flat = [leaf for group in groups.values() for leaf in group]
    try:
        slopes = torch.autograd.grad((result.double() * weights).sum(), flat, allow_unused=True)
    except RuntimeError as error:
        raise Hint(f"the value is right, but it cannot train: {_blame(error)}") from None
    slopes, source = iter(slopes), torch.Generator().manual_seed(0)

    def moved(step: float, group: list[Tensor], ways: list[Tensor]) -> float:
        kept = [leaf.detach().clone() for leaf in group]
        with torch.no_grad():
            for leaf, way in zip(group, ways, strict=True):
                leaf += step * way
        try:
            return float((call(value).detach().double() * weights).sum())
        finally:
            with torch.no_grad():
                for leaf, old in zip(group, kept, strict=True):
                    leaf.copy_(old)

    for name, group in groups.items():
        ways = [torch.randn(leaf.shape, generator=source, dtype=leaf.dtype) for leaf in group]
        wanted = (moved(1e-3, group, ways) - moved(-1e-3, group, ways)) / 2e-3
        got = [(s, way) for s, way in zip((next(slopes) for _ in group), ways, strict=True) if s is not None]
        expect(bool(got), f"the value is right, but no gradient reaches {name}: {hint}")
        found = sum(float((s * way).sum()) for s, way in got)
        expect(
            abs(found - wanted) <= 1e-2 * abs(wanted) + 1e-4,  # also refuses NaN
            f"the value is right, but not its gradient in {name} (finite differences disagree): {hint}",
        )


@contextlib.contextmanager
def untouched(net: torch.nn.Module, name: str = "D") -> Iterator[None]:
    """Raise a hint if the block changes net's weights or the gradients that they hold."""
    parameters = list(net.parameters())
    kept = [p.detach().clone() for p in parameters]
    for p in parameters:
        p.grad = torch.ones_like(p)  # what a move of the opponent may have left
    yield
    gradients = [p.grad for p in parameters]
    net.zero_grad()
    expect(
        all(g is not None and bool(g.any()) for g in gradients),
        f"the gradients that {name} held are wiped out: use torch.autograd.grad, which needs no zero_grad",
    )
    expect(
        all(torch.equal(g, torch.ones_like(g)) for g in gradients),
        f"{name}'s parameters now hold other gradients: use torch.autograd.grad, not backward",
    )
    expect(all(map(torch.equal, parameters, kept)), f"your code changes the weights of {name}")


def smooth_net(*sizes: int, seed: int = 0) -> torch.nn.Sequential:
    """Return a small network (n, …) -> (n, sizes[-1]) of tanh layers in float64, for finite differences."""
    layers: list[torch.nn.Module] = [torch.nn.Flatten()]
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        layers += [
            torch.nn.utils.skip_init(torch.nn.Linear, n_in, n_out, dtype=torch.float64),
            torch.nn.Tanh(),
        ]
    net, source = torch.nn.Sequential(*layers[:-1]), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in net.parameters():
            p.normal_(generator=source)
    return net
