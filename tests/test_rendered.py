"""Rendered digits: the factor table is honoured, measured on the pictures by their moments."""

from __future__ import annotations

import errno

import numpy as np
import pytest
import torch
from scipy import ndimage

from gan_helpers import data
from gan_helpers.data import font_names, fonts, render_digits, rendered
from gan_helpers.data.fonts import RANGES, Factors, own_slant

FONTS = len(font_names())


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "rendered"


@pytest.fixture(autouse=True)
def global_random_state_is_left_alone():
    before = torch.get_rng_state()
    yield
    assert torch.equal(torch.get_rng_state(), before)


def table(**changes: float) -> Factors:
    """Every digit of every font, upright in the middle, with a pen of 3 pixels."""
    digit, font = torch.cartesian_prod(torch.arange(10), torch.arange(FONTS)).T
    rows = {"slant": 0.0, "thickness": 3.0, "scale": 0.9, "shift_x": 0.0, "shift_y": 0.0}
    columns = [torch.full((10 * FONTS,), value) for value in (rows | changes).values()]
    return Factors(digit, font, *columns, font_names())


def ink(factors: Factors) -> torch.Tensor:
    """Ink per pixel in [0, 1], float64."""
    return (render_digits(factors)[:, 0].double() + 1) / 2


def moments(factors: Factors) -> dict[str, torch.Tensor]:
    """Ink, centroid, and second central moments of each picture, in pixels."""
    weight = ink(factors)
    place = torch.arange(28, dtype=torch.float64) - 13.5
    total = weight.sum((1, 2))
    x = (weight.sum(1) * place).sum(1) / total
    y = (weight.sum(2) * place).sum(1) / total
    dx, dy = place - x[:, None], place - y[:, None]
    xy = torch.einsum("nij,nj,ni->n", weight, dx, dy) / total
    yy = torch.einsum("nij,ni->n", weight, dy.square()) / total
    return {"ink": total, "x": x, "y": y, "xy": xy, "yy": yy}


def height(factors: Factors) -> torch.Tensor:
    """Extent of the ink in y, to a fraction of a pixel."""
    rows = ink(factors).amax(2)
    return rows.sum(1)


# ---------------------------------------------------------------- the pictures


def test_pictures_are_white_ink_on_black_in_a_frame():
    x = rendered(2000, seed=0)
    assert x.images.shape == (2000, 1, 28, 28) and x.images.dtype == torch.float32
    assert x.images.min() == -1 and x.images.max() == 1
    assert x.labels.dtype == torch.int64 and torch.equal(x.labels, x.factors.digit)
    assert x.name == "rendered"
    share = ((x.images + 1) / 2).mean().item()
    assert 0.10 < share < 0.18, "MNIST has 0.13"
    border = torch.ones(28, 28, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    cut = (x.images[:, 0][:, border].amax(1) > 0).double().mean().item()
    assert cut < 0.01, "digits stay inside the frame"


def test_the_same_table_gives_the_same_pictures():
    x = rendered(700, seed=1)
    assert torch.equal(render_digits(x.factors), x.images)
    part = x.factors.take(torch.arange(100, 110))
    assert torch.equal(render_digits(part), x.images[100:110])
    assert render_digits(x.factors.take(torch.arange(0))).shape == (0, 1, 28, 28)


def test_seeds(own_cache):
    x = rendered(40, seed=1)
    assert torch.equal(x.images, rendered(40, seed=1).images)
    assert not torch.equal(x.images, rendered(40, seed=2).images)
    generator = torch.Generator().manual_seed(1)
    first = rendered(40, seed=generator).images
    assert not torch.equal(first, rendered(40, seed=generator).images), "it advances"
    again = torch.Generator().manual_seed(1)
    assert torch.equal(first, rendered(40, seed=again).images)
    assert rendered(3, seed=0, device="meta").images.device.type == "meta"


def test_factors_are_even_and_independent():
    n = 20_000
    f = fonts.sample_factors(n, torch.Generator().manual_seed(0))
    assert (torch.bincount(f.digit, minlength=10) / n - 0.1).abs().max() < 0.011
    assert (torch.bincount(f.font, minlength=FONTS) / n - 1 / FONTS).abs().max() < 0.011
    for name, (low, high) in RANGES.items():
        column = getattr(f, name)
        assert column.dtype == torch.float32
        assert low <= column.min() < low + 0.01 * (high - low)
        assert high >= column.max() > high - 0.01 * (high - low)
        assert column.mean().item() == pytest.approx((low + high) / 2, abs=0.01 * (high - low))
    correlation = torch.corrcoef(torch.stack([column.double() for column in f[:-1]]))
    assert (correlation - torch.eye(7)).abs().max() < 0.04


# ---------------------------------------------------------------- one column, one attribute


@pytest.mark.parametrize("dx, dy", [(1.5, 0.0), (0.0, -1.5), (-0.5, 1.0)])
def test_shift_moves_the_centroid_by_so_many_pixels(dx, dy):
    before, after = moments(table()), moments(table(shift_x=dx, shift_y=dy))
    assert torch.allclose(after["x"] - before["x"], torch.tensor(dx).double(), atol=0.05)
    assert torch.allclose(after["y"] - before["y"], torch.tensor(dy).double(), atol=0.05)
    assert torch.allclose(after["ink"], before["ink"], rtol=0.01)


def test_without_shift_the_centroid_is_near_the_middle():
    at_rest = moments(table())
    assert at_rest["x"].abs().max() < 0.6 and at_rest["y"].abs().max() < 0.6
    assert at_rest["x"].abs().mean() < 0.2 and at_rest["y"].abs().mean() < 0.2


@pytest.mark.parametrize("slant", [-0.2, 0.2, 0.4])
def test_slant_is_the_shear_of_the_second_moments(slant):
    # x' = x - slant * y (y points down) turns E[xy] into E[xy] - slant * E[yy]; E[yy] stays.
    before, after = moments(table()), moments(table(slant=slant))
    measured = (before["xy"] - after["xy"]) / before["yy"]
    assert torch.allclose(measured, torch.full_like(measured, slant), atol=0.02)
    assert torch.allclose(after["yy"], before["yy"], rtol=0.03)
    assert torch.allclose(after["x"], before["x"], atol=0.2)


def test_upright_fonts_and_slanted_fonts_are_equally_upright():
    # The digit 1 of every font, the italic ones too, has its stem straight up at slant 0, and
    # leans as the table says otherwise. 20 pictures of a pixel's width: measured to 0.05.
    for slant in (0.0, 0.3):
        ones = ink(table(slant=slant, thickness=2.2, scale=1.0))[FONTS : 2 * FONTS]
        for picture in ones.numpy():
            large = ndimage.zoom(picture, 8, order=1)
            assert own_slant(np.pad(large, 40)) == pytest.approx(slant, abs=0.05)


def test_thickness_is_monotone_in_ink_and_means_pixels():
    pens = torch.arange(2.0, 4.5, 0.2)
    amounts = torch.stack([ink(table(thickness=float(pen))).sum((1, 2)) for pen in pens])
    assert (amounts.diff(dim=0) > 0).all()


def test_thickness_is_the_mean_stroke_width_in_pixels():
    # Measured on the pictures, eight times enlarged: across a stroke of width w the distance to
    # the outline has the mean w / 4.
    for pen in (2.2, 2.9, 3.6):
        f = table(thickness=pen, scale=1.0)
        widths = []
        for picture in ink(f).numpy():
            inside = ndimage.zoom(picture, 8, order=1) > 0.5
            widths.append(4 * (ndimage.distance_transform_edt(inside)[inside].mean() - 0.5) / 8)
        by_font = torch.tensor(widths).view(10, FONTS).mean(0)
        assert by_font.mean().item() == pytest.approx(pen, rel=0.08)
        assert (by_font - pen).abs().max() < 0.4


def test_a_thicker_pen_widens_the_stem_by_so_many_pixels():
    def stem(pen: float) -> torch.Tensor:
        """Ink across the 1 of each font, half way up."""
        return ink(table(thickness=pen))[FONTS : 2 * FONTS, 12:16].sum(2).mean(1)

    wider = stem(3.6) - stem(2.6)
    assert torch.allclose(wider, torch.ones(FONTS).double(), atol=0.06)


@pytest.mark.parametrize("scale", [0.8, 0.9, 1.0])
@pytest.mark.parametrize("pen", [2.2, 3.6])
def test_scale_and_thickness_give_the_height(scale, pen):
    measured = height(table(scale=scale, thickness=pen))
    assert measured.mean().item() == pytest.approx(17 * scale + pen, abs=0.25)
    # Thin tips fade before the pen's edge: single digits may be shorter.
    error = (measured - 17 * scale - pen).abs()
    assert error.quantile(0.9) < 0.6 and error.max() < 1.8


def test_scale_leaves_the_pen_alone():
    stems = [ink(table(scale=s))[FONTS : 2 * FONTS, 13:15].sum(2).mean() for s in (0.8, 1.0)]
    assert stems[1].item() == pytest.approx(stems[0].item(), abs=0.25)


def test_font_and_digit_choose_the_shape():
    x = ink(table()).flatten(1).reshape(10, FONTS, -1)
    same_digit = torch.cdist(x, x) + torch.eye(FONTS) * 1e9
    assert same_digit.min() > 0.8, "no two fonts draw a digit alike"
    by_font = x.transpose(0, 1)
    other_digit = torch.cdist(by_font, by_font) + torch.eye(10) * 1e9
    assert other_digit.min() > 2.5, "no two digits look alike"


def test_a_column_changes_nothing_else():
    f = table()
    assert torch.equal(render_digits(f._replace(slant=f.slant + 0)), render_digits(f))
    one = f.slant.clone()
    one[5] = 0.3
    changed = (render_digits(f._replace(slant=one)) != render_digits(f)).flatten(1).any(1)
    assert changed.nonzero().flatten().tolist() == [5]


# ---------------------------------------------------------------- the fonts


def test_the_kept_fonts_have_ten_digits():
    names = font_names()
    assert 6 <= len(names) == len(set(names))
    assert "DejaVuSans" in names and "cmr10" in names
    for symbols in ("cmsy10", "cmex10", "cmmi10", "LastResortHE-Regular", "STIXSizOneSymReg"):
        assert symbols not in names
    assert not any("Oblique" in name for name in names), "upright, they are the plain font"
    assert not any("Mono" in name for name in names), "their zero is dotted"


def test_a_neighbourhood_vote_can_read_the_digits():
    """Drawn with other factors, a digit's nearest neighbour shows the same digit."""
    known, asked = rendered(4000, seed=0), rendered(400, seed=1)
    nearest = torch.cdist(asked.images.flatten(1), known.images.flatten(1)).argmin(1)
    assert (known.labels[nearest] == asked.labels).double().mean() > 0.95


@pytest.mark.parametrize("pen", [2.2, 3.6])
def test_pictures_keep_the_number_of_holes(pen):
    for picture, digit in zip(ink(table(thickness=pen, scale=1.0)), table().digit, strict=True):
        large = ndimage.zoom(picture.numpy(), 4, order=1)
        speck = 16  # one pixel
        pieces = np.bincount(ndimage.label(large > 0.5, np.ones((3, 3)))[0].ravel())[1:]
        assert (pieces > speck).sum() == 1, int(digit)
        gaps = np.bincount(ndimage.label(large <= 0.5)[0].ravel())[1:]
        holes = int((gaps > speck).sum()) - 1
        assert holes in fonts.HOLES[int(digit)], int(digit)


def test_digits_with_the_wrong_shape_are_refused():
    glyphs = fonts._glyphs()
    good = glyphs.fields[:10, 0].numpy()
    stroke = float(glyphs.strokes[0])
    assert fonts._reads_as_digits(good, stroke)
    for order in ([1, 0, *range(2, 10)], [8, *range(1, 10)]):
        assert not fonts._reads_as_digits(good[order], stroke)
    dotted = good.copy()
    dotted[0, 44:52, 44:52] = 2.0
    assert not fonts._reads_as_digits(dotted, stroke)
    broken = good.copy()
    broken[1, 46:50] = -3.0
    assert not fonts._reads_as_digits(broken, stroke)


def test_own_slant_agrees_with_the_header_where_there_is_one():
    for path in fonts._font_files():
        bitmaps = fonts._bitmaps(path)
        if bitmaps is None:
            continue
        whole, part = fonts.FT2Font(str(path)).get_sfnt_table("post")["italicAngle"]
        angle = -(whole + part / 65536)
        if angle:
            assert own_slant(bitmaps[1]) == pytest.approx(np.tan(np.radians(angle)), abs=0.035)


def test_distance_fields_are_distances():
    # One pixel further out in the field is one pixel more: the slope is 1 nearly everywhere.
    field = fonts._glyphs().fields[:, 0]
    dy, dx = torch.gradient(field, dim=(1, 2))
    slope = (dx.square() + dy.square()).sqrt() * fonts.TEXELS
    near = field.abs() < 0.7
    assert slope[near].median().item() == pytest.approx(1, abs=0.03)
    assert (slope[near] - 1).abs().mean().item() < 0.1


# ---------------------------------------------------------------- tables from elsewhere


def test_fonts_are_found_by_name():
    f = table()
    turned = f._replace(font=FONTS - 1 - f.font, font_names=tuple(reversed(f.font_names)))
    assert torch.equal(render_digits(turned), render_digits(f))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digit": torch.full((10 * FONTS,), 10)}, "digit must lie between 0 and 9"),
        ({"font": torch.full((10 * FONTS,), -1)}, "font must lie between 0 and"),
        ({"slant": torch.zeros(3)}, "equally long, got .*'slant': 3"),
        ({"font_names": ("Comic",) * FONTS}, r"no such font here: \['Comic'\]; known: \["),
        ({"slant": torch.full((10 * FONTS,), torch.nan)}, rf"slant has NaN or infinity in {10 * FONTS} rows"),
        ({"shift_x": torch.full((10 * FONTS,), torch.inf)}, "shift_x has NaN or infinity"),
        ({"scale": torch.zeros(10 * FONTS)}, "scale must be positive"),
        ({"scale": torch.full((10 * FONTS,), -0.9)}, "scale must be positive"),
        ({"thickness": torch.full((10 * FONTS,), -1.0)}, "thickness not negative"),
    ],
)
def test_bad_tables_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        render_digits(table()._replace(**change))


# ---------------------------------------------------------------- the cache


def no_drawing(*_):
    raise AssertionError("drawn again although it was cached")


def test_the_second_call_comes_from_the_cache(own_cache, monkeypatch, capsys):
    first = rendered(25, seed=3)
    assert [path.suffix for path in own_cache.iterdir()] == [".npz"]
    monkeypatch.setattr(fonts, "_render_bytes", no_drawing)
    second = rendered(25, seed=3)
    assert torch.equal(first.images, second.images) and second.images.dtype == torch.float32
    assert second.factors.font_names == first.factors.font_names
    for name in Factors._fields[:-1]:
        ours, theirs = getattr(first.factors, name), getattr(second.factors, name)
        assert torch.equal(ours, theirs) and ours.dtype == theirs.dtype
    assert capsys.readouterr().out == "", "a cache that works says nothing"


@pytest.mark.parametrize("name", ["RECIPE", "RANGES", "BODY", "TEXELS"])
def test_another_recipe_is_another_file(monkeypatch, name):
    before = fonts._recipe_hash(10, 0)
    assert before == fonts._recipe_hash(10, 0)
    assert before != fonts._recipe_hash(11, 0) != fonts._recipe_hash(10, 1) != before
    old = getattr(fonts, name)
    changed = {k: (a, b + 1) for k, (a, b) in old.items()} if name == "RANGES" else old + 1
    monkeypatch.setattr(fonts, name, changed)
    assert fonts._recipe_hash(10, 0) != before


def test_other_fonts_are_another_file(monkeypatch, tmp_path):
    before = fonts._recipe_hash(10, 0)
    other = tmp_path / "a.ttf"
    other.write_bytes(b"font")
    monkeypatch.setattr(fonts, "_font_files", lambda: [other])
    first = fonts._recipe_hash(10, 0)
    other.write_bytes(b"tnof")
    assert len({before, first, fonts._recipe_hash(10, 0)}) == 3


@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty", "bit"])
def test_a_damaged_cache_file_is_reported_and_not_used(own_cache, capsys, damage):
    first = rendered(25, seed=3)
    (path,) = own_cache.iterdir()
    content = path.read_bytes()
    middle = len(content) // 3
    flipped = bytes([content[middle] ^ 255])
    path.write_bytes({
        "truncated": content[: len(content) // 2],
        "garbage": b"x" * 500,
        "empty": b"",
        "bit": content[:middle] + flipped + content[middle + 1 :],
    }[damage])  # fmt: skip
    content = path.read_bytes()
    again = rendered(25, seed=3)
    assert torch.equal(first.images, again.images)
    out = capsys.readouterr().out
    assert out == (f"rendered: {path} is damaged and was not used; the digits were drawn anew. "
                   "Delete the file to have it written again.\n")  # fmt: skip
    assert list(own_cache.iterdir()) == [path], "neither deleted nor joined by another file"
    assert path.read_bytes() == content, "nor overwritten"


@pytest.mark.parametrize("cause", ["Permission denied", "Is a directory"])
def test_a_cache_file_that_cannot_be_read_is_not_called_damaged(own_cache, capsys, monkeypatch, cause):
    """As in a cache that several people share: the file may be sound, and somebody else's."""
    first = rendered(25, seed=3)
    (path,) = own_cache.iterdir()
    if cause == "Is a directory":
        path.unlink()
        path.mkdir()
    else:  # played, because root may read everything

        def refuse(self):
            raise PermissionError(errno.EACCES, cause)

        monkeypatch.setattr(type(path), "read_bytes", refuse)
        monkeypatch.setattr(fonts, "_recipe_hash", lambda n, seed: path.stem)  # which reads the fonts
    again = rendered(25, seed=3)
    assert torch.equal(first.images, again.images)
    assert capsys.readouterr().out == (
        f"rendered: {path} cannot be read ({cause}); the digits were drawn anew. "
        "Make it readable, or set GAN_CACHE_DIR to a folder of your own.\n"
    )
    assert list(own_cache.iterdir()) == [path], "neither replaced nor joined by another file"


def test_a_cache_that_is_a_file_costs_a_line_not_the_data(tmp_path, monkeypatch, capsys):
    blocked = tmp_path / "blocked"
    blocked.write_text("mine")
    monkeypatch.setenv("GAN_CACHE_DIR", str(blocked))
    x = rendered(25, seed=3)
    assert x.images.shape == (25, 1, 28, 28)
    assert capsys.readouterr().out == (
        "rendered: the digits were drawn but not cached (Not a directory); "
        "set GAN_CACHE_DIR to a folder you may write to.\n"
    )
    assert blocked.read_text() == "mine"


def test_no_permission_costs_a_line_not_the_data(own_cache, monkeypatch, capsys):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("gan_helpers._files.open", refuse, raising=False)
    assert len(rendered(25, seed=3).images) == 25
    assert "not cached (Permission denied); set GAN_CACHE_DIR" in capsys.readouterr().out


def test_a_full_disk_leaves_no_partial_file(own_cache, monkeypatch, capsys):
    def full(file, **_):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    assert len(rendered(25, seed=3).images) == 25
    assert "not cached (No space left on device)" in capsys.readouterr().out
    assert list(own_cache.iterdir()) == []


def test_the_public_names_are_the_same_functions():
    assert data.Factors is Factors and data.render_digits is fonts.render_digits
