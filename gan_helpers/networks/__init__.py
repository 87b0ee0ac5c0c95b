"""The players, as the notebooks build them: small functions that return plain `nn.Module`s."""

from gan_helpers.networks.dcgan import (
    UPSAMPLINGS,
    Choice,
    dcgan_discriminator,
    dcgan_generator,
    even_start,
    initialise,
    upsample,
)
from gan_helpers.networks.mlp import mlp
from gan_helpers.networks.people import people_discriminator, people_generator
from gan_helpers.networks.residual import Residual, modern_discriminator, modern_generator, start_small

__all__ = [
    "UPSAMPLINGS",
    "Choice",
    "Residual",
    "dcgan_discriminator",
    "dcgan_generator",
    "even_start",
    "initialise",
    "mlp",
    "modern_discriminator",
    "modern_generator",
    "people_discriminator",
    "people_generator",
    "start_small",
    "upsample",
]
