# %% [markdown]
# # 04 · The 2-D laboratory, deeper
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/deeper/04_gan_laboratory_2d.ipynb)
#
# Comes after [lesson 04](../04_gan_laboratory_2d.ipynb), and no later lesson needs it.
#
# **After this you can**
#
# - **say**, from eight seeds, what happens when a line of the loop is left out;
# - **train** many small networks as one stack, and know what it saves;
# - **map** which learning rates work, and tell a late game from a stuck one;
# - **test** how much losses know about a generator.
#
# *Study:* 72 minutes, and 35 for the exercises. *Run time:* about 45 seconds on one CPU core.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy
import itertools
import math
import time
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from gan_helpers import data, plots, seeds
from gan_helpers.checks import nb04
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.losses import L_D, L_G
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.training import own_rates, play, play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # tiny networks: a second thread, or a GPU, costs more than it brings

# %% [markdown]
# Data and players are those of the lesson. `coverage` is its count for many sets of points at once.

# %% tags=["record"]
x_all = data.ring(20_000, seed=0, std=0.1)
Z_DIM, BATCH = 2, 64


def make_players(seed):
    """New players of one seed: G (n, 2) -> (n, 2), D (n, 2) -> (n, 1)."""
    return (
        mlp((Z_DIM, 32, 32, 2), seed=2 * seed),
        mlp((2, 32, 32, 1), seed=2 * seed + 1),
    )


def adam(params, lr, beta1=0.5):  # beta2 is 0.9 in every game, not PyTorch's 0.999
    return torch.optim.Adam(params, lr=lr, betas=(beta1, 0.9))


# %% tags=["record"]
RING, STD = data.ring_centres(), 0.1
z_test = torch.randn(2500, Z_DIM, generator=data.make_generator(10**6))


def coverage(x):
    """Covered clusters and share of points within 3σ, for each set in x (..., n, 2)."""
    distance, mode = torch.cdist(x, RING).min(-1)
    good = distance < 3 * STD
    hits = (F.one_hot(mode, len(RING)) * good[..., None]).sum(-2)
    return (hits >= 0.2 * x.shape[-2] / len(RING)).sum(-1), good.float().mean(-1)


# %% tags=["record"]
def train(seeds, lr_G, lr_D, *, beta1=0.5, rounds=600, d_steps=1, every=40):
    """Play all games at once; a rate may be one number or one per game.

    Returns generators, losses (rounds, 2, games), points (snapshots, games, 2500, 2).
    """
    Gs, Ds = zip(*map(make_players, seeds), strict=True)
    G, D = stack(Gs), stack(Ds)  # Gs[k] stays usable: a view of the stack
    opt_G, opt_D = (adam(player.params.values(), 1e-3, beta1) for player in (G, D))
    for opt, rate in ((opt_G, lr_G), (opt_D, lr_D)):
        own_rates(opt, torch.as_tensor(rate).expand(len(Gs)) / 1e-3)
    steps = rounds * d_steps
    batches = [data.batches(x_all, BATCH, seed=seed, steps=steps) for seed in seeds]
    noise = [1000 + seed for seed in seeds]
    losses, points = [], []
    game = play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=noise, d_steps=d_steps)
    for step, pair in enumerate(progress(game, f"{len(Gs)} games", rounds), start=1):
        losses.append(torch.stack(pair))
        if step % every == 0:
            with torch.no_grad():
                points.append(torch.stack([G_k(z_test) for G_k in Gs]))
    return SimpleNamespace(
        Gs=Gs, losses=torch.stack(losses), points=torch.stack(points)
    )


# %% tags=["record"]
def covered(points):
    """Covered clusters of each game: the median over the last five of its snapshots."""
    return coverage(points[-5:])[0].median(0).values


# %% [markdown]
# One word has one meaning here. **Covered** is always the median of the last five snapshots of a game, because single snapshots jitter by a cluster.
#
# ## 1 Leave a line out (12 min)
#
# The lesson asks what happens without `no_grad` and without each `zero_grad`. Here are eight seeds of each. An optimiser that forgets to clear is a line of code.


# %%
class Forgetful(torch.optim.Adam):
    def zero_grad(self, set_to_none=True):
        pass  # the gradients of earlier moves stay


# %%
EIGHT = seeds.several(8)


def eight(rounds):
    """Generators, both stacks and the batches of eight games."""
    Gs, Ds, batches = [], [], []
    for seed in EIGHT:
        G, D = make_players(seed)
        Gs.append(G)
        Ds.append(D)
        batches.append(data.batches(x_all, BATCH, seed=seed, steps=rounds))
    return Gs, stack(Gs), stack(Ds), batches


def count(Gs):
    """Covered clusters of each generator as it is now."""
    with torch.no_grad():
        points = torch.stack([G(z_test) for G in Gs])
    return coverage(points)[0]


def play_eight(kind_G=torch.optim.Adam, kind_D=torch.optim.Adam, rounds=400):
    """Covered clusters of eight games, and L_D over their last 100 rounds."""
    Gs, G, D, batches = eight(rounds)
    opt_G = kind_G(G.params.values(), lr=3e-3, betas=(0.5, 0.9))
    opt_D = kind_D(D.params.values(), lr=5e-3, betas=(0.5, 0.9))
    game = play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=EIGHT)
    losses = []
    for loss_D, _ in progress(game, "eight games", rounds):
        losses.append(loss_D)
    return count(Gs), torch.stack(losses[-100:]).mean(0)


# %%
complete, loss = play_eight()
no_zero_D, loss_no_D = play_eight(kind_D=Forgetful)
no_zero_G, loss_no_G = play_eight(kind_G=Forgetful)
counts = {"complete loop": complete, "no opt_D.zero_grad()": no_zero_D}
counts["no opt_G.zero_grad()"] = no_zero_G
table("covered clusters after 400 rounds, of 8", counts)
losses = {"complete loop": loss, "no opt_D.zero_grad()": loss_no_D}
losses["no opt_G.zero_grad()"] = loss_no_G
table("L_D, mean of the last 100 rounds", losses)

# %%
claim("The complete loop covers at least four clusters.", complete, above=3)
claim("Without opt_D.zero_grad() at most two are covered.", no_zero_D, below=3)
claim("There L_D ends above 3, more than twice the loss of a blind D.", loss_no_D, above=3)
claim("Without opt_G.zero_grad() at most three are covered.", no_zero_G, below=4)

# %% [markdown]
# Without `opt_D.zero_grad()` two things stay in $D$: its own gradients of earlier moves, and what the moves of $G$ have left there, which points towards higher scores of fakes. Which of them ruins the game? This optimiser clears one and keeps the other.

# %%
class Partly(torch.optim.Adam):
    own = True  # keep D's own old gradients, or what G has left

    def step(self, closure=None):
        params = self.param_groups[0]["params"]
        self.after_move = [p.grad.clone() for p in params]
        return super().step(closure)

    def zero_grad(self, set_to_none=True):
        params = self.param_groups[0]["params"]
        for p, old in zip(params, getattr(self, "after_move", []), strict=False):
            p.grad = old if self.own else p.grad - old


class Leftovers(Partly):
    own = False


# %%
own_kept, loss_own = play_eight(kind_D=Partly)
left_kept, loss_left = play_eight(kind_D=Leftovers)
table("covered clusters", {"D keeps its own old gradients": own_kept, "D keeps what G left": left_kept})
table("L_D, mean of the last 100 rounds", {"D keeps its own old gradients": loss_own, "D keeps what G left": loss_left})
claim("D's own old gradients alone ruin the game: at most two are covered.", own_kept, below=3)
claim("With what G left alone, games still cover four or more, in most seeds.", left_kept > 3, in_at_least=6)
claim("What G left costs D far less than its own old gradients.", loss_left, below=loss_own / 2)

# %% [markdown]
# One would blame $G$, whose gradient points the other way. But $D$'s own old gradients do the harm. They are never forgotten, so $D$ goes on in directions that were right hundreds of rounds ago.
#
# And `no_grad`? We leave it out, and compare bits.


# %%
def play_without_no_grad(G, D, opt_G, opt_D, batches, seed):
    noise = data.make_generator(seed)
    for x_real in batches:
        loss_D = L_D(D, x_real, G(torch.randn(BATCH, Z_DIM, generator=noise)))
        opt_D.zero_grad()
        loss_D.backward()  # reaches G as well
        opt_D.step()
        loss_G = L_G(D, x_real, G(torch.randn(BATCH, Z_DIM, generator=noise)))
        opt_G.zero_grad()  # and is cleared here
        loss_G.backward()
        opt_G.step()


def start(seed, rounds):
    """Players, their optimisers and batches of one game."""
    G, D = make_players(seed)
    batches = data.batches(x_all, BATCH, seed=seed, steps=rounds)
    return G, D, adam(G.parameters(), 3e-3), adam(D.parameters(), 5e-3), batches


# %%
same = []
for seed in EIGHT[:3]:
    one, other = start(seed, 100), start(seed, 100)
    list(play(*one, Z_DIM, seed=seed))
    play_without_no_grad(*other, seed)
    for p, q in zip(one[0].parameters(), other[0].parameters(), strict=True):
        same.append(torch.equal(p, q))
claim("Without no_grad not one bit of G changes in 100 rounds.", same, exact=True)

# %% [markdown]
# ## 2 What a move does to the plane (7 min)
#
# The lesson measured a move of $G$. A move of $D$ is no less of a compromise. It should raise $P$ at its reals and lower it at its fakes. Does it, at each of them?

# %%
predict(
    "D makes one move. At how many of the 64 reals of its own batch does P fall?",
    [
        ("At none: it was trained to raise them", False, "It was trained to raise their mean."),
        ("At a few, below one in ten", False, "More: a step tilts whole regions."),
        ("Often at more than a third", True, "The gap to the fakes grows all the same."),
    ],
)

# %%
fell, widened = [], []
for seed in EIGHT:
    G, D, opt_G, opt_D, batches = start(seed, 251)
    batches = list(batches)
    game = play(G, D, opt_G, opt_D, batches[:250], Z_DIM, seed=seed)
    list(game)  # plays it
    x_real = batches[250]
    with torch.no_grad():
        x_fake = G(torch.randn(BATCH, Z_DIM, generator=data.make_generator(seed)))
        before = torch.sigmoid(torch.stack([D(x_real), D(x_fake)]))
    opt_D.zero_grad()
    L_D(D, x_real, x_fake).backward()
    opt_D.step()
    with torch.no_grad():
        after = torch.sigmoid(torch.stack([D(x_real), D(x_fake)]))
    change = after - before
    fell.append((change[0] < 0).float().mean())
    widened.append(change[0].mean() - change[1].mean())

# %%
table("share of its own reals where P fell", {"eight seeds": fell}, unit="%")
claim("The gap of the means, reals less fakes, widens in nearly all seeds.", torch.tensor(widened) > 0, in_at_least=6)
claim("Yet P falls at more than a tenth of the reals, in most seeds.", torch.tensor(fell) > 0.1, in_at_least=6)

# %% [markdown]
# And the neighbours of a fake? $G$ makes a plain step for *one* fake, and we watch all the others. The lesson says that neighbours in noise go along.

# %%
z = torch.randn(64, Z_DIM, generator=data.make_generator(7))
gap = torch.cdist(z, z)  # between the noise of two fakes
company = {"neighbours (closer than 0.5)": [], "distant fakes (farther than 2)": []}
for seed in EIGHT[:4]:
    G, D, *others, batches = start(seed, 250)
    list(play(G, D, *others, batches, Z_DIM, seed=seed))
    length = []
    for k in range(64):
        stepped = copy.deepcopy(G)
        plain = torch.optim.SGD(stepped.parameters(), lr=1e-3)
        L_G(D, None, stepped(z[[k]])).backward()
        plain.step()
        move = (stepped(z) - G(z)).detach().norm(dim=1)
        length.append(move / move[k])
    length = torch.stack(length)
    near, far = company.values()
    near.append(length[(gap > 0) & (gap < 0.5)].mean())
    far.append(length[gap > 2].mean())

# %%
table("when one fake moves by 1, others move by", company)
claim("Neighbours move nearly as far.", near, above=0.8)
claim("Distant fakes move less than half as far.", far, below=0.5)

# %% [markdown]
# ## 3 Sixteen seeds at once (7 min)
#
# One seed proves little. Do sixteen take sixteen times as long? Networks of equal shape can be **stacked**: each parameter gets a first axis for the seed, and `vmap` turns $G$ and $D$ into functions on stacks. `play_many` is the loop of the lesson with three changes.
#
# | in `play` | in `play_many` |
# |---|---|
# | `x_real`, `z` from one source | one batch and one noise **per seed**, each from its own source, stacked to (seeds, batch, 2) |
# | `L_D(D, x_real, x_fake)` | `vmap` of it over parameters and batches: (seeds,) losses |
# | `loss_D.backward()` | `loss_D.sum().backward()`: seed $k$ appears in term $k$ only, so each gets its own gradient |
#
# Adam works number by number, so one Adam on the stack *is* sixteen.

# %%
gaps = {5: [], 200: []}
for rounds in gaps:
    many = train(range(16), 3e-3, 5e-3, rounds=rounds, every=rounds)
    for seed in (0, 7, 15):
        G, *others = start(seed, rounds)
        game = play(G, *others, Z_DIM, seed=1000 + seed)
        losses = torch.tensor(list(game))
        gap = losses - many.losses[:, :, seed]
        gaps[rounds].append(gap.abs().max().item())
rows = {"5 rounds": gaps[5], "200 rounds": gaps[200]}
table("largest gap between a loss alone and in the stack", rows)
assert max(gaps[5]) < 1e-5  # equal to rounding

# %% [markdown]
# They are equal to rounding after 5 rounds, and no longer after 200. The order of summation differs, and the game makes small differences grow.

# %%
predict(
    "Sixteen games in one stack cost less than sixteen games. When is the saving largest?",
    [
        ("For wide networks, where there is more to save", False, "There the arithmetic takes the time."),
        ("For small networks", True, "The overhead of an operation is paid once, not sixteen times."),
        ("It does not depend on the width", False, "Look at the table."),
    ],
)


# %%
def seconds(width, games, rounds=50):
    """Process time per round and game; games = 0: one game alone, by `play`."""
    Gs, Ds, batches = [], [], []
    for k in range(max(games, 1)):
        Gs.append(mlp((2, width, width, 2), seed=k))
        Ds.append(mlp((2, width, width, 1), seed=k))
        batches.append(data.batches(x_all, BATCH, seed=k, steps=rounds))
    begin = time.process_time()
    if games:
        G, D = stack(Gs), stack(Ds)
        opts = adam(G.params.values(), 1e-3), adam(D.params.values(), 1e-3)
        list(play_many(G, D, *opts, batches, Z_DIM, seeds=range(games)))
    else:
        opts = adam(Gs[0].parameters(), 1e-3), adam(Ds[0].parameters(), 1e-3)
        list(play(Gs[0], Ds[0], *opts, batches[0], Z_DIM))
    return (time.process_time() - begin) / rounds / max(games, 1)


# %%
seconds(8, 16, 5)  # warm up
saving = {}
for width in (8, 32, 128):
    alone = min(seconds(width, 0), seconds(width, 0))
    stacked = min(seconds(width, 16), seconds(width, 16))
    saving[f"width {width}"] = alone / stacked
table("how many times faster a game is in a stack of sixteen", saving)

# %% [markdown]
# Stack while networks are small. (The times are your machine's.)
#
# ## 4 Which learning rates work (9 min)
#
# Here is a map as in notebook 03, now for networks with Adam. Sixteen pairs of rates with three seeds each are 48 games in **one** stack. `own_rates` lets one Adam take steps of another size in each game.

# %%
predict(
    "Where in the plane of the two rates is the ring covered?",
    [
        ("In one point: GANs need exact tuning", False, "There is a wide region."),
        ("In a band where D is a little faster than G", True, "A slow D is worse than a fast one."),
        ("Wherever both rates are small", False, "There it is late, as you will see."),
    ],
)

# %%
rates_G, rates_D = [3e-4, 1e-3, 3e-3, 1e-2], [5e-4, 1.5e-3, 5e-3, 1.5e-2]
pairs = torch.tensor(list(itertools.product(rates_G, rates_D)))
each = pairs.repeat_interleave(3, 0)
sweep = train(seeds.several(3) * 16, each[:, 0], each[:, 1])
found = covered(sweep.points).view(4, 4, 3)  # rate of G, rate of D, seed
read = sweep.losses[-300:, 0].mean(0).view(4, 4, 3)


# %% tags=["hide-input"]
def heat(ax, values, rows, columns, title, low=0, high=8, form="{:g}"):
    """A map with its numbers written into the cells; values (rows, columns)."""
    ax.imshow(values, origin="lower", aspect="auto", cmap="viridis", vmin=low, vmax=high)
    for i, j in itertools.product(range(len(rows)), range(len(columns))):
        color = "w" if values[i, j] < (low + high) / 2 else "k"
        ax.text(j, i, form.format(values[i, j]), ha="center", va="center", color=color)
    ax.set_xticks(range(len(columns)), [f"{c:g}" for c in columns])
    ax.set_yticks(range(len(rows)), [f"{r:g}" for r in rows])
    ax.set_title(title)
    ax.grid(False)


fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), sharey=True, layout="constrained")
heat(axes[0], found.float().quantile(0.5, -1), rates_G, rates_D, "covered, median of 3 seeds")
heat(axes[1], read.quantile(0.5, -1), rates_G, rates_D, "$L_D$, median", 0.5, 1.5, "{:.2f}")
axes[0].set_ylabel("rate of $G$")
fig.supxlabel("rate of $D$")
alt = "Two maps over the two learning rates. Most clusters are covered in a band along the diagonal, from 0.003 upwards. Left of it, where the discriminator is slower, next to nothing is covered, and there its loss reads about 1.39."
plots.show(fig, alt=alt)

# %%
slow_D = torch.cat([found[2, 0], found[3, 0], found[3, 1]])
fast_D, middle = found[1, 3], found[2, 2]
rows = {"D six times slower or more": slow_D, "G 0.001, D 0.015": fast_D}
table("covered", rows | {"G 0.003, D 0.005": middle})
claim("In the middle of the band at least six clusters are covered.", middle, above=5)
claim("With a D six times slower, nearly all games cover at most two.", slow_D < 3, in_at_least=8)
claim("A D fifteen times faster leaves G between the two.", fast_D, between=(1, 6))
claim("Where a slow D leaves nothing covered, L_D reads its equilibrium.", read[2, 0], near=2 * math.log(2), within=0.08, median=True)

# %% [markdown]
# Six hundred rounds cannot tell "late" from "stuck". A **recorded run** has played 49 pairs of rates, 16 seeds each, for 2,000 rounds, and six momenta.

# %%
record = recorded("nb04_laboratory_maps")


def cells(part, *keys):
    """{the cell's settings: covered clusters of its 16 seeds} of a recorded map."""
    found = {}
    for c in record[part]:
        found[tuple(c[key] for key in keys)] = torch.tensor(c["modes"])
    return found


large = cells("learning_rates", "lr_G", "lr_D")
momenta = cells("beta1", "beta1", "lr_G")

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9.2, 3.6), width_ratios=(1.2, 1), layout="constrained")
titles = "covered, median of 16 seeds", "the same, one rate for both"
for ax, part, title in zip(axes, (large, momenta), titles, strict=True):
    rows, columns = (sorted({pair[k] for pair in part}) for k in (0, 1))
    medians = [part[pair].quantile(0.5) for pair in itertools.product(rows, columns)]
    heat(ax, torch.stack(medians).view(len(rows), -1), rows, columns, title)
axes[0].set(xlabel="rate of $D$", ylabel="rate of $G$")
axes[1].set(xlabel="rate of both", ylabel="Adam's $β_1$")
alt = "Recorded maps. Left: covered clusters over seven by seven learning rates, a diagonal band with seven or eight covered. Right: covered clusters over Adam's beta1 and the rate of both players, full at two rates for beta1 up to 0.8, and for 0.9 half full at a single rate."
plots.show(fig, alt=alt)

# %%
band, slow, fast = [], [], []
for (g, d), modes in large.items():
    if 1e-3 <= g <= 0.01 and 0.9 * g < d < 3.5 * g:
        band.append(modes)
    if g <= 0.01 and d < 0.11 * g:
        slow.append(modes)
    if 3e-4 <= g and 9 * g < d:
        fast.append(modes.quantile(0.5))
claim("In the band every game covers at least five.", torch.cat(band), above=4, recorded=record)
claim("A D ten or more times slower covers at most two in nine of ten games.", torch.cat(slow).quantile(0.9), below=3, recorded=record)
claim("A D ten or more times faster leaves medians from one to six.", torch.stack(fast), between=(1, 6), recorded=record)

# %% [markdown]
# With time the band reaches down to a rate of 0.001 for $G$, and both sides stay. They are not alike. A $D$ that is much too fast leaves some clusters, typically four. One that is much too slow leaves next to none.
#
# ## 5 The border, and moves per player (10 min)
#
# At a rate of 0.003 for $G$ nearly everything fails with $D$ at 0.001, and everything works at 0.005. Between the two lies a border. There is also a popular remedy for a slow $D$: five moves of $D$ in each round. Adam's steps have nearly the size of the rate, so five moves should do what a rate five times as large does.

# %%
border = covered(train(EIGHT, 3e-3, 2.1e-3).points)
one_move = covered(train(EIGHT, 3e-3, 1e-3).points)
five_moves = covered(train(EIGHT, 3e-3, 1e-3, d_steps=5).points)
rows = {"rate 0.001": one_move, "rate 0.001, five moves": five_moves}
rows["rate 0.0021"] = border
table("covered clusters, G at 0.003; the rows say D", rows)

# %%
claim("At 0.001 the median is at most two.", one_move, below=2.5, median=True)
claim("Five moves at 0.001 cover at least six in every seed.", five_moves, above=5)
claim("On the border one seed covers five or more, and another two or less.", border.max() - border.min(), above=2)

# %% [markdown]
# On the border, one run proves nothing: one seed works and the next does not. Five moves do rescue a slow $D$. They cost six moves a round where two would do, so raise its rate first. (This is Adam and a smooth task. Notebook 09 needs extra moves for another purpose.)
#
# There is a surprise in the laboratory. A $D$ at 0.0005 never finds the ring. But what if the ring is found already, and *then* $D$ becomes that slow?

# %%
Gs, G, D, batches = eight(1000)
opt_G, opt_D = adam(G.params.values(), 3e-3), adam(D.params.values(), 5e-3)
game = play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=EIGHT)
for step, _ in enumerate(progress(game, "slowed down", 1000), start=1):
    if step == 600:
        at_600 = count(Gs)
        opt_D.param_groups[0]["lr"] = 5e-4  # ten times slower from here on
after = count(Gs)
table("covered clusters", {"round 600": at_600, "400 rounds later, D slow": after})
claim("A slow D keeps the ring when it is found already.", after, above=5)

# %% [markdown]
# So "a slow $D$ fails" is a statement about finding, not about keeping. We have not tested why.
#
# And what does such a $D$ say when the ring is *not* found? Its loss reads that of a finished game. Is it right about half of the time, then?

# %%
Gs, G, D, batches = eight(600)
Ds = []
for seed in EIGHT:
    _, D = make_players(seed)
    Ds.append(D)
D = stack(Ds)
opt_G, opt_D = adam(G.params.values(), 3e-3), adam(D.params.values(), 5e-4)
list(progress(play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=EIGHT), "slow", 600))
unsure, right = [], []
for G_k, D_k in zip(Gs, Ds, strict=True):
    with torch.no_grad():
        of_reals = D_k(x_all[:2500])
        of_fakes = D_k(G_k(z_test))
    P = torch.sigmoid(torch.cat([of_reals, -of_fakes]))
    unsure.append((P - 0.5).abs().mean())  # P: probability of the right answer
    right.append((P > 0.5).float().mean())
table("a slow D at round 600", {"distance of P from ½, mean": unsure, "share of right answers": right})
claim("It is hardly sure: P is less than 0.08 from ½ on average, in most seeds.", torch.tensor(unsure) < 0.08, in_at_least=6)
claim("Yet its answers differ: from mostly wrong in one seed to mostly right in another.", max(right) - min(right), above=0.2)

# %% [markdown]
# It is not blind. It has an opinion, often a strong majority of right or of wrong answers, and is sure of none. Is it too slow to see what is wrong? The same games go on for 200 rounds, with three rates of $G$. (Both Adams begin anew.)

# %%
def go_on(lr_G):
    """L_D (8,) over the last 50 of 200 more rounds of the slow games."""
    G, D = stack(copy.deepcopy(Gs)), stack(copy.deepcopy(Ds))
    opt_G, opt_D = adam(G.params.values(), lr_G), adam(D.params.values(), 5e-4)
    batches = [data.batches(x_all, BATCH, seed=500 + k, steps=200) for k in EIGHT]
    game = play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=EIGHT)
    losses = [pair[0] for pair in progress(game, "going on", 200)]
    return torch.stack(losses[-50:]).mean(0)


moves_on, slower, still = go_on(3e-3), go_on(3e-4), go_on(0.0)
rows = {
    "as before (0.003)": moves_on,
    "ten times slower": slower,
    "stands still": still,
}
table("L_D of the slow D after 200 more rounds", rows, name="G")

# %%
claim("While G moves on, the slow D goes on reading above 1.3.", moves_on, above=1.3)
claim("Once G stands still, the same D reads lower by .1 or more.", still, below=moves_on - 0.1)

# %% [markdown]
# So it does not need 200 rounds more, but a $G$ that stands still. When $G$ moves ten times slower, the reading mostly falls only a little.
#
# ## 6 Does β₁ = 0.9 ever work? (5 min)
#
# The lesson saw the crowd wander at one rate for 600 rounds. The recorded map has five rates and 2,000 rounds.

# %%
good = {}
for (beta1, _), modes in momenta.items():
    good.setdefault(beta1, []).append(int((modes >= 7).sum()))
for beta1, numbers in good.items():
    print(f"β1 = {beta1}: seeds of 16 with 7 or 8 covered, by rate: {numbers}")
working = []
for numbers in good.values():
    enough = torch.tensor(numbers) >= 14
    working.append(enough.sum().item())
claim("Up to 0.8, two rates work in at least 14 of 16 seeds.", min(working[:-1]), above=1, recorded=record)
claim("With 0.9 none does.", working[-1], below=1, recorded=record)
claim("Its best rate works in about half of the seeds.", max(good[0.9]), between=(5, 11), recorded=record)

# %% [markdown]
# In the lesson it is the momentum of $D$ that makes the crowd wander. A last control stops this $D$ at round 300.

# %%
def hops(points):
    """Share of fakes in points (looks, 8, n, 2) at another cluster 50 rounds later."""
    nearest = torch.cdist(points, RING).argmin(-1)
    return (nearest[5:] != nearest[:-5]).float().mean((0, 2))


Gs, G, D, batches = eight(600)
opt_G, opt_D = adam(G.params.values(), 3e-3), adam(D.params.values(), 5e-3, beta1=0.9)
game = play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=EIGHT)
past = []
for step, _ in enumerate(progress(game, "stopped", 600), start=1):
    if step == 300:
        opt_D.param_groups[0]["lr"] = 0.0
    if step % 10 == 0:
        with torch.no_grad():
            past.append(torch.stack([G_k(z_test) for G_k in Gs]))
past = torch.stack(past)

# %%
moving, stopped = hops(past[20:30]), hops(past[40:])
table("fakes at another cluster 50 rounds later", {"D moves": moving, "D stands still": stopped}, unit="%")
claim("While D moves, most fakes hop within 50 rounds.", moving, above=0.5)
claim("When it stands still, fewer than half as many do.", stopped, below=moving / 2)

# %% [markdown]
# So the crowd wanders because the field changes under it.
#
# ## 7 What do losses know? (11 min)
#
# The lesson compared four games, with a judge that is no larger than $D$. The record holds 74 settings with 16 seeds each, and for every run the losses of its last 300 rounds, its covered clusters, and the loss of a fresh judge that is larger than $D$ and trains longer.


# %% tags=["record"]
def judge(Gs, rounds=300):
    """(seeds,) loss_D of fresh, larger discriminators; Gs stand still; new data."""
    judges = [mlp((2, 64, 64, 1), seed=10_000 + k) for k in range(len(Gs))]
    G, D = stack(Gs), stack(judges)
    opt_G = torch.optim.SGD(G.params.values(), lr=0.0)  # G does not move
    opt_D = torch.optim.Adam(D.params.values(), lr=1e-2, betas=(0.9, 0.99))
    x_new = data.ring(20_000, seed=1, std=0.1)
    batches = [data.batches(x_new, 128, seed=k, steps=rounds) for k in range(len(Gs))]
    seeds = [20_000 + k for k in range(len(Gs))]
    game = play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=seeds)
    losses = [pair[0] for pair in progress(game, "fresh judges", rounds)]
    return torch.stack(losses)[-100:].mean(0)


# %%
distinct = list(record["learning_rates"])
for setting in record["beta1"]:
    if setting["beta1"] != 0.5:  # those with 0.5 are among the learning rates
        distinct.append(setting)
runs = {}
for key in ("modes", "loss_D", "loss_G", "judge"):
    values = []
    for setting in distinct:
        values += setting[key]  # sixteen seeds
    runs[key] = torch.tensor(values).float()
modes = runs["modes"]
loss_D = runs["loss_D"]


# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3), sharey=True, layout="constrained")
jitter = 0.4 * (torch.rand(len(modes), generator=data.make_generator(0)) - 0.5)
for ax, key, title in zip(axes, ("loss_D", "judge"), ("the game's own $L_D$", "$L_D$ of a fresh judge"), strict=True):
    ax.scatter(runs[key], modes + jitter, s=4, alpha=0.3, color=plots.DISC, linewidths=0)
    ax.set(title=title, xlim=(-0.1, 2))
axes[0].set_ylabel("covered clusters")
alt = "Covered clusters against a loss, all recorded runs. Against the game's own loss, runs that cover eight and runs that cover none share the same values. Against a fresh judge's loss the covered clusters rise steadily. Nineteen runs with a larger loss lie outside the left frame."
plots.show(fig, alt=alt)

# %%
windows = {}
for low, high in ((0, 0.8), (0.8, 1.1), (1.1, 1.3), (1.3, 1.45), (1.45, 9)):
    inside = modes[(low <= loss_D) & (loss_D < high)]
    none = (inside <= 1).float().mean()
    full = (inside >= 7).float().mean()
    windows[low] = none, full
    few = f"{none:4.0%} cover at most 1, {full:4.0%} at least 7"
    print(f"L_D {low} to {high}: {len(inside):4} runs, " + few)

# %%
claim("No run with L_D below 0.8 or above 1.45 covers seven.", max(windows[0][1], windows[1.45][1]), below=0.001, recorded=record)
claim("At its equilibrium most runs cover at most one.", windows[1.3][0], above=0.5, recorded=record)
claim("From 1.1 to 1.3 more than half cover seven or eight.", windows[1.1][1], above=0.6, recorded=record)
claim("But some of these runs cover at most one.", windows[1.1][0], above=0.05, recorded=record)

# %% [markdown]
# At the ends a loss does tell: these are bad runs. In between it does not decide.
#
# Can one do better by reading both losses together? Let them *forecast* the count, as the mean of the 15 runs of other settings that read most alike. Then compare the ranks of forecast and truth by a rank correlation, which is 1 for the same order.


# %%
def ranks(values):
    """The place of each value (n,) in order; equal values share their mean place."""
    below = (values[:, None] > values).sum(1)
    equal = (values[:, None] == values).sum(1)
    return below + 0.5 * equal


def forecast(*readings):
    """Rank correlation of the counts with their forecast from these readings (n,)."""
    places = torch.stack([ranks(r) / len(r) for r in readings], 1)
    setting = torch.arange(len(modes)) // 16
    same_setting = setting[:, None] == setting
    distance = torch.cdist(places, places) + 9 * same_setting
    guess = modes[distance.topk(15, largest=False).indices].mean(1)
    return torch.corrcoef(torch.stack([ranks(guess), ranks(modes)]))[0, 1].item()


# %%
by_losses = forecast(runs["loss_D"], runs["loss_G"])
by_judge = forecast(runs["judge"])
table("rank correlation of forecast and count", {"both losses": by_losses, "a fresh judge": by_judge})
claim("Both losses of a game forecast the count.", by_losses, between=(0.6, 0.8), recorded=record)
claim("A fresh judge alone forecasts it better.", by_judge, above=0.82, recorded=record)

# %% [markdown]
# The judge needs no window and no partner. *What this does not show:* that it is as good for images. A judge can only find what a network of its size learns in 300 rounds.

# %%
how_sure()

# %% [markdown]
# ## Exercises (35 min)
#
# ### Exercise 3 · The arrows
#
# ●●○ · 10 minutes · you need: section 5 of the lesson. Write the arrows of the laboratory for the loss itself, without the formula $(1-P)\,\nabla_xD$: for each fake the direction in which its own $\zeta(-D(x))$ falls, one arrow per point, whatever the size of the batch, and without leaving gradients in $D$.


# %% tags=["exercise-3"]
def pull(D, x_fake):
    """-∂ζ(-D(x))/∂x for each row of x_fake (n, 2). Returns (n, 2)."""
    return None  # <- your answer


# %% tags=["check-3"]
nb04.check_3(pull)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# You need a gradient with respect to the points, not to the weights of $D$. Which
# function of PyTorch returns gradients without storing them anywhere?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Detach the points, let them require a gradient, and call `torch.autograd.grad` on the
# *sum* of their losses: a sum gives each point its own gradient. Then mind the sign.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def pull(D, x_fake):
#     x = x_fake.detach().requires_grad_()
#     return -torch.autograd.grad(F.softplus(-D(x)).sum(), x)[0]
# ```
# By hand: $\sigma(-D(x))\,\nabla_xD(x)$.
# </details>
#
# ### Exercise 4 · A loss that looks at the slope
#
# ●●○ · 15 minutes · you need: section 2 of the lesson, and R1 of notebook 03. Write the discriminator's loss with the penalty $\frac\gamma2\,\mathbb E_x\lVert\nabla_xD(x)\rVert^2$ on real points, in the form that `play` takes: `loss=(with_r1(0.1), L_G)`.


# %% tags=["exercise-4"]
def with_r1(gamma):
    """Returns a function (D, x_real, x_fake) -> loss: logistic, plus R1 times gamma."""
    return None  # <- your answer


# %% tags=["check-4"]
nb04.check_4(with_r1)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# The loss has two parts, the logistic one and the penalty. The set-up cell alone is
# loaded for the check, so spell out $L_D$ with `F.softplus`, and ask how a slope can be
# differentiated once more.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Take `torch.autograd.grad` of the sum of the scores at the real points with
# `create_graph=True`. Square the slopes, add them up over the two coordinates, average
# over the batch, and weigh by `gamma / 2`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def with_r1(gamma):
#     def loss(D, x_real, x_fake):
#         x = x_real.detach().requires_grad_()
#         score = D(x)
#         (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
#         penalty = slope.flatten(1).square().sum(1).mean()
#         return F.softplus(-score).mean() + F.softplus(D(x_fake)).mean() + gamma / 2 * penalty
#
#     return loss
# ```
# Try it: `play(…, loss=(with_r1(0.1), L_G))`.
# </details>
#
# ### Exercise 5 · One number for sixteen seeds
#
# ●●○ · 10 minutes · you need: section 3. `losses` holds the loss of each sample of each seed. Bring them to the one number whose gradient gives every seed exactly what it would get alone, by the mean over its own batch.


# %% tags=["exercise-5"]
def total(losses):
    """losses: (seeds, batch). Returns a tensor with one number."""
    return None  # <- your answer


# %% tags=["check-5"]
nb04.check_5(total)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Ask two questions. What must not depend on the number of seeds? What must not depend
# on the size of the batch?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Average over the batch, which is axis 1, so that each seed has its own mean. Then
# bring the seeds together so that the gradient of one is not divided by their number.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def total(losses):
#     return losses.mean(1).sum()
# ```
# Adam would nearly hide a wrong factor, plain gradient descent would not: there `.mean()` is a sixteenth of the rate.
# </details>
#
# ## Recap (1 min)
#
# 1. A missing `zero_grad` ruins the game, through the player's own old gradients; a missing `no_grad` changes nothing ([section 1](#1-Leave-a-line-out-(12-min))).
# 2. A move of $D$ tilts whole regions: the means part, though $P$ falls at many of its own reals ([section 2](#2-What-a-move-does-to-the-plane-(7-min))).
# 3. Equal networks train stacked, each seed to rounding as if alone, and small networks save most ([section 3](#3-Sixteen-seeds-at-once-(7-min))).
# 4. A $D$ as fast as $G$, or up to three times faster, works; a slow one is worse than a fast one, and $\beta_1=0.9$ has no safe rate ([section 4](#4-Which-learning-rates-work-(9-min)), [section 5](#5-The-border,-and-moves-per-player-(10-min))).
# 5. Losses tell the worst runs at their ends and do not decide between; a fresh judge forecasts better than both together ([section 7](#7-What-do-losses-know?-(11-min))).
#
# **Further reading.** Heusel et al. 2017 (arXiv:1706.08500), two learning rates.
