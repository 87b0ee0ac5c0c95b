"""The exercise machinery: three answers, a hint for whatever goes wrong, and it never raises."""

import importlib
import signal
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn

from gan_helpers import checks
from gan_helpers.checks import (
    NOT_ATTEMPTED,
    NOT_YET,
    PASSED,
    call,
    compare,
    exercise,
    judge,
    same,
    trains,
    untouched,
)

X = torch.tensor([1.0, 2.0, 4.0])


@exercise(7, {"halved": lambda x: x / 2, "one row too many": lambda x: 2 * x[None]})
def double(answer, mistakes):
    same(answer, lambda x: 2 * x, mistakes, (X,), (X[:2] + 1,))


def test_three_answers(capsys):
    for answer, line in [
        (None, "○ Exercise 7: not attempted"),
        (lambda x: None, "○ Exercise 7: not attempted"),
        (lambda x: x / 2, "✗ Exercise 7: not yet – halved"),
        (lambda x: 2 * x, "✓ Exercise 7: passed"),
    ]:
        double(answer)
        assert capsys.readouterr().out.startswith(line)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: 1 / 0, "raised ZeroDivisionError"),
        (lambda x, y: x, "raised TypeError"),
        (lambda x: exit(), "raised SystemExit"),
        (lambda x: [2, 4, 8], "expected a tensor, got list"),
        (lambda x: "2x", "expected a tensor, got str"),
        (lambda x: (2 * x).unsqueeze(1), r"expected shape (3,), got (3, 1)"),
        (lambda x: (2 * x).unsqueeze(0), "one row too many"),
        (lambda x: torch.complex(2 * x, x), "complex"),
        (lambda x: x * torch.nan, "NaN"),
        (lambda x: x.mul_(2), "changes its argument number 1 in place"),
        (lambda x: 2 * x + torch.tensor([0, 0, 1.0]), "expected 8, got 9 at position 2 of 3"),
        (2 * X, "expected a function, got Tensor"),
    ],
)
def test_whatever_goes_wrong_becomes_a_hint(answer, hint):
    state, message = judge(double, answer)
    assert state == NOT_YET
    assert hint in message


def test_inputs_are_copies():
    judge(double, lambda x: x.mul_(2))
    assert X.tolist() == [1, 2, 4]


def test_what_the_check_itself_stumbles_over_becomes_a_hint():
    class Odd(torch.Tensor):
        def __len__(self):
            raise RuntimeError("I have no length")

    @exercise(1)
    def check(answer, _):
        len(call(answer))

    for answer in (lambda: torch.ones(2).as_subclass(Odd), lambda: 5):
        state, message = judge(check, answer)
        assert state == NOT_YET
        assert "cannot be used as the docstring says" in message


def test_an_error_is_told_with_its_line(tmp_path):
    (tmp_path / "learner.py").write_text("def answer(x):\n    y = x + 1\n    return y @ torch.zeros(2)\n")
    namespace = {"torch": torch}
    exec(compile((tmp_path / "learner.py").read_text(), tmp_path / "learner.py", "exec"), namespace)
    message = judge(double, namespace["answer"])[1]
    assert message.startswith("your code raised RuntimeError: inconsistent tensor size")
    assert message.endswith("(line 3: return y @ torch.zeros(2))")


def test_a_graph_that_was_thrown_away_is_told_by_its_remedy():
    def answer():
        x = torch.ones(2, requires_grad=True)
        y = (x**2).sum()
        y.backward()
        return torch.autograd.grad(y, x)

    with pytest.raises(checks.Hint, match="create_graph=True"):
        call(answer)


def test_a_list_that_changes_is_noticed():
    def grows(items):
        items.append(1)
        return 1.0

    for change in (grows, lambda items: items[0].zero_().sum()):
        with pytest.raises(checks.Hint, match="changes its argument number 1 in place"):
            call(change, [torch.ones(2), 2])


# --- the deadline


def endless(items):
    for item in items:
        items.append(item)
        if len(items) > 10**8:
            raise MemoryError("nobody stopped the loop")


def swallows(items):
    while True:
        try:
            for _ in range(100):
                items[0] += 1
            if items[0] > 10**10:
                return None
        except Exception:
            pass


def swallows_all(items):
    while True:
        try:
            for _ in range(100):
                items[0] += 1
        except BaseException:
            pass
        if items[0] > 10**10:
            return None


@pytest.mark.parametrize("alarm", [True, False], ids=["alarm", "without"])
@pytest.mark.parametrize("answer", [endless, swallows, swallows_all])
def test_an_endless_loop_is_stopped(answer, alarm, monkeypatch):
    if not alarm:  # as on Windows
        monkeypatch.delattr(signal, "setitimer")
    number = signal.SIGALRM if alarm else signal.SIGTERM
    before = signal.getsignal(number)
    with pytest.raises(checks.Hint, match="still running after 0.2 s"):
        call(answer, [1], limit=0.2)
    # and nothing is left over that would interrupt the next cell
    assert signal.getsignal(number) is before
    assert call(lambda x: x, 1, limit=0.2) == 1


def test_an_answer_that_sleeps_is_woken():
    with pytest.raises(checks.Hint, match="still running"):
        call(lambda: time.sleep(600), limit=0.1)


def test_a_deadline_does_not_cut_an_import(tmp_path, monkeypatch):
    (tmp_path / "slow_module.py").write_text("import time\nfirst = 1\ntime.sleep(0.5)\nlast = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def answer(then):
        import slow_module

        while then == "loop":
            pass
        return slow_module.last

    with pytest.raises(checks.Hint, match="still running"):
        call(answer, "loop", limit=0.05)
    assert sys.modules["slow_module"].last == 2
    del sys.modules["slow_module"]
    assert call(answer, "return", limit=0.05) == 2  # its time begins after the import
    assert importlib.import_module("slow_module").last == 2


def test_the_stop_button_still_stops():
    def answer():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(answer)


def test_off_the_main_thread_there_is_no_limit():
    import threading

    result = []
    thread = threading.Thread(target=lambda: result.append(call(lambda: 5, limit=0.01)))
    thread.start()
    thread.join()
    assert result == [5]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (True, "expected a number, got bool"),
        ("1", "expected a number, got str"),
        (torch.ones(3), "reduce it to one"),
        (torch.ones(1, 1), "reduce it to one"),
        (float("nan"), "the result is nan"),
        (torch.tensor(torch.inf), "the result is inf"),
    ],
)
def test_not_a_number(value, hint):
    with pytest.raises(checks.Hint, match=hint):
        compare(value, 1.0, {})


def test_compare_takes_numbers_of_every_kind():
    for value in (
        1,
        1.0,
        torch.tensor(1.0),
        torch.tensor(1.0).numpy(),
        torch.tensor(1.0).double().numpy()[()],
    ):
        compare(value, 1.0, {})
    with pytest.raises(checks.Hint, match="expected 1, got 1.001"):
        compare(1.001, 1.0, {})
    with pytest.raises(checks.Hint, match="expected 1, got 0.999"):
        compare(0.999, 1.0, {})


def test_a_passed_answer_has_no_message():
    assert judge(double, lambda x: x + x) == (PASSED, "")
    assert judge(double, None)[0] == NOT_ATTEMPTED


# --- the three helpers


def test_what_is_written_in_is_refused():
    for answer, hint in [
        (lambda x: torch.tensor([2.0, 4.0, 8.0]) * len(x) / 3, "right for one input, but for another"),
        (lambda x: (2 * x).view(3), "for another (of shape (2,)) your code raised RuntimeError"),
    ]:
        state, message = judge(double, answer)
        assert state == NOT_YET
        assert hint in message
    with pytest.raises(checks.Hint, match="the same result for other inputs"):
        same(lambda x: 3.0, lambda x: x, {}, (3.0,), (4.0,))


def test_a_mistake_must_explain_all_cases():
    mistakes = {"squared": lambda x: x * x, "doubled": lambda x: 2 * x}
    for answer, hint in [(lambda x: 2.0 * x, "doubled"), (lambda x: x * x, "squared")]:
        with pytest.raises(checks.Hint, match=hint):
            same(answer, lambda x: x + 2, mistakes, (2.0,), (3.0,))
    # At 0 the answer is wrong as both mistakes are; at 3, where it was right, only one of them is.
    both = {"a cube": lambda x: x**3, "the right one, but 0 at 0": lambda x: x + 2 if x else 0}
    with pytest.raises(checks.Hint, match="but 0 at 0"):
        same(lambda x: x + 2 if x else 0, lambda x: x + 2, both, (3.0,), (0.0,))


def test_pairs_are_compared_member_by_member():
    mistakes = {
        "exchanged": (2.0, 1.0),
        "the second is tripled": (1.0, 6.0),
        "the first is halved": (0.5, 2.0),
    }
    for value in ((1, 2.0), [1.0, 2], torch.tensor([1.0, 2.0])):
        compare(value, (1.0, 2.0), mistakes)
    for value, hint in [
        ((2, 1), "exchanged"),
        ((1, 6), "the second is tripled"),
        ((0.5, 7), "the first is halved"),
        ((1, 7), "expected 2, got 7"),
        (3.0, "return 2 results"),
        ((1, 2, 3), "return 2 results"),
    ]:
        with pytest.raises(checks.Hint, match=hint):
            compare(value, (1.0, 2.0), mistakes)


def leaf():
    return torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64, requires_grad=True)


def no_grad(x):
    with torch.no_grad():
        return x.sin().sum()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: x.sin().sum().item(), "a plain float trains nothing"),
        (lambda x: x.detach().sin().sum(), "no gradient comes back"),
        (no_grad, "no gradient comes back"),
        (lambda x: torch.tensor(0.5, requires_grad=True), "no gradient reaches x"),
        (lambda x: x.sin().sum() + 0.0 * x.sum() - x[0].sin() + x[0].detach().sin(), "not its gradient in x"),
        (lambda x: (x.sin() * x.detach()).sum(), "not its gradient in x"),
        (lambda x: x.sin().sum() + (0 * x.sqrt()).nansum(), "not its gradient in x"),  # NaN backwards
    ],
)
def test_what_cannot_train_is_refused(answer, hint):
    x = leaf()
    with pytest.raises(checks.Hint, match=hint):
        trains(lambda: answer(x), {"x": x})
    assert torch.equal(x, leaf())


def test_what_trains_is_accepted():
    x, net = leaf(), checks.smooth_net(3, 4, 2)
    trains(lambda: x.sin(), {"x": x})
    trains(lambda: x.float().exp().mean(), {"x": x})  # computed in float32: less exact, still right
    trains(lambda: net(x[None]).square().sum(), {"x": x, "the weights": net.parameters()})
    before = [p.grad for p in net.parameters()]
    assert before == [None] * 4


@pytest.mark.parametrize(
    ("block", "hint"),
    [
        (lambda D: D(X[None]).sum().backward(), "other gradients"),
        (lambda D: D(X[None]).sum().backward(create_graph=True), "other gradients"),
        (lambda D: D.zero_grad(), "wiped out"),
        (lambda D: D.zero_grad(set_to_none=False), "wiped out"),
        (lambda D: D.weight.data.mul_(2), "changes the weights"),
    ],
)
def test_what_is_left_behind_in_a_network_is_noticed(block, hint):
    D = nn.Linear(3, 1)
    with pytest.raises(checks.Hint, match=hint), untouched(D):
        block(D)


def test_a_network_that_is_only_used_is_untouched():
    D = nn.Linear(3, 1)
    with untouched(D):
        torch.autograd.grad(D(X[None]).sum(), list(D.parameters()))
    assert [p.grad for p in D.parameters()] == [None, None]


def test_truths_of_every_kind():
    for yes in (True, np.True_, torch.tensor(True), np.array(True)):
        assert checks.truth(yes) is True
    for other in (1, 0.0, "yes", torch.tensor(1.0), torch.tensor([True])):
        with pytest.raises(checks.Hint, match="expected True or False"):
            checks.truth(other)
