"""Divergences that are known on paper, and bells that must be found."""

import math

import pytest
import torch
from torch.distributions import Normal

from gan_helpers import data
from gan_helpers.densities import DIVERGENCES, fit_bell, jsd, kl

X = torch.linspace(-14, 14, 2801, dtype=torch.float64)
HUMPS = data.mixture_density(X, (-2.0, 1.5), (0.8, 0.4), (0.65, 0.35)).log()


def bell(mean, std):
    return Normal(*torch.tensor([mean, std], dtype=torch.float64)).log_prob(X)


def value(name, log_d, log_g):
    return DIVERGENCES[name](X, log_d, log_g).item()


def test_two_bells_on_paper():
    """KL of normals is log(s/r) + (r² + Δ²) / 2s² - ½; Pearson of N(θ, 1) against N(0, 1) is exp(θ²) - 1."""
    log_d, log_g = bell(0.5, 0.8), bell(-1.0, 2.0)
    forward = math.log(2 / 0.8) + (0.64 + 2.25) / 8 - 0.5
    backward = math.log(0.8 / 2) + (4 + 2.25) / 1.28 - 0.5
    assert value("KL", log_d, log_g) == pytest.approx(forward, abs=1e-7)
    assert value("reverse KL", log_d, log_g) == pytest.approx(backward, abs=1e-7)
    assert value("Pearson", bell(1.0, 1.0), bell(0.0, 1.0)) == pytest.approx(math.e - 1, abs=1e-9)


def test_equal_densities_and_densities_that_never_meet():
    for name in DIVERGENCES:
        assert value(name, HUMPS, HUMPS) == pytest.approx(0, abs=1e-9)
    assert value("JSD", bell(-7.0, 0.3), bell(7.0, 0.3)) == pytest.approx(math.log(2), abs=1e-9)


def test_the_softened_reverse_kl_is_a_difference():
    """2 KL(m‖p_d) = KL(p_g‖p_d) - 2 JSD (Arjovsky and Bottou 2017, Theorem 2.5)."""
    for mean, std in ((0.0, 1.0), (1.0, 2.0), (-2.0, 0.5)):
        log_g = bell(mean, std)
        difference = kl(X, log_g, HUMPS) - 2 * jsd(X, HUMPS, log_g)
        assert value("2 KL(m, p_d)", HUMPS, log_g) == pytest.approx(difference.item(), abs=1e-9)


def test_divergences_take_many_bells_at_once():
    log_g = torch.stack([bell(0.0, 1.0), bell(1.0, 2.0)])
    for divergence in DIVERGENCES.values():
        alone = torch.stack([divergence(X, HUMPS, row) for row in log_g])
        torch.testing.assert_close(divergence(X, HUMPS, log_g), alone)


def test_kl_takes_over_mean_and_width_of_the_humps():
    means, widths = fit_bell("KL", X, HUMPS)
    mean = 0.65 * -2 + 0.35 * 1.5
    variance = 0.65 * (0.64 + 4) + 0.35 * (0.16 + 2.25) - mean**2
    torch.testing.assert_close(means, torch.full_like(means, mean), atol=1e-4, rtol=0)
    torch.testing.assert_close(widths, torch.full_like(widths, math.sqrt(variance)), atol=1e-4, rtol=0)


def test_a_single_bell_is_found_by_every_divergence():
    for name in DIVERGENCES:
        means, widths = fit_bell(name, X, bell(-0.7, 1.3), means=(-1.0, 0.2), width=1.5)
        assert means == pytest.approx([-0.7] * 2, abs=1e-3) and widths == pytest.approx([1.3] * 2, abs=1e-3)


def test_an_unknown_divergence_is_named():
    with pytest.raises(ValueError, match="unknown divergence 'JS'; known: KL, reverse KL, JSD, 2 KL"):
        fit_bell("JS", X, HUMPS)
