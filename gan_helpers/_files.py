"""Where the course keeps files, and how it writes them: whole, or not at all."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import platformdirs


def cache_folder() -> Path:
    """Where downloads and drawn digits are kept: `$GAN_CACHE_DIR`, else the user's cache."""
    return chosen_folder("GAN_CACHE_DIR") or Path(platformdirs.user_cache_dir("gan_course"))


def chosen_folder(variable: str) -> Path | None:
    """The folder that an environment variable names; None if it is empty or not set.

    Raises ValueError for ~name where nobody of that name has a home folder.
    """
    text = os.environ.get(variable)
    try:
        return Path(text).expanduser() if text else None
    except RuntimeError:
        raise ValueError(f"{variable}={text} names no home folder. Remedy: write the full path.") from None


@contextmanager
def whole(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A buffer whose bytes become the file `path` when the block ends well; otherwise nothing is changed.

    The bytes are on the disk before the name changes, and two processes may write the same file at once.
    Raises OSError, also for a full disk: torch.save, writing to the disk itself, would raise a RuntimeError
    about positions in a file.
    """
    path, buffer = Path(path), io.BytesIO()
    yield buffer
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")  # mkstemp's could be read by us alone
    file = open(temporary, "xb")
    try:
        with file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
