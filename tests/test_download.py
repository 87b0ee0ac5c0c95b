"""Finding, downloading and verifying files. The mirrors are servers on this machine."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.server
import io
import logging
import re
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests
import torch

from gan_helpers import data, machine
from gan_helpers._files import cache_folder
from gan_helpers.data import DataError, NotAvailable, download, fashion_mnist, images, load_images, mnist
from gan_helpers.machine import NOTE, OK, PROBLEM

IMAGES, LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
PIXELS = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
DIGITS = (np.arange(30) % 10).astype(np.uint8)
FILES = {
    IMAGES: gzip.compress(struct.pack(">4I", 2051, 30, 28, 28) + PIXELS.tobytes(), mtime=0),
    LABELS: gzip.compress(struct.pack(">2I", 2049, 30) + DIGITS.tobytes(), mtime=0),
}

Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]


def good(request: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def status(code: int) -> Answer:
    return lambda request, content: request.send_error(code)


def half(request: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content[: len(content) // 2])


def half_without_length(request: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_response(200)
    request.end_headers()
    request.wfile.write(content[: len(content) // 2])


def other(request: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    good(request, b"<html>Please log in to the hotel's network</html>")


def stalls(request: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    half(request, content)
    request.wfile.flush()
    request.server.released.wait(20)


def silent(request: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    request.server.released.wait(20)


def trickles(request: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    for start in range(0, len(content), 256):
        request.wfile.write(content[start : start + 256])
        request.wfile.flush()
        if request.server.released.wait(0.1):
            return


class Mirror:
    """A server on 127.0.0.1 that gives one kind of answer and keeps a list of what was asked."""

    def __init__(self, answer: Answer) -> None:
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                asked.append(name)
                try:
                    answer(self, FILES[name])
                except OSError:
                    pass  # the client went away

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server.server_port}/data/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def mirrors(monkeypatch) -> Iterator[Callable[..., list[Mirror]]]:
    """mirrors(answer, answer) makes MNIST's mirrors two servers with these answers."""
    started = []

    def start(*answers: Answer) -> list[Mirror]:
        new = [Mirror(answer) for answer in answers]
        started.extend(new)
        monkeypatch.setitem(download.MIRRORS, "mnist", tuple(mirror.url for mirror in new))
        return new

    yield start
    for mirror in started:
        mirror.close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, small files in place of the real ones, and no network."""
    for name in ("GAN_DATA_DIR", "GAN_OFFLINE", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "cache"))
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    for dataset in ("mnist", "fashion_mnist"):
        monkeypatch.setitem(download.SHA256, dataset, sums)
        monkeypatch.setitem(download.MIRRORS, dataset, (refusing_url(), refusing_url()))
    return tmp_path / "cache" / "mnist"


def refusing_url() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


@pytest.fixture(autouse=True)
def global_state_is_left_alone():
    before, level = torch.get_rng_state(), pooch.get_logger().level
    yield
    assert torch.equal(torch.get_rng_state(), before)
    assert pooch.get_logger().level == level


def files_in(folder: Path) -> list[str]:
    """Everything below a folder, hidden and temporary files too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def put(folder: Path, **contents: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (FILES | contents).items():
        (folder / name).write_bytes(content)
    return folder


def is_the_data(x: data.Images) -> bool:
    return np.array_equal(((x.images[:, 0] + 1) * 127.5).round().numpy(), PIXELS) and np.array_equal(
        x.labels.numpy(), DIGITS
    )


# ---------------------------------------------------------------- what works


@pytest.mark.parametrize("load, name", [(mnist, "mnist"), (fashion_mnist, "fashion_mnist")])
def test_files_in_the_data_folder_are_read(tmp_path, monkeypatch, load, name):
    put(tmp_path / "mine" / name)
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "mine"))
    x = load()
    assert x.images.shape == (30, 1, 28, 28) and x.images.dtype == torch.float32
    assert x.labels.dtype == torch.int64 and x.name == name and x.factors is None
    assert x.images.min() == -1 and x.images.max() == 1
    assert is_the_data(x)
    assert not (tmp_path / "cache").exists(), "nothing is copied"
    assert load(device="meta").images.device.type == "meta"


def test_full_is_the_other_pair_of_files(tmp_path, monkeypatch):
    train = {name.replace("t10k", "train"): content for name, content in FILES.items()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in train.items()}
    monkeypatch.setitem(download.SHA256, "mnist", sums)
    put(tmp_path / "mnist", **train)
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path))
    assert is_the_data(mnist("full"))


def test_a_download_lands_in_the_cache_and_is_not_repeated(mirrors, cache, capfd):
    first, second = mirrors(good, good)
    assert is_the_data(mnist())
    assert files_in(cache) == [IMAGES, LABELS]
    assert (cache / IMAGES).read_bytes() == FILES[IMAGES]
    assert is_the_data(mnist())
    assert first.asked == [IMAGES, LABELS] and second.asked == []
    captured = capfd.readouterr()
    assert captured.out == captured.err == "", "a quick download leaves no trace in a notebook"


def test_the_data_folder_comes_before_the_cache_and_the_cache_fills_gaps(tmp_path, monkeypatch, cache):
    put(cache, **{IMAGES: b"damaged"})
    mine = put(tmp_path / "mine" / "mnist")
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "mine"))
    assert is_the_data(mnist())
    (mine / LABELS).unlink()
    assert is_the_data(mnist()), "labels from the cache"


def test_home_folders_are_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path / "mine" / "mnist")
    monkeypatch.setenv("GAN_DATA_DIR", "~/mine")
    assert is_the_data(mnist())
    monkeypatch.setenv("GAN_CACHE_DIR", "~/kept")
    assert cache_folder() == tmp_path / "kept"
    monkeypatch.delenv("GAN_CACHE_DIR")
    assert cache_folder().name == "gan_course"


def test_a_long_download_shows_a_bar_that_goes_away(monkeypatch):
    out = io.StringIO()
    with redirect_stdout(out):
        import sys

        bar = download._DeadlineBar(
            time.monotonic() + 9, file=sys.stdout, leave=False, total=4, mininterval=0
        )
        with bar:
            bar.update(2)
    text = out.getvalue()
    assert "50%" in text and text.endswith("\r") and "\n" not in text
    assert text.split("\r")[-2].strip() == ""


def test_auto_takes_mnist_when_it_can(mirrors, capsys):
    mirrors(good, good)
    x = load_images(n=7)
    assert x.name == "mnist" and len(x.images) == 7
    line = capsys.readouterr().out
    assert line.startswith("images: mnist, 7 of 28×28 (") and line.count("\n") == 1


# ---------------------------------------------------------------- mirrors that fail

FAILURES = [
    (status(404), "the server answered 404 Not Found"),
    (status(500), "the server answered 500 Internal Server Error"),
    (half, "no connection, or it broke off|the connection broke off"),
    (half_without_length, r"the server sent something else \(wrong SHA-256\)"),
    (other, r"the server sent something else \(wrong SHA-256\)"),
    (stalls, "no connection, or it broke off|no complete answer within the time allowed"),
    (silent, "no complete answer within the time allowed"),
    (trickles, "no complete answer within the time allowed"),
]
NAMES = ["404", "500", "half", "half, no length", "wrong", "stalls", "silent", "trickles"]


def allowed(answer: Answer) -> float:
    """Seconds: little where the answer never ends, plenty where nothing has to be waited for."""
    return 8 if answer in (stalls, silent, trickles) else 60


@pytest.mark.parametrize("answer, cause", FAILURES, ids=NAMES)
def test_the_second_mirror_is_tried(mirrors, cache, answer, cause):
    first, second = mirrors(answer, good)
    x = mnist(seconds=allowed(answer))
    assert is_the_data(x)
    # The labels are so short that even a trickle brings them in time.
    assert first.asked and second.asked == ([IMAGES] if answer is trickles else [IMAGES, LABELS])
    assert files_in(cache) == [IMAGES, LABELS]


@pytest.mark.parametrize("answer, cause", FAILURES, ids=NAMES)
def test_all_causes_are_named_and_nothing_is_left(mirrors, cache, answer, cause):
    first, second = mirrors(answer, status(403))
    with pytest.raises(NotAvailable, match=cause) as caught:
        mnist(seconds=allowed(answer))
    message = str(caught.value)
    assert f"{IMAGES} is not in {cache} and could not be downloaded:" in message
    assert f"  {first.url}{IMAGES}: " in message
    assert f"  {second.url}{IMAGES}: the server answered 403 Forbidden" in message
    assert "Remedy: put t10k-images-idx3-ubyte.gz into a folder mnist/ and set GAN_DATA_DIR" in message
    assert 'load_images("rendered")' in message
    assert files_in(cache) == []


def test_a_file_that_fails_later_leaves_the_good_one(mirrors, cache):
    def only_images(request, content):
        (good if content == FILES[IMAGES] else half)(request, content)

    mirrors(only_images, only_images)
    with pytest.raises(NotAvailable, match=LABELS):
        mnist(seconds=60)
    assert files_in(cache) == [IMAGES]


def test_no_network_is_said_at_once(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path))
    with pytest.raises(NotAvailable, match="no connection, or it broke off") as caught:
        mnist()
    assert f"is not in {tmp_path / 'mnist'} or {cache} and" in str(caught.value)
    assert files_in(cache) == []


def test_an_unknown_host_is_said(monkeypatch):
    def not_found(*_):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    with pytest.raises(NotAvailable, match=r"the host name was not found \(no network\?\)"):
        mnist()


def test_a_name_server_that_hangs_does_not_hold_up(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: released.wait(30))
    with pytest.raises(NotAvailable, match="no complete answer within the time allowed"):
        mnist(seconds=0.2)
    released.set()


def test_behind_a_proxy_the_name_is_not_looked_up_here(monkeypatch):
    monkeypatch.setattr(requests.utils, "get_environ_proxies", lambda url: {"http": "proxy"})
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("looked up"))
    download._require_host("http://example.invalid/", 1.0)


def test_no_time_means_no_attempt(mirrors):
    first, second = mirrors(good, good)
    with pytest.raises(NotAvailable, match="no complete answer within the time allowed"):
        mnist(seconds=0)
    assert first.asked == second.asked == []


def test_a_slow_mirror_gets_only_its_share(monkeypatch, mirrors):
    shares = []

    def slow(url, target, sha256, seconds):
        shares.append(seconds)
        raise TimeoutError

    mirrors(good, good)
    monkeypatch.setattr(download, "_download", slow)
    with pytest.raises(NotAvailable):
        mnist(seconds=100)
    assert shares[0] == pytest.approx(50, abs=1) and shares[1] == pytest.approx(100, abs=1)


def test_other_errors_are_given_in_full(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_download", full)
    with pytest.raises(NotAvailable, match=r"OSError: \[Errno 28\] No space left on device"):
        mnist()
    assert download._in_words(requests.exceptions.ChunkedEncodingError()) == "the connection broke off"


def test_auto_falls_back_when_mirrors_fail(mirrors, cache, capsys, monkeypatch):
    monkeypatch.setattr(images, "AUTO_SECONDS", 0.5)
    mirrors(other, silent)
    assert load_images(n=5).name == "rendered"
    assert capsys.readouterr().out.startswith("images: rendered, 5 of 28×28 (MNIST is not on this")
    assert files_in(cache) == []


def test_offline_asks_nobody(mirrors, monkeypatch, cache, capsys):
    first, second = mirrors(good, good)
    monkeypatch.setenv("GAN_OFFLINE", "1")
    with pytest.raises(NotAvailable, match="GAN_OFFLINE=1 forbids downloading it") as caught:
        mnist()
    assert f"{IMAGES} is not in {cache}" in str(caught.value)
    assert "unset GAN_OFFLINE" in str(caught.value)
    assert load_images("auto", 5).name == "rendered"
    assert first.asked == second.asked == []
    put(cache)
    assert is_the_data(mnist()), "what is on the disk is used"
    monkeypatch.setenv("GAN_OFFLINE", "0")
    (cache / LABELS).unlink()
    assert is_the_data(mnist()) and first.asked == [LABELS]


# ---------------------------------------------------------------- files that are damaged

DAMAGE = {
    "truncated": FILES[IMAGES][: len(FILES[IMAGES]) // 2],
    "empty": b"",
    "one bit": FILES[IMAGES][:-9] + bytes([FILES[IMAGES][-9] ^ 1]) + FILES[IMAGES][-8:],
    "another file": FILES[LABELS],
}


@pytest.mark.parametrize("place", ["data folder", "cache"])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("load", [mnist, load_images])
def test_a_damaged_file_is_an_error_and_stays(mirrors, cache, tmp_path, monkeypatch, place, damage, load):
    first, _ = mirrors(good, good)
    folder = cache if place == "cache" else tmp_path / "mine" / "mnist"
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "mine"))
    put(folder, **{IMAGES: DAMAGE[damage]})
    with pytest.raises(DataError) as caught:
        load()
    assert not isinstance(caught.value, NotAvailable), "auto must not fall back"
    message = str(caught.value)
    assert message.startswith(f"{folder / IMAGES} is damaged or not the file its name says")
    assert f"it has {len(DAMAGE[damage]):,} bytes and SHA-256 " in message
    assert f"expected {hashlib.sha256(FILES[IMAGES]).hexdigest()[:12]}" in message
    assert "Remedy: replace it by a good t10k-images-idx3-ubyte.gz, or delete it" in message
    assert (folder / IMAGES).read_bytes() == DAMAGE[damage], "neither deleted nor overwritten"
    assert first.asked == []


@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_what_cannot_be_read_is_an_error(cache, kind):
    cache.mkdir(parents=True)
    (cache / IMAGES).mkdir() if kind == "folder" else (cache / IMAGES).symlink_to("nowhere")
    with pytest.raises(DataError, match=r"cannot be read \(.*\)\. Remedy: make it a readable"):
        mnist()


@pytest.mark.parametrize("load", [mnist, load_images])
def test_a_file_compressed_anew_is_told_from_a_damaged_one(mirrors, cache, load):
    first, _ = mirrors(good, good)
    anew = gzip.compress(gzip.decompress(FILES[IMAGES]), 1, mtime=7)
    put(cache, **{IMAGES: anew})
    with pytest.raises(
        DataError, match=r"a sound one, but compressed anew, so it cannot be verified"
    ) as caught:
        load()
    assert "damaged" not in str(caught.value) and "Remedy: replace it by a good" in str(caught.value)
    assert (cache / IMAGES).read_bytes() == anew and first.asked == []
    plain = gzip.decompress(FILES[IMAGES])
    for wrong in (plain[:-1], plain + b"x", plain[8:], b"", gzip.decompress(FILES[LABELS])):
        put(cache, **{IMAGES: gzip.compress(wrong, 1)})
        with pytest.raises(DataError, match="is damaged or not the file its name says"):
            load()


# ---------------------------------------------------------------- a data folder that is not right

LAYOUTS = {
    "unzipped": ("mnist", IMAGES[:-3]),
    "one level too deep": ("", IMAGES),
    "one level too deep, unzipped": ("", IMAGES[:-3]),
    "torchvision's": ("MNIST/raw", IMAGES),
    "torchvision's, unzipped": ("MNIST/raw", IMAGES[:-3]),
    "capital letters": ("MNIST", IMAGES),
}


@pytest.mark.parametrize("load", [mnist, load_images])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_in_another_place_or_form_are_named(mirrors, tmp_path, cache, monkeypatch, layout, load):
    first, _ = mirrors(good, good)
    folder, name = LAYOUTS[layout]
    (tmp_path / "mine" / folder).mkdir(parents=True)
    (tmp_path / "mine" / folder / name).write_bytes(FILES[IMAGES])
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "mine"))
    with pytest.raises(DataError) as caught:
        load()
    assert not isinstance(caught.value, NotAvailable), "auto must not fall back"
    found = tmp_path / "mine" / folder / name
    assert str(caught.value) == (
        f"{IMAGES} is not in {tmp_path / 'mine' / 'mnist'}, but there is {found}. Remedy: put the published "
        f"{IMAGES} (as it is, not unzipped) into a folder mnist/ and set GAN_DATA_DIR to the folder above "
        "that, or unset GAN_DATA_DIR to have it downloaded."
    )
    assert first.asked == []
    put(cache)
    assert is_the_data(mnist()), "a good file in the cache is good enough"


def test_other_data_in_the_data_folder_are_no_mistake(mirrors, tmp_path, monkeypatch):
    first, _ = mirrors(good, good)
    put(tmp_path / "mine" / "fashion_mnist", **{IMAGES: b"never looked at"})
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "mine"))
    assert is_the_data(mnist()) and first.asked == [IMAGES, LABELS]


@pytest.mark.parametrize("load", [mnist, load_images])
@pytest.mark.parametrize("value", ["{}/typo", '"{}"', "'{}'", "{}/file"])
def test_a_data_folder_that_is_none_is_named(mirrors, tmp_path, cache, monkeypatch, load, value):
    first, _ = mirrors(good, good)
    put(cache)  # even then: the folder was asked for
    (tmp_path / "file").write_text("")
    value = value.format(tmp_path)
    monkeypatch.setenv("GAN_DATA_DIR", value)
    with pytest.raises(DataError) as caught:
        load()
    assert not isinstance(caught.value, NotAvailable) and first.asked == []
    assert str(caught.value) == (
        f"GAN_DATA_DIR={value} is no folder. Remedy: set it to the folder that holds mnist/ "
        "(full path, no quotes), or unset it."
    )


@pytest.mark.parametrize("variable", ["GAN_DATA_DIR", "GAN_CACHE_DIR"])
def test_a_home_folder_of_nobody_is_named(monkeypatch, variable):
    monkeypatch.setenv(variable, "~nosuchuser/x")
    with pytest.raises(ValueError, match=f"{variable}=~nosuchuser/x names no home folder. Remedy: write"):
        load_images("auto", 5)
    monkeypatch.setenv("GAN_OFFLINE", "1")
    finding = machine.check_images()
    assert finding.mark == PROBLEM and finding.found == f"{variable}=~nosuchuser/x names no home folder."
    assert finding.remedy == "write the full path."
    cached = machine.check_cache()
    assert (cached.mark == PROBLEM) == (variable == "GAN_CACHE_DIR") == ("no home" in cached.found)


def test_a_data_folder_without_permission_is_named(monkeypatch, tmp_path, mirrors):
    first, _ = mirrors(good, good)
    put(tmp_path / "mnist")
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path))

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(download.os, "lstat", refuse)  # played, because root may look anywhere
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        mnist()
    assert first.asked == []


# ---------------------------------------------------------------- the self-test says what a download does

PATIENT = 60.0  # seconds: a busy machine is no failing mirror


@pytest.mark.parametrize(
    "answer, cause", FAILURES[:-1], ids=NAMES[:-1]
)  # a trickle brings the labels in time
def test_the_self_test_names_the_cause_of_a_download_that_fails(mirrors, cache, tmp_path, answer, cause):
    mirrors(answer, answer)
    finding = machine.check_images(seconds=allowed(answer) / 4)
    assert finding.mark == NOTE and "GAN_DATA_DIR" in finding.remedy
    assert re.fullmatch(f"not on this disk, and no download: ({cause})", finding.found)
    assert not cache.exists(), "nothing is kept of a trial"


def test_the_self_test_promises_what_a_download_keeps(mirrors, cache):
    first, second = mirrors(status(404), good)
    assert (
        machine.check_images(PATIENT).found
        == "not on this disk; will be downloaded when first needed (1.6 MB)"
    )
    assert first.asked == second.asked == [LABELS] and not cache.exists()
    assert is_the_data(mnist())
    assert machine.check_images(PATIENT) == machine.Finding(OK, "MNIST", "on this disk")


def test_behind_a_proxy_the_self_test_goes_the_way_of_the_download(mirrors, monkeypatch):
    """The name resolves nowhere but behind the proxy; the server answers for every address."""
    (proxy,) = mirrors(good)
    monkeypatch.setitem(download.MIRRORS, "mnist", ("http://mirror.invalid/data/",))
    assert "host name was not found" in machine.check_images(PATIENT).found
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert machine.check_images(PATIENT).mark == OK and proxy.asked == [LABELS]
    assert is_the_data(mnist())


def test_the_self_test_says_offline(mirrors, monkeypatch):
    first, _ = mirrors(good, good)
    monkeypatch.setenv("GAN_OFFLINE", "1")
    finding = machine.check_images(PATIENT)
    assert finding[:3] == (NOTE, "MNIST", "not on this disk, and no download: GAN_OFFLINE is set")
    assert finding.remedy.endswith("unset GAN_OFFLINE") and first.asked == []


@pytest.mark.parametrize("gone", [IMAGES, LABELS])
def test_the_self_test_sees_a_missing_file(mirrors, cache, monkeypatch, gone):
    mirrors(good, good)
    put(cache)
    assert machine.check_images(PATIENT).found == "on this disk"
    (cache / gone).unlink()
    assert (
        machine.check_images(PATIENT).found
        == f"without {gone}; will be downloaded when first needed (1.6 MB)"
    )
    monkeypatch.setenv("GAN_OFFLINE", "1")
    assert machine.check_images(PATIENT).found == f"without {gone}, and no download: GAN_OFFLINE is set"


@pytest.mark.parametrize("fault", ["damaged", "dangling link", "typo", "unzipped"])
@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_the_self_test_sees_what_stops_every_notebook(mirrors, tmp_path, monkeypatch, name, fault):
    mirrors(good, good)
    folder = put(tmp_path / "mine" / "mnist")
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / ("typo" if fault == "typo" else "mine")))
    if fault == "damaged":
        (folder / name).write_bytes(b"damaged")
    elif fault == "dangling link":
        (folder / name).unlink()
        (folder / name).symlink_to("nowhere")
    elif fault == "unzipped":
        (folder / name).rename(folder / name[:-3])
    finding = machine.check_images(PATIENT)
    assert finding.mark == PROBLEM and finding.remedy
    with pytest.raises(DataError) as caught:
        load_images("auto")
    assert f"{finding.found} Remedy: {finding.remedy}" == str(caught.value)


# ---------------------------------------------------------------- a cache that cannot be written


def test_a_cache_that_is_a_file(tmp_path, monkeypatch, mirrors, capsys):
    first, _ = mirrors(good, good)
    blocked = tmp_path / "blocked"
    blocked.write_text("mine")
    monkeypatch.setenv("GAN_CACHE_DIR", str(blocked))
    with pytest.raises(DataError, match=r"cannot save a download in .*blocked/mnist \(Not a dir"):
        mnist()
    with pytest.raises(DataError, match="Remedy: set GAN_CACHE_DIR to a folder you may write to"):
        mnist()
    assert blocked.read_text() == "mine" and first.asked == []
    assert load_images("auto", 5).name == "rendered", "there is something else to offer"
    assert "Not a directory" in capsys.readouterr().out


def test_a_cache_without_permission(monkeypatch, mirrors, cache):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    first, _ = mirrors(good, good)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(NotAvailable, match=f"cannot save a download in {cache} .Permission denied"):
        mnist()
    assert first.asked == []


# ---------------------------------------------------------------- the tables


def test_the_tables_are_complete():
    """Undo the fixture's changes: each real file has a SHA-256 and each data set two mirrors."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("fresh", download.__file__)
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    names = {f"{p}-{k}-ubyte.gz" for p in ("t10k", "train") for k in ("images-idx3", "labels-idx1")}
    sums = [s for table in fresh.SHA256.values() for s in table.values()]
    assert set(fresh.SHA256) == set(fresh.MIRRORS) == {"mnist", "fashion_mnist"}
    assert len(sums) == len(set(sums)) == 8 and all(len(bytes.fromhex(s)) == 32 for s in sums)
    for dataset, mirrors in fresh.MIRRORS.items():
        assert set(fresh.SHA256[dataset]) == names
        assert len({url.split("/")[2] for url in mirrors}) == 2
        assert all(url.startswith("http") and url.endswith("/") for url in mirrors)


def test_pooch_does_not_print_the_path(mirrors):
    mirrors(good, good)
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    pooch.get_logger().addHandler(handler)  # its own writes to the stderr of import time
    try:
        mnist()
    finally:
        pooch.get_logger().removeHandler(handler)
    assert out.getvalue() == ""
