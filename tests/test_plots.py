"""The figures: what is drawn is what was passed, and wrong input is refused with a cause."""

import base64
import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from gan_helpers import plots


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    rgb = np.array(mpl.colors.to_rgb(colour))
    return float(
        np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    )


def test_only_use_course_style_changes_global_state():
    with mpl.rc_context():
        mpl.rcdefaults()  # a notebook's first cell, run for another test, may have set the course's style
        before = dict(mpl.rcParams)
        plots.image_grid(torch.zeros(4, 1, 8, 8))
        plots.curves(range(3), np.ones((2, 3)))
        plots.points(torch.randn(5, 2))
        assert dict(mpl.rcParams) == before
        plots.use_course_style()
        assert dict(mpl.rcParams) != before
        # Opaque white ground: the same picture in the light and in the dark theme.
        assert mpl.colors.to_rgba(mpl.rcParams["savefig.facecolor"]) == (1, 1, 1, 1)


def test_colours_can_be_read_on_white_and_told_apart_in_grey():
    ratios = {c: 1.05 / (luminance(c) + 0.05) for c in (plots.REAL, plots.FAKE, plots.DISC)}
    assert min(ratios.values()) > 3.0, ratios  # WCAG's limit for graphics
    # blue and orange keep their distance for the common colour-vision deficiencies: blue channel decides
    assert mpl.colors.to_rgb(plots.REAL)[2] - mpl.colors.to_rgb(plots.FAKE)[2] > 0.5


def test_grid_puts_each_image_in_its_place_with_the_given_range():
    images = torch.linspace(-1, 1, 6).view(6, 1, 1, 1).expand(6, 1, 2, 2)
    ax = plots.image_grid(images, columns=3, row_labels=["first", "second"])
    drawn = ax.images[0]
    assert drawn.get_clim() == (-1, 1)
    canvas = drawn.get_array()
    assert canvas.shape == (7, 10)
    np.testing.assert_allclose(canvas[1:3, 1:3], -1)
    np.testing.assert_allclose(canvas[4:6, 7:9], 1)
    assert np.ma.getmaskarray(np.ma.masked_invalid(canvas))[0].all()  # the frame
    assert [t.get_text() for t in ax.get_yticklabels()] == ["first", "second"]


def test_grid_draws_colours_in_their_place():
    red, white, dim = [1.0, -1, -1], [1.0, 1, 1], [-0.5, 0, 0.5]
    images = torch.tensor([red, white, dim]).view(3, 3, 1, 1).expand(3, 3, 2, 4)
    canvas = np.asarray(plots.image_grid(images, columns=2).images[0].get_array())
    assert canvas.shape == (7, 11, 3)
    np.testing.assert_allclose(canvas[1:3, 1:5], np.broadcast_to([1, 0, 0], (2, 4, 3)))
    np.testing.assert_allclose(canvas[1:3, 6:10], 1)
    np.testing.assert_allclose(canvas[4:6, 1:5], np.broadcast_to([0.25, 0.5, 0.75], (2, 4, 3)))
    grey = mpl.colors.to_rgb(plots.GREY)
    for gap in (canvas[0], canvas[3], canvas[:, 5], canvas[4:6, 6:10].reshape(-1, 3)):
        np.testing.assert_allclose(gap, np.broadcast_to(grey, gap.shape))


def test_grid_never_stretches_contrast():
    ax = plots.image_grid(torch.full((2, 3, 3), 0.25), value_range=(0, 1))
    assert ax.images[0].get_clim() == (0, 1)
    ax = plots.image_grid(torch.full((2, 3, 3, 3), 0.25), value_range=(0, 1))
    np.testing.assert_allclose(np.asarray(ax.images[0].get_array())[1:4, 1:4], 0.25)


def test_everything_draws_into_the_given_axes():
    _, ax = plt.subplots()
    x = torch.linspace(0, 1, 5)
    assert plots.image_grid(torch.zeros(2, 2, 2), ax=ax) is ax
    assert plots.densities(x, x, x, ax=ax) is ax
    assert plots.curves(x, torch.zeros(2, 5), ax=ax) is ax
    assert plots.points(torch.zeros(3, 2), ax=ax) is ax
    assert plots.decision_field(torch.zeros(3, 3), limit=1.0, ax=ax) is ax
    assert plots.arrows(torch.zeros(3, 2), torch.ones(3, 2), ax=ax) is ax
    assert plots.warped_grid(torch.zeros(3, 3, 2), ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_densities_draw_both_and_the_probability_from_0_to_1():
    x = torch.linspace(-1, 1, 50)
    ax = plots.densities(x, x.abs(), 1 - x.abs(), P=x.abs())
    np.testing.assert_allclose(ax.lines[0].get_ydata(), x.abs(), atol=1e-6)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 1 - x.abs(), atol=1e-6)
    assert [mpl.colors.to_hex(line.get_color()).upper() for line in ax.lines[:2]] == [plots.REAL, plots.FAKE]
    assert ax.right_ax.get_ylim() == (0, 1.02)
    np.testing.assert_allclose(ax.right_ax.lines[0].get_ydata(), x.abs(), atol=1e-6)


def test_curves_show_median_and_full_spread():
    runs = torch.tensor([[0.0, 1.0], [2.0, 3.0], [10.0, 5.0]])
    ax = plots.curves([1, 2], runs)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [2, 3])
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == 0 and band[:, 1].max() == 10


def test_lines_label_each_end_in_its_colour_and_keep_labels_apart():
    runs = {
        "high": ([[1.0, 10.0], [1.0, 1000.0], [3.0, 100.0]], plots.FAKE),
        "twin": ([1.0, 101.0], plots.REAL),
        "low": (torch.tensor([1.0, 0.01]), plots.DISC),
    }
    ax = plots.lines([1, 100], runs, log="xy", ylim=(1e-3, 1e3))
    assert ax.get_xscale() == ax.get_yscale() == "log" and ax.get_ylim() == (1e-3, 1e3)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 100])  # the median
    assert len(ax.collections) == 1  # a band for the three runs alone
    texts = {t.get_text(): t for t in ax.texts}
    assert {name: t.get_color() for name, t in texts.items()} == {name: c for name, (_, c) in runs.items()}
    share = {name: t.xy[1] for name, t in texts.items()}
    assert share["low"] == pytest.approx(1 / 6) and share["high"] == pytest.approx(5 / 6)
    pixels = ax.transAxes.transform([(0, share["high"]), (0, share["twin"])])[:, 1]
    assert pixels[1] - pixels[0] == pytest.approx(14 * ax.figure.dpi / 72)  # 100 and 101 would touch


def test_labels_stay_inside_the_axes_and_a_scale_needs_its_letter():
    ends = {f"run {k}": ([0.0, 1 - k / 1000], plots.GREY) for k in range(4)} | {"out": ([0, 9.0], plots.PINK)}
    ax = plots.lines([0, 1], ends, ylim=(0, 1))
    assert ax.get_xscale() == ax.get_yscale() == "linear"
    heights = sorted(ax.transAxes.transform([(0, t.xy[1]) for t in ax.texts])[:, 1])
    top = ax.transAxes.transform((0, 1))[1]
    assert heights[-1] == pytest.approx(top) and np.diff(heights) == pytest.approx(14 * ax.figure.dpi / 72)
    with pytest.raises(ValueError, match="log='z': expected 'x', 'y' or 'xy', not 'z'"):
        plots.lines([0, 1], ends, log="z")
    with pytest.raises(ValueError, match=r"\(seeds, 2\), one column per x"):
        plots.lines([0, 1], {"a": ([0, 1, 2], plots.GREY)})


def test_bfloat16_and_gradients_are_accepted():
    plots.points(torch.randn(4, 2, dtype=torch.bfloat16, requires_grad=True))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.image_grid(torch.full((1, 1, 2, 2), torch.nan)), "4 NaN or infinite value.*of 4"),
        (lambda: plots.image_grid(torch.full((1, 1, 2, 2), torch.inf)), "NaN or infinite"),
        (lambda: plots.image_grid(torch.rand(1, 1, 2, 2) * 255 + 2), "outside value_range"),
        (lambda: plots.image_grid(torch.zeros(1, 2, 2, 2)), "2 channels"),
        (lambda: plots.image_grid(torch.full((1, 3, 2, 2), 1.1)), "outside value_range"),
        (lambda: plots.image_grid(torch.full((1, 3, 1, 1), torch.nan)), "3 NaN or infinite value.*of 3"),
        (lambda: plots.image_grid(torch.zeros(2, 2)), "expected 3 or 4 dimension"),
        (lambda: plots.image_grid(torch.zeros(0, 1, 2, 2)), "empty"),
        (
            lambda: plots.image_grid(torch.zeros(2, 2, 2), columns=-1),
            "columns must be an integer of at least 1",
        ),
        (lambda: plots.image_grid(torch.zeros(2, 2, 2), value_range=(1, -1)), "must be below"),
        (lambda: plots.image_grid(torch.zeros(2, 2, 2), row_labels=["a", "b"]), "2 row labels for 1 rows"),
        (lambda: plots.densities([0, 1], [1, 1], [1, -1]), "a density is not negative"),
        (lambda: plots.densities([0, 1], [1, 1], [1, 1, 1]), "p_g has 3 values for 2"),
        (lambda: plots.densities([0, 1], [1, 1], [1, 1], P=[0, 2]), "torch.sigmoid"),
        (lambda: plots.densities([0, 1], [1, 1], [1, 1], P=[0, 1, 1]), "P has 3 values"),
        (lambda: plots.curves([0, 1], [[1, np.nan]]), "runs holds 1 NaN"),
        (lambda: plots.curves([0, 1], [[1, 2, 3]]), r"expected \(seeds, 2\)"),
        (lambda: plots.points(torch.zeros(3, 3)), r"expected \(n, 2\)"),
        (lambda: plots.plane(0), "positive limit"),
        (lambda: plots.plane(1, 1), "n must be an integer of at least 2, got 1"),
        (lambda: plots.decision_field(torch.zeros(3, 4), limit=1), r"expected \(n, n\)"),
        (lambda: plots.decision_field(torch.full((3, 3), 2.0), limit=1), "torch.sigmoid"),
        (lambda: plots.arrows(torch.zeros(3, 2), torch.zeros(4, 2)), r"must both be \(n, 2\)"),
        (lambda: plots.arrows(torch.zeros(3, 3), torch.zeros(3, 3)), r"must both be \(n, 2\)"),
        (lambda: plots.noise_mesh(1), "n must be an integer of at least 2, got 1"),
        (lambda: plots.noise_mesh(tail=0.5), "between 0 and"),
        (lambda: plots.warped_grid(torch.zeros(3, 3, 3)), r"expected \(m, n, 2\)"),
        (lambda: plots.warped_grid(torch.zeros(1, 3, 2)), "at least 2"),
        (lambda: plots.warped_grid(torch.zeros(3, 3, 2), every=0), "every must be an integer of at least 1"),
        (lambda: plots.show(plt.figure(), alt=""), "say in a few words"),
        (lambda: plots.gif(plt.figure(), print, 0, alt="a b c"), "frames must be an integer of at least 1"),
        (
            lambda: plots.gif(plt.figure(), print, 2, alt="a b c", fps=0),
            "fps=0, .*0.01 to 50 frames a second",
        ),
        (lambda: plots.gif(plt.figure(), print, 2, alt="a b c", fps=100), "0.01 to 50 frames a second"),
        (lambda: plots.gif(plt.figure(), print, 2, alt="a b c", fps=float("nan")), "fps=nan"),
        (lambda: plots.gif(plt.figure(), print, 2, alt="a b c", hold=-1), "hold=-1"),
        (lambda: plots.gif(plt.figure(), print, 2, alt="a b c", hold=1000), "0 to 600 seconds"),
    ],
)
def test_wrong_input_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_text_instead_of_numbers_is_a_type_error():
    with pytest.raises(TypeError, match="real must be numbers"):
        plots.points([["a", "b"]])


@pytest.mark.parametrize("wrong", [None, "figure", 3])
def test_what_is_no_figure_is_named(wrong):
    for draw in (plots.show, lambda fig, alt: plots.gif(fig, print, 2, alt=alt)):
        with pytest.raises(TypeError, match=f"fig is a {type(wrong).__name__}: expected a matplotlib Figure"):
            draw(wrong, alt="a b c")
    with pytest.raises(TypeError, match="fig is a Axes: .*ax.figure"):
        plots.show(plt.subplots()[1], alt="a b c")


def test_integers_may_be_numpys():
    n = np.int64(5)
    assert torch.equal(plots.plane(2.0, n), plots.plane(2.0, 5))
    assert torch.equal(plots.noise_mesh(n), plots.noise_mesh(5))
    drawn = plots.image_grid(torch.zeros(5, 8, 8), columns=n).images[0].get_array()
    assert drawn.shape == (10, 46)
    assert len(plots.warped_grid(torch.rand(9, 9, 2), every=np.int32(4)).collections[0].get_segments()) == 6


def test_points_set_the_limits_asked_for():
    ax = plots.points(torch.zeros(3, 2), torch.ones(3, 2), limit=2.5)
    assert ax.get_xlim() == ax.get_ylim() == (-2.5, 2.5)
    assert ax.get_legend() is not None


@pytest.fixture
def shown(monkeypatch):
    """What the plots display, as a list of the data of each output."""
    outputs = []
    monkeypatch.setattr(plots, "display", lambda data, raw: outputs.append(data))
    return outputs


FOLD = "<details><summary>What you should see</summary>{}</details>"


def test_show_puts_the_words_under_the_picture_and_closes(shown):
    fig = plt.figure(figsize=(2, 1), dpi=100)
    plots.show(fig, alt="an empty figure, two < three")
    picture, words = shown
    assert Image.open(io.BytesIO(base64.b64decode(picture["image/png"]))).size == (200, 100)
    assert "text/html" not in picture  # a page that has both would drop the picture
    assert words["text/html"] == FOLD.format("an empty figure, two &lt; three")
    assert words["text/plain"] == "What you should see: an empty figure, two < three"
    assert not plt.fignum_exists(fig.number)


def test_gif_plays_every_frame_and_rests_on_the_last(shown):
    fig, ax = plt.subplots(figsize=(1, 1))
    (line,) = ax.plot([0, 1], [0, 1])
    plots.gif(fig, lambda k: line.set_ydata([0, k]), 4, alt='a line that "rises"', fps=10, hold=1.5)
    (film,) = shown
    assert 'alt="a line that &quot;rises&quot;"' in film["text/html"]
    assert film["text/html"].endswith(FOLD.format("a line that &quot;rises&quot;"))
    assert film["text/plain"] == 'What you should see: a line that "rises"'
    payload = base64.b64decode(re.search(r"data:image/gif;base64,([\w+/=]+)", film["text/html"])[1])
    movie = Image.open(io.BytesIO(payload))
    assert movie.n_frames == 4 and movie.info["loop"] == 0
    durations, frames = [], []
    for k in range(4):
        movie.seek(k)
        durations.append(movie.info["duration"])
        frames.append(np.asarray(movie.convert("L"), dtype=float))
    assert durations == [100, 100, 100, 1500]
    assert all(np.abs(a - b).max() > 50 for a, b in zip(frames, frames[1:], strict=False))
    assert not plt.fignum_exists(fig.number)


def test_the_same_gif_with_every_backend(shown):
    """The canvas of a backend such as pdf has no pixels."""

    def made():
        fig, ax = plt.subplots(figsize=(1, 1))
        (line,) = ax.plot([0, 1], [0, 1])
        plots.gif(fig, lambda k: line.set_ydata([0, k]), np.int64(3), alt="a line that rises")
        return shown.pop()["text/html"]

    plt.close("all")  # what other tests left open
    usual, expected = mpl.get_backend(), made()
    plt.switch_backend("pdf")
    try:
        assert made() == expected and not plt.get_fignums()
    finally:
        plt.switch_backend(usual)


def test_a_gif_over_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(plots, "GIF_LIMIT", 500)
    fig, ax = plt.subplots()
    with pytest.raises(ValueError, match="fewer frames"):
        plots.gif(fig, lambda k: ax.plot([k, 1]), 3, alt="lines and lines and lines")


# --- the plane of notebook 04 ---


def test_plane_has_x1_to_the_right_and_x2_upwards():
    points = plots.plane(2.0, 5)
    assert points.shape == (5, 5, 2)
    assert points[0, 0].tolist() == [-2, -2] and points[0, 4].tolist() == [2, -2]
    assert points[4, 0].tolist() == [-2, 2] and points[2, 2].tolist() == [0, 0]


def test_the_field_is_blue_where_real_and_its_line_is_a_half():
    P = torch.sigmoid(4 * plots.plane(2.0, 41)[..., 0])  # real on the right
    ax = plots.decision_field(P, limit=2.0)
    ax.set_axis_off()
    ax.figure.set_layout_engine("none")
    ax.set_position((0, 0, 1, 1))
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba()).astype(int)
    left, right = pixels[90, 30, :3], pixels[90, -30, :3]
    assert right[2] > right[0] + 50 and left[0] > left[2] + 50  # blue on the right, orange on the left
    border = ax.collections[-1].get_paths()[0].vertices
    np.testing.assert_allclose(border[:, 0], 0, atol=1e-6)
    assert np.abs(border[:, 1]).max() == 2
    flat = plots.decision_field(torch.full((3, 3), 0.5), limit=1.0)
    assert len(flat.collections) == 1  # no line where P is nowhere above ½


def test_arrows_point_from_start_to_start_plus_step():
    start, step = torch.tensor([[0.0, 1.0], [2.0, 0.0]]), torch.tensor([[0.5, 0.0], [0.0, -1.0]])
    quiver = plots.arrows(start, step, scale=2.0).collections[0]
    np.testing.assert_allclose(quiver.get_offsets(), start)
    np.testing.assert_allclose(np.c_[quiver.U, quiver.V], 2 * step)
    assert quiver.angles == "xy" and quiver.scale_units == "xy" and quiver.scale == 1


def test_cells_of_the_noise_mesh_have_equal_probability():
    mesh = plots.noise_mesh(11, tail=0.05)
    assert mesh.shape == (11, 11, 2) and mesh.dtype == torch.float32
    ticks = mesh[0, :, 0]
    assert torch.equal(ticks, mesh[:, 3, 1])  # the same ticks in both directions
    share = torch.special.ndtr(ticks.double()).diff()
    np.testing.assert_allclose(share, 0.09, atol=1e-6)
    z = torch.randn(100_000, 2, generator=torch.Generator().manual_seed(0))
    inside = ((z > ticks[2]) & (z < ticks[3])).all(1).float().mean()
    assert abs(inside - 0.09**2) < 0.0012


def test_warped_grid_draws_every_line_asked_for():
    points = plots.plane(1.0, 9) * 3
    lines = plots.warped_grid(points, every=4).collections[0].get_segments()
    assert len(lines) == 6 and all(line.shape == (9, 2) for line in lines)
    np.testing.assert_allclose(lines[0][:, 1], -3)  # rows first
    np.testing.assert_allclose(lines[5][:, 0], 3)  # then columns


@pytest.mark.parametrize("rows", [3, 10])
def test_long_row_labels_stay_inside_the_figure(rows):
    plots.use_course_style()
    ax = plots.image_grid(torch.zeros(8 * rows, 28, 28), columns=8, row_labels=["no class dropped"] * rows)
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert len(boxes) == rows and min(box.x0 for box in boxes) >= 2
    assert all(box.x1 <= ax.get_window_extent().x0 for box in boxes)  # beside the picture, not on it


def test_diagram_shows_who_makes_what_and_where_each_gradient_goes():
    fake, real = torch.full((4, 4), -0.5), torch.full((2, 2), 0.5)
    ax = plots.diagram(fake=fake, real=real)
    low, high = ax.images  # the fake stands level with the players, the real image above
    assert low.get_extent()[3] < high.get_extent()[3]
    assert low.get_clim() == high.get_clim() == (-1, 1)
    assert (low.get_array() == -0.5).all() and (high.get_array() == 0.5).all()
    boxes = {p.get_facecolor(): p for p in ax.patches if p.get_fill()}
    G, D = (boxes[mpl.colors.to_rgba(color)] for color in (plots.FAKE, plots.DISC))
    assert G.get_x() + G.get_width() < low.get_extent()[0] < low.get_extent()[1] < D.get_x()
    arrows = [a for a in ax.texts if getattr(a, "arrow_patch", None)]
    back = [a for a in arrows if a.arrow_patch.get_edgecolor() == mpl.colors.to_rgba(plots.FAKE)]
    ends = sorted((a.xy[0], a.xyann[0]) for a in back)  # score → D → fake → G, in orange
    assert all(end < start for end, start in ends)
    assert ends[0][0] >= G.get_x() + G.get_width() and ends[-1][1] > D.get_x() + D.get_width()
    (to_D,) = (a for a in arrows if a.arrow_patch.get_edgecolor() == mpl.colors.to_rgba(plots.DISC))
    assert D.get_x() < to_D.xy[0] < D.get_x() + D.get_width() and to_D.xy[1] <= D.get_y()
    assert "L_G" in "".join(t.get_text() for t in ax.texts) and "L_D" in "".join(
        t.get_text() for t in ax.texts
    )


def test_diagram_takes_words_in_the_place_of_images():
    ax = plots.diagram("noise", "a fake", "a real one", "a score")
    assert not ax.images and {"noise", "a fake", "a real one", "a score"} <= {t.get_text() for t in ax.texts}
    with pytest.raises(ValueError, match="dimension"):
        plots.diagram(fake=torch.zeros(16, 1, 28, 28))
