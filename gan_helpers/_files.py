"""Where the course keeps files, and how it writes them: whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import platformdirs


def cache_folder() -> Path:
    """Where downloads and drawn digits are kept: `$GAN_CACHE_DIR`, else the user's cache."""
    chosen = os.environ.get("GAN_CACHE_DIR")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("gan_course"))


@contextmanager
def whole(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A file to write into that becomes `path` when the block ends well; otherwise nothing is changed.

    The bytes are on the disk before the name changes, and two processes may write the same file at once.
    Raises OSError, also for a full disk (which torch.save reports as a RuntimeError).
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
