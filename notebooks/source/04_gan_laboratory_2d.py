# %% [markdown]
# # 04 · The 2-D laboratory
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/04_gan_laboratory_2d.ipynb)
#
# ![A film: an orange net of noise unfolds over the plane, opens in the middle, and its narrow cells come to lie near eight blue clusters on a ring, while the blue and orange field of the discriminator bends around it](images/04_gan_laboratory_2d.gif)
#
# **In one sentence:** with points in the plane we see everything that two players do to each other, and learn what their losses hide.
#
# **After this lesson you can**
#
# - **read** the training loop of a GAN, and say for every line what breaks without it;
# - **drive** a game while it is played, and make it fail on purpose;
# - **judge** a game by its fakes, and by a fresh discriminator while $G$ stands still.
#
# *Before:* [01](01_the_minimax_game.ipynb), [02](02_losses_and_gradients.ipynb), [03](03_gradient_descent_in_games.ipynb). *Study:* 41 minutes, and 20 for the exercises. *Run time:* about 40 seconds on one CPU core. *Deeper:* [the second notebook](deeper/04_gan_laboratory_2d.ipynb) leaves lines out, maps learning rates, and asks over a thousand games what their losses told.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy
import math
from collections import namedtuple

import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from gan_helpers import data, live, plots, seeds, training
from gan_helpers.checks import nb04
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict
from gan_helpers.training import play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # tiny networks: a second thread, or a GPU, costs more than it brings

# %% [markdown]
# ## 1 Noise unfolds onto a ring (7 min)
#
# Where images lie nobody can see, but points in the plane we can. Our data are eight clusters on a ring, and $G$ must turn round noise into them.
#
# Both players are small multilayer perceptrons: `mlp` builds `nn.Linear`, `nn.LeakyReLU(0.2)`, `nn.Linear` and so on, without an activation at the end.

# %%
x_all = data.ring(20_000, seed=seeds.one(), std=0.1)  # (20000, 2)
RING = data.ring_centres()  # (8, 2): the middle of each cluster
Z_DIM = 2
BATCH = 64


def make_players(seed):
    G = mlp((Z_DIM, 32, 32, 2), seed=2 * seed)  # noise (n, 2) -> points (n, 2)
    D = mlp((2, 32, 32, 1), seed=2 * seed + 1)  # points -> scores; a seed of its own
    return G, D


def adam(params, lr, beta1=0.5):
    return torch.optim.Adam(params, lr=lr, betas=(beta1, 0.9))


def players(seed):
    """G, D and an optimiser for each."""
    G, D = make_players(seed)
    opt_G = adam(G.parameters(), 3e-3)
    opt_D = adam(D.parameters(), 5e-3)
    return G, D, opt_G, opt_D


# %% [markdown]
# We play 400 rounds and keep copies of both players. Section 2 writes out the loop `training.play`.

# %%
seed = seeds.one()
G, D, opt_G, opt_D = players(seed)
batches = data.batches(x_all, BATCH, seed=seed, steps=400)
game = training.play(G, D, opt_G, opt_D, batches, Z_DIM, seed=1000 + seed)
film = [copy.deepcopy((G, D))]
for step, _ in enumerate(game, start=1):
    if step % 20 == 0:
        film.append(copy.deepcopy((G, D)))

# %% tags=["hide-input", "head-picture"]
z_show = torch.randn(400, Z_DIM, generator=data.make_generator(5))
DARK = "#8C3A00"  # fakes, on the orange field


def draw(ax, G, D, title, limit=2.7):
    """The field of D, data, fakes, and the net that G makes of a mesh of noise."""
    ax.clear()
    with torch.no_grad():
        field = torch.sigmoid(D(plots.plane(limit).flatten(0, 1))).view(60, 60)
        fakes, net = G(z_show), G(plots.noise_mesh())
    plots.decision_field(field, limit=limit, ax=ax)
    ax.scatter(*x_all[:400].T, s=5, color=plots.REAL, alpha=0.7, linewidths=0)
    plots.warped_grid(net, ax=ax)
    ax.scatter(*fakes.T, s=5, color=DARK, linewidths=0, zorder=3)
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    ax.set(xticks=[], yticks=[], xlabel="", ylabel="", title=title)


fig, ax = plt.subplots(figsize=(3.5, 3.7))
alt = "An orange net unfolds over the plane, opens in the middle and pulls its cells onto the eight blue clusters. The discriminator's blue and orange field bends under it all the time."
plots.gif(fig, lambda k: draw(ax, *film[k], f"round {20 * k}"), len(film), fps=3, colors=40, alt=alt)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8))
for ax, step in zip(axes, (0, 60, 200, 400), strict=True):
    draw(ax, *film[step // 20], f"round {step}")
alt = "Four frames of the film. Round 0: a small crumpled net in the middle. Round 60: the net lies over the whole plane. Round 200: it has opened in the middle and lies near the ring. Round 400: its cells are drawn together near the eight clusters, with threads between them."
plots.show(fig, alt=alt)

# %% [markdown]
# **Blue points** are data, dark orange points fakes. The **field** is no longer one of arrows: it shows $P(x)=\sigma(D(x))$, blue where $D$ says "real", orange where it says "fake", with a black line at ½. The **net** is a mesh of noise, narrower in the middle, seen through $G$. In the noise every cell holds equally many samples, so small cells are crowded with fakes. In short, $G$ stretches a net until its small cells lie near the ring.
#
# ## 2 The loop, line by line (4 min)
#
# First come the losses of notebooks 01 and 02, as functions of $D$ and of two batches of points. `F.softplus` is $\zeta$.


# %%
def L_D(D, x_real, x_fake):
    return F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake)).mean()


def L_G(D, x_real, x_fake):  # x_real: other losses need it here, too
    return F.softplus(-D(x_fake)).mean()


# %% [markdown]
# Then the loop, which later notebooks use unchanged.


# %%
def play(G, D, opt_G, opt_D, batches, z_dim, *, loss=(L_D, L_G),
         d_steps=1, g_steps=1, seed=0):
    """Play the game; after each round yield the two losses."""
    L_D, L_G = loss
    noise = data.make_generator(seed)
    for step, x_real in enumerate(batches, start=1):
        # 1. The discriminator's move. G only delivers points: no gradient reaches it.
        z = torch.randn(len(x_real), z_dim, generator=noise).to(x_real)
        with torch.no_grad():
            x_fake = G(z)
        loss_D = L_D(D, x_real, x_fake)
        opt_D.zero_grad()
        loss_D.backward()
        opt_D.step()
        if step % d_steps:
            continue  # not yet the generator's turn

        # 2. The generator's move, on new noise. Its gradient passes through D.
        for _ in range(g_steps):
            z = torch.randn(len(x_real), z_dim, generator=noise).to(x_real)
            loss_G = L_G(D, x_real, G(z))
            opt_G.zero_grad()
            loss_G.backward()
            opt_G.step()
        yield loss_D.item(), loss_G.item()


# %% [markdown]
# | line | what breaks without it |
# |---|---|
# | `noise = …` | the same seed would no longer play the same game, because other code draws random numbers, too |
# | `for step, x_real in …` | every move of $D$ gets a **new** batch; on one batch for ever it would learn 64 points |
# | `if step % d_steps: continue` | $G$ would not wait until $D$ has moved `d_steps` times |
# | `G(z)` in `loss_G`, without `no_grad` | with it, $G$ would get no gradient and stand still for ever, and no error would say so |
# | `yield …` | it hands the losses out and **pauses**, so that you can draw, log or stop in a plain `for` loop |
#
# (`.to(x_real)` brings the noise to the device of the data.) The table leaves out `no_grad` and the two `zero_grad`. One of them is not needed: the exercise "Break it" asks which.
#
# So a round is two moves, each on new noise: first $D$ moves, and then $G$, by a gradient that has come through $D$.
#
# ## 3 Does it always work? (7 min)
#
# One film is one seed. We need a number, and more seeds.
#
# We look at 2,500 fakes. The fair share of one cluster is $2500/8\approx312$. It is **covered** if at least a fifth of that, 63 fakes, lie within three standard deviations ($0.3$) of its centre.


# %%
def covered(x):
    """How many of the eight clusters the points x (n, 2) cover."""
    distance, cluster = torch.cdist(x, RING).min(1)
    hits = cluster[distance < 0.3].bincount(minlength=8)
    return int((hits >= 0.2 * len(x) / 8).sum())


# %% [markdown]
# `play_many` is `play` for several games side by side, each with its own batches and noise. `stack(Gs)` lets eight generators learn side by side, as one object `G`. When `G` learns, each `Gs[k]` learns with it.

# %%
SEEDS = seeds.several(8)
Run = namedtuple("Run", "Gs Ds losses past")
z_test = torch.randn(2500, Z_DIM, generator=data.make_generator(10**6))


def play_eight(lr_G=3e-3, lr_D=5e-3, beta_G=0.5, beta_D=0.5):
    """Play eight games; look at 2,500 fakes of each after every ten rounds."""
    Gs, Ds, batches = [], [], []
    for seed in SEEDS:
        G, D = make_players(seed)
        Gs.append(G)
        Ds.append(D)
        batches.append(data.batches(x_all, BATCH, seed=seed, steps=600))
    G, D = stack(Gs), stack(Ds)
    opt_G = adam(G.params.values(), lr_G, beta_G)
    opt_D = adam(D.params.values(), lr_D, beta_D)
    noise = [1000 + seed for seed in SEEDS]
    game = play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=noise)
    losses = []
    past = []
    for step, pair in enumerate(game, start=1):
        losses.append(torch.stack(pair))
        if step % 10 == 0:
            with torch.no_grad():
                past.append(torch.stack([G_k(z_test) for G_k in Gs]))
    # losses (600, 2, 8): of D and of G; past (60, 8, 2500, 2)
    return Run(Gs, Ds, torch.stack(losses), torch.stack(past))


# %%
healthy = play_eight()


def count(run, step=600):
    """Covered clusters of every game after `step` rounds."""
    return [covered(x) for x in run.past[step // 10 - 1]]


# %%
table(
    "covered clusters, of 8",
    {
        "round 150": count(healthy, 150),
        "round 300": count(healthy, 300),
        "round 600": count(healthy),
    },
)
claim("At round 150 at most two clusters are covered.", count(healthy, 150), below=3)
claim("At round 600 at least six are, in every seed.", count(healthy), above=5)

# %% [markdown]
# So the ring is found with every seed. Now look between the clusters.

# %%
predict(
    "The film goes on as long as we like. Will G make eight clusters with nothing between them?",
    [
        ("Yes, D rejects what lies between until it is gone", False, "D may reject it, but G cannot do without."),
        ("No, G can stretch the net but never tear it", True, "G is continuous: neighbours in noise stay connected."),
        ("No, this G is too small for eight clusters", False, "A larger one is continuous, too."),
    ],
)


# %%
def share_near(x):
    """Share of points x (..., n, 2) within three standard deviations of a centre."""
    return (torch.cdist(x, RING).amin(-1) < 0.3).float().mean(-1)


ends = share_near(healthy.past[-1])
table("share of points near a centre", {"fakes": ends}, unit="%", floor={"data": share_near(x_all)})
claim("At round 600 at least four in ten fakes lie near no centre.", ends, below=0.6)

# %% [markdown]
# $G$ is a continuous function, and its noise is one connected cloud. So the fakes are connected as well, and threads must run between the clusters. *What this does not show:* that so many fakes must lie there, for a thread is enough.
#
# ## 4 Your laboratory (2 min)
#
# The laboratory plays the loop of section 2. You can change rates, momentum, losses and data on the way.

# %%
lab = live.laboratory(play, players, {"ring": x_all}, centres={"ring": RING})

# %% [markdown]
# Three missions, with 300 rounds for each change:
#
# 1. **Make it collapse.** Wait until the ring is covered. Then change *one* rate so that at most three clusters remain.
# 2. **Fool the losses.** A finished game reads $L_D=1.386$ and $L_G=0.693$ (notebook 01). Reset, and keep the losses there while nothing is covered.
# 3. **Draw your initials** on the picture. Where does $G$ cheat?
#
# <details><summary>One way for each</summary>
#
# 1. Raise the rate of $G$ to 0.1. Slowing $D$ down does *not* do it: in the deeper notebook a $D$ ten times slower keeps the ring in all eight seeds, once it is found.
# 2. Set the rate of $D$ to 0.0005 *before* the ring is found. Section 7 plays this game with eight seeds.
# 3. A letter that is one stroke suits a net best. Between two letters $G$ must leave a thread, as between the clusters.
# </details>
#
# So one slider can break a game that works, and the losses need not show it.
#
# ## 5 One round in slow motion (5 min)
#
# Your game starts again, and after 250 rounds we watch one round.

# %%
predict(
    "Each fake wants to go where its own loss falls fastest. Then G moves. Will the fakes go there?",
    [
        ("Yes, G follows the gradient of its loss", False, "It does, but there are 64 wishes and one step."),
        ("Only roughly", True, "All fakes hang on the same parameters."),
        ("They would, but Adam changes the direction", False, "Below G steps without Adam, and they do not."),
    ],
)

# %%
lab.reset()
lab.next(250)
live.slow_motion(lab)

# %% [markdown]
# Compare the directions in panels 5 and 6 (the lengths have other scales): many fakes do not go where they want to. (In panel 3 the black line means "no change".)
#
# Now in numbers, with the eight games of section 3. What a fake **wants** is minus the gradient of $L_G$ at its place. What it **gets** is the way from its old place to its new one.


# %%
def agreement(G, D, z):
    """G makes one small plain step for the fakes G(z). Cosine of each wish and move."""
    moved = copy.deepcopy(G)
    plain = torch.optim.SGD(moved.parameters(), lr=1e-3)
    x_fake = moved(z)
    x_fake.retain_grad()  # backward keeps gradients at parameters; here, too
    L_G(D, None, x_fake).backward()
    plain.step()
    wish = -x_fake.grad
    return F.cosine_similarity(wish, moved(z) - G(z)).mean().item()


# %% [markdown]
# We suspect that the fakes disturb each other, because they share the 1,218 parameters of $G$. If $G$ could only shift all fakes alike, and one wants to go left and one right, neither gets its wish. As a control, $G$ makes a step for *one* fake alone.

# %%
z = torch.randn(64, Z_DIM, generator=data.make_generator(7))
together = []
alone = []
for G, D in zip(healthy.Gs, healthy.Ds, strict=True):
    together.append(agreement(G, D, z))
    alone.append(sum(agreement(G, D, z[[k]]) for k in range(64)) / 64)

# %%
table(
    "cosine of wish and move (1: same direction, 0: right angle)",
    {"G steps for 64 fakes": together, "G steps for one fake": alone},
)
claim(
    "For 64 fakes at once, wish and move agree in tendency only: the cosine is below ½.",
    together, between=(0, 0.5),
)
claim("One fake alone gets nearly what it wants.", alone, above=0.95)

# %% [markdown]
# So a fake alone gets its wish, and 64 together get a compromise.
#
# ## 6 The default momentum (4 min)
#
# Adam takes two `betas`: $\beta_1$ is its momentum, and $\beta_2$ says how long it remembers the *size* of gradients. PyTorch's default is (0.9, 0.999), and ours (0.5, 0.9). We change $\beta_1$ alone to 0.9, and note for each fake which cluster is nearest.

# %%
wandering = play_eight(beta_G=0.9, beta_D=0.9)


def nearest(run):
    """Number of the cluster that is nearest to each fake: (60 looks, 8 games, 2500)."""
    return torch.cdist(run.past, RING).argmin(-1)


# %% [markdown]
# Each column of the picture is one moment, and each of its eight cells is a cluster. A dark cell is nearest to many fakes.

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 2.9), sharey=True, layout="constrained")
panels = (("β₁ = 0.5", healthy), ("β₁ = 0.9", wandering))
for ax, (name, run) in zip(axes, panels, strict=True):
    shares = F.one_hot(nearest(run)[:, 0], 8).float().mean(1)
    options = {"aspect": "auto", "cmap": "magma_r", "extent": (0, 600, 8.5, 0.5), "interpolation": "nearest"}
    colors = ax.imshow(shares.T, vmin=0, vmax=1, **options)
    title = ": every cluster gets its share" if "0.5" in name else ": the crowd wanders"
    ax.set(xlabel="round", title=name + title, yticks=range(1, 9))
    ax.grid(False)
axes[0].set_ylabel("nearest cluster")
fig.colorbar(colors, ax=axes, label="share of fakes")
alt = "Share of fakes nearest to each of the eight clusters against rounds, one seed. With momentum 0.5 the eight rows fill evenly within 200 rounds. With 0.9 dark streaks run through the rows: a few clusters at a time share most fakes, and the streaks move from row to row."
plots.show(fig, alt=alt)

# %% [markdown]
# On the right few clusters have nearly all fakes at most moments, and a little later others do. One moment of this can be taken for **mode collapse**, in which $G$ loses clusters for good. Only time shows that the crowd wanders.
#
# But each player has a $\beta_1$. We compare them by **hops**, the share of fakes with another nearest cluster 50 rounds later. Random jumps among eight clusters would make it 7/8.

# %%
predict(
    "We give β₁ = 0.9 to one player only, and leave the other at 0.5. When does the crowd wander?",
    [
        ("When G has it: its momentum carries the fakes past", False, "A good story, and wrong. See below."),
        ("When D has it", True, "Then nearly every fake is on the move."),
        ("Only when both have it", False, "One of the two is enough."),
    ],
)

# %%
only_G = play_eight(beta_G=0.9)
only_D = play_eight(beta_D=0.9)


def hops(run):
    """Share of fakes that have another nearest cluster 50 rounds later: (8,)."""
    late = nearest(run)[20:]  # from round 210 on
    return (late[5:] != late[:-5]).float().mean((0, 2))  # 5 looks are 50 rounds


# %%
table(
    "fakes with another nearest cluster 50 rounds later",
    {
        "nobody (all so far)": hops(healthy),
        "both": hops(wandering),
        "only G": hops(only_G),
        "only D": hops(only_D),
    },
    unit="%", name="β₁ = 0.9 for", floor={"random jumps": 7 / 8},
)

# %%
claim("With 0.9 for both, at most two clusters are covered at the end.", count(wandering), below=3)
claim("With 0.9 for D alone, three quarters of the fakes or more hop.", hops(only_D), above=0.75)
claim(
    "With 0.9 for G alone, they hop less than half as much, in nearly all seeds.",
    hops(only_G), below=hops(only_D) / 2, in_at_least=6,
)

# %% [markdown]
# *What surprised us:* it is the momentum of $D$ that makes the fakes wander. If this $D$ stops, the crowd comes to rest (deeper notebook, section 6). *What this does not show:* that 0.9 never works, that only momentum does it (see game 1 below), that $D$'s larger rate has no part in it, or what the pair (0.9, 0.999) does.
#
# ## 7 Which game is going well? (5 min)
#
# Usually you see two curves, and no film. Here are the losses of four games, shuffled: the healthy one, that with $\beta_1=0.9$, one with a slow $D$, and one with a fast $D$ and a slow $G$. Each band holds eight seeds, its line is their median, and what rises above 3 is cut off. The dotted lines are $2\log2$ and $\log2$, the losses of a finished game.

# %%
slow = play_eight(lr_D=5e-4)  # D ten times slower than in `healthy`
fast = play_eight(lr_G=1e-3, lr_D=1.5e-2)  # D fifteen times as fast as G
runs = [healthy, wandering, slow, fast]
order = torch.randperm(4, generator=data.make_generator(91))
games = {f"game {k}": runs[i] for k, i in enumerate(order, start=1)}

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8), sharey=True, layout="constrained")
for ax, (name, run) in zip(axes, games.items(), strict=True):
    tens = run.losses.view(60, 10, 2, 8).mean(1)  # means of ten rounds
    for k, (color, rest) in enumerate(((plots.DISC, 2 * math.log(2)), (plots.FAKE, math.log(2)))):
        plots.curves(torch.arange(5, 600, 10), tens[:, k].T, color=color, ax=ax)
        ax.axhline(rest, color=color, linestyle=":", linewidth=1)
    ax.set(title=name, xlabel="round", ylim=(0, 3))
axes[0].text(420, 1.75, "$L_D$", color=plots.DISC)
axes[0].text(420, 0.2, "$L_G$", color=plots.FAKE)
axes[0].set_ylabel("losses")
alt = "Losses of four games. Game 1: both on the dotted lines. Game 2: rough, L_D around its line and L_G above its own. Game 3: smooth, L_D a little below and L_G a little above their lines, and L_G rises slowly. Game 4: L_D far below and L_G far above."
plots.show(fig, alt=alt)

# %%
predict(
    "Which generator covers most clusters?",
    [
        ("Game 1: its losses are those of a finished game", False, "Look at its fakes below."),
        ("Game 3: steady, but off the dotted lines", True, "Off the lines, because its D still tells fakes from data a little; and its G found the ring."),
        ("Game 4: its discriminator is the sharpest", False, "G follows it, but covers only some."),
    ],
)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 3.3), layout="constrained")
settings = ("slow $D$", "$β_1=0.9$", "healthy", "fast $D$")
for ax, (name, run), setting in zip(axes, games.items(), settings, strict=True):
    ax.scatter(*x_all[:500].T, s=8, color=plots.REAL, alpha=0.5, linewidths=0)
    ax.scatter(*run.past[-1, 0, :500].T, s=5, color=plots.FAKE, linewidths=0)
    ax.set(title=f"{name}, {setting}:\nthis seed covers {count(run)[0]}", aspect="equal")
    ax.set(xlim=(-4, 4), ylim=(-4, 4), xticks=[], yticks=[])
alt = "Data in blue and fakes in orange of the four games at round 600, one seed each, in a window from -4 to 4; fakes outside are not seen. Slow D: a small crowd that misses the clusters. Momentum 0.9: a band across the plane. Healthy: a ring through all eight clusters. Fast D: an arc through about half of them."
plots.show(fig, alt=alt)

# %%
end_D = {}
covers = {}
for name, run in games.items():
    end_D[name] = run.losses[-300:, 0].mean(0)  # (8,)
    covers[name] = count(run)
table("L_D, mean of the last 300 rounds", end_D)
table("covered clusters, of 8", covers)

# %%
claim(
    "In game 1 the median of L_D is that of a finished game.",
    end_D["game 1"], near=2 * math.log(2), within=0.03, median=True,
)
claim("Yet game 1 covers at most one cluster.", covers["game 1"], below=2)
claim("Its fakes wander, too: most hop within 50 rounds.", hops(slow), above=0.6)
claim(
    "In game 3 L_G is higher at the end than around round 150, in nearly all seeds.",
    healthy.losses[500:, 1].mean(0), above=healthy.losses[100:200, 1].mean(0), in_at_least=6,
)

# %% [markdown]
# The curves that look finished belong to a $G$ that has found next to nothing. And in the game that works, $L_G$ got worse after the ring was found. The loss is the grade of an examiner who learns, too. So a high $L_D$ need not mean good fakes, and a rising $L_G$ need not mean bad ones.
#
# ## 8 Ask a fresh judge (4 min)
#
# Take bad fakes and two discriminators. A blind one says ½ to everything and reads $2\log2=1.386$. A sharp one is always right and reads nearly 0. So a high $L_D$ can come from good fakes *or* from a bad $D$. A low one can only come from fakes that can be told apart.
#
# So give a $D$ its chance. We stop $G$ and train a **fresh judge**, a $D$ with new random weights, for 200 rounds against this one $G$. Its mean $L_D$ over the last 50 rounds is our reading. Each seed gets its own judge.


# %%
def ask(G, seed):
    """L_D of a fresh judge at the end of 200 rounds, while G stands still."""
    _, judge = make_players(5_000 + seed)
    stand_still = torch.optim.SGD(G.parameters(), lr=0.0)
    opt_D = adam(judge.parameters(), 5e-3)
    batches = data.batches(x_all, BATCH, seed=5_000 + seed, steps=200)
    game = play(G, judge, stand_still, opt_D, batches, Z_DIM)
    losses = torch.tensor(list(game))
    return losses[-50:, 0].mean()


fresh = {}
for name, run in games.items():
    readings = []
    for G, seed in zip(run.Gs, SEEDS, strict=True):
        readings.append(ask(G, seed))
    fresh[name] = torch.stack(readings)

# %%
table("L_D of a fresh judge, G stands still", fresh)
failed = torch.maximum(fresh["game 1"], fresh["game 2"])
claim("A fresh judge puts game 3 above the two that failed, in every seed.", fresh["game 3"], above=failed)
claim(
    "And the half-covered game 4 between, in most seeds.",
    (fresh["game 4"] > failed) & (fresh["game 4"] < fresh["game 3"]), in_at_least=6,
)

# %% [markdown]
# Game 1, which looked finished, is now far from it. (Its own $D$ is not blind. In the game $G$ moved on. Once $G$ stands still, the same $D$ finds out the fakes, too: deeper notebook, section 5.)
#
# *What this does not show:* how far a generator is from the data, or which of the two failed games is worse. Another judge reads another number. So let judges learn alike, and look at the fakes.

# %%
how_sure()

# %% [markdown]
# ## Exercises (20 min)
#
# ### Exercise · Break it: leave a line out
#
# ●○○ · 10 minutes · you need: sections 1 to 3. Three lines clear gradients away, or stop them: `no_grad`, `opt_D.zero_grad()` and `opt_G.zero_grad()`. **Predict first:** leave out one of them and play 600 rounds. Without which one will every printed digit stay the same? Then set `WITHOUT`.

# %% tags=["exercise-break"]
WITHOUT = None  # "no_grad", "zero_grad of D" or "zero_grad of G"


def play_without(line, G, D, opt_G, opt_D, batches):
    noise = data.make_generator(1000)
    for x_real in batches:
        with torch.set_grad_enabled(line == "no_grad"):
            x_fake = G(torch.randn(BATCH, Z_DIM, generator=noise))
        if line != "zero_grad of D":
            opt_D.zero_grad()
        loss_D = L_D(D, x_real, x_fake)
        loss_D.backward()
        opt_D.step()
        if line != "zero_grad of G":
            opt_G.zero_grad()
        loss_G = L_G(D, x_real, G(torch.randn(BATCH, Z_DIM, generator=noise)))
        loss_G.backward()
        opt_G.step()
    return loss_D.item(), loss_G.item()


if WITHOUT:
    for line in ("nothing", WITHOUT):
        G, *others = players(0)
        batches = data.batches(x_all, BATCH, seed=0, steps=600)
        loss_D, loss_G = play_without(line, G, *others, batches)
        with torch.no_grad():
            n = covered(G(z_test))
        print(f"without {line}: {n} covered, L_D {loss_D:.6f}, L_G {loss_G:.6f}")

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# For each of the three lines ask: which network's gradients does it concern, and is there another line that clears them before they are used?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The gradient that reaches $G$ without `no_grad` is cleared by `opt_G.zero_grad()`, just before $G$ moves. Which lines clear the gradients that a player moves by, and would they still be cleared?
# </details>
#
# <details><summary>Solution</summary>
#
# Without `no_grad` no digit changes. A gradient for $G$ is computed, which costs time, and `opt_G.zero_grad()` throws it away. (The deeper notebook compares every bit.) Without `opt_D.zero_grad()` nothing is covered. `backward` *adds*, so two things stay in $D$: its own gradients of all earlier moves, and what the moves of $G$ left there. The deeper notebook takes them apart. $D$'s own old gradients ruin the game, and what $G$ leaves does little harm. Without `opt_G.zero_grad()` the ring is not found either.
# </details>
#
# ### Exercise 1 · What a perfect sampler scores
#
# ●○○ · 5 minutes · you need: section 3. Three standard deviations decided what is near a cluster. Which share of a 2-D Gaussian (equal $\sigma$ in both directions) lies within $k\sigma$ of its centre? (Not 99.7 % for $k=3$.)


# %% tags=["exercise-1"]
def share_within(k):
    """k: a positive number. Returns the share of the Gaussian within k sigma."""
    return None  # <- your answer


# %% tags=["check-1"]
nb04.check_1(share_within)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# In the plane the distance from the centre has a density of its own, because there is
# more room far out. Write it down for $\sigma=1$.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The density of the radius is $\frac{r}{\sigma^2}e^{-r^2/2\sigma^2}$, which is a
# derivative you know. Integrate it from 0 to $k\sigma$.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def share_within(k):
#     return 1 - math.exp(-k * k / 2)
# ```
# 0.989 for $k=3$.
# </details>
#
# ### Exercise 2 · Who moves how often?
#
# ●○○ · 5 minutes · you need: section 2. Public loops often move $G$ more seldom than they announce. Count for our loop, without playing it: how many moves does $G$ make while `play` uses up `batches` batches?


# %% tags=["exercise-2"]
def moves_of_G(batches, d_steps, g_steps):
    """Three whole numbers of at least 1. Returns how often opt_G.step() is called."""
    return None  # <- your answer


# %% tags=["check-2"]
nb04.check_2(moves_of_G)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Write down after which batches $G$ gets its turn if `d_steps` is 5. How many turns are
# there in 600 batches, and in 23?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# A turn comes after every full set of `d_steps` batches, and an unfinished set at the end
# brings none. In one turn $G$ makes `g_steps` moves, which use up no batch.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def moves_of_G(batches, d_steps, g_steps):
#     return batches // d_steps * g_steps
# ```
# 120 moves in 600 batches with five moves of $D$ and one of $G$, not 500.
# </details>
#
# ## Recap (1 min)
#
# 1. $G$ unfolds a net of noise onto the data. It stretches the net but never tears it, so threads remain ([section 1](#1-Noise-unfolds-onto-a-ring-(7-min)), [section 3](#3-Does-it-always-work?-(7-min))).
# 2. A round is two moves, each on new noise: that of $D$ leaves $G$ alone, and that of $G$ gets its gradient through $D$ ([section 2](#2-The-loop,-line-by-line-(4-min))).
# 3. One fake alone gets nearly what it wants, but 64 get a compromise, because they share the parameters ([section 5](#5-One-round-in-slow-motion-(5-min))).
# 4. With $\beta_1=0.9$ the crowd wanders, and one moment looks like collapse; it is the momentum of $D$ ([section 6](#6-The-default-momentum-(4-min))).
# 5. The losses of a failed game can look finished, and those of a healthy one can rise; a fresh judge ranks them, seed by seed ([section 7](#7-Which-game-is-going-well?-(5-min)), [section 8](#8-Ask-a-fresh-judge-(4-min))).
#
# **Further reading.** Kahng et al. 2018, *GAN Lab* (arXiv:1809.01587), whose field, arrows and net we take up · Goodfellow et al. 2014 (1406.2661), Algorithm 1: the loop · Metz et al. 2017, *Unrolled GANs* (1611.02163), hopping on a ring of eight. Next: [05](05_mlp_gan.ipynb).
