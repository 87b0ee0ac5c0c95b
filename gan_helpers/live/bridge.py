"""Between Python and the browser: a widget that passes messages on, or a line that says why not."""

from __future__ import annotations

import contextlib
import importlib.resources
from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from matplotlib.figure import Figure
from torch import Tensor, nn

from gan_helpers import plots

Frame = tuple[dict, list[bytes]]  # what is said in words and numbers, and the binary parts of the picture


def text(name: str) -> str:
    """One of the files beside this one."""
    return (importlib.resources.files("gan_helpers.live") / name).read_text(encoding="utf-8")


def connect(script: str, answer: Callable[[dict], Frame], **settings: object):
    """A widget that runs `script` and gets `answer(message)` for each message; None, and a line, without one.

    `settings` are JSON, and cannot change. An exception in `answer` is shown in the widget, in words.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        print("No widget: anywidget is missing here (pip install anywidget). The picture shows the start.")
        return None
    if getattr(get_ipython(), "kernel", None) is None:
        print("No widget outside of a notebook. The picture shows the start.")
        return None

    class Live(anywidget.AnyWidget):
        _esm = text("kit.js") + text(script)
        _css = text("style.css")
        settings = traitlets.Dict().tag(sync=True)

    widget = Live(settings=settings)
    widget.on_msg(lambda _, message, __: widget.send(*_answered(answer, message)))
    return widget


def picture(fig: Figure, alt: str) -> None:
    """`plots.show` in a notebook; outside, where there is nothing to show a figure on, its words alone."""
    if get_ipython() is None:
        plt.close(fig)
        print(alt)
    else:
        plots.show(fig, alt)


def _answered(answer: Callable[[dict], Frame], message: object) -> Frame:
    try:
        return answer(message)
    except Exception as error:  # of the learner's own loop, too: to be read where the learner looks
        return {"error": f"{type(error).__name__}: {error}"}, []


def call(owner: object, verbs: tuple[str, ...], message: object) -> None:
    """Do what a message {"do": verb, **arguments} asks for; ValueError for anything unknown."""
    if not isinstance(message, dict) or message.get("do") not in verbs:
        raise ValueError(f"message {message!r}: expected a dict with do = {', '.join(verbs)}")
    arguments = {key: value for key, value in message.items() if key != "do"}
    verb = getattr(owner, message["do"])
    known = verb.__code__.co_varnames[1 : verb.__code__.co_argcount]
    if unknown := arguments.keys() - set(known):
        raise ValueError(f"{message['do']} takes {', '.join(known) or 'nothing'}, not {', '.join(unknown)}")
    verb(**arguments)


@contextlib.contextmanager
def at_rest(*players: object) -> Iterator[None]:
    """Networks in eval mode, each layer back in its own mode afterwards: looking must not change a game."""
    layers = [layer for player in players if isinstance(player, nn.Module) for layer in player.modules()]
    modes = [layer.training for layer in layers]
    for layer in layers:
        layer.training = False
    try:
        yield
    finally:
        for layer, mode in zip(layers, modes, strict=True):
            layer.training = mode


def as_bytes(values: Tensor, low: float = 0.0, high: float = 1.0) -> bytes:
    """Numbers from `low` to `high` as one byte each, 0 to 255, rounded."""
    share = (values.detach().cpu().double() - low) / (high - low)
    return np.rint(255 * share.clamp(0, 1).nan_to_num(0).numpy()).astype(np.uint8).tobytes()


def as_int16(values: Tensor, unit: float) -> bytes:
    """Numbers in steps of unit / 16384, two bytes each, cut off at ±2 units."""
    steps = values.detach().cpu().double().nan_to_num(0) * (16384 / unit)
    return np.rint(steps.clamp(-32767, 32767).numpy()).astype("<i2").tobytes()
