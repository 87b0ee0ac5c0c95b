"""People: a factor does what it says, where it says, and nothing else; measured on pictures and masks."""

from __future__ import annotations

import errno
import math
import sys

import pytest
import torch
from torch.nn import functional as F

from gan_helpers import data
from gan_helpers.data import People, draw_people, people, people_masks, split
from gan_helpers.data.people import BACKGROUND, CLOTHES, FRAME, PARTS, RANGES, SHARES, SKIN, sample_people

MODULE = sys.modules["gan_helpers.data.people"]  # behind the door, `people` is the function
N = 20_000


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "people"


@pytest.fixture(autouse=True)
def global_random_state_is_left_alone():
    before = torch.get_rng_state()
    yield
    assert torch.equal(torch.get_rng_state(), before)


def table(**columns: object) -> People:
    """One plain person, in the middle of every range, nothing on; a column may hold several values."""
    plain = {name: (low + high) / 2 for name, (low, high) in RANGES.items()} | dict.fromkeys(SHARES, False)
    values = {name: torch.as_tensor(value) for name, value in (plain | columns).items()}
    n = max(value.numel() for value in values.values())
    return People(**{name: value.expand(n) for name, value in values.items()})


def masks(people: People, size: int = 64) -> dict[str, torch.Tensor]:
    return dict(zip(PARTS, people_masks(people, size=size).double().unbind(1), strict=True))


def places(size: int = 64) -> torch.Tensor:
    """The pixel centres in the units of the factors, 0 in the middle of the picture."""
    return ((torch.arange(size, dtype=torch.float64) + 0.5) / size - 0.5) * FRAME


def centre(mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(x, y) of a mask's centre of mass (n, H, W), in the units of the factors."""
    at, total = places(mask.shape[-1]), mask.sum((1, 2))
    return (mask.sum(1) * at).sum(1) / total, (mask.sum(2) * at).sum(1) / total


def eyes(people: People) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
    """The centres of the left and the right eye in the picture, for a head in the middle and not turned."""
    mask = masks(people)["eyes"]
    left = (places() < 0).view(1, 1, -1)
    return centre(mask * left), centre(mask * ~left)


# ---------------------------------------------------------------- the data set


@pytest.mark.parametrize("size", [32, 64])
def test_pictures_are_colours_in_a_range_with_the_table_they_were_drawn_from(size):
    x = people(60, seed=1, size=size)
    assert x.images.shape == (60, 3, size, size) and x.images.dtype == torch.float32
    assert -1 <= x.images.min() < -0.7 and 0.95 < x.images.max() <= 1
    assert x.name == "people" and x.labels.dtype == torch.int64
    assert torch.equal(x.labels, x.factors.glasses.long()) and set(x.labels.tolist()) == {0, 1}
    assert torch.equal(draw_people(x.factors, size=size), x.images)
    part = x.factors.take(torch.tensor([51, 3]))
    assert torch.equal(draw_people(part, size=size), x.images[[51, 3]])
    assert draw_people(part.take(torch.arange(0)), size=size).shape == (0, 3, size, size)
    assert people(3, device="meta").images.device.type == "meta"


def test_the_large_picture_shows_the_small_one():
    t = sample_people(100, seed=0)
    small, large = draw_people(t), F.avg_pool2d(draw_people(t, size=64), 2)
    same = (small - large).abs().mean((1, 2, 3))
    other = (small - large.roll(1, 0)).abs().mean((1, 2, 3))
    assert same.max() < 0.04 and other.min() > 0.08


def test_seeds():
    first = people(20, seed=1)
    assert torch.equal(first.images, people(20, seed=1).images)
    assert not torch.equal(first.images, people(20, seed=2).images)
    generator = torch.Generator().manual_seed(1)
    assert torch.equal(first.images, people(20, seed=generator).images)
    assert not torch.equal(first.images, people(20, seed=generator).images), "it advances"


def test_split_and_take_keep_people_and_pictures_together():
    parts = split(people(50, seed=0), seed=0)
    assert [len(part.images) for part in parts] == [30, 10, 10]
    for part in parts:
        assert torch.equal(draw_people(part.factors), part.images)
        assert torch.equal(part.labels, part.factors.glasses.long())


# ---------------------------------------------------------------- who is drawn


def correlations(t: People) -> torch.Tensor:
    return torch.corrcoef(torch.stack([column.double() for column in t]))


def test_factors_have_their_shares_and_ranges_and_are_independent():
    t = sample_people(N, seed=0)
    for name, (low, high) in RANGES.items():
        column, span = getattr(t, name), high - low
        assert column.dtype == torch.float32
        assert low <= column.min() < low + 0.01 * span and high - 0.01 * span < column.max() <= high
        # A uniform number's mean spreads by span / √(12 n); bounds are 4.5 spreads.
        assert abs(column.mean() - (low + high) / 2) < 4.5 * span / math.sqrt(12 * N)
        assert column.std() == pytest.approx(span / math.sqrt(12), rel=0.02)
    for name, share in SHARES.items():
        column = getattr(t, name)
        assert column.dtype == torch.bool
        assert abs(column.double().mean() - share) < 4.5 * math.sqrt(share * (1 - share) / N)
    assert (correlations(t) - torch.eye(20)).abs().max() < 4.5 / math.sqrt(N)


def test_a_fixed_factor_leaves_the_people_as_they_are():
    free, fixed = sample_people(50, seed=1), sample_people(50, seed=1, glasses=True, smile=0.5)
    assert fixed.glasses.all() and (fixed.smile == 0.5).all()
    for name in set(People._fields) - {"glasses", "smile"}:
        assert torch.equal(getattr(free, name), getattr(fixed, name)), name
    ramp = torch.linspace(-14, 14, 50)
    assert torch.equal(sample_people(50, tilt=ramp).tilt, ramp)
    hats = torch.tensor([0, 1, 1, 0])
    assert torch.equal(sample_people(4, seed=1, hat=hats).hat, hats.bool())


ASKED = {
    "beard": ("long_hair", -0.6),  # yes/no with yes/no
    "skin": ("background", 0.7),  # continuous
    "hat": ("smile", 0.5),  # one of each
    "brows": ("skin", -0.8),  # follows a follower
}


def test_the_correlation_asked_for_is_the_one_that_comes():
    free, t = sample_people(N, seed=3), sample_people(N, seed=3, correlate=ASKED)
    got, names = correlations(t), People._fields
    for name, (leader, r) in ASKED.items():
        assert got[names.index(name), names.index(leader)].item() == pytest.approx(r, abs=0.025)
    # brows follow skin, so they follow the background as well: -0.8 · 0.7
    assert got[names.index("brows"), names.index("background")].item() == pytest.approx(-0.56, abs=0.025)
    expected = got.clone().fill_diagonal_(0)
    for a, b in [*((name, leader) for name, (leader, _) in ASKED.items()), ("brows", "background")]:
        expected[names.index(a), names.index(b)] = expected[names.index(b), names.index(a)] = 0
    assert expected.abs().max() < 4.5 / math.sqrt(N), "all other pairs stay independent"
    for name in names:
        ours, theirs = getattr(t, name).double(), getattr(free, name).double()
        if name in ASKED:
            assert ours.mean() == pytest.approx(theirs.mean().item(), abs=0.04 * theirs.std().item())
            assert ours.std() == pytest.approx(theirs.std().item(), rel=0.04)
        else:
            assert torch.equal(ours, theirs), name


def test_full_correlations_are_exact():
    t = sample_people(300, correlate={"curls": ("long_hair", -1), "smile": ("brows", 1)})
    assert torch.equal(t.curls, ~t.long_hair) and torch.allclose(t.smile, t.brows, atol=1e-6)
    # beards (35 %) among hats (25 %): as many together as can be gives √(.25 · .65 / (.75 · .35)) = .787
    t = sample_people(300, correlate={"hat": ("beard", 0.7867)})
    assert not (t.hat & ~t.beard).any()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"specs": True}, "unknown factor 'specs'; known: x, width, .*glasses, beard, hat"),
        ({"smile": 1.5}, r"smile must be in \[-1, 1\], got 1.5"),
        ({"tilt": math.nan}, r"tilt must be in \[-14, 14\], got nan"),
        ({"glasses": 2}, "glasses must be True or False, got 2"),
        ({"glasses": 0.5}, "glasses must be True or False, got 0.5"),
        ({"smile": torch.zeros(3)}, r"smile has shape \(3,\): expected one value, or 10 values"),
        ({"n": 0}, "n must be an integer of at least 1, got 0"),
        ({"size": 48}, "size must be 32 or 64, got 48"),
        ({"correlate": {"specs": ("hat", 0.1)}}, "unknown factor 'specs'"),
        ({"correlate": {"hat": ("specs", 0.1)}}, "unknown factor 'specs'"),
        ({"correlate": {"smile": ("skin", 1.2)}}, "by -1.000 to 1.000, not by 1.2"),
        ({"correlate": {"beard": ("long_hair", -0.9)}}, "by -0.734 to 0.734, not by -0.9"),
        ({"correlate": {"smile": ("skin", math.nan)}}, "not by nan"),
        ({"correlate": {"hat": ("hat", 0.5)}}, "circle: hat → hat"),
        ({"correlate": {"hat": ("beard", 0.2), "beard": ("hat", -0.2)}}, "circle: hat → beard → hat"),
        ({"correlate": {"hat": ("beard", 0.2)}, "hat": True}, "'hat' cannot correlate with 'beard'"),
        ({"correlate": {"hat": ("beard", 0.2)}, "beard": True}, "one of them is fixed"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=message):
        people(**({"n": 10} | arguments))


def test_bad_tables_are_refused():
    t = sample_people(5)
    with pytest.raises(ValueError, match=r"skin must be in \[0, 1\], got -0.1"):
        draw_people(t._replace(skin=t.skin * 0 - 0.1))
    with pytest.raises(ValueError, match=r"must be \(n,\), got .*'skin': \(4,\)"):
        people_masks(t._replace(skin=t.skin[:4]))
    with pytest.raises(ValueError, match="size must be 32 or 64, got 28"):
        draw_people(t, size=28)


# ---------------------------------------------------------------- parts


def test_masks_divide_every_pixel_among_the_parts():
    x = people_masks(sample_people(200, seed=0))
    assert x.shape == (200, 8, 32, 32) and x.dtype == torch.float32
    assert x.min() >= 0 and x.max() <= 1
    assert (x.sum(1) - 1).abs().max() < 1e-5
    assert ((x > 0.99).any(1).float().mean() > 0.6).item(), "most pixels belong to one part alone"
    shares = dict(zip(PARTS, x.mean((0, 2, 3)).tolist(), strict=True))
    assert 0.3 < shares["background"] < 0.6 and 0.1 < shares["skin"] < 0.35 and 0.1 < shares["hair"] < 0.35
    assert all(0.002 < shares[part] < 0.15 for part in ("eyes", "glasses", "mouth", "beard", "clothes"))


def test_what_is_not_worn_has_no_pixel_and_what_is_worn_has():
    for part in ("glasses", "beard"):
        without, worn = (masks(sample_people(200, seed=1, **{part: yes}), 32)[part] for yes in (False, True))
        assert without.max() == 0
        areas = worn.sum((1, 2))
        assert areas.min() > 15 and areas.max() < 150, "pixels, on everybody"
    for name, part in (("hat", "clothes"), ("long_hair", "hair")):
        without, worn = (masks(sample_people(200, seed=1, **{name: yes}), 32)[part] for yes in (False, True))
        assert ((worn - without).sum((1, 2)) > 15).all()


def test_the_picture_is_the_colours_by_their_masks():
    """Where a part fills the pixel, the colour is that part's, known on paper."""
    t = table(skin=[0.0, 1, 0, 1], clothes=[0.0, 0, 1, 1], background=[1.0, 0, 0.5, 1 / 6])
    picture = (draw_people(t).double() + 1) / 2
    corner = BACKGROUND[[6, 0, 3, 1]].double() * (1 - 0.005 * places(32)[0])  # a light falls from above
    torch.testing.assert_close(picture[:, :, 0, 0], corner.clamp(max=1), atol=1 / 255, rtol=0)
    torch.testing.assert_close(picture[:, :, 31, 8], CLOTHES[[0, 0, 6, 6]].double(), atol=1 / 255, rtol=0)
    # between the eyes, at x = -0.4, y = -0.4, is bare skin
    torch.testing.assert_close(picture[:, :, 15, 15], SKIN[[0, 5, 0, 5]].double(), atol=1 / 255, rtol=0)


# Which parts a factor may touch. (The others move the head: everything goes with them.)
TOUCHES = {
    "skin": ("skin", "mouth", "beard"),  # lips and beard let it through
    "hair_hue": ("hair", "beard"),
    "hair_light": ("hair", "beard"),
    "parting": ("hair",),
    "eye_distance": ("eyes", "glasses", "hair"),  # brows are hair
    "brows": ("hair",),
    "smile": ("mouth",),
    "mouth_open": ("mouth",),
    "clothes": ("clothes",),
    "background": ("background",),
    "long_hair": ("hair",),
    "curls": ("hair",),
    "glasses": ("glasses",),
    "beard": ("beard",),
    "hat": ("clothes",),
}


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("name", TOUCHES)
def test_the_same_person_drawn_again_changes_in_that_part_alone(name, size):
    before = sample_people(40, seed=4)
    column = getattr(before, name)
    low, high = RANGES.get(name, (0, 1))
    after = before._replace(**{name: ~column if name in SHARES else low + high - column})
    changed = (draw_people(before, size=size) != draw_people(after, size=size)).any(1)
    parts = [masks(t, size)[part] for t in (before, after) for part in TOUCHES[name]]
    allowed = torch.stack(parts).amax(0) > 0
    assert not (changed & ~allowed).any()
    assert (changed.sum((1, 2)) > 0).double().mean() > 0.75, "and it can be seen (not always under a hat)"
    ours, theirs = masks(before, size), masks(after, size)
    for part in PARTS:  # nothing moved: outside the changed part every other part covers what it covered
        assert (ours[part] - theirs[part])[~allowed].abs().sum() == 0


# ---------------------------------------------------------------- one column, one change


def test_x_moves_the_person():
    """By a 32nd of the picture: all moves by one pixel, but for the background."""
    left, right = draw_people(table(x=[0.0, FRAME / 32]))
    assert (left[:, :, 4:-4].roll(1, 2) - right[:, :, 4:-4])[:, :, 1:].abs().max() < 2.5 / 255
    assert (left - right).abs().max() > 0.5


def test_width_and_height():
    row = int((0.9 / FRAME + 0.5) * 64)  # through both ears
    extent = (1 - masks(table(width=[6.4, 8.0]))["background"])[:, row].sum(1) * FRAME / 64
    assert extent.tolist() == pytest.approx([2 * 7.9, 2 * 9.5], abs=0.3), "an ear stands out by 1.5"
    beard = masks(table(height=[7.2, 8.6], beard=True))["beard"]
    below = beard[:, places() > 7.5, 31:33].sum(1).mean(1) * FRAME / 64
    # It ends 0.9 under the chin, and the head's middle is at y = 0.3.
    assert below.tolist() == pytest.approx([7.2 + 1.2 - 7.5, 8.6 + 1.2 - 7.5], abs=0.15)


@pytest.mark.parametrize("angle", [-14.0, -5.0, 0.0, 10.0])
def test_tilt_turns_the_head_clockwise(angle):
    (x1, y1), (x2, y2) = eyes(table(tilt=angle))
    assert math.degrees(math.atan2(y2 - y1, x2 - x1)) == pytest.approx(angle, abs=0.5)
    # The head turns about a point below the mouth, at y = 6.5.
    assert math.degrees(math.atan2(x1 + x2, 13 - y1 - y2)) == pytest.approx(angle, abs=0.5)


def test_turn_moves_the_face_to_the_side():
    x, _ = centre(masks(table(turn=[-1.0, 0, 1]))["eyes"])
    assert x.tolist() == pytest.approx([-1.5, 0, 1.5], abs=0.1)
    x, _ = centre(masks(table(turn=[-1.0, 0, 1]))["clothes"])
    assert x.tolist() == pytest.approx([0, 0, 0], abs=1e-6), "the body stays"


@pytest.mark.parametrize("apart", [5.8, 6.5, 7.4])
def test_eye_distance(apart):
    (x1, _), (x2, _) = eyes(table(eye_distance=apart))
    assert (x2 - x1).item() == pytest.approx(apart, abs=0.1)


def test_brows_rise():
    hair = masks(table(brows=[-1.0, 0.0], eye_distance=6.5))["hair"]
    column = int(32 + 3.25 * 64 / FRAME)  # over the right eye's centre
    below = (places() > -2.7).view(-1)  # the picture's y is the head's plus 0.3
    height = hair[:, below, column].sum(1) * FRAME / 64
    assert height[0] - height[1] == pytest.approx(0.5, abs=0.25), "a bar of height 1 goes up by 0.75"


def corners(people: People) -> torch.Tensor:
    """How much higher the mouth's corners are than its middle, in the units of the factors."""
    mouth, at = masks(people)["mouth"], places()
    y = (mouth * at.view(1, -1, 1)).sum(1) / mouth.sum(1)
    return y[:, (at.abs() < 0.5)].mean(1) - y[:, (at.abs() > 2) & (at.abs() < 2.7)].mean(1)


def test_a_smile_lifts_the_corners_of_the_mouth():
    rise = corners(table(smile=[-1.0, -0.25, 0.0, 1.0], mouth_open=0.0))
    # The mouth is a parabola of height 0.3 + 1.2 smile; between 2 and 2.7 of 2.9 it has 0.66 of it.
    expected = [0.66 * (0.3 + 1.2 * smile) for smile in (-1, -0.25, 0, 1)]
    assert rise.tolist() == pytest.approx(expected, abs=0.12)


def test_an_open_mouth_is_larger_and_dark():
    t = table(mouth_open=[0.0, 0.5, 1.0], smile=-1.0)
    area = masks(t)["mouth"].sum((1, 2)) * (FRAME / 64) ** 2
    # A bar 5.8 wide and 0.9 high, and under it an arch of two thirds of 5.8 · 2.3.
    assert area.tolist() == pytest.approx([5.2, 5.2 + 4.45, 5.2 + 8.9], rel=0.08)
    light = [(draw_people(t, size=64)[k].double().mean(0)[masks(t)["mouth"][k] > 0.9]).mean() for k in (0, 2)]
    assert light[0] - light[1] > 0.1


def test_skin_goes_from_light_to_dark_and_hair_from_dark_to_light():
    steps = torch.linspace(0, 1, 6)
    t = table(skin=steps)
    light = draw_people(t).double().mean(1)[:, 15, 15]
    assert (light.diff() < -0.1).all()
    t = table(hair_light=steps)
    hair = masks(t, 32)["hair"] > 0.99
    light = (draw_people(t).double().mean(1) * hair).sum((1, 2)) / hair.sum((1, 2))
    assert (light.diff() > 0.1).all()


def test_parting_leaves_more_forehead_on_its_side():
    hair = masks(table(parting=[-1.0, 0.0, 1.0]))["hair"]
    forehead = hair[:, (places() > -4) & (places() < -2)]
    left, right = (forehead[:, :, side].sum((1, 2)) for side in (places() < 0, places() > 0))
    assert right[0] > left[0] + 5 and left[2] > right[2] + 5
    assert left[1].item() == pytest.approx(right[1].item(), rel=0.1)


def test_curls_and_long_hair_are_told_by_the_outline():
    plain, curly, long = masks(table(curls=[False, True, False], long_hair=[False, False, True]))["hair"]
    smooth, wavy = (mask.diff(dim=0).abs().sum() + mask.diff(dim=1).abs().sum() for mask in (plain, curly))
    assert wavy > 1.08 * smooth
    beside_the_neck = (places() > 6).view(-1, 1) & (places() < 9).view(-1, 1)
    assert (plain * beside_the_neck).sum() == 0 and (long * beside_the_neck).sum() > 50


# ---------------------------------------------------------------- the cache


def test_a_second_call_reads_what_the_first_one_wrote(own_cache, monkeypatch):
    first = people(30, seed=5)
    assert len(list(own_cache.glob("*.npz"))) == 1
    monkeypatch.setattr(MODULE, "_bytes", lambda *_: pytest.fail("drawn again"))
    assert torch.equal(people(30, seed=5).images, first.images)


def test_another_person_size_or_recipe_has_another_file(own_cache):
    for arguments in ({}, {"seed": 6}, {"size": 64}, {"hat": True}, {"correlate": {"hat": ("beard", 0.7)}}):
        people(**({"n": 30, "seed": 5} | arguments))
    people(31, seed=5)
    assert len(list(own_cache.glob("*.npz"))) == 6


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "bits"])
def test_a_damaged_file_is_not_used(own_cache, capsys, damage):
    first = people(30, seed=5)
    (path,) = own_cache.glob("*.npz")
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes(255 - b for b in whole[middle : middle + 20]) + whole[middle + 20 :]
    path.write_bytes({"cut": whole[:middle], "noise": b"no zip file", "empty": b"", "bits": flipped}[damage])
    assert torch.equal(people(30, seed=5).images, first.images)
    assert "damaged" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_no_obstacle(monkeypatch, capsys):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(MODULE, "whole", refuse)
    again = people(30, seed=7)
    assert "not cached (No space left on device)" in capsys.readouterr().out
    assert torch.equal(draw_people(again.factors), again.images)


def test_a_drawn_person_is_found_by_name():
    assert data.people is people and data.People is People
