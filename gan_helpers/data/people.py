"""People: drawn faces in colour, with every factor and every pixel's part known.

No photograph, no download, nobody's rights. A face is some thirty shapes, painted from back to front. A shape
is a *signed distance*: a formula that says how far inside the shape each pixel lies (negative: outside). The
smaller of two distances is the intersection of two shapes, the larger their union, and one pixel of soft edge
makes a distance into paint. The formulas take a whole batch of people at once.
"""

from __future__ import annotations

import hashlib
import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_helpers._files import cache_folder, whole
from gan_helpers.seeds import Seed, integer, make_generator

SIZES = (32, 64)  # pixels
FRAME = 28.0  # the picture's width in the units that all lengths below have
PARTS = ("background", "skin", "hair", "eyes", "glasses", "mouth", "beard", "clothes")
RANGES = {  # of the continuous factors, which are uniform
    "x": (-2.0, 2.0),
    "width": (6.4, 8.0),
    "height": (7.2, 8.6),
    "tilt": (-14.0, 14.0),
    "turn": (-1.0, 1.0),
    "skin": (0.0, 1.0),
    "hair_hue": (0.0, 1.0),
    "hair_light": (0.0, 1.0),
    "parting": (-1.0, 1.0),
    "eye_distance": (5.8, 7.4),
    "brows": (-1.0, 1.0),
    "smile": (-1.0, 1.0),
    "mouth_open": (0.0, 1.0),
    "clothes": (0.0, 1.0),
    "background": (0.0, 1.0),
}
SHARES = {"long_hair": 0.5, "curls": 0.5, "glasses": 0.4, "beard": 0.35, "hat": 0.25}  # of the yes/no factors


class People(NamedTuple):
    """Who is drawn: one entry per person in every column, all (n,); ranges in `RANGES`, shares in `SHARES`.

    Lengths are in 28ths of the picture's width, colours are places on a path of colours from 0 to 1.
    """

    x: Tensor  # the person's place, to the right
    width: Tensor  # of half the head
    height: Tensor  # of half the head
    tilt: Tensor  # of the head to the right, in degrees
    turn: Tensor  # of the face, -1 to the left … 1 to the right
    skin: Tensor  # light … dark
    hair_hue: Tensor  # grey, brown, red; from about 0.75 violet and blue
    hair_light: Tensor  # dark … light
    parting: Tensor  # of the fringe, -1 on the left … 1 on the right
    eye_distance: Tensor  # between the pupils
    brows: Tensor  # -1 low … 1 raised
    smile: Tensor  # -1 corners of the mouth down … 1 up
    mouth_open: Tensor  # 0 closed … 1 open
    clothes: Tensor  # red, orange, yellow, green, blue, violet; a hat has the same colour
    background: Tensor  # the same, paler
    long_hair: Tensor  # bool, as all that follow
    curls: Tensor
    glasses: Tensor
    beard: Tensor
    hat: Tensor

    def take(self, index: Tensor | slice) -> People:
        """The rows in `index`, in its order."""
        return People(*(column[index] for column in self))


# ---------------------------------------------------------------- who


def sample_people(n: int, *, seed: Seed = 0, correlate: Mapping[str, tuple[str, float]] | None = None,
                  **fixed: float | bool | Tensor) -> People:  # fmt: skip
    """The table that `people` draws, without the pictures; same arguments, same errors."""
    generator, correlate = make_generator(seed), dict(correlate or {})
    n, names = integer(n, "n"), People._fields
    for name in (*fixed, *correlate, *(leader for leader, _ in correlate.values())):
        if name not in names:
            raise ValueError(f"unknown factor {name!r}; known: {', '.join(names)}")
    # Where each person stands in each factor's order, from 0 to 1. All numbers are drawn, whatever is fixed:
    # people(100, seed=1, glasses=True) are the people of seed 1, with glasses on.
    ranks = dict(zip(names, torch.rand(len(names), n, generator=generator), strict=True))
    for name in _leaders_first(correlate, fixed):
        leader, r = correlate[name]
        follows = torch.rand(n, generator=generator) < _share_of_followers(name, leader, r)
        ranks[name] = torch.where(follows, ranks[leader] if r > 0 else 1 - ranks[leader], ranks[name])
    columns = {name: _column(name, rank) for name, rank in ranks.items()}
    for name, value in fixed.items():
        value = torch.as_tensor(value, device="cpu")
        if value.shape not in ((), (n,)):
            raise ValueError(f"{name} has shape {tuple(value.shape)}: expected one value, or {n} values")
        columns[name] = value.expand(n).clone()
    return _checked(People(**columns))


def _column(name: str, rank: Tensor) -> Tensor:
    if name in SHARES:
        return rank > 1 - SHARES[name]
    low, high = RANGES[name]
    return low + (high - low) * rank


def _leaders_first(correlate: dict[str, tuple[str, float]], fixed: Mapping[str, object]) -> list[str]:
    """The followers, each behind those it depends on."""
    order = []
    for name in correlate:
        chain = [name]
        while chain[-1] in correlate:
            leader = correlate[chain[-1]][0]
            if {leader, chain[-1]} & fixed.keys():
                raise ValueError(f"{chain[-1]!r} cannot correlate with {leader!r}: one of them is fixed")
            if leader in chain:
                raise ValueError(f"correlate goes in a circle: {' → '.join([*chain, leader])}")
            chain.append(leader)
        order += [step for step in reversed(chain[:-1]) if step not in order]
    return order


def _share_of_followers(name: str, leader: str, r: float) -> float:
    """Which share of the people must take over the leader's rank, so that the correlation is r."""
    rank = (torch.arange(10_000) + 0.5) / 10_000
    pairs = [(_column(name, rank), _column(leader, other)) for other in (1 - rank, rank)]
    low, high = (float(torch.corrcoef(torch.stack(pair).double())[0, 1]) for pair in pairs)
    if not low - 1e-9 <= r <= high + 1e-9:
        raise ValueError(f"{name!r} can correlate with {leader!r} by {low:.3f} to {high:.3f}, not by {r}")
    return r / (high if r > 0 else low)


def _checked(people: People) -> People:
    """The table on the CPU, float32 and bool, or a ValueError that names what is allowed."""
    people = People(*(torch.as_tensor(column, device="cpu") for column in people))
    shapes = {name: tuple(column.shape) for name, column in people._asdict().items()}
    if len(set(shapes.values())) != 1 or people.x.ndim != 1:
        raise ValueError(f"all columns of a table of people must be (n,), got {shapes}")
    for name, column in people._asdict().items():
        low, high = RANGES.get(name, (0, 1))
        slack = 1e-5 * (high - low)
        bad = ~((column >= low - slack) & (column <= high + slack))
        if name in SHARES:
            bad = (column != 0) & (column != 1)
        if bad.any():
            allowed = "True or False" if name in SHARES else f"in [{low:g}, {high:g}]"
            raise ValueError(f"{name} must be {allowed}, got {column[bad][0].item():g}")
    return People(*(column.to(torch.bool if name in SHARES else torch.float32)
                    for name, column in people._asdict().items()))  # fmt: skip


# ---------------------------------------------------------------- how they look


def _colours(text: str) -> Tensor:
    return torch.tensor([list(bytes.fromhex(word)) for word in text.split()]) / 255


SKIN = _colours("FFE1CC F5C9A6 E0A77D BF8258 93603F 6B4530")
HAIR_DARK = _colours("201D22 2E1F1A 40261A 521F16 6A2A17 43286B 15506B")
HAIR_LIGHT = _colours("D2CFCC DCC49A F0CD78 E2A455 EC8440 F590C0 7ADCD0")
CLOTHES = _colours("C9433F E58A35 E8C547 4AA564 2F949C 3563B0 74509E")
BACKGROUND = _colours("F8B5A0 FBD78A CDE59A 92DDC0 8CCDF0 A8B2F4 DBADEE")
SINGLE = _colours("FFFFFF 221A20 F0606A B5364A 6A1B2A E4D0CA")
WHITE, DARK, ROSE, LIPS, THROAT, SHADE = SINGLE.view(6, 1, 3, 1, 1)


def _along(path: Tensor, t: Tensor) -> Tensor:
    """The colours (n, 3, 1, 1) at t (n, 1, 1, 1) in [0, 1] on a path of colours at equal steps."""
    place = t.view(-1, 1) * (len(path) - 1)
    left = place.long().clamp(max=len(path) - 2)
    return path[left[:, 0]].lerp(path[left[:, 0] + 1], place - left).view(-1, 3, 1, 1)


def _ellipse(x: Tensor, y: Tensor, a: Tensor | float, b: Tensor | float) -> Tensor:
    """About the distance inside an ellipse with half axes a and b that differ little."""
    return (1 - torch.hypot(x / a, y / b)) * b


def _bar(x: Tensor, half: Tensor | float) -> Tensor:
    """The distance inside a bar |x| < half without ends."""
    return half - x.abs()


def _both(*shapes: Tensor) -> Tensor:
    return reduce(torch.minimum, shapes)


def _either(*shapes: Tensor) -> Tensor:
    return reduce(torch.maximum, shapes)


def _layers(people: People, size: int) -> Iterator[tuple[str, Tensor, Tensor]]:
    """(part, colour (n, 3, 1 or H, 1 or W), cover (n, 1, H, W) in [0, 1]) from the back to the front."""
    p = People(*(column.float().view(-1, 1, 1, 1) for column in people))
    pixel = FRAME / size
    ticks = (torch.arange(size) + 0.5) * pixel - FRAME / 2
    x, y = ticks.view(1, 1, 1, -1) - p.x, ticks.view(1, 1, -1, 1)  # of the body; y points down
    cos, sin = torch.cos(p.tilt * math.pi / 180), torch.sin(p.tilt * math.pi / 180)
    u, v = cos * x + sin * (y - 6.5), cos * (y - 6.5) - sin * x + 6.2  # of the head, tilted about the neck
    f = u - 1.5 * p.turn  # from the face's middle line
    eye = f.abs() - p.eye_distance / 2  # from either eye's centre, outwards
    pupil = (f - 0.45 * p.turn).abs() - p.eye_distance / 2

    def paint(shape: Tensor, soft: float = 1) -> Tensor:
        return (shape / (pixel * soft) + 0.5).clamp(0, 1)

    skin, cloth = _along(SKIN, p.skin), _along(CLOTHES, p.clothes)
    hair = _along(HAIR_DARK, p.hair_hue).lerp(_along(HAIR_LIGHT, p.hair_hue), p.hair_light)
    shadow, pale = skin * SHADE, cloth.lerp(WHITE, 0.5)

    # Behind the head.
    yield "background", _along(BACKGROUND, p.background) * (1 - 0.005 * y), torch.ones_like(u)
    # A curl moves the hair's outline by less than the outline falls off: no curl comes loose.
    curl = p.curls * (0.35 + 0.7 * torch.sin(1.35 * u) * torch.sin(1.35 * v))
    head = _ellipse(u * (1 + 0.012 * v), v, p.width, p.height)
    crown = _ellipse(u + 0.4 * p.turn + 0.4 * p.parting, v + 1.2, p.width + 1.2, p.height + 0.9) + curl
    side = _bar(u + 0.5 * p.turn, p.width + 1.7 - 0.02 * (v - 4).square())
    mane = _both(_either(crown, _both(side + curl, v + 1.5)), 10 + curl - v)
    yield "hair", hair * 0.8, paint(mane) * p.long_hair
    yield "skin", shadow, paint(_both(_bar(x, 2.6), y - 5))
    shoulders, neckline = _ellipse(x, y - 17.3, 11, 6.8), _ellipse(x, y - 10.7, 3.6, 2.2)
    yield "clothes", cloth, paint(shoulders)
    yield "clothes", pale, paint(_both(neckline + 0.8, shoulders))
    yield "skin", shadow, paint(neckline)

    # The head and what is in the face.
    yield "hair", hair, paint(_both(crown, 2.5 - v))
    yield "skin", shadow, paint(_ellipse((u + 0.6 * p.turn).abs() - p.width, v - 0.6, 1.5, 1.7))
    yield "skin", skin, paint(head)
    cheeks = _both(_ellipse(f.abs() - 4, v - 2.9, 1.9, 1.5), head)
    yield "skin", skin.lerp(ROSE, 0.5), paint(cheeks, soft=2) * 0.5
    yield "skin", shadow * SHADE, paint(_ellipse(f - 0.6 * p.turn, v - 1.6, 0.85, 1))

    jaw = _both(head + 0.9, -_ellipse(f, v - 0.2, p.width - 1.6, p.height - 2.2), v - 0.3)
    moustache = _both(_bar(v - 3.5 - 0.07 * f.square(), 0.5), _bar(f, 2.8))
    yield "beard", hair.lerp(skin, 0.12), paint(_either(jaw, moustache)) * p.beard

    arch = (f / 2.9).square()  # 0 in the middle of the mouth, 1 in its corners
    top = 5 + (0.3 + 1.2 * p.smile) * (0.5 - arch) - 0.4 * p.mouth_open
    gap = 0.9 + 2.3 * p.mouth_open * (1 - arch).clamp(min=0)
    lips = _both(v - top, top + gap - v, _bar(f, 2.9))
    yield "mouth", LIPS.lerp(skin * 0.6, 0.4), paint(lips)
    yield "mouth", THROAT, paint(lips - 0.45)
    teeth = _both(lips - 0.4, top + 1.3 - v)
    yield "mouth", WHITE, paint(teeth) * (2 * p.mouth_open * (1 + p.smile)).clamp(max=1)

    lens = _ellipse(eye, v + 0.4, 3, 2.8)
    yield "glasses", WHITE, paint(lens) * p.glasses * 0.25
    yield "eyes", WHITE, paint(_ellipse(eye, v + 0.4, 1.7, 1.6))
    yield "eyes", DARK, paint(_ellipse(pupil, v + 0.4, 1.05, 1.2))
    brow = _both(_bar(v + 3 + 0.75 * p.brows - 0.12 * (eye + 0.2).square(), 0.5), _bar(eye, 1.9))
    yield "hair", hair * 0.7, paint(brow)

    # Before the face. The fringe ends at the eyes' upper edge, wherever the hair is parted.
    hairline = (0.07 * (f - 2 * p.parting).square()).clamp(max=4.5) - 4.7
    fringe = _both(crown, hairline + 0.7 * curl + 0.3 * torch.sin(2 * f) - v)
    locks = _both(mane, u.abs() - p.width + 0.9 + 0.04 * (v - 1), v + 6)
    lit = hair * (1.04 - 0.012 * v)
    yield "hair", lit, paint(locks) * p.long_hair
    yield "hair", lit, paint(fringe)

    bows = _both(_bar(v + 0.8, 0.4), _either(-eye - 2.4, _both(eye - 2.5, head + 0.3)))
    yield "glasses", DARK, paint(_either(_bar(lens, 0.38), bows)) * p.glasses

    dome = _both(_ellipse(u + 0.3 * p.turn, v + 1.2, p.width + 1.9, p.height + 1.7), -4.3 - v)
    band = _both(_bar(v + 4.6 - 0.012 * u.square(), 1.2), _bar(u, p.width + 1.3))
    yield "clothes", pale, paint(_ellipse(u + 0.6 * p.turn, v + p.height + 2.5, 1.9, 1.9)) * p.hat
    yield "clothes", cloth, paint(dome) * p.hat
    yield "clothes", pale, paint(band) * p.hat


def _painted(people: People, size: int, masks: bool) -> Tensor:
    """Pictures (n, 3, H, W) in [0, 1], or with the same brush the parts' shares (n, 8, H, W)."""
    people = _checked(people)
    if size not in SIZES:
        raise ValueError(f"size must be {' or '.join(map(str, SIZES))}, got {size!r}")
    inks = dict(zip(PARTS, torch.eye(len(PARTS)).view(-1, 1, len(PARTS), 1, 1), strict=True))
    step = 50 * 1024 // size**2  # people at a time: their layers stay in the processor's cache
    canvases = []
    for k in range(0, max(1, len(people.x)), step):
        some = people.take(slice(k, k + step))
        canvas = torch.zeros(len(some.x), len(PARTS) if masks else 3, size, size)
        for part, colour, cover in _layers(some, size):
            canvas.lerp_(inks[part] if masks else colour, cover)
        canvases.append(canvas)
    return torch.cat(canvases).clamp_(0, 1)


def draw_people(people: People, *, size: int = 32) -> Tensor:
    """Draw the table `people`: (n, 3, size, size) float32 in [-1, 1]; size is 32 or 64.

    The same table gives the same pictures, on another machine up to one of 255 grey levels (2 / 255). Change
    one column with `people._replace(glasses=~people.glasses)` and no pixel outside that part changes.

    Raises ValueError for another size, columns of different lengths, and a value outside a factor's range.
    """
    return to_colour(_bytes(people, size))


def people_masks(people: People, *, size: int = 32) -> Tensor:
    """Which part each pixel shows: (n, 8, size, size) float32 in [0, 1], in the order of `PARTS`.

    The shares of a pixel add up to 1; on an edge, and behind the lenses of glasses, two parts have a share.
    Brows belong to the hair, a hat to the clothes, ears and neck to the skin. Errors as `draw_people`.
    """
    return _painted(people, size, masks=True)


def _bytes(people: People, size: int) -> Tensor:
    return (_painted(people, size, masks=False) * 255).round_().to(torch.uint8)


def to_colour(pixels: Tensor) -> Tensor:
    """Bytes 0..255 to float32 in [-1, 1], same shape."""
    return pixels.to(torch.float32) / 127.5 - 1


def cached_people(people: People, size: int) -> Tensor:
    """The pictures of a table as bytes (n, 3, size, size), from the cache if they are there.

    Whatever is wrong with the cache, the people are drawn; a printed line says what was wrong.
    """
    digest = hashlib.sha256(Path(__file__).read_bytes() + repr((size, torch.__version__)).encode())
    for column in people:
        digest.update(column.numpy().tobytes())
    path = cache_folder() / "people" / f"{digest.hexdigest()[:20]}.npz"
    try:
        if path.exists():
            with np.load(path, allow_pickle=False) as file:
                return torch.from_numpy(file["pixels"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        print(f"people: {path} is damaged and was not used; the people were drawn anew. "
              "Delete the file to have it written again.")  # fmt: skip
        return _bytes(people, size)
    pixels = _bytes(people, size)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as file:
            np.savez_compressed(file, pixels=pixels.numpy())
    except OSError as error:
        print(f"people: drawn but not cached ({error.strerror}); "
              "set GAN_CACHE_DIR to a folder you may write to.")  # fmt: skip
    return pixels
