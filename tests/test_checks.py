"""The exercise machinery: three answers, a hint for whatever goes wrong, and it never raises."""

import signal

import pytest
import torch

from gan_helpers import checks
from gan_helpers.checks import NOT_ATTEMPTED, NOT_YET, PASSED, call, compare, exercise, judge

X = torch.tensor([1.0, 2.0, 4.0])


@exercise(7)
def double(answer):
    compare(call(answer, X), 2 * X, {"halved": X / 2})


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
        (lambda x: (2 * x).unsqueeze(0), r"expected shape (3,), got (1, 3)"),
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


def test_a_list_that_grows_is_noticed():
    def answer(items):
        items.append(1)
        return 1.0

    with pytest.raises(checks.Hint, match="changes the length"):
        call(answer, [1, 2])


def test_an_endless_loop_over_its_own_changes_is_stopped():
    def answer(items):
        for item in items:
            items.append(item)
            if len(items) > 10**8:
                raise MemoryError("nobody stopped the loop")

    with pytest.raises(checks.Hint, match="still running after 0.3 s"):
        call(answer, [1], limit=0.3)
    # and nothing is left over that would interrupt the next cell
    assert call(lambda x: x, 1, limit=0.3) == 1


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_process_in_the_background_is_interrupted_too(handler):
    """A shell starts such processes with interrupts ignored."""
    before = signal.signal(signal.SIGINT, handler)
    try:
        test_an_endless_loop_over_its_own_changes_is_stopped()
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


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
