"""One look for every figure of the course.

Real data is blue, generated data orange, the discriminator black. Figures are drawn on an opaque
white ground, so that they read the same in JupyterLab's light and dark theme. Every function takes
tensors or arrays, draws into the axes it is given (or makes one) and returns it. Nothing here
changes global state except `use_course_style`, which says so.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from cycler import cycler
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from gan_helpers.seeds import integer

REAL, FAKE, DISC, GREY = "#0072B2", "#E66101", "#1A1A1A", "#7A7A7A"
GREEN, PINK, SKY = "#009E73", "#CC79A7", "#56B4E9"  # further curves; all told apart by colour-blind readers
GIF_LIMIT = 600_000  # bytes: a notebook with a few animations stays under 1.5 MB


def use_course_style() -> None:
    """Set matplotlib's defaults to the course's look (global, on purpose: call it once, at the top)."""
    plt.rcParams.update(
        {
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.figsize": (6.4, 3.2),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "axes.facecolor": "white",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycler(color=[REAL, FAKE, DISC, GREEN, PINK, SKY, GREY]),
            "axes.titlesize": 11,
            "font.size": 10,
            "legend.frameon": False,
            "image.cmap": "gray",
            "lines.linewidth": 1.8,
        }
    )


def _array(values: object, name: str, ndim: int | tuple[int, ...]) -> np.ndarray:
    """Return `values` as a finite float array with an allowed number of dimensions, or say what is wrong."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        values = values.float() if values.dtype == torch.bfloat16 else values
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be numbers (a tensor or an array): {error}") from None
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if array.ndim not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise ValueError(f"{name} has shape {array.shape}: expected {wanted} dimension(s)")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}): there is nothing to draw")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(
            f"{name} holds {bad} NaN or infinite value(s) of {array.size}: "
            "look at the step that made it before you draw it (a diverged loss? log of 0?)"
        )
    return array


def _axes(ax: Axes | None, size: tuple[float, float] | None = None) -> Axes:
    return plt.subplots(figsize=size)[1] if ax is None else ax


def image_grid(
    images: torch.Tensor | np.ndarray,
    *,
    columns: int = 10,
    value_range: tuple[float, float] = (-1.0, 1.0),
    row_labels: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw images (N, 1, H, W), (N, H, W) or in colour (N, 3, H, W) row by row as one picture.

    `value_range` says which values are no and full light. It is never guessed from the images: a grid
    that stretches its own contrast hides wrong ranges. Values outside it raise a ValueError.
    `row_labels` names each row, from the top.
    """
    array = _array(images, "images", (3, 4))
    if array.ndim == 4:
        if array.shape[1] not in (1, 3):
            raise ValueError(f"images have {array.shape[1]} channels: image_grid draws one (grey) or three")
        array = array[:, 0] if array.shape[1] == 1 else array.transpose(0, 2, 3, 1)
    low, high = value_range
    if not low < high:
        raise ValueError(f"value_range={value_range}: the first value must be below the second")
    slack = 1e-3 * (high - low)
    if array.min() < low - slack or array.max() > high + slack:
        raise ValueError(
            f"images run from {array.min():.3g} to {array.max():.3g}, outside value_range={value_range}: "
            "pass the range they are meant to have, or rescale them"
        )
    columns = integer(columns, "columns")
    n, height, width, *channels = array.shape
    rows = -(-n // columns)
    if row_labels is not None and len(row_labels) != rows:
        raise ValueError(f"{len(row_labels)} row labels for {rows} rows")
    canvas = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1, *channels), np.nan)
    for k, image in enumerate(array):
        top, left = k // columns * (height + 1) + 1, k % columns * (width + 1) + 1
        canvas[top : top + height, left : left + width] = image
    names = 0.1 * max(map(len, row_labels)) if row_labels else 0  # inches; a letter takes about 0.08
    ax = _axes(ax, (0.62 * columns + names, 0.62 * rows + (0.3 if title else 0)))
    if channels:  # matplotlib takes colours from 0 to 1, without gaps
        canvas = np.where(np.isnan(canvas), to_rgb(GREY), ((canvas - low) / (high - low)).clip(0, 1))
    cmap = plt.get_cmap("gray").with_extremes(bad=GREY)
    ax.imshow(canvas, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([(height + 1) * (r + 0.5) for r in range(rows)] if row_labels else [], row_labels)
    if row_labels:
        ax.set_anchor("E")  # a centred picture would push long labels over the figure's edge
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if title:
        ax.set_title(title)
    return ax


def densities(
    x: torch.Tensor | np.ndarray,
    p_d: torch.Tensor | np.ndarray,
    p_g: torch.Tensor | np.ndarray,
    *,
    P: torch.Tensor | np.ndarray | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw two densities on a grid x (all of shape (n,)) and, if given, the probability P(x) of "real".

    P is drawn against its own axis from 0 to 1 on the right, available as `ax.right_ax`.
    """
    x, p_d, p_g = (_array(v, name, 1) for v, name in ((x, "x"), (p_d, "p_d"), (p_g, "p_g")))
    for values, name in ((p_d, "p_d"), (p_g, "p_g")):
        if values.shape != x.shape:
            raise ValueError(f"{name} has {values.size} values for {x.size} grid points")
        if values.min() < 0:
            raise ValueError(f"{name} goes down to {values.min():.3g}: a density is not negative")
    ax = _axes(ax)
    for values, color, label in ((p_d, REAL, "$p_d$ data"), (p_g, FAKE, "$p_g$ generator")):
        ax.plot(x, values, color=color, label=label)
        ax.fill_between(x, values, color=color, alpha=0.15, linewidth=0)
    ax.set(xlabel="$x$", ylabel="density", ylim=(0, None))
    if P is not None:
        P = _array(P, "P", 1)
        if P.shape != x.shape:
            raise ValueError(f"P has {P.size} values for {x.size} grid points")
        if P.min() < 0 or P.max() > 1:
            raise ValueError(
                f"P runs from {P.min():.3g} to {P.max():.3g}, not from 0 to 1: pass torch.sigmoid(D(x))"
            )
        right = ax.right_ax = ax.twinx()
        right.plot(x, P, color=DISC, label="$P$ discriminator")
        right.axhline(0.5, color=GREY, linestyle=":", linewidth=1)
        right.set(ylim=(0, 1.02), ylabel="$P(x)$")
        right.spines["right"].set_visible(True)
        handles = ax.get_legend_handles_labels()[0] + right.get_legend_handles_labels()[0]
        right.legend(handles=handles, loc="upper right", fontsize=9)
    else:
        ax.legend(loc="upper right", fontsize=9)
    return ax


def curves(
    x: torch.Tensor | np.ndarray,
    runs: torch.Tensor | np.ndarray,
    *,
    label: str | None = None,
    color: str | None = None,
    linestyle: str = "-",
    ax: Axes | None = None,
) -> Axes:
    """Draw the median over seeds and a band from the smallest to the largest; runs: (seeds, len(x)).

    The band is the full spread and not an error bar: nothing that happened in a seed is hidden.
    """
    x, runs = _array(x, "x", 1), _array(runs, "runs", 2)
    if runs.shape[1] != x.size:
        raise ValueError(f"runs has shape {runs.shape}: expected (seeds, {x.size}), one column per x")
    ax = _axes(ax)
    (line,) = ax.plot(x, np.median(runs, axis=0), label=label, color=color, linestyle=linestyle)
    if len(runs) > 1:
        band = line.get_color()
        ax.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=band, alpha=0.2, linewidth=0)
    return ax


def points(
    real: torch.Tensor | np.ndarray,
    fake: torch.Tensor | np.ndarray | None = None,
    *,
    limit: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Scatter 2-D points: real (n, 2) in blue, fake (m, 2) in orange on top, equal scales on both axes."""
    ax = _axes(ax, (3.2, 3.2))
    for values, name, color in ((real, "real", REAL), (fake, "fake", FAKE)):
        if values is None:
            continue
        values = _array(values, name, 2)
        if values.shape[1] != 2:
            raise ValueError(f"{name} has shape {values.shape}: expected (n, 2)")
        ax.scatter(*values.T, s=5, alpha=0.5, color=color, linewidths=0, label=name)
    ax.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    if limit is not None:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    if fake is not None:
        ax.legend(loc="upper right", markerscale=3)
    return ax


def plane(limit: float, n: int = 60) -> torch.Tensor:
    """(n, n, 2): points of the square [-limit, limit]², for `decision_field`; row i has x2 = its height.

    Score them with `D(plane(2.5).flatten(0, 1)).view(60, 60)`.
    """
    if not limit > 0:
        raise ValueError(f"limit={limit}: expected a positive limit")
    ticks = torch.linspace(-limit, limit, integer(n, "n", 2))
    return torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), -1)


def decision_field(
    P: torch.Tensor | np.ndarray,
    *,
    limit: float,
    ax: Axes | None = None,
) -> Axes:
    """Draw the probability P (n, n) of "real" on `plane(limit, n)`: blue near 1, orange near 0, white at ½.

    Ten steps of equal width, the same in every figure; the black line is P = ½, where there is one.
    """
    P = _array(P, "P", 2)
    if P.shape[0] != P.shape[1] or len(P) < 2:
        raise ValueError(f"P has shape {P.shape}: expected (n, n), one value per point of plane(limit, n)")
    if P.min() < 0 or P.max() > 1:
        raise ValueError(
            f"P runs from {P.min():.3g} to {P.max():.3g}, not from 0 to 1: pass torch.sigmoid(D(x))"
        )
    ax = _axes(ax, (3.6, 3.6))
    ticks = np.linspace(-limit, limit, len(P))
    cmap = LinearSegmentedColormap.from_list("field", ["#F4B183", "#FFFFFF", "#8FBEDD"])
    ax.contourf(ticks, ticks, P, levels=np.linspace(0, 1, 11), cmap=cmap, vmin=0, vmax=1)
    if P.min() < 0.5 < P.max():
        ax.contour(ticks, ticks, P, levels=[0.5], colors=DISC, linewidths=1)
    ax.set(aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit), xlabel="$x_1$", ylabel="$x_2$")
    return ax


def arrows(
    start: torch.Tensor | np.ndarray,
    step: torch.Tensor | np.ndarray,
    *,
    scale: float = 1.0,
    color: str = DISC,
    ax: Axes | None = None,
) -> Axes:
    """Draw an arrow from each point of start (n, 2) to start + scale · step (n, 2)."""
    start, step = _array(start, "start", 2), _array(step, "step", 2)
    if start.shape != step.shape or start.shape[1] != 2:
        raise ValueError(f"start {start.shape} and step {step.shape} must both be (n, 2)")
    ax = _axes(ax, (3.6, 3.6))
    options = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.004, "zorder": 3}
    ax.quiver(*start.T, *(scale * step).T, color=color, **options)
    return ax


def noise_mesh(n: int = 49, tail: float = 0.02) -> torch.Tensor:
    """(n, n, 2): a mesh of 2-D standard normal noise whose cells all have the same probability.

    Its ticks are quantiles of the normal distribution, from `tail` to 1 - `tail` in equal steps.
    """
    if not 0 < tail < 0.5:
        raise ValueError(f"tail={tail}: expected a number between 0 and ½")
    share = torch.linspace(tail, 1 - tail, integer(n, "n", 2), dtype=torch.float64)
    ticks = torch.special.ndtri(share).float()
    return torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), -1)


def warped_grid(
    points: torch.Tensor | np.ndarray,
    *,
    every: int = 6,
    color: str = FAKE,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a map makes of a mesh: points (m, n, 2) = G(mesh); every `every`-th line in both directions.

    On `noise_mesh` all cells hold equally many samples: where they are small, samples are dense.
    """
    points = _array(points, "points", 3)
    if points.shape[2] != 2 or min(points.shape[:2]) < 2:
        raise ValueError(f"points has shape {points.shape}: expected (m, n, 2) with m, n of at least 2")
    every = integer(every, "every")
    ax = _axes(ax, (3.6, 3.6))
    lines = [*points[::every], *points[:, ::every].transpose(1, 0, 2)]
    ax.add_collection(LineCollection(lines, colors=color, linewidths=0.7, alpha=0.8))
    ax.autoscale_view()
    return ax


def diagram(
    z: str = "noise $z$",
    fake: torch.Tensor | np.ndarray | str = "fake $G(z)$",
    real: torch.Tensor | np.ndarray | str = "real $x$",
    score: str = "score $D(x)$",
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the players: noise → G → fake → D ← real, D → score, and below them the two gradient paths.

    `fake` and `real` are words, or one image (H, W) in [-1, 1] each. Solid arrows: what is computed. Dashed
    ones: where the gradient of a loss goes, black for L_D and orange for L_G, which passes through D.
    """
    ax = _axes(ax, (7.6, 3.9))
    ax.set(xlim=(0, 13), ylim=(-0.1, 6.4))
    ax.axis("off")
    for x, name, color in ((3.2, "$G$", FAKE), (9.4, "$D$", DISC)):
        ax.add_patch(Rectangle((x - 0.7, 1.6), 1.4, 1.4, color=color))
        ax.text(x, 2.3, name, color="white", ha="center", va="center", fontsize=17)
    for y, name, what, color in ((2.3, "fake", fake, FAKE), (5.1, "real", real, REAL)):
        if isinstance(what, str):
            ax.text(6.3, y, what, color=color, ha="center", va="center")
            continue
        image = _array(what, "the image", 2)
        ax.imshow(image, extent=(5.1, 7.5, y - 1.2, y + 1.2), vmin=-1, vmax=1, zorder=2)
        ax.add_patch(Rectangle((5.1, y - 1.2), 2.4, 2.4, fill=False, ec=color, lw=3, zorder=3))
        ax.text(4.9, y + 1.0, name, color=color, ha="right", va="center")
    ax.set_aspect("equal")  # imshow sets one of its own
    ax.text(0.9, 2.3, z, ha="center", va="center")
    ax.text(12.0, 2.3, score, ha="center", va="center")
    forward = {"arrowstyle": "-|>", "color": GREY, "lw": 1.5}
    back = {"arrowstyle": "-|>", "color": FAKE, "lw": 1.5, "linestyle": "--"}
    for left, right in ((1.7, 2.5), (3.9, 5.1), (7.5, 8.7), (10.1, 11.2)):
        ax.annotate("", (right, 2.5), (left, 2.5), arrowprops=forward)
        if left > 3:
            ax.annotate("", (left, 2.1), (right, 2.1), arrowprops=back)
    ax.annotate("", (9.2, 3.0), (7.5, 4.6), arrowprops=forward)
    ax.text(6.3, 0.8, "gradient of $L_G$: through $D$, moves $G$", color=FAKE, ha="center", va="top")
    ax.plot((12.0, 12.0, 9.4), (1.8, 0.7, 0.7), color=DISC, linestyle="--", linewidth=1.5)
    ax.annotate("", (9.4, 1.6), (9.4, 0.65), arrowprops=back | {"color": DISC})
    ax.text(10.7, 0.5, "gradient of $L_D$: moves $D$", color=DISC, ha="center", va="top")
    return ax


def _alt(alt: str) -> str:
    if not isinstance(alt, str) or len(alt.split()) < 3:
        raise ValueError(
            f"alt={alt!r}: say in a few words what the picture shows, for readers who cannot see it"
        )
    return alt


def _figure(fig: Figure) -> Figure:
    if not isinstance(fig, Figure):
        raise TypeError(f"fig is a {type(fig).__name__}: expected a matplotlib Figure, such as ax.figure")
    return fig


def _fold(alt: str) -> str:
    return f"<details><summary>What you should see</summary>{html.escape(alt)}</details>"


def show(fig: Figure, alt: str) -> None:
    """Display a figure as PNG, below it folded the words of `alt`, and close it.

    The words stand on the page, because JupyterLab, nbconvert and Colab give a PNG no alternative text.
    """
    fig, alt, buffer = _figure(fig), _alt(alt), io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    picture = base64.b64encode(buffer.getvalue()).decode()
    display({"image/png": picture, "text/plain": "[picture]"}, raw=True)
    display({"text/html": _fold(alt), "text/plain": f"What you should see: {alt}"}, raw=True)


def gif(
    fig: Figure,
    update: Callable[[int], object],
    frames: int,
    *,
    alt: str,
    fps: float = 8.0,
    hold: float = 2.0,
    colors: int = 64,
) -> None:
    """Display an animation that plays wherever HTML does, below it folded the words of `alt`.

    `update(k)` redraws `fig` for frame k = 0..frames-1; `fig` is closed at the end. The GIF sits in an <img>
    tag, because nbconvert drops outputs of type image/gif. It stays on its last frame for `hold` seconds
    and then starts again. Raises a ValueError when it
    is larger than 600 KB, and for times that the format cannot hold.
    """
    fig, alt, frames = _figure(fig), _alt(alt), integer(frames, "frames")
    if not 0.01 <= fps <= 50 or not 0 <= hold <= 600:  # GIF counts hundredths of a second, up to 655 s
        raise ValueError(f"fps={fps}, hold={hold}: expected 0.01 to 50 frames a second, 0 to 600 seconds")
    pictures, canvas = [], FigureCanvasAgg(fig)  # pixels, whichever backend matplotlib was started with
    for k in range(frames):
        update(k)
        canvas.draw()
        pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    plt.close(fig)
    # One palette for all frames: frames then differ only where the picture does, which GIF stores well.
    palette = pictures[-1].quantize(colors)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    duration = [round(1000 / fps)] * (frames - 1) + [round(1000 * hold)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0)
    size = len(buffer.getvalue())
    if size > GIF_LIMIT:
        raise ValueError(
            f"the animation takes {size / 1000:.0f} KB, the limit is {GIF_LIMIT // 1000} KB: "
            f"use fewer frames ({frames}), a smaller figure or fewer colours ({colors})"
        )
    payload = base64.b64encode(buffer.getvalue()).decode()
    page = f'<img alt="{html.escape(alt)}" src="data:image/gif;base64,{payload}">{_fold(alt)}'
    display({"text/html": page, "text/plain": f"What you should see: {alt}"}, raw=True)
