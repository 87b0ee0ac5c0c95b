"""Digits drawn from the fonts that ship with matplotlib, with every factor known.

The idea: one *signed distance field* per glyph (distance to the outline in pixels, positive in
the ink). Moving the outline outwards by a constant makes the pen thicker, reading the field at
transformed coordinates shifts, scales and slants the digit. A picture is then one look-up and
one soft threshold, so that 10,000 of them take about a second.

Thickness and slant are absolute, not relative to the font: a font's own lean is measured and
taken out, its own stroke width is measured and subtracted.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import torch
from matplotlib.ft2font import FT2Font
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from gan_helpers._files import cache_folder, whole

GLYPH_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# How many enclosed regions each digit may have; an open 4 is as good as a closed one.
HOLES = ((1,), (0,), (0,), (0,), (0, 1), (0,), (1,), (0,), (2,), (1,))
SIDE = 28  # pixels, as MNIST
BODY = 17.0  # pixels: height of a digit's centre line at scale 1; with a pen of 3 px it is 20 tall
TILE, TEXELS = 96, 3  # a distance field is TILE x TILE samples, TEXELS of them to a pixel
# Uniform ranges the factors are drawn from: slant is dx/dy (dimensionless), the rest is in pixels
# except scale (a factor).
RANGES = {
    "slant": (-0.2, 0.4),
    "thickness": (2.2, 3.6),
    "scale": (0.8, 1.0),
    "shift_x": (-1.5, 1.5),
    "shift_y": (-1.5, 1.5),
}
RECIPE = 1  # raise by one when a change to this file changes the pictures


class Factors(NamedTuple):
    """What was drawn: one entry per image in every column.

    `digit` (int64, 0 to 9) is the class. `font` (int64) is an index into `font_names`.
    The other columns are float32: `slant` is how many pixels a stroke moves right per pixel up
    (0 is upright, 0.3 leans right); `thickness` is the stroke width in pixels,
    averaged over a font's digits (a stem is wider than that, a hairline narrower);
    `scale` multiplies the centre line's height, so that a digit is about
    17 * scale + thickness pixels tall; `shift_x` and `shift_y` are pixels to the right and down.
    """

    digit: Tensor
    font: Tensor
    slant: Tensor
    thickness: Tensor
    scale: Tensor
    shift_x: Tensor
    shift_y: Tensor
    font_names: tuple[str, ...]

    def take(self, index: Tensor) -> Factors:
        """The rows in `index`, in its order."""
        return Factors(*(column[index] for column in self[:-1]), self.font_names)


class _Glyphs(NamedTuple):
    fields: Tensor  # (fonts * 10, 1, TILE, TILE), pixels
    strokes: Tensor  # (fonts,), each font's own stroke width in pixels
    names: tuple[str, ...]


def font_names() -> tuple[str, ...]:
    """Names of the fonts that `rendered` draws from, in the order of `Factors.font`."""
    return _glyphs().names


def render_digits(factors: Factors) -> Tensor:
    """Draw the table `factors`: (N, 1, 28, 28) float32 in [-1, 1], ink +1 on background -1.

    The same table gives the same images. Change one column with
    `factors._replace(slant=factors.slant + 0.2)` and only that attribute changes.
    Values outside `RANGES` are drawn too, as far as they fit into the frame.

    Raises ValueError if the columns disagree in length, a digit or font does not exist, or a number is
    NaN, infinite, or a size that cannot be (scale 0 or less, thickness below 0).
    """
    return to_images(_render_bytes(factors))


def to_images(pixels: Tensor) -> Tensor:
    """Bytes 0..255 (N, H, W) to float32 (N, 1, H, W) in [-1, 1]."""
    return pixels.unsqueeze(1).to(torch.float32) / 127.5 - 1.0


def sample_factors(n: int, generator: torch.Generator) -> Factors:
    """Draw `n` rows, all columns independent: digit and font evenly, the rest from `RANGES`."""
    names = font_names()
    digit = torch.randint(10, (n,), generator=generator)
    font = torch.randint(len(names), (n,), generator=generator)
    columns = [low + (high - low) * torch.rand(n, generator=generator)
               for low, high in RANGES.values()]  # fmt: skip
    return Factors(digit, font, *columns, names)


def cached_digits(n: int, seed: int) -> tuple[Tensor, Factors]:
    """`n` random rows and their pictures as bytes (N, 28, 28), from the cache if they are there.

    Whatever is wrong with the cache, the digits are returned; a printed line says what was wrong.
    """
    path = cache_folder() / "rendered" / f"{_recipe_hash(n, seed)}.npz"
    usable = True  # a file that is there and cannot be used stays as it is
    try:
        return _read(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        print(f"rendered: {path} cannot be read ({error.strerror}); the digits were drawn anew. "
              "Make it readable, or set GAN_CACHE_DIR to a folder of your own.")  # fmt: skip
        usable = False
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        print(f"rendered: {path} is damaged and was not used; the digits were drawn anew. "
              "Delete the file to have it written again.")  # fmt: skip
        usable = False
    factors = sample_factors(n, torch.Generator().manual_seed(seed))
    pixels = _render_bytes(factors)
    if usable:
        try:
            _write(path, pixels, factors)
        except OSError as error:
            print(f"rendered: the digits were drawn but not cached ({error.strerror or error}); "
                  "set GAN_CACHE_DIR to a folder you may write to.")  # fmt: skip
    return pixels, factors


def _recipe_hash(n: int, seed: int) -> str:
    """Changes with whatever changes the pictures: this recipe, the fonts, the rasteriser."""
    digest = hashlib.sha256()
    for path in _font_files():
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    recipe = (RECIPE, RANGES, BODY, TILE, TEXELS, matplotlib.__version__, torch.__version__)
    digest.update(repr((*recipe, n, seed)).encode())
    return digest.hexdigest()[:20]


def _read(path: Path) -> tuple[Tensor, Factors]:
    content = io.BytesIO(path.read_bytes())  # an OSError is the disk's or a missing permission, not damage
    with np.load(content, allow_pickle=False) as table:
        columns = [torch.from_numpy(table[name]) for name in Factors._fields[:-1]]
        names = tuple(str(name) for name in table["font_names"])
        return torch.from_numpy(table["pixels"]), Factors(*columns, names)


def _write(path: Path, pixels: Tensor, factors: Factors) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = {name: column.numpy() for name, column in zip(factors._fields[:-1], factors[:-1], strict=True)}
    with whole(path) as file:
        np.savez_compressed(file, pixels=pixels.numpy(), font_names=factors.font_names, **table)


def _check(factors: Factors) -> None:
    lengths = {name: len(getattr(factors, name)) for name in Factors._fields[:-1]}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"all columns of a factor table must be equally long, got {lengths}")
    for name, limit in (("digit", 10), ("font", len(factors.font_names))):
        column = getattr(factors, name)
        if len(column) and not 0 <= int(column.min()) <= int(column.max()) < limit:
            raise ValueError(f"{name} must lie between 0 and {limit - 1}")
    for name in RANGES:
        column = getattr(factors, name)
        if not column.isfinite().all():
            raise ValueError(f"{name} has NaN or infinity in {int((~column.isfinite()).sum())} rows")
    if (factors.scale <= 0).any() or (factors.thickness < 0).any():
        raise ValueError("scale must be positive and thickness not negative: they are sizes")
    if missing := sorted(set(factors.font_names) - set(font_names())):
        raise ValueError(f"no such font here: {missing}; known: {list(font_names())}")


def _render_bytes(factors: Factors) -> Tensor:
    _check(factors)
    glyphs = _glyphs()
    # A table may come from another machine: its fonts are found by name, not by number.
    known = torch.tensor([glyphs.names.index(name) for name in factors.font_names])
    font = known[factors.font.cpu()]
    rows = (factors.digit.cpu(), font, *(column.cpu() for column in factors[2:-1]))
    pixel = torch.arange(SIDE) - (SIDE - 1) / 2  # pixel centres, the frame's centre is 0
    chunks = []
    for chunk in zip(*(column.split(500) for column in rows), strict=True):
        digit, font, *numbers = chunk
        slant, thickness, scale, dx, dy = (column.view(-1, 1, 1) for column in numbers)
        y = (pixel.view(1, -1, 1) - dy) / scale
        x = (pixel.view(1, 1, -1) - dx) / scale + slant * y  # y points down: the top leans right
        grid = torch.stack(torch.broadcast_tensors(x, y), -1) * (2 * TEXELS / TILE)
        fields = glyphs.fields[font * 10 + digit]
        field = F.grid_sample(fields, grid, padding_mode="border", align_corners=False)[:, 0]
        own = glyphs.strokes[font].view(-1, 1, 1) * scale
        inside = field * scale + (thickness - own) / 2  # pixels to the outline of the new pen
        # The edge is 1.5 pixels wide, as soft as MNIST's.
        t = (inside / 1.5 + 0.5).clamp(0, 1)
        chunks.append((t * t * (3 - 2 * t) * 255).round().to(torch.uint8))
    return torch.cat(chunks) if chunks else torch.empty(0, SIDE, SIDE, dtype=torch.uint8)


@lru_cache(maxsize=1)  # a pure function of the installed fonts that takes a second
def _glyphs() -> _Glyphs:
    """Distance fields of every usable font, measured and normalised."""
    fields, strokes, names = [], [], []
    for path in _font_files():
        bitmaps = _bitmaps(path)
        if bitmaps is None:
            continue
        field, stroke = _distance_fields(bitmaps)
        if _reads_as_digits(field, stroke) and not _already_there(field, stroke, fields, strokes):
            fields.append(field)
            strokes.append(stroke)
            names.append(path.stem)
    stack = torch.from_numpy(np.concatenate(fields)).to(torch.float32)
    return _Glyphs(stack.unsqueeze(1), torch.tensor(strokes, dtype=torch.float32), tuple(names))


def _font_files() -> list[Path]:
    # Upright before oblique, so that of two equal shapes the plain font is the one that stays.
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return sorted(folder.glob("*.ttf"), key=lambda path: (len(path.stem), path.stem))


def _bitmaps(path: Path) -> list[np.ndarray] | None:
    """The ten digits about 170 pixels tall, or None if the font has no glyphs of that name.

    Symbol fonts have something else at the digits' code points, or an empty box; the names tell.
    """
    font = FT2Font(str(path))
    font.set_size(240, 72)
    bitmaps = []
    for value, name in enumerate(GLYPH_NAMES):
        if font.get_glyph_name(font.get_char_index(ord("0") + value)) != name:
            return None
        font.clear()
        font.set_text(str(value))
        font.draw_glyphs_to_bitmap(antialiased=True)
        bitmaps.append(np.pad(np.array(font.get_image(), dtype=np.float32) / 255, 60))
    return bitmaps


def own_slant(one: np.ndarray) -> float:
    """The lean of a font, from its digit 1: the shear that makes its stem vertical.

    A vertical stem falls into few columns, so the sum of squared column counts is largest.
    (The angle in a font's header is zero in some fonts that do lean.)
    """
    y, x = np.nonzero(one > 0.5)
    shears = np.arange(-0.1, 0.501, 0.005)
    counts = (np.histogram(x + shear * y, bins=np.arange(-99, 999))[0] for shear in shears)
    return float(shears[np.argmax([np.square(count).sum() for count in counts])])


def _distance_fields(bitmaps: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """(10, TILE, TILE) signed distances in pixels and the font's stroke width in pixels."""
    shear = own_slant(bitmaps[1])
    distances, heights, widths = [], [], []
    for bitmap in bitmaps:
        middle = bitmap.shape[0] / 2
        upright = ndimage.affine_transform(bitmap, [[1, 0], [-shear, 1]], [0, shear * middle], order=1)
        ink = upright > 0.5
        # Distances run between pixel centres, the outline lies half a pixel before.
        distance = np.where(
            ink,
            ndimage.distance_transform_edt(ink) - 0.5,
            0.5 - ndimage.distance_transform_edt(~ink),
        )
        # Across a stroke of width w the distance runs evenly from 0 to w / 2: its mean is w / 4.
        widths.append(4 * distance[ink].mean())
        heights.append(np.ptp(np.nonzero(ink.any(1))[0]) + 1)
        distances.append(distance)
    stroke, height = float(np.mean(widths)), float(np.mean(heights))
    unit = BODY / (height - stroke)  # frame pixels per bitmap pixel
    offset = (np.arange(TILE) - (TILE - 1) / 2) / (TEXELS * unit)
    fields = []
    for distance in distances:
        centre_y, centre_x = ndimage.center_of_mass(distance > 0)
        where = np.meshgrid(centre_y + offset, centre_x + offset, indexing="ij")
        fields.append(ndimage.map_coordinates(distance, where, order=1, mode="nearest") * unit)
    return np.stack(fields), stroke * unit


def _reads_as_digits(fields: np.ndarray, stroke: float) -> bool:
    """One piece and the right number of holes for each digit, at the thinnest and thickest pen.

    This drops bold fonts, whose hairlines break when the pen gets thin, and dotted zeros.
    """
    speck = TEXELS**2  # areas under one square pixel cannot be seen
    # With the thin pen every hairline must be half a pixel wide, or it cannot be seen.
    for pen, depth in zip(RANGES["thickness"], (0.25, 0.0), strict=True):
        for field, holes in zip(fields, HOLES, strict=True):
            ink = field + (pen - stroke) / 2 > depth
            pieces = _areas(ink, diagonal=True)
            gaps = _areas(~ink, diagonal=False)  # the background outside is one of them
            if (pieces > speck).sum() != 1 or (gaps > speck).sum() - 1 not in holes:
                return False
    return True


def _areas(mask: np.ndarray, *, diagonal: bool) -> np.ndarray:
    labels, _ = ndimage.label(mask, np.ones((3, 3)) if diagonal else None)
    return np.bincount(labels.ravel())[1:]


def _already_there(
    fields: np.ndarray, stroke: float, kept: Iterable[np.ndarray], strokes: Iterable[float]
) -> bool:
    """Whether the ten digits equal a font already kept (an oblique font, once made upright)."""
    ink = fields > (stroke - 3) / 2
    for other, width in zip(kept, strokes, strict=True):
        same = other > (width - 3) / 2
        if (ink & same).sum() / (ink | same).sum() > 0.93:
            return True
    return False
