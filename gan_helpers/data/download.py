"""Find, download and verify the MNIST and Fashion-MNIST files.

A file is looked for in `$GAN_DATA_DIR/<dataset>/`, then in the cache, then on two public mirrors.
Every byte that is used has the right SHA-256. A file that has not is an error: it is never used,
never deleted and never overwritten, because it may be somebody's only copy.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import socket
import struct
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pooch
import requests
from tqdm import tqdm

from gan_helpers._files import cache_folder, chosen_folder

MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion_mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
}
# SHA-256 of the files that have the MD5 published with each data set (torchvision's table):
# mnist 9fb629c4.., ec29112d.. (10k), f68b3c2d.., d53e105e.. (60k);
# fashion_mnist bef4ecab.., bb300cfd.. (10k), 8d4fb7e6.., 25c81989.. (60k).
SHA256 = {
    "mnist": {
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    },
    "fashion_mnist": {
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    },
}
PARTS = {"small": "t10k", "full": "train"}
TORCHVISION = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}  # its names for the folders
READ_TIMEOUT = 10.0  # seconds without a byte after which a mirror is given up


class DataError(RuntimeError):
    """A data set cannot be used; the message names the cause, the place and the remedy."""


class NotAvailable(DataError):
    """The data are neither on this disk nor to be had from a mirror (nothing is damaged).

    `cause` says in a few words, without a path, why they could not be downloaded.
    """

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


def load_idx(dataset: str, split: str, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 28, 28) and labels (N,) as bytes; downloads for at most about `seconds`.

    Raises DataError for a damaged file, NotAvailable if there is no file to be had.
    """
    ends = time.monotonic() + seconds
    images, labels = (gzip.decompress(_fetch(dataset, name, ends)) for name in _names(split))
    # The header is 16 bytes for images and 8 for labels (magic number and sizes, big-endian);
    # after the checksum there is nothing left in it to verify.
    return (
        np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28),
        np.frombuffer(labels, np.uint8, offset=8),
    )


def missing(dataset: str, split: str) -> list[str]:
    """The files that are not on this disk. Raises DataError if one is there and cannot be used."""
    return [name for name in _names(split) if _on_disk(dataset, name) is None]


def try_mirrors(dataset: str, split: str, seconds: float) -> None:
    """Download the labels (at most 30 kB) and throw them away. Raises NotAvailable if that fails."""
    labels = _names(split)[1]
    with tempfile.TemporaryDirectory() as folder:
        _from_mirrors(dataset, labels, Path(folder), time.monotonic() + seconds)


def _names(split: str) -> tuple[str, str]:
    return f"{PARTS[split]}-images-idx3-ubyte.gz", f"{PARTS[split]}-labels-idx1-ubyte.gz"


def _fetch(dataset: str, name: str, ends: float) -> bytes:
    content = _on_disk(dataset, name)
    if content is None:
        content = _from_mirrors(dataset, name, cache_folder() / dataset, ends)
    return content


def _folders(dataset: str) -> list[Path]:
    """Where the files of a data set are looked for: in $GAN_DATA_DIR, if that is set, then in the cache."""
    mine = chosen_folder("GAN_DATA_DIR")
    if mine is not None and not os.path.isdir(mine):
        raise DataError(
            f"GAN_DATA_DIR={os.environ['GAN_DATA_DIR']} is no folder. "
            f"Remedy: set it to the folder that holds {dataset}/ (full path, no quotes), or unset it."
        )
    return [folder / dataset for folder in (mine, cache_folder()) if folder is not None]


def _on_disk(dataset: str, name: str) -> bytes | None:
    """The file's verified bytes, None if there is no such file."""
    for folder in _folders(dataset):
        try:
            os.lstat(folder / name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            pass  # it may be there: reading says what is wrong
        return _read_verified(folder / name, SHA256[dataset][name])
    if mine := chosen_folder("GAN_DATA_DIR"):
        for folder in (dataset, "", TORCHVISION[dataset], f"{TORCHVISION[dataset]}/raw"):
            for near in (mine / folder / name, mine / folder / name.removesuffix(".gz")):
                if os.path.exists(near):
                    raise DataError(
                        f"{name} is not in {mine / dataset}, but there is {near}. Remedy: put the published "
                        f"{name} (as it is, not unzipped) into a folder {dataset}/ and set GAN_DATA_DIR to "
                        "the folder above that, or unset GAN_DATA_DIR to have it downloaded."
                    )
    return None


def _from_mirrors(dataset: str, name: str, folder: Path, ends: float) -> bytes:
    """Download into `folder`. Raises NotAvailable with everything that was tried."""
    places = " or ".join(str(place) for place in _folders(dataset))
    remedy = (
        f"Remedy: put {name} into a folder {dataset}/ and set GAN_DATA_DIR to the folder above it, "
        'or use load_images("rendered"), which needs no files.'
    )
    if os.environ.get("GAN_OFFLINE", "") not in ("", "0"):
        raise NotAvailable(
            f"{name} is not in {places}, and GAN_OFFLINE={os.environ['GAN_OFFLINE']} forbids "
            f"downloading it. {remedy} Or unset GAN_OFFLINE.",
            "GAN_OFFLINE is set",
        )
    target = folder / name
    _require_writable(folder)
    causes = []
    mirrors = MIRRORS[dataset]
    for i, mirror in enumerate(mirrors):
        # A mirror gets its share of the time that is left, so that a slow one cannot use it all.
        share = (ends - time.monotonic()) / (len(mirrors) - i)
        try:
            _download(mirror + name, target, SHA256[dataset][name], share)
            return _read_verified(target, SHA256[dataset][name])
        except (OSError, ValueError) as error:  # requests' own errors are OSErrors
            causes.append((mirror + name, _in_words(error)))
    tried = "\n".join(f"  {url}: {cause}" for url, cause in causes)
    raise NotAvailable(
        f"{name} is not in {places} and could not be downloaded:\n{tried}\n{remedy}",
        ", ".join(dict.fromkeys(cause for _, cause in causes)),
    )


def _read_verified(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}). Remedy: make it a readable file, "
            "or move it away to have it downloaded."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        fault = "is damaged or not the file its name says"
        if _is_idx(path.name, content):
            fault = "is not the published file (a sound one, but compressed anew, so it cannot be verified)"
        raise DataError(
            f"{path} {fault}: it has {len(content):,} bytes and "
            f"SHA-256 {found[:12]}…, expected {sha256[:12]}…. It was not used and not changed. "
            f"Remedy: replace it by a good {path.name}, or delete it to have it downloaded."
        )
    return content


def _is_idx(name: str, content: bytes) -> bool:
    """Whether these are zipped images, or labels, as the name says, and as many as their header says."""
    try:
        plain = gzip.decompress(content)
        magic, count = struct.unpack_from(">2I", plain)
    except (OSError, EOFError, zlib.error, struct.error):
        return False
    return (magic, len(plain)) == ((2051, 16 + 784 * count) if "images" in name else (2049, 8 + count))


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise NotAvailable(
            f"cannot save a download in {folder} ({error.strerror}). "
            "Remedy: set GAN_CACHE_DIR to a folder you may write to.",
            "the cache cannot be written",
        ) from error


class _DeadlineBar(tqdm):
    """A progress bar that ends the download when the time is up (pooch has no such limit)."""

    def __init__(self, ends: float, **options: object) -> None:
        self.ends = ends
        super().__init__(**options)

    def __bool__(self) -> bool:
        return True  # pooch asks `if progressbar`; tqdm's answer is False when the size is unknown

    def reset(self, total: float | None = None) -> None:
        self.n = 0  # pooch does this at the end; tqdm's own reset would draw a bar that then stays

    def update(self, n: float = 1) -> bool | None:
        if time.monotonic() > self.ends:
            raise TimeoutError("time is up")
        return super().update(n)


def _download(url: str, target: Path, sha256: str, seconds: float) -> None:
    """Download `url` to `target`, all or nothing: pooch verifies a temporary file and renames it.

    Raises OSError or ValueError. The limit is kept to within one read of the connection.
    """
    if seconds <= 0:
        raise TimeoutError("time is up")
    ends = time.monotonic() + seconds
    _require_host(url, seconds)
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)  # or it prints the absolute path into the notebook
    try:
        # A bar that appears only after a second, and goes when it is done, leaves no trace in a
        # saved notebook when the download is quick.
        with _DeadlineBar(ends, file=sys.stdout, leave=False, delay=1, unit="B", unit_scale=True,
                          desc=target.name) as bar:  # fmt: skip
            timeout = min(READ_TIMEOUT, seconds)
            downloader = pooch.HTTPDownloader(progressbar=bar, timeout=timeout)
            pooch.retrieve(url, f"sha256:{sha256}", target.name, target.parent,
                           downloader=downloader)  # fmt: skip
    finally:
        logger.setLevel(level)


def _require_host(url: str, seconds: float) -> None:
    """Look the host up, but give up after `seconds`: behind a firewall the system may take 30."""
    if requests.utils.get_environ_proxies(url):
        return  # then the proxy looks the name up
    parts = urlsplit(url)
    outcome: list[OSError | None] = []

    def look_up() -> None:
        try:
            socket.getaddrinfo(parts.hostname, parts.port or 443)
            outcome.append(None)
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=look_up, daemon=True)  # cannot be stopped, only left alone
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TimeoutError("time is up")
    if outcome[0] is not None:
        raise outcome[0]


def _in_words(error: Exception) -> str:
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, TimeoutError | requests.Timeout):
        return "no complete answer within the time allowed"
    if isinstance(error, socket.gaierror):
        return "the host name was not found (no network?)"
    if isinstance(error, requests.ConnectionError):
        return "no connection, or it broke off"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, ValueError) and "hash" in str(error):
        return "the server sent something else (wrong SHA-256)"
    return f"{type(error).__name__}: {error}"
