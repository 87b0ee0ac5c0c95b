"""Data of the course: 2-D toys, images, disjoint splits and batches.

Every function takes a `seed`: an int (the same data each time) or a CPU `torch.Generator`
(which advances, so that two calls differ). Nothing here reads or changes torch's global random
state. Points and images are float32, images lie in [-1, 1]; sampling happens on the CPU, so that
a seed means the same data on every device.
"""

from gan_helpers.data.batches import batches
from gan_helpers.data.download import DataError, NotAvailable
from gan_helpers.data.fonts import Factors, font_names, render_digits
from gan_helpers.data.images import (
    Images,
    Splits,
    digits8,
    fashion_mnist,
    load_images,
    mnist,
    people,
    rendered,
    split,
    take,
)
from gan_helpers.data.people import People, draw_people, people_masks
from gan_helpers.data.toys import (
    TOYS,
    checkerboard,
    grid,
    grid_centres,
    mixture_1d,
    mixture_density,
    ring,
    ring_centres,
    spirals,
    toy,
    two_moons,
)
from gan_helpers.seeds import make_generator

__all__ = [
    "TOYS",
    "DataError",
    "Factors",
    "Images",
    "NotAvailable",
    "People",
    "Splits",
    "batches",
    "checkerboard",
    "digits8",
    "draw_people",
    "fashion_mnist",
    "font_names",
    "grid",
    "grid_centres",
    "load_images",
    "make_generator",
    "mixture_1d",
    "mixture_density",
    "mnist",
    "people",
    "people_masks",
    "render_digits",
    "rendered",
    "ring",
    "ring_centres",
    "spirals",
    "split",
    "take",
    "toy",
    "two_moons",
]
