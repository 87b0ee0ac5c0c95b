"""The loop does what can be worked out on paper and is the notebook's; many games equal one; checkpoints."""

import ast
import collections
import copy
import itertools
import math
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import spectral_norm, weight_norm
from torch.utils._pytree import tree_leaves
from torch.utils.data import DataLoader, TensorDataset

from gan_helpers import data, training
from gan_helpers import losses as pairs
from gan_helpers.checkpoints import FORMAT, load_checkpoint, save_checkpoint
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.losses import LOSSES
from gan_helpers.networks import dcgan_discriminator, dcgan_generator, mlp
from gan_helpers.training import averaged, ema_update, gradient_sizes, own_rates, play, play_many, stack

SOURCE = Path(__file__).parent.parent / "notebooks" / "source" / "04_gan_laboratory_2d.py"


class Point(nn.Module):
    """The Dirac-GAN's generator: the same point for every noise vector; counts what it was given."""

    def __init__(self, theta: float):
        super().__init__()
        self.theta, self.seen = nn.Parameter(torch.tensor([theta])), []

    def forward(self, z):
        self.seen.append(z)
        return self.theta.expand(len(z), 1)


class Slope(nn.Module):
    """The Dirac-GAN's discriminator D(x) = ψx."""

    def __init__(self, psi: float):
        super().__init__()
        self.psi, self.seen = nn.Parameter(torch.tensor([psi])), []

    def forward(self, x):
        self.seen.append(x)
        return x * self.psi


def sgd(player, lr=0.2):
    params = player.params.values() if isinstance(player, training.Stacked) else player.parameters()
    return torch.optim.SGD(params, lr=lr)


def adam(player):
    params = player.params.values() if isinstance(player, training.Stacked) else player.parameters()
    return torch.optim.Adam(params, lr=3e-3, betas=(0.5, 0.9))


def zeros(n, size=4):
    return [torch.zeros(size, 1)] * n


def sigma(t):
    return 1 / (1 + math.exp(-t))


# --- one game ---


def test_a_stack_gives_each_network_its_own_batch_and_its_own_gradient():
    Gs, _ = fresh([0, 1])
    x = torch.randn(2, 5, 2, dtype=torch.float64)
    alone = [G(batch) for G, batch in zip(Gs, x, strict=True)]
    wanted = [
        torch.autograd.grad(y.square().mean(), list(G.parameters())) for y, G in zip(alone, Gs, strict=True)
    ]
    G = stack(Gs)
    together = G(x)
    torch.testing.assert_close(together, torch.stack(alone))
    got = torch.autograd.grad(together.square().mean((1, 2)).sum(), list(G.params.values()))
    for gradient, *own in zip(got, *wanted, strict=True):
        torch.testing.assert_close(gradient, torch.stack(own))
    sizes = [torch.cat([g.flatten() for g in own]).norm() for own in wanted]
    total = G(x).square().mean((1, 2)).sum()
    torch.testing.assert_close(gradient_sizes(G, total), torch.stack(sizes))
    torch.testing.assert_close(gradient_sizes(G, 3 * total), 3 * torch.stack(sizes))  # the graph is kept
    for wrong in (x[:1], x[0], torch.zeros(3, 5, 2)):
        with pytest.raises(ValueError, match=r"expected \(2, n, ...\), one batch per network"):
            G(wrong)


@pytest.mark.parametrize(("d_steps", "g_steps"), [(1, 1), (3, 1), (1, 2)])
def test_the_dirac_gan_moves_as_on_paper(d_steps, g_steps):
    theta, psi, h = 1.0, -1.0, 0.2
    G, D = Point(theta), Slope(psi)
    rounds = list(play(G, D, sgd(G), sgd(D), zeros(6 * d_steps), 1, d_steps=d_steps, g_steps=g_steps, seed=0))
    for loss_D, loss_G in rounds:
        for _ in range(d_steps):  # ∂/∂ψ of ζ(-0) + ζ(ψθ), then ∂/∂θ of ζ(-ψθ), each with the other's newest
            value_D = math.log(2) + math.log1p(math.exp(psi * theta))
            psi -= h * theta * sigma(psi * theta)
        for _ in range(g_steps):
            value_G = math.log1p(math.exp(-psi * theta))
            theta += h * psi * sigma(-psi * theta)
        assert (loss_D, loss_G) == pytest.approx((value_D, value_G), rel=1e-5)
    assert len(rounds) == 6
    assert (G.theta.item(), D.psi.item()) == pytest.approx((theta, psi), rel=1e-5)


def test_each_move_of_D_takes_a_new_batch_and_every_move_new_noise():
    batches = [torch.full((4, 1), float(k)) for k in range(7)]
    G, D = Point(1.0), Slope(0.1)
    rounds = list(play(G, D, sgd(G), sgd(D), batches, 2, d_steps=3, seed=0))
    assert len(rounds) == 2  # the seventh batch starts a round that is never finished
    assert [k for x in D.seen for k in range(7) if x is batches[k]] == [0, 1, 2, 3, 4, 5, 6]
    assert len(G.seen) == 7 + 2 and all(z.shape == (4, 2) for z in G.seen)
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(G.seen, 2))


def test_noise_is_standard_normal_and_belongs_to_the_seed():
    def noise(seed):
        G, D = Point(1.0), Slope(0.1)
        list(play(G, D, sgd(G), sgd(D), zeros(20, 500), 3, seed=seed))
        return torch.stack(G.seen)

    z = noise(1)
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02
    assert torch.equal(z, noise(1)) and not torch.equal(z, noise(2))
    source = torch.Generator().manual_seed(1)
    assert torch.equal(z, noise(source)) and not torch.equal(z, noise(source))  # the caller's advances


def test_nothing_happens_before_the_first_next_and_rounds_can_be_stopped():
    G, D = Point(1.0), Slope(0.1)
    state = torch.get_rng_state()
    game = play(G, D, sgd(G), sgd(D), itertools.repeat(torch.zeros(4, 1)), 1)
    assert not G.seen and G.theta.item() == 1.0
    assert len(list(itertools.islice(game, 5))) == 5 and len(G.seen) == 10
    next(game)
    assert len(G.seen) == 12
    assert torch.equal(state, torch.get_rng_state())


def test_gradients_stay_with_the_player_who_moves():
    G, D = mlp((2, 8, 2), seed=0), mlp((2, 8, 1), seed=1)
    before = [p.clone() for p in G.parameters()]
    frozen = torch.optim.SGD(G.parameters(), lr=0.0)
    batches = data.batches(data.ring(64, seed=0), 8, seed=0, steps=2)
    list(play(G, D, frozen, sgd(D), batches, 2, d_steps=2, loss=(pairs.L_D, idle)))
    assert all(torch.equal(a, b) for a, b in zip(before, G.parameters(), strict=True))
    assert not any(p.grad.any() for p in G.parameters())  # nothing leaked from D's two moves
    assert all(p.grad.any() for p in D.parameters())

    # What G's move leaves in D's gradients is cleared before D moves: D's next step ignores it.
    def step_of_D(leftover):
        D, G = Slope(-1.0), Point(1.0)
        D.psi.grad = torch.tensor([leftover])
        next(play(G, D, sgd(G), sgd(D), zeros(1), 1))
        return D.psi.item()

    assert step_of_D(0.0) == step_of_D(100.0)


def idle(D, x_real, x_fake):
    return 0 * x_fake.sum()


def test_images_dtypes_and_modes():
    images = torch.rand(32, 1, 8, 8, dtype=torch.float64)
    G = nn.Sequential(nn.Linear(5, 64), nn.BatchNorm1d(64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))).double()
    D = nn.Sequential(nn.Flatten(), mlp((64, 8, 1), seed=0)).double().eval()
    rounds = list(play(G, D, adam(G), adam(D), data.batches(images, 16, seed=0, steps=3), 5))
    assert len(rounds) == 3 and all(math.isfinite(v) for pair in rounds for v in pair)
    assert G.training and not D.training
    assert G[1].num_batches_tracked == 6


def test_losses_at_known_scores():
    def D(x):
        return x

    score_real, score_fake = torch.tensor([[2.0], [0.0]]), torch.tensor([[-3.0], [0.5]])
    zeta = [math.log1p(math.exp(t)) for t in (-2.0, -3.0, 0.5, 3.0, -0.5)]
    logistic = (zeta[0] + math.log(2)) / 2 + (zeta[1] + zeta[2]) / 2
    expected = {
        "non-saturating": (logistic, (zeta[3] + zeta[4]) / 2),
        "saturating": (logistic, -(zeta[1] + zeta[2]) / 2),
        "least squares": ((1 + 1) / 4 + (9 + 0.25) / 4, (16 + 0.25) / 4),
        "hinge": ((0 + 1) / 2 + (0 + 1.5) / 2, 1.25),
        "Wasserstein, no constraint": (-1.25 - 1.0, 1.25),
    }
    assert expected.keys() == LOSSES.keys()
    for name, values in expected.items():
        found = [L(D, score_real, score_fake).item() for L in LOSSES[name]]
        assert found == pytest.approx(values, rel=1e-5), name
    at_rest = [L(D, torch.zeros(3, 1), torch.zeros(3, 1)).item() for L in LOSSES["non-saturating"]]
    assert at_rest == pytest.approx([2 * math.log(2), math.log(2)])


def test_a_loss_may_use_the_slope_of_D():
    """R1 fits into the loss: with D's slope ψ everywhere, the penalty adds γψ to D's gradient."""

    def with_r1(D, x_real, x_fake):
        slope = torch.func.grad(lambda x: D(x).sum())(x_real)
        return pairs.L_D(D, x_real, x_fake) + 0.3 / 2 * slope.square().sum(1).mean()

    G, D = Point(1.0), Slope(-1.0)
    next(play(G, D, sgd(G), sgd(D), zeros(1), 1, loss=(with_r1, pairs.L_G)))
    assert D.psi.item() == pytest.approx(-1 - 0.2 * (sigma(-1) - 0.3), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d_steps": 0}, "d_steps must be an integer of at least 1"),
        ({"g_steps": 1.5}, "g_steps must be an integer"),
        ({"z_dim": True}, "z_dim must be an integer"),
        ({"opt_G": sgd(Point(0.0))}, "opt_G holds no parameter of G.*make the optimiser after G"),
        ({"opt_D": sgd(Slope(0.0))}, "opt_D holds no parameter of D"),
    ],
)
def test_wrong_input_is_named_at_once(change, message):
    G, D = Point(1.0), Slope(1.0)
    given = {"opt_G": sgd(G), "opt_D": sgd(D), "batches": zeros(1), "z_dim": 1} | change
    with pytest.raises(ValueError, match=message):
        play(G, D, **given)


def test_an_optimiser_over_both_players_is_refused():
    G, D = Point(1.0), Slope(1.0)
    both = torch.optim.SGD([*G.parameters(), *D.parameters()], lr=0.1)
    for optimizers in ((both, sgd(D)), (sgd(G), both)):
        with pytest.raises(ValueError, match="other player's"):
            play(G, D, *optimizers, zeros(1), 1)


def test_a_layer_that_the_optimiser_does_not_know_is_named():
    G, D = mlp((2, 8, 8, 2), seed=0), mlp((2, 8, 1), seed=1)
    opt_G, x = adam(G), [data.ring(8, seed=0)]
    G[2] = nn.Linear(8, 8)  # a replaced layer would never move
    with pytest.raises(
        ValueError, match=r"opt_G holds 4 of 6 trainable parameters of G.*make the optimiser aft"
    ):
        play(G, D, opt_G, adam(D), x, 2)
    play(G, D, adam(G), adam(D), x, 2)
    opt_D = torch.optim.Adam(list(D.parameters())[:3])
    with pytest.raises(ValueError, match="opt_D holds 3 of 4 trainable parameters of D"):
        play(G, D, adam(G), opt_D, x, 2)
    list(D.parameters())[3].requires_grad_(False)  # frozen on purpose
    assert len(list(play(G, D, adam(G), opt_D, x, 2))) == 1
    Gs, Ds = stack([mlp((2, 8, 2), seed=0)]), stack([mlp((2, 8, 1), seed=1)])
    some = torch.optim.Adam(list(Gs.params.values())[1:])
    with pytest.raises(ValueError, match="opt_G holds 3 of 4 trainable"):
        play_many(Gs, Ds, some, adam(Ds), [x], 2, seeds=[0])


# --- the notebook's loop ---


def functions(text: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}


def statements(function: ast.FunctionDef) -> str:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return ast.unparse(body).replace("data.make_generator", "make_generator")


def notebook_functions() -> dict[str, ast.FunctionDef]:
    cells = jupytext.read(SOURCE).cells
    return functions("\n".join(c.source for c in cells if c.cell_type == "code"))


def test_the_package_holds_the_notebooks_loop():
    """The same statements, and from the same seed the same bits."""
    shown, kept = notebook_functions(), functions(Path(training.__file__).read_text())
    assert statements(shown["play"]) == statements(kept["_rounds"])
    kept = functions(Path(pairs.__file__).read_text())
    for name in ("L_D", "L_G"):
        assert statements(shown[name]) == statements(kept[name])
    namespace = {"torch": torch, "F": F, "data": data}
    for name in ("L_D", "L_G", "play"):
        exec(ast.unparse(shown[name]), namespace)

    points = data.ring(500, seed=0)
    results = []
    for loop in (namespace["play"], play):
        G, D = mlp((2, 16, 2), seed=0), mlp((2, 16, 1), seed=1)
        options = {"d_steps": 2, "g_steps": 2, "seed": 5}
        losses = list(loop(G, D, adam(G), adam(D), data.batches(points, 32, seed=0, steps=60), 2, **options))
        results.append((losses, [*G.parameters(), *D.parameters()]))
    assert results[0][0] == results[1][0] and len(results[0][0]) == 30
    assert all(torch.equal(a, b) for a, b in zip(results[0][1], results[1][1], strict=True))


# --- many games at once ---


def fresh(seeds, dtype=torch.float64):
    Gs = [mlp((2, 16, 16, 2), seed=2 * k).to(dtype) for k in seeds]
    Ds = [mlp((2, 16, 16, 1), seed=2 * k + 1).to(dtype) for k in seeds]
    return Gs, Ds


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("optimiser", [sgd, adam])
def test_game_k_of_many_is_game_k_alone(name, optimiser):
    seeds, points = [3, 8, 5], data.ring(500, seed=0).double()
    options = {"d_steps": 2, "g_steps": 2, "loss": LOSSES[name]}
    steps = 40 if optimiser is adam else 10

    def batches(k):
        return data.batches(points, 16, seed=k, steps=steps)

    Gs, Ds = fresh(seeds)
    G, D = stack(Gs), stack(Ds)
    many = play_many(G, D, optimiser(G), optimiser(D), [batches(k) for k in seeds], 2, seeds=seeds, **options)
    losses = torch.stack([torch.stack(pair) for pair in many])
    assert losses.shape == (steps // 2, 2, 3)
    for k, seed in enumerate(seeds):
        (G_one,), (D_one,) = fresh([seed])
        alone = play(G_one, D_one, optimiser(G_one), optimiser(D_one), batches(seed), 2, seed=seed, **options)
        torch.testing.assert_close(torch.tensor(list(alone)).double(), losses[:, :, k], rtol=1e-6, atol=1e-6)
        for one, other in ((G_one, Gs[k]), (D_one, Ds[k])):
            for p, q in zip(one.parameters(), other.parameters(), strict=True):
                torch.testing.assert_close(p, q, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("optimiser", [sgd, adam])
def test_own_rates_equal_optimisers_of_their_own(optimiser):
    factors, points = torch.tensor([0.1, 1.0, 3.0]), data.ring(500, seed=0).double()

    def batches(k):
        return data.batches(points, 16, seed=k, steps=20)

    Gs, Ds = fresh(range(3))
    G, D = stack(Gs), stack(Ds)
    opt_G, opt_D = own_rates(optimiser(G), factors), own_rates(optimiser(D), factors.flip(0))
    list(play_many(G, D, opt_G, opt_D, [batches(k) for k in range(3)], 2, seeds=range(3)))
    for k in range(3):
        (G_one,), (D_one,) = fresh([k])
        opts = optimiser(G_one), optimiser(D_one)
        for opt, factor in zip(opts, (factors[k], factors[2 - k]), strict=True):
            opt.param_groups[0]["lr"] *= factor.item()
        list(play(G_one, D_one, *opts, batches(k), 2, seed=k))
        for one, other in ((G_one, Gs[k]), (D_one, Ds[k])):
            for p, q in zip(one.parameters(), other.parameters(), strict=True):
                torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-7)


def test_own_rates_called_again_replace_the_first():
    """As in a notebook whose cell runs twice: half the rate is half a step, not a quarter."""
    net = stack([mlp((1, 1), seed=k) for k in (0, 1)])
    optimiser, before = sgd(net, lr=1.0), {k: v.detach().clone() for k, v in net.params.items()}
    for factors in ([0.1, 0.1], [0.5, 2.0], [0.5, 2.0]):
        assert own_rates(optimiser, torch.tensor(factors)) is optimiser
    for p in net.params.values():
        p.grad = torch.ones_like(p)
    optimiser.step()
    for name, p in net.params.items():
        step = (before[name] - p).flatten(1)
        torch.testing.assert_close(step, torch.tensor([[0.5], [2.0]]).expand_as(step))


@pytest.mark.parametrize("factors", [torch.ones(2), torch.ones(3, 1), torch.tensor([1.0, 0.0, 1.0])])
def test_own_rates_need_one_positive_factor_per_game(factors):
    Gs, _ = fresh(range(3))
    with pytest.raises(ValueError, match="one positive factor per stacked game"):
        own_rates(sgd(stack(Gs)), factors)


def test_many_games_in_float32_stay_close():
    # only a few steps: Adam makes a full step even of a gradient that is zero up to rounding
    seeds, points = range(4), data.ring(500, seed=0)
    Gs, Ds = fresh(seeds, torch.float32)
    G, D = stack(Gs), stack(Ds)
    sources = [data.batches(points, 16, seed=k, steps=5) for k in seeds]
    list(play_many(G, D, adam(G), adam(D), sources, 2, seeds=seeds))
    (G_one,), (D_one,) = fresh([2], torch.float32)
    list(play(G_one, D_one, adam(G_one), adam(D_one), data.batches(points, 16, seed=2, steps=5), 2, seed=2))
    for p, q in zip(G_one.parameters(), Gs[2].parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-5)


def test_stacked_networks_remain_usable():
    Gs, _ = fresh([0, 1])
    z = torch.randn(3, 2, dtype=torch.float64)
    before = [G(z).detach() for G in Gs]
    G = stack(Gs)
    assert all(torch.equal(a, g(z)) for a, g in zip(before, Gs, strict=True))
    with torch.no_grad():
        for p in G.params.values():
            p[1] += 1
    assert torch.equal(before[0], Gs[0](z)) and not torch.equal(before[1], Gs[1](z))
    assert all(p.shape[0] == 2 and p.requires_grad and p.is_leaf for p in G.params.values())


def test_many_games_with_image_shapes():
    images = [torch.rand(16, 1, 4, 4), torch.rand(16, 1, 4, 4)]
    Gs = [nn.Sequential(mlp((3, 8, 16), seed=k), nn.Unflatten(1, (1, 4, 4))) for k in (0, 1)]
    Ds = [nn.Sequential(nn.Flatten(), mlp((16, 8, 1), seed=k)) for k in (2, 3)]
    G, D = stack(Gs), stack(Ds)
    (losses,) = play_many(G, D, adam(G), adam(D), [[x] for x in images], 3, seeds=[0, 1])
    assert losses[0].shape == losses[1].shape == (2,)


class Bent(nn.Module):
    """A network with settings that are no parameters: a number, a function, a tensor."""

    def __init__(self, power=1.0, bend=torch.tanh, centre=0.0):
        super().__init__()
        self.layer, self.power, self.bend = nn.Linear(1, 1), power, bend
        self.centre, self.seen = torch.tensor([centre]), [power]


@pytest.mark.parametrize(
    ("nets", "message"),
    [
        (
            [mlp((2, 3, 1), seed=k, slope=s) for k, s in enumerate((0.2, 0.9))],
            "negative_slope of layer 1 is 0.2",
        ),
        (
            [mlp((2, 3, 1), seed=0), mlp((2, 3, 1), seed=1, last=nn.Tanh())],
            "class of layer 3 is None .* Tanh in",
        ),
        (
            [nn.Sequential(nn.Tanh()), nn.Sequential(nn.ReLU())],
            "the class of layer 0 is Tanh in one network, ReLU",
        ),
        ([Bent(), Bent(power=2.0)], "power of the network is 1.0 in one network, 2.0 in another"),
        ([Bent(), Bent(bend=torch.relu)], "bend of the network is .*tanh in one network, .*relu in another"),
        ([Bent(), Bent(centre=1.0)], r"centre of the network is \[0.0\] in one network, \[1.0\]"),
        ([mlp((2, 3, 1), seed=0), mlp((2, 3, 1), seed=1).eval()], "training of .*True in one network, False"),
    ],
)
def test_networks_that_compute_differently_are_not_stacked(nets, message):
    """All would have computed as the first does, silently: .129 for .051 in the second of the first pair."""
    with pytest.raises(ValueError, match=message):
        stack(nets)
    for net in nets:
        stack([net, copy.deepcopy(net)])


def test_one_network_is_not_stacked_twice():
    net = mlp((2, 3, 1), seed=0)
    shared = [nn.Sequential(net, nn.Linear(1, 1)) for _ in range(2)]
    for nets in ([net] * 3, shared):
        with pytest.raises(ValueError, match="stands twice in the stack: build one for each game"):
            stack(nets)
    tied = [mlp((2, 2, 2), seed=k) for k in (0, 1)]  # within a network, layers may share a weight
    for each in tied:
        each[2].weight = each[0].weight
    assert len(stack(tied).params) == 3


def test_games_do_not_share_an_iterator_or_a_generator():
    """[batches] * 2 would deal the batches out in turns: neither game is the one of `play`."""

    def players():
        G, D = (stack([mlp(s, seed=k) for k in (0, 1)]) for s in ((2, 4, 2), (2, 4, 1)))
        return G, D, adam(G), adam(D)

    x, source = data.ring(64, seed=0), data.make_generator(0)
    fed = data.batches(x, 8, seed=0, steps=4)
    for batches, seeds in (([fed] * 2, [0, 1]), ([[x], [x]], [source] * 2)):
        with pytest.raises(ValueError, match="to several games, which would take turns"):
            play_many(*players(), batches, 2, seeds=seeds)
    assert len(list(play_many(*players(), [[x, x]] * 2, 2, seeds=[3, 3]))) == 2  # a list can be read twice
    with pytest.raises(TypeError, match="played one by one"):
        play_many(*players(), [x, x], 2, seeds=[0, 1])
    with pytest.raises(TypeError, match="played one by one"):
        play_many(*players(), torch.stack([x, x]), 2, seeds=[0, 1])


def test_what_cannot_be_stacked_or_does_not_match_is_named():
    with pytest.raises(ValueError, match="equal parameters, got 2"):
        stack([mlp((2, 4, 1), seed=0), mlp((2, 5, 1), seed=0)])
    with pytest.raises(ValueError, match="got 0"):
        stack([])
    with pytest.raises(ValueError, match="batch norm"):
        stack([nn.BatchNorm1d(3)])
    Gs, Ds = fresh([0, 1])
    G, D = stack(Gs), stack(Ds)
    points = [torch.zeros(4, 2, dtype=torch.float64)]
    for batches, seeds in (([points], [0, 1]), ([points] * 2, [0])):
        with pytest.raises(ValueError, match=r"same games, got \[1, 2\]"):
            play_many(G, D, sgd(G), sgd(D), batches, 2, seeds=seeds)
    with pytest.raises(ValueError, match="opt_G holds no parameter"):  # made before stacking
        play_many(G, D, sgd(Gs[0]), sgd(D), [points] * 2, 2, seeds=[0, 1])
    with pytest.raises(ValueError, match="g_steps"):
        play_many(G, D, sgd(G), sgd(D), [points] * 2, 2, seeds=[0, 1], g_steps=0)


# --- the players ---


def test_mlp_has_the_law_of_torch_and_its_own_seed():
    state = torch.get_rng_state()
    net = mlp((16, 400, 400, 1), seed=0)
    assert torch.equal(state, torch.get_rng_state())
    reference = nn.Linear(400, 400)
    for p, q in zip(net[2].parameters(), reference.parameters(), strict=True):
        assert p.shape == q.shape and p.abs().max() <= 0.05 and p.abs().max() > 0.0499 * (p.numel() > 1000)
        assert p.std().item() == pytest.approx(0.05 / 3**0.5, rel=0.1)
        assert q.std().item() == pytest.approx(0.05 / 3**0.5, rel=0.1)  # torch still does the same
    assert 0.24 < net[0].weight.abs().max() <= 0.25 and 0.2 < net[0].bias.abs().max() <= 0.25  # fan-in 16
    again, other = mlp((16, 400, 400, 1), seed=0), mlp((16, 400, 400, 1), seed=1)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    assert not torch.equal(net[0].weight, other[0].weight)
    source = torch.Generator().manual_seed(0)
    assert not torch.equal(mlp((2, 3), seed=source)[0].weight, mlp((2, 3), seed=source)[0].weight)


def test_mlp_layers_shapes_and_values():
    net = mlp((2, 5, 3), seed=0, slope=0.1, last=nn.Tanh())
    assert [type(layer).__name__ for layer in net] == ["Linear", "LeakyReLU", "Linear", "Tanh"]
    assert [type(layer).__name__ for layer in mlp((2, 5, 1), seed=0)] == ["Linear", "LeakyReLU", "Linear"]
    x = torch.randn(7, 2)
    hidden = x @ net[0].weight.T + net[0].bias
    hidden = torch.where(hidden > 0, hidden, 0.1 * hidden)
    torch.testing.assert_close(net(x), torch.tanh(hidden @ net[2].weight.T + net[2].bias))


@pytest.mark.parametrize("sizes", [(2,), (2, 0), (2, 1.5), ()])
def test_mlp_sizes_are_checked(sizes):
    with pytest.raises(
        ValueError, match="two or more positive|each of sizes must be an integer of at least 1"
    ):
        mlp(sizes, seed=0)


# --- the average ---


def test_the_average_equals_torchs_for_parameters_and_float_buffers():
    G = dcgan_generator(seed=0)
    average = averaged(G)
    theirs = torch.optim.swa_utils.AveragedModel(
        G, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9), use_buffers=True
    )
    theirs.update_parameters(G)  # its first call copies
    for k in range(5):
        G(torch.randn(8, 32, generator=data.make_generator(k)))  # moves the buffers
        with torch.no_grad():
            for p in G.parameters():
                p.add_(0.1 * torch.randn(p.shape, generator=data.make_generator(k)))
        ema_update(average, G, 0.9)
        theirs.update_parameters(G)
    state, expected = average.state_dict(), theirs.module.state_dict()
    moved = [name for name in state if "running" in name]
    assert moved and not torch.equal(state[moved[0]], dcgan_generator(seed=0).state_dict()[moved[0]])
    for name, value in state.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=1e-7)
        else:
            assert value == 5  # batches seen: copied


def test_the_average_on_paper():
    net = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        net.weight.fill_(0.0)
    average = averaged(net)
    with torch.no_grad():
        net.weight.fill_(1.0)
    for _ in range(69):
        ema_update(average, net, 0.99)
    assert average.weight.item() == pytest.approx(1 - 0.99**69, abs=1e-5)
    assert abs(average.weight.item() - 0.5) < 0.01  # the half-life that the docstring names
    assert not average.weight.requires_grad and not average.training and net.training
    ema_update(average, net, 0.0)
    assert average.weight.item() == 1


@pytest.mark.parametrize(("kind", "goal"), [(torch.bfloat16, 1.0078125), (torch.float16, 1.0009765625)])
def test_the_average_of_a_network_in_half_precision_moves(kind, goal, tmp_path):
    """In its own precision 1 + .002 · .0078 is 1: after 5000 steps it would still stand at 1."""

    def players():
        net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).to(kind)
        with torch.no_grad():
            net[0].weight.fill_(1.0)
        return net, averaged(net)

    net, average = players()
    assert {value.dtype for value in average.state_dict().values()} == {torch.float32, torch.int64}
    assert net[0].weight.dtype is kind
    with torch.no_grad():
        net[0].weight.fill_(goal)
    for _ in range(345):  # half-life of decay .998: 346
        ema_update(average, net, 0.998)
    assert average[0].weight[0, 0].item() == pytest.approx(1 + (goal - 1) / 2, rel=1e-5)
    for _ in range(5000):
        ema_update(average, net, 0.998)
    # float32 stops where .002 of the gap is half a unit in its last place, 6e-8
    assert average[0].weight[0, 0].item() == pytest.approx(goal, abs=4e-5)
    x = torch.ones(3, 4)
    assert average(x).dtype is torch.float32
    if kind is torch.bfloat16:
        with torch.autocast("cpu", kind):
            assert average[0](x).dtype is kind
    save_checkpoint(tmp_path / "x.pt", {"net": net, "average": average}, step=0, settings={})
    other = dict(zip(("net", "average"), players(), strict=True))
    load_checkpoint(tmp_path / "x.pt", other, settings={})
    assert torch.equal(other["average"][0].weight, average[0].weight)
    with pytest.raises(ValueError, match="0.weight of the average is torch.*16, too coarse .*by averaged"):
        ema_update(copy.deepcopy(net), net, 0.998)


@pytest.mark.parametrize(("mine", "its"), [(torch.float64, torch.float32), (torch.float32, torch.float64)])
def test_average_and_network_may_differ_in_precision(mine, its):
    net = nn.Linear(2, 2).to(its)
    average, old = averaged(net).to(mine), net.weight.detach().to(mine)
    with torch.no_grad():
        net.weight.add_(1)
    ema_update(average, net, 0.9)
    torch.testing.assert_close(average.weight.detach(), 0.9 * old + 0.1 * net.weight.detach().to(mine))


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
@pytest.mark.parametrize("norm", [spectral_norm, weight_norm])
def test_a_network_whose_weights_a_hook_computes_can_be_averaged_and_resumed(norm, tmp_path):
    def trained(seed):
        net = nn.Sequential(norm(mlp((2, 8), seed=seed)[0]), nn.ReLU(), mlp((8, 1), seed=seed)[0])
        net(torch.ones(3, 2)).sum().backward()  # now `weight` is part of a graph, which deepcopy refuses
        return net

    net, x = trained(0), torch.randn(5, 2, generator=data.make_generator(0))
    average = averaged(net)
    torch.testing.assert_close(average(x), net.eval()(x))
    save_checkpoint(tmp_path / "n.pt", {"D": net}, step=1, settings={})
    other = trained(1)
    assert not torch.allclose(other.eval()(x), net(x))
    load_checkpoint(tmp_path / "n.pt", {"D": other.train()}, settings={})
    torch.testing.assert_close(other.eval()(x), net(x))
    load_checkpoint(tmp_path / "n.pt", {"D": net}, settings={})
    first = next(value for key, value in average.state_dict().items() if "weight_" in key)
    before = first.clone()
    ema_update(average, trained(1), 0.5)
    assert not torch.equal(before, first)
    with pytest.raises(ValueError, match="part D does not fit .*size mismatch"):
        wide = nn.Sequential(norm(nn.Linear(2, 9)), nn.ReLU(), nn.Linear(9, 1))
        load_checkpoint(tmp_path / "n.pt", {"D": wide}, settings={})


@pytest.mark.parametrize("decay", [-0.1, 1.0, 1.5])
def test_decays_outside_their_range_are_refused(decay):
    net = nn.Linear(1, 1)
    with pytest.raises(ValueError, match="decay is"):
        ema_update(averaged(net), net, decay)


def test_an_average_of_another_network_is_refused():
    with pytest.raises(ValueError, match="names or shapes"):
        ema_update(nn.Linear(2, 1), nn.Linear(3, 1), 0.9)


# --- the game of notebook 06 ---

IMAGES = 2 * torch.rand(40, 1, 28, 28, generator=data.make_generator(0)) - 1
SETTINGS = {"lr": 4e-3, "batch": 8, "upsampling": "subpixel"}


def small_game(seed=0):
    G = dcgan_generator(6, seed=2 * seed, choices=3, channels=(4, 3))
    return dcgan_game(
        seed=seed, G=G, D=dcgan_discriminator(seed=2 * seed + 1, channels=(3, 4, 5), hidden=(6,))
    )


def played(game, rounds, start=0):
    return list(dcgan_rounds(game, IMAGES, seed=0, rounds=rounds, start=start, batch=8, z_dim=6))


def numbers(game):
    """Every number of a game, as one list of tensors."""
    flat = []
    for part in game:
        state = part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
        flat += [leaf for leaf in tree_leaves(state) if isinstance(leaf, torch.Tensor)]
    return [leaf.clone() for leaf in flat]


def equal(one, two):
    return len(one) == len(two) and all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_the_game_of_notebook_06_and_its_average():
    game = dcgan_game(seed=0)
    losses = list(dcgan_rounds(game, IMAGES, seed=0, rounds=2, batch=8))
    assert len(losses) == 2 and all(math.isfinite(value) for pair in losses for value in pair)
    assert game.G.training and not game.average.training
    with torch.no_grad():
        assert game.average(torch.zeros(3, 32)).shape == (3, 1, 28, 28)


def by_hand(net, x):
    """A DCGAN player with batch norm written out: each batch is scaled by its own mean and variance."""
    for layer in net:
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            axes = [0, *range(2, x.ndim)]
            x = (x - x.mean(axes, keepdim=True)) / (x.var(axes, correction=0, keepdim=True) + 1e-5).sqrt()
            shape = [1, -1, *[1] * (x.ndim - 2)]
            x = x * layer.weight.view(shape) + layer.bias.view(shape)
        else:
            x = layer(x)
    return x


@pytest.mark.parametrize("asleep", ["nobody", "G", "D"])
def test_both_players_of_the_game_play_with_the_statistics_of_their_batch(asleep):
    """The first round by hand. Either player's batch norm in eval mode gives other losses: a wrong answer."""
    game, other = dcgan_game(seed=0), dcgan_game(seed=0)
    assert all(layer.training for player in (game.G, game.D) for layer in player.modules())
    for layer in [] if asleep == "nobody" else getattr(game, asleep):
        layer.train(not isinstance(layer, nn.modules.batchnorm._BatchNorm))
    ((loss_D, loss_G),) = dcgan_rounds(game, IMAGES, seed=0, rounds=1, batch=32)

    (x_real,) = data.batches(IMAGES, 32, seed=0, steps=1)
    noise = data.make_generator(1000)
    x_fake = by_hand(other.G, torch.randn(32, 32, generator=noise)).detach()
    value_D = F.softplus(-by_hand(other.D, x_real)).mean() + F.softplus(by_hand(other.D, x_fake)).mean()
    value_D.backward()
    other.opt_D.step()
    value_G = F.softplus(-by_hand(other.D, by_hand(other.G, torch.randn(32, 32, generator=noise)))).mean()
    close = [
        math.isclose(loss_D, value_D.item(), rel_tol=1e-5),
        math.isclose(loss_G, value_G.item(), rel_tol=1e-3),
    ]
    assert close == [asleep == "nobody"] * 2, (loss_D, value_D.item(), loss_G, value_G.item())


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda x: (x + 1) / 2, {}, r"run from .* to .*: expected values in \[-1, 1\]"),
        (lambda x: (x + 1) * 127.5, {}, "run from"),
        (lambda x: 1.01 * x, {}, "run from"),
        (lambda x: x * torch.nan, {}, "run from nan"),
        (lambda x: (x > 0).byte(), {}, "run from 0 to 1"),
        (lambda x: ((x + 1) / 2, x), {}, "run from"),
        (lambda x: x, {"decay": 1.0}, r"decay is 1.0"),
        (lambda x: x, {"decay": -0.5}, r"decay is -0.5"),
        (lambda x: x[:0], {}, "there are only 0 samples"),
    ],
)
def test_wrong_images_and_decays_are_refused_at_once(change, options, message):
    with pytest.raises(ValueError, match=message):
        dcgan_rounds(small_game(), change(IMAGES), seed=0, batch=8, z_dim=6, **options)


def test_a_young_average_forgets_faster():
    game = small_game()
    first = [p.clone() for p in game.average.parameters()]
    played(game, 1)
    for old, now, target in zip(first, game.average.parameters(), game.G.parameters(), strict=True):
        torch.testing.assert_close(now, 0.1 * old + 0.9 * target)


# --- checkpoints ---


@pytest.fixture
def saved(tmp_path):
    """A game of seven rounds of eight images out of forty (an epoch is five), saved after them."""
    game = small_game()
    played(game, 7)
    save_checkpoint(tmp_path / "game.pt", game._asdict(), step=7, settings=SETTINGS)
    return game, tmp_path / "game.pt"


def test_resumed_equals_uninterrupted_bit_for_bit(saved):
    game, path = saved
    whole = small_game()
    losses = played(whole, 13)
    resumed = small_game(seed=5)  # other weights and other noise: all must come from the file
    assert not equal(numbers(resumed), numbers(game))
    step = load_checkpoint(path, resumed._asdict(), settings=SETTINGS)
    assert step == 7 and equal(numbers(resumed), numbers(game))
    assert played(resumed, 13, start=step) == losses[7:]
    assert equal(numbers(resumed), numbers(whole))
    forgot = small_game()  # a wrong answer: the order of the batches starts anew
    load_checkpoint(path, forgot._asdict(), settings=SETTINGS)
    list(dcgan_rounds(forgot, IMAGES, seed=0, rounds=6, batch=8, z_dim=6))
    assert not equal(numbers(forgot), numbers(whole))


@pytest.mark.parametrize("forgotten", ["opt_G", "opt_D", "noise", "average"])
def test_every_part_matters(tmp_path, forgotten):
    game, whole = small_game(), small_game()
    played(game, 4), played(whole, 8)
    parts = {name: part for name, part in game._asdict().items() if name != forgotten}
    save_checkpoint(tmp_path / "game.pt", parts, step=4, settings={})
    resumed = small_game()
    rest = {name: part for name, part in resumed._asdict().items() if name != forgotten}
    load_checkpoint(tmp_path / "game.pt", rest, settings={})
    played(resumed, 8, start=4)
    assert not equal(numbers(resumed), numbers(whole))


def refused(path, message, settings=SETTINGS, game=None, error=ValueError, **parts):
    """Loading fails with this message and changes nothing."""
    game = small_game(seed=9) if game is None else game
    before, held = numbers(game), {**game._asdict(), **parts}
    with pytest.raises(error, match=message) as raised:
        load_checkpoint(path, {k: v for k, v in held.items() if v is not None}, settings=settings)
    assert equal(numbers(game), before)
    return str(raised.value)


def test_damaged_files_are_refused(saved):
    game, path = saved
    good, harmless = path.read_bytes(), 0
    for k in range(0, len(good), len(good) // 48):
        path.write_bytes(good[:k] + bytes([good[k] ^ 4]) + good[k + 1 :])
        try:
            refused(path, "cannot be read|damaged|not a checkpoint")
        except pytest.fail.Exception:  # a byte between the records: then nothing that was saved may differ
            harmless, loaded = harmless + 1, small_game(seed=9)
            load_checkpoint(path, loaded._asdict(), settings=SETTINGS)
            assert equal(numbers(loaded), numbers(game))
    assert harmless < 16
    path.write_bytes(good[: len(good) // 2])
    assert "delete game.pt and start again" in refused(path, "cannot be read")
    path.write_bytes(b"")
    refused(path, "cannot be read")


def test_a_change_that_the_file_format_does_not_notice_is_refused(saved):
    _, path = saved
    content = torch.load(path, weights_only=True)
    content["parts"]["G"]["1.weight"][0, 0] += 1e-6
    torch.save(content, path)
    refused(path, "does not match its hash")


def test_other_files_are_refused(tmp_path):
    refused(tmp_path / "none.pt", "there is no checkpoint", error=FileNotFoundError)
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    refused(tmp_path / "other.pt", "not a checkpoint of save_checkpoint")


class Trap:
    """Unpickled, it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_file_that_would_run_code_is_refused(tmp_path):
    torch.save({"format": FORMAT, "trap": Trap(tmp_path / "ran")}, tmp_path / "trap.pt")
    refused(tmp_path / "trap.pt", "cannot be read")
    assert not (tmp_path / "ran").exists()
    torch.load(tmp_path / "trap.pt", weights_only=False)  # the trap works
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({**SETTINGS, "lr": 2e-4}, r"lr is 0\.004 in the file, 0\.0002 here"),
        ({**SETTINGS, "z_dim": 6}, "z_dim is given only here"),
        ({"lr": 4e-3, "batch": 8}, "upsampling is given only in the file"),
    ],
)
def test_other_settings_are_refused_by_name(saved, settings, message):
    text = refused(saved[1], message, settings=settings)
    assert "use the same settings" in text


def test_other_players_and_parts_are_refused(saved):
    path = saved[1]
    refused(path, "only in the file: noise", noise=None)
    refused(path, "only here: schedule", schedule=torch.optim.lr_scheduler.LinearLR(small_game().opt_G))
    wider = small_game()._replace(D=dcgan_discriminator(seed=1, channels=(3, 4, 6), hidden=(6,)))
    refused(path, "part D does not fit .*size mismatch", game=wider)
    other = torch.optim.Adam(dcgan_generator(6, seed=0, choices=3, channels=(4, 5)).parameters())
    refused(path, "part opt_G does not fit", game=small_game()._replace(opt_G=other))
    other = torch.optim.Adam(list(small_game().G.parameters())[:3])
    refused(path, "part opt_G does not fit", game=small_game()._replace(opt_G=other))


def test_another_optimiser_or_schedule_is_refused(saved, tmp_path):
    """Its state would be accepted, and the next step would miss a 'momentum'."""
    other = small_game()
    sgd = torch.optim.SGD(other.G.parameters(), lr=0.1)
    refused(saved[1], "part opt_G is Adam in the file, SGD here", game=other._replace(opt_G=sgd))
    schedules = torch.optim.lr_scheduler
    save_checkpoint(tmp_path / "s.pt", {"s": schedules.StepLR(sgd, 3)}, step=0, settings={})
    with pytest.raises(ValueError, match="part s is StepLR in the file, CosineAnnealingLR here"):
        load_checkpoint(tmp_path / "s.pt", {"s": schedules.CosineAnnealingLR(sgd, 3)}, settings={})


def test_a_failed_save_leaves_the_older_file(saved, monkeypatch):
    game, path = saved
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, game._asdict(), step=8, settings=SETTINGS)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == ["game.pt"]


def test_what_cannot_be_saved_is_named(tmp_path):
    with pytest.raises(TypeError, match="part losses is a list"):
        save_checkpoint(tmp_path / "x.pt", {"losses": [1.0]}, step=0, settings={})
    with pytest.raises(ValueError, match="step"):
        save_checkpoint(tmp_path / "x.pt", {}, step=-1, settings={})
    with pytest.raises(OSError):
        save_checkpoint(tmp_path / "none" / "x.pt", {}, step=0, settings={})
    assert not list(tmp_path.iterdir())


Rates = collections.namedtuple("Rates", "G D")


def test_settings_and_rates_of_numpy_are_saved_as_pythons(tmp_path):
    rate = np.logspace(-3, -2, 3)[0]
    settings = {
        "lr": rate,
        "batch": np.int64(64),
        "both": (rate, [np.float32(0.5)]),
        "name": np.str_("a"),
        "x": None,
    }

    def parts():
        net = mlp((2, 4, 1), seed=0)
        optimiser = torch.optim.Adam(net.parameters(), rate)
        schedule = torch.optim.lr_scheduler.LinearLR(optimiser, np.float64(0.5))
        net(torch.ones(3, 2)).sum().backward()
        optimiser.step()
        return {"net": net, "opt": optimiser, "schedule": schedule}

    path = tmp_path / "n.pt"
    save_checkpoint(path, parts(), step=np.int64(3), settings=settings)
    loaded = parts()
    plain = {"lr": 1e-3, "batch": 64, "both": (1e-3, [0.5]), "name": "a", "x": None}
    for same in (settings, plain):
        assert load_checkpoint(path, loaded, settings=same) == 3
    assert loaded["opt"].param_groups[0]["lr"] == pytest.approx(0.5e-3)
    with pytest.raises(ValueError, match="batch is 64 in the file, 65 here"):
        load_checkpoint(path, loaded, settings=plain | {"batch": np.int64(65)})


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        (Path("runs"), "PosixPath|WindowsPath"),
        ((pairs.L_D, pairs.L_G), "function"),
        (Rates(1e-3, 1e-3), "Rates"),
        ({"a": [torch.zeros(2)]}, "Tensor"),
        ({1, 2}, "set"),
        (np.zeros(2), "ndarray"),
    ],
)
def test_settings_that_could_not_be_read_again_are_refused_when_saving(tmp_path, setting, kind):
    """They were saved without a word, and the file then was called damaged: the training was lost."""
    with pytest.raises(TypeError, match=f"setting odd holds a ({kind}): use numbers and strings"):
        save_checkpoint(tmp_path / "x.pt", {}, step=0, settings={"odd": setting})
    assert not list(tmp_path.iterdir())


class Odd:
    """A part whose state holds something that only running code could bring back."""

    def __init__(self, inner):
        self.inner = inner

    def state_dict(self):
        return {"fine": 1, "list": [torch.zeros(2), {"deep": self.inner}]}

    def load_state_dict(self, state):
        self.inner = state["list"][1]["deep"]


@pytest.mark.parametrize("inner", [Path("runs"), Rates(1, 2), print, lambda: 0, np.zeros(2)])
def test_parts_that_could_not_be_read_again_are_refused_by_name(tmp_path, inner):
    with pytest.raises(
        TypeError, match=r"parts\.odd\.list\.1\.deep is a \w+, which could be saved but not read"
    ):
        save_checkpoint(tmp_path / "x.pt", {"odd": Odd(inner)}, step=0, settings={})
    assert not list(tmp_path.iterdir())
    save_checkpoint(tmp_path / "x.pt", {"odd": Odd(np.float64(2))}, step=0, settings={})
    part = Odd(0)
    load_checkpoint(tmp_path / "x.pt", {"odd": part}, settings={})
    assert part.inner == 2 and type(part.inner) is float


def test_a_part_that_cannot_be_copied_is_not_called_unfit(tmp_path):
    part = Odd(1.0)
    save_checkpoint(tmp_path / "x.pt", {"odd": part}, step=0, settings={})
    part.file = (tmp_path / "x.pt").open("rb")
    with pytest.raises(TypeError, match="cannot pickle"):
        load_checkpoint(tmp_path / "x.pt", {"odd": part}, settings={})
    part.file.close()


def test_schedulers_can_be_parts(tmp_path):
    game = small_game()
    schedules = [torch.optim.lr_scheduler.LinearLR(g.opt_G, 1.0, 0.1, 10) for g in (game, small_game())]
    for _ in range(3):
        game.opt_G.step()
        schedules[0].step()
    save_checkpoint(tmp_path / "s.pt", {"schedule": schedules[0]}, step=3, settings={})
    load_checkpoint(tmp_path / "s.pt", {"schedule": schedules[1]}, settings={})
    assert schedules[1].last_epoch == 3


# --- what a batch brings beside the data ---


class Conditional(nn.Module):
    """Concatenates what is given to its input; without anything given it is the plain network."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, *given):
        return self.net(torch.cat([x, *given], 1))


def labelled(seed, n=400):
    x = data.ring(n, seed=seed)
    return x, (x[:, :1] > 0).float()


def test_plain_batches_and_batches_of_one_give_the_same_bits():
    x = data.ring(400, seed=0)
    runs = []
    order = torch.cat(list(data.batches(x, 32, seed=1, steps=20)))
    for fed in (
        data.batches(x, 32, seed=1, steps=20),
        DataLoader(TensorDataset(order), 32),
        data.batches((x,), 32, seed=1, steps=20),
        ([part] for part in data.batches(x, 32, seed=1, steps=20)),
    ):
        G, D = mlp((2, 8, 2), seed=0), mlp((2, 8, 1), seed=1)
        runs.append((list(play(G, D, adam(G), adam(D), fed, 2)), *G.parameters(), *D.parameters()))
    for other in runs[1:]:
        assert runs[0][0] == other[0]
        assert all(torch.equal(a, b) for a, b in zip(runs[0][1:], other[1:], strict=True))


def test_what_is_given_reaches_both_players_and_the_losses_D():
    """One step by hand: G(z, y) and D(x, y) with y glued to the input."""
    x, y = labelled(0)
    G, D = Conditional(mlp((3, 8, 2), seed=0)), Conditional(mlp((3, 8, 1), seed=1))
    G2, D2 = Conditional(mlp((3, 8, 2), seed=0)), Conditional(mlp((3, 8, 1), seed=1))
    (played,) = play(G, D, sgd(G), sgd(D), [(x[:32], y[:32])], 2, seed=5)
    noise = data.make_generator(5)
    z = torch.randn(32, 2, generator=noise)
    loss_D = F.softplus(-D2(x[:32], y[:32])).mean() + F.softplus(D2(G2(z, y[:32]).detach(), y[:32])).mean()
    assert played[0] == pytest.approx(loss_D.item(), abs=1e-6)
    opt = sgd(D2)
    loss_D.backward()
    opt.step()
    loss_G = F.softplus(-D2(G2(torch.randn(32, 2, generator=noise), y[:32]), y[:32])).mean()
    assert played[1] == pytest.approx(loss_G.item(), abs=1e-6)


def test_many_conditional_games_equal_single_ones():
    fed = [data.batches(labelled(k), 32, seed=k, steps=12) for k in range(3)]
    Gs, Ds = (
        [Conditional(mlp(s, seed=2 * k + i)) for k in range(3)] for i, s in enumerate([(3, 8, 2), (3, 8, 1)])
    )
    G, D = stack(Gs), stack(Ds)
    opts = [torch.optim.Adam(p.params.values(), lr=1e-3) for p in (G, D)]
    many = torch.stack([torch.stack(pair, 1) for pair in play_many(G, D, *opts, fed, 2, seeds=[7, 8, 9])])
    for k in range(3):
        G1, D1 = Conditional(mlp((3, 8, 2), seed=2 * k)), Conditional(mlp((3, 8, 1), seed=2 * k + 1))
        one = (torch.optim.Adam(p.parameters(), lr=1e-3) for p in (G1, D1))
        alone = list(play(G1, D1, *one, data.batches(labelled(k), 32, seed=k, steps=12), 2, seed=7 + k))
        assert torch.allclose(many[:, k], torch.tensor(alone), atol=1e-5)


def test_a_player_that_cannot_take_what_is_given_is_named():
    x, y = labelled(0)
    G, D = Conditional(mlp((3, 8, 2), seed=0)), mlp((2, 8, 1), seed=1)
    with pytest.raises(
        TypeError, match=r"bring 1 tensor\(s\) beside the data .*which D \(Sequential\) does not"
    ):
        next(play(G, D, sgd(G), sgd(D), [(x, y)], 2))
    plain = mlp((2, 8, 2), seed=0)
    with pytest.raises(TypeError, match=r"which G \(Sequential\) does not"):
        next(play(plain, D, sgd(plain), sgd(D), [(x, y)], 2))


def test_batches_that_are_none_are_refused():
    G, D = mlp((2, 8, 2), seed=0), mlp((2, 8, 1), seed=1)
    with pytest.raises(TypeError, match="played one by one: pass data.batches"):
        play(G, D, sgd(G), sgd(D), data.ring(64, seed=0), 2)
    with pytest.raises(TypeError, match="a batch is a dict"):
        next(play(G, D, sgd(G), sgd(D), [{"x": 1}], 2))
    for rows in (list(data.ring(4, seed=0)), DataLoader(data.ring(4, seed=0), batch_size=None)):
        with pytest.raises(ValueError, match=r"a batch has shape \(2,\): expected samples \(n, ...\)"):
            next(play(G, D, sgd(G), sgd(D), rows, 2))
    pair = DataLoader(TensorDataset(data.ring(8, seed=0), torch.zeros(8)), 4)
    with pytest.raises(TypeError, match=r"bring 1 tensor\(s\) beside the data .* leave them out"):
        next(play(G, D, sgd(G), sgd(D), pair, 2))
