"""The explorer: a generator's noise, walked through by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from IPython.display import display
from torch import Tensor

from gan_helpers import plots
from gan_helpers.live.bridge import Frame, as_bytes, at_rest, call, connect, picture
from gan_helpers.seeds import integer, make_generator

VERBS = ("show", "move", "directions", "start", "pick", "path", "truncate")
IMAGES, SLIDERS, REACH = 16, 6, 3.0  # a step along a direction goes from -3 to 3 standard deviations
PATHS = ("lerp", "slerp")


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """(n, d): from a (d,) to b (d,) along the great circle, at the shares t (n,) of the angle.

    The length goes evenly from |a| to |b|, so that noise keeps the length that noise has; `torch.lerp` cuts
    through the middle, where normal noise hardly ever is (Shoemake 1985; White 2016, arXiv:1609.04468). Where
    the angle is 0 or 180 degrees there is no one circle, and it is `lerp`.
    """
    t, lengths = t[:, None], torch.stack([a.norm(), b.norm()])
    cosine = (a @ b / lengths.prod()).clamp(-1, 1) if lengths.min() > 0 else torch.tensor(1.0)
    if cosine.abs() > 1 - 1e-6:
        return torch.lerp(a[None], b[None], t)
    angle = cosine.acos()
    way = ((1 - t) * angle).sin() * a / lengths[0] + (t * angle).sin() * b / lengths[1]
    return torch.lerp(lengths[0], lengths[1], t) * way / angle.sin()


class Explorer:
    """Sixteen images of G. The widget's verbs are methods: move, directions, start, pick, path, truncate.

    `z` (16, z_dim) is the noise of the images that are shown, `favourites` holds two rows that were picked,
    `axes` (up to 6, z_dim) the directions, orthonormal.
    """

    def __init__(self, G: Callable[[Tensor], Tensor], z_dim: int, *, seed: int, read: Callable | None,
                 value_range: tuple[float, float]) -> None:  # fmt: skip
        self.G, self.z_dim, self.read, self.value_range = G, integer(z_dim, "z_dim"), read, value_range
        self.source, self.truncation, self.which = make_generator(seed), 1.0, 0
        self.start()
        self.directions()
        self.favourites = [self.z[0], self.z[-1]]

    def __repr__(self) -> str:
        return f"Explorer(z_dim={self.z_dim}, directions={len(self.axes)}, truncation={self.truncation:g})"

    def show(self) -> None:
        """The same images once more."""

    def start(self) -> None:
        """Sixteen new images to start from."""
        self.starts, self.line = torch.randn(IMAGES, self.z_dim, generator=self.source), ""

    def directions(self) -> None:
        """New directions, at right angles to each other, for the pad (the first two) and the sliders."""
        count = min(SLIDERS, self.z_dim)
        self.axes = torch.linalg.qr(torch.randn(self.z_dim, count, generator=self.source))[0].T.contiguous()
        self.step, self.line = [0.0] * count, ""

    def move(self, step: list[float]) -> None:
        """Move all sixteen by step[k] along direction k, from where they started."""
        numbers = isinstance(step, list | tuple) and all(
            isinstance(s, int | float) and abs(s) <= REACH for s in step
        )
        if not numbers or len(step) != len(self.axes):
            raise ValueError(f"step {step!r}: expected {len(self.axes)} numbers from {-REACH:g} to {REACH:g}")
        self.step, self.line = [float(s) for s in step], ""

    def truncate(self, value: float) -> None:
        """Draw the starts towards the mean: noise times `value`, 0 (all alike) to 1.5; 1 as it was drawn."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1.5:
            raise ValueError(f"truncation {value!r}: expected a number from 0 to 1.5")
        self.truncation, self.line = float(value), ""

    def pick(self, image: int) -> None:
        """Make image 0 … 15 a favourite: A and B in turn."""
        if integer(image, "image", 0) >= IMAGES:
            raise ValueError(f"image {image}: there are {IMAGES}, counted from 0")
        self.favourites[self.which] = self.z[image]
        self.which = 1 - self.which

    def path(self, kind: str) -> None:
        """Sixteen steps from favourite A to favourite B: "lerp", straight, or "slerp", round the middle."""
        if kind not in PATHS:
            raise ValueError(f"path {kind!r}: lerp or slerp")
        self.line = kind

    def message(self, content: dict) -> Frame:
        """Do what the widget asks for; the frame that it shows then."""
        call(self, VERBS, content)
        return self.frame()

    @property
    def z(self) -> Tensor:
        """(16, z_dim): the noise of the images shown."""
        if self.line:
            t = torch.linspace(0, 1, IMAGES)
            a, b = self.favourites
            return slerp(a, b, t) if self.line == "slerp" else torch.lerp(a[None], b[None], t[:, None])
        return self.truncation * self.starts + torch.tensor(self.step) @ self.axes

    def images(self, z: Tensor) -> Tensor:
        """(n, 1 or 3, H, W): what G makes of z, in eval mode; flat ones become square."""
        with at_rest(self.G), torch.no_grad():
            x = self.G(z)
        side = math.isqrt(x.shape[1]) if isinstance(x, Tensor) and x.ndim == 2 else 0
        if side and side**2 == x.shape[1]:
            x = x.view(-1, 1, side, side)
        if not isinstance(x, Tensor) or x.ndim != 4 or x.shape[1] not in (1, 3) or len(x) != len(z):
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(
                f"G made {got} of noise {tuple(z.shape)}: expected images (n, 1 or 3, H, W), or flat "
                "squares (n, H·H)"
            )
        low, high = self.value_range
        if not x.isfinite().all() or x.min() < low - 0.01 or x.max() > high + 0.01:
            raise ValueError(
                f"images run from {x.min():.3g} to {x.max():.3g}, outside value_range={self.value_range}"
            )
        return x.clamp(low, high)

    def words(self) -> str:
        """What is shown, in a line."""
        if self.line:
            return f"From A (first) to B (last), {'straight' if self.line == 'lerp' else 'round the middle'}."
        moved = ", ".join(f"{k + 1}: {s:+.1f}" for k, s in enumerate(self.step) if abs(s) > 0.05)
        return f"Sixteen images, moved along direction {moved}." if moved else "Sixteen images, not moved."

    def frame(self) -> Frame:
        """What the browser draws: words and numbers, and the images (16, H, W, channels) as bytes."""
        x = self.images(self.z)
        head = {
            "channels": x.shape[1],
            "height": x.shape[2],
            "width": x.shape[3],
            "step": self.step,
            "truncation": self.truncation,
            "line": self.line,
            "next": "AB"[self.which],
            "words": self.words(),
            "read": _read(self.read, x),
        }
        favourites = self.images(torch.stack(self.favourites))
        return head, [as_bytes(part.permute(0, 2, 3, 1), *self.value_range) for part in (x, favourites)]


def _read(read: Callable | None, x: Tensor) -> dict[str, list[float]]:
    """{factor: a number for each image}, with three digits."""
    if read is None:
        return {}
    with torch.no_grad():
        found = read(x)
    found = found._asdict() if hasattr(found, "_asdict") else found
    if not isinstance(found, Mapping):
        raise ValueError(f"read returned a {type(found).__name__}: expected {{factor: one value per image}}")
    told = {}
    for name, values in found.items():
        values = torch.as_tensor(values).detach().cpu().double()
        if values.shape not in ((len(x),), (len(x), 1)):
            raise ValueError(f"read gave {tuple(values.shape)} for {name}: expected ({len(x)},)")
        told[str(name)] = [round(value, 3) for value in values.flatten().tolist()]
    return told


def explore(G: Callable[[Tensor], Tensor], z_dim: int, *, seed: int = 0, read: Callable | None = None,
            value_range: tuple[float, float] = (-1.0, 1.0)) -> Explorer:  # fmt: skip
    """Show sixteen images of G that follow the mouse through its noise (n, z_dim), standard normal.

    G's images are grey (n, 1, H, W), colour (n, 3, H, W) or flat (n, H·W), in `value_range`; G is asked in
    eval mode and left as it was. Pad and sliders move all sixteen along the same directions, which are random
    and at right angles. `read(images)` returns {factor: values (n,)}, or a named tuple: it is shown beside.
    Without widgets one line says so, and the picture below remains.

    Raises ValueError for images of another shape or range and for a `read` that does not fit.
    """
    explorer = Explorer(G, z_dim, seed=seed, read=read, value_range=value_range)
    explorer.frame()  # refuses what cannot be shown, here and not in the browser
    settings = {"sliders": len(explorer.axes), "reach": REACH, "images": IMAGES}
    widget = connect("explore.js", explorer.message, **settings)
    if widget is not None:
        display(widget)
    _picture(explorer)
    return explorer


def _picture(explorer: Explorer) -> None:
    """Eight images moved along the first direction, for readers without a kernel."""
    steps = torch.linspace(-REACH, REACH, 5)
    z = explorer.starts[:8] + steps[:, None, None] * explorer.axes[0]
    x = explorer.images(z.flatten(0, 1))
    labels = [f"{step:+.1f}" if step else "0" for step in steps.tolist()]
    title = "Eight images, moved along one direction of the noise"
    ax = plots.image_grid(x, columns=8, value_range=explorer.value_range, row_labels=labels, title=title)
    picture(
        ax.figure,
        alt="Five rows of the same eight images. In the middle row they are as they were drawn; in the "
        "others all of them are moved by the same step along one direction of the noise, from -3 to +3.",
    )
