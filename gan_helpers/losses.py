"""Losses of the two players, and penalties on the slope (input gradient) of the discriminator.

A loss is a pair of functions (L_D, L_G). Both take (D, x_real, x_fake), call D themselves and return one
number to be minimised, so that penalties on D's gradient, or losses on pairs of scores, fit in as well. The
pair goes into `training.play(..., loss=...)` and `play_many`. Slopes are taken by `torch.func.grad`, which
works inside `vmap`, so that many games train as one stack.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Player = Callable[[Tensor], Tensor]
Loss = tuple[Callable[[Player, Tensor, Tensor], Tensor], Callable[[Player, Tensor, Tensor], Tensor]]
Weight = float | Tensor


def L_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    """Logistic loss of the discriminator, ζ(-D(x)) + ζ(D(G(z))); 2 log 2 where D cannot tell."""
    return F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake)).mean()


def L_G(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    """Non-saturating loss of the generator, ζ(-D(G(z))) (Goodfellow et al. 2014, Sec. 3); log 2 there."""
    return F.softplus(-D(x_fake)).mean()


def _saturating(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return -F.softplus(D(x_fake)).mean()


def _squares_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return ((D(x_real) - 1).square().mean() + D(x_fake).square().mean()) / 2


def _squares_G(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return (D(x_fake) - 1).square().mean() / 2


def _hinge_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return F.relu(1 - D(x_real)).mean() + F.relu(1 + D(x_fake)).mean()


def _critic_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return D(x_fake).mean() - D(x_real).mean()


def _linear_G(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return -D(x_fake).mean()


LOSSES: dict[str, Loss] = {  # as in notebook 02
    "non-saturating": (L_D, L_G),
    "saturating": (L_D, _saturating),
    "least squares": (_squares_D, _squares_G),
    "hinge": (_hinge_D, _linear_G),
    "Wasserstein, no constraint": (_critic_D, _linear_G),
}


# ---------------------------------------------------------------- slopes and penalties


def slopes(D: Player, x: Tensor) -> tuple[Tensor, Tensor]:
    """(∇D(x), D(x)): each sample's slope (the score's input gradient), shaped as x (n, ...), and the scores.

    Both can be differentiated again with respect to D's parameters (`create_graph` of `autograd.grad`) and
    cost one pass through D together. Row i is ∂ΣD/∂x_i: the slope of sample i's own score if D scores each
    sample alone; if D compares samples (batch norm without running statistics, minibatch standard
    deviation), the neighbours' scores count too.

    Raises ValueError unless D returns one row of scores per sample, or groups of samples per row (PacGAN);
    for scores that are cut off from x; and for batch norm that updates running statistics (train mode).
    """

    def total(x: Tensor) -> tuple[Tensor, Tensor]:
        score = D(x)
        if score.ndim == 0 or len(score) == 0 or len(x) % len(score) or len(score) == 1 < len(x):
            raise ValueError(
                f"D returned shape {tuple(score.shape)} for {len(x)} samples: expected scores (n, 1), not a "
                "loss or a mean"
            )
        if not score.requires_grad:
            raise ValueError(
                "D's scores are cut off from its input, so every slope would be 0: look for detach(), "
                ".data, .item(), no_grad or inference_mode in D or around it"
            )
        return score.sum(), score

    try:
        return torch.func.grad(total, has_aux=True)(x)
    except RuntimeError as error:
        if "mutate a captured Tensor" not in str(error):
            raise
        raise ValueError(
            "D changes a buffer while its slope is taken, as batch norm in train mode changes its running "
            "statistics. A penalty on each sample's slope wants a D that scores samples one by one: leave "
            "batch norm out (dcgan_discriminator(norm=False)) or use layer norm. To keep it: "
            "track_running_stats=False, or D.eval()"
        ) from error


def squared_norms(slope: Tensor) -> Tensor:
    """(n,): the squared Euclidean norm of each sample's slope (n, ...): a sum over all axes but the first."""
    if slope.ndim < 2:
        raise ValueError(f"expected slopes (n, d) or (n, channels, H, W), got shape {tuple(slope.shape)}")
    return slope.flatten(1).square().sum(1)


def one_centred(D: Player, x_real: Tensor, x_fake: Tensor, weight: Weight = 10.0,
                epsilon: Tensor | None = None) -> Tensor:  # fmt: skip
    """weight · mean (‖∇D(x̂)‖ - 1)² with x̂ = ε x_real + (1-ε) x_fake: the gradient penalty of WGAN-GP.

    Gulrajani et al. 2017 (arXiv:1704.00028), Eq. 3. `weight` (λ there) is a number, or a float tensor of one.
    `epsilon` (n,), in [0, 1], one per sample. By default ε_i = (i + ½)/n, which draws no random number: the
    pairs of a batch do not depend on their place i, so the mean over i is the mean over uniform ε, to O(1/n²)
    and with less noise than drawn ones, and it is the same in `play` and inside `play_many`'s vmap. A slope
    of exactly 0 has norm 0 and passes on no gradient (as `Tensor.norm` does), not NaN.

    Raises ValueError for batches of different shape, for an epsilon of another shape than (n,) or with
    numbers outside [0, 1], for a weight below 0, and as `slopes` does.
    """
    _paired(x_real, x_fake, "x_real and x_fake")
    n = len(x_real)
    epsilon = (torch.arange(n).to(x_real) + 0.5) / n if epsilon is None else epsilon
    if epsilon.shape != (n,):
        raise ValueError(
            f"epsilon must have one number per sample, shape ({n},), got {tuple(epsilon.shape)}: one per "
            "batch or per pixel is another penalty"
        )
    if not ((epsilon >= 0) & (epsilon <= 1)).all():
        raise ValueError(
            f"epsilon runs from {epsilon.min():.3g} to {epsilon.max():.3g}: x̂ lies between a real and a fake "
            "sample only for numbers in [0, 1] (torch.rand, not torch.randn)"
        )
    x = torch.lerp(x_fake, x_real, epsilon.to(x_real).view(-1, *[1] * (x_real.ndim - 1)))
    squares = squared_norms(slopes(D, x)[0])
    norms = torch.where(squares > 0, squares, 1).sqrt() * (squares > 0)  # the root has no slope at 0
    return _not_negative(weight, "weight") * (norms - 1).square().mean()


def regularised(loss: Loss = (L_D, L_G), *, r1: Weight = 0.0, r2: Weight = 0.0) -> Loss:
    """The pair (L_D + r1/2·E‖∇D(x)‖² + r2/2·E‖∇D(G(z))‖², L_G) of a pair `loss`; R1 is on real, R2 on fake.

    R1 and R2 with the ½ of Mescheder et al. 2018: a code that adds `reg * mean ‖∇D‖²` has γ = 2 reg. The norm
    is per sample and sums over all pixels, so the same γ weighs more in images of more pixels.

    A weight is a number γ, or a float tensor with one element, which may be changed during training
    (`gamma.fill_(0.01)`): a schedule. A weight of exactly 0.0 costs nothing. D is not called again for
    batches whose slope was taken, so a penalty costs about one more pass backwards. Raises ValueError for a
    weight below 0, also if it becomes so later, and as `slopes` does.
    """
    r1, r2 = _not_negative(r1, "r1"), _not_negative(r2, "r2")

    def penalised(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
        penalty, scores = 0.0, []
        for x, gamma, name in ((x_real, r1, "r1"), (x_fake, r2, "r2")):
            _not_negative(gamma, name)  # a schedule may have changed it
            if isinstance(gamma, Tensor) or gamma:
                slope, score = slopes(D, x)
                penalty = penalty + gamma / 2 * squared_norms(slope).mean()
                scores.append((x, score))

        def known(x: Tensor) -> Tensor:  # D, with the scores just taken
            for batch, score in scores:
                if batch is x:
                    return score
            return D(x)

        return loss[0](known, x_real, x_fake) + penalty

    return penalised, loss[1]


def with_gradient_penalty(loss: Loss, weight: Weight = 10.0) -> Loss:
    """The pair (L_D + `one_centred`, L_G) of a pair `loss`, such as LOSSES["Wasserstein, no constraint"]."""
    _not_negative(weight, "weight")

    def penalised(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
        return loss[0](D, x_real, x_fake) + one_centred(D, x_real, x_fake, weight)

    return penalised, loss[1]


def _relativistic_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    _paired(x_real, x_fake, "x_real and x_fake")
    return F.softplus(D(x_fake) - D(x_real)).mean()


def _relativistic_G(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    _paired(x_real, x_fake, "x_real and x_fake")
    return F.softplus(D(x_real) - D(x_fake)).mean()


relativistic: Loss = (_relativistic_D, _relativistic_G)
"""Pairs of one real and one fake sample: L_D = ζ(D(G(z)) - D(x)), L_G = ζ(D(x) - D(G(z))).

Jolicoeur-Martineau 2018 (relativistic pairing), as in R3GAN (Huang et al. 2024). Both read log 2 where D
cannot tell; adding a constant to D changes neither. L_G is not -L_D: it is the non-saturating form.
"""


def _paired(a: Tensor, b: Tensor, names: str) -> None:
    if a.shape != b.shape:
        raise ValueError(
            f"{names} are taken in pairs and must have one shape, got {tuple(a.shape)} and {tuple(b.shape)}"
        )


def _not_negative(weight: Weight, name: str) -> Weight:
    if isinstance(weight, Tensor):
        if weight.numel() != 1 or weight.ndim > 1:
            raise ValueError(f"{name} must be one number, got a tensor of shape {tuple(weight.shape)}")
        if not weight.is_floating_point():
            raise ValueError(
                f"{name} must be a float tensor, got {weight.dtype}, which fill_(0.5) would make a 0: write "
                f"torch.tensor({float(weight)})"
            )
    elif isinstance(weight, bool) or not isinstance(weight, numbers.Real):
        raise ValueError(f"{name} must be a number of at least 0, or a tensor with one, got {weight!r}")
    if not 0 <= weight < math.inf:
        raise ValueError(f"{name} must be a number of at least 0, got {float(weight)}")
    return weight.view(()) if isinstance(weight, Tensor) else float(weight)
