"""Seeds, and the files of the ground floor."""

import errno

import numpy as np
import pytest
import torch

from gan_helpers import seeds
from gan_helpers._files import cache_folder, whole


def test_seeds_of_a_lesson_move_together(monkeypatch):
    monkeypatch.delenv("GAN_SEED_OFFSET", raising=False)
    assert seeds.several(4) == [0, 1, 2, 3] and seeds.one() == 0
    monkeypatch.setenv("GAN_SEED_OFFSET", "20014")
    assert seeds.several(3) == [20014, 20015, 20016] and seeds.one() == 20014
    monkeypatch.setenv("GAN_SEED_OFFSET", "")
    assert seeds.several(2) == [0, 1]


def test_moved_seeds_never_meet_the_derived_ones_of_another_set():
    """Players are drawn by 2k and 2k + 1, noise by 1000 + k: no number twice over four sets of 64 seeds."""
    for rule in (lambda k: (2 * k, 2 * k + 1), lambda k: (1000 + k,)):
        drawn = [s for n in range(4) for k in range(64) for s in rule(n * seeds.STRIDE + k)]
        assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("text", ["5", "-10007", "one", "10007.0"])
def test_an_offset_that_is_no_multiple_is_refused(monkeypatch, text):
    monkeypatch.setenv("GAN_SEED_OFFSET", text)
    for draw in (seeds.one, lambda: seeds.several(2)):
        with pytest.raises(ValueError, match="expected a multiple of 10,007"):
            draw()


def test_a_generator_is_passed_on_and_an_int_makes_a_new_one():
    source = seeds.make_generator(5)
    assert seeds.make_generator(source) is source
    assert torch.equal(torch.randn(3, generator=source), torch.randn(3, generator=seeds.make_generator(5)))


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "x.bin"
    with whole(path) as file:
        file.write(b"old")
    with pytest.raises(OSError, match="full"), whole(path) as file:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "full")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(KeyboardInterrupt), whole(path) as file:
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "write", [lambda f: torch.save(torch.zeros(9999), f), lambda f: np.savez(f, np.ones(9999))]
)
def test_a_full_disk_is_an_os_error_whoever_writes(tmp_path, write):
    """torch.save alone says "[enforce fail at inline_container.cc:672] . unexpected pos …"."""
    resource, path = pytest.importorskip("resource"), tmp_path / "x.bin"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"), whole(path) as file:
            write(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    with whole(path) as file:  # the same with room enough
        write(file)
    assert path.stat().st_size > 30_000


def test_integers_of_numpy_are_integers_and_others_are_named():
    assert seeds.integer(np.int64(5), "n") == 5 and type(seeds.integer(np.uint8(5), "n")) is int
    for wrong in (5.0, np.float64(5), "5", True, np.True_, None, 0):
        with pytest.raises(ValueError, match="n must be an integer of at least 1, got"):
            seeds.integer(wrong, "n")


def test_a_file_can_be_read_by_whom_the_user_lets(tmp_path):
    """As any new file: a cache may be shared by a class."""
    with whole(tmp_path / "x.bin") as file:
        file.write(b"x")
    (tmp_path / "y.bin").write_bytes(b"y")
    assert (tmp_path / "x.bin").stat().st_mode == (tmp_path / "y.bin").stat().st_mode


def test_the_cache_is_the_users_or_the_one_that_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("GAN_CACHE_DIR")
    assert cache_folder().name == "gan_course"
