# %% [markdown]
# # 04 · The 2-D laboratory
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/04_gan_laboratory_2d.ipynb)
#
# ![A film: an orange net of noise unfolds over the plane, opens in the middle, and its narrow cells come to lie on eight blue clusters on a ring, while the blue and orange field of the discriminator bends around it](images/04_gan_laboratory_2d.gif)
#
# **In one sentence:** with points in the plane we see everything that two players do to each other, and learn what their losses hide.
#
# **After this lesson you can**
#
# - **write** the training loop of a GAN, and say for every line what breaks without it;
# - **drive** a game while it is played, and make it fail on purpose;
# - **judge** a game by its fakes and by a fresh discriminator, and not by its losses.
#
# *Before:* [01](01_the_minimax_game.ipynb), [02](02_losses_and_gradients.ipynb), [03](03_gradient_descent_in_games.ipynb). *Study:* 46 minutes, and 20 for the exercises. *Run time:* about 40 seconds on one CPU core. *Deeper:* [the second notebook](deeper/04_gan_laboratory_2d.ipynb) leaves lines out, maps learning rates, and asks over a thousand games what their losses told.

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
from gan_helpers.evidence import claim, how_sure, strip, table
from gan_helpers.losses import LOSSES
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress
from gan_helpers.training import play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # tiny networks: a second thread, or a GPU, costs more than it brings

# %% [markdown]
# ## 1 Noise unfolds onto a ring (7 min)
#
# Nobody can see where images lie among all images. Points in the plane we can see. The data are eight clusters on a ring, and $G$ must turn round noise into them.
#
# Both players are small multilayer perceptrons: `mlp` builds `nn.Linear`, `nn.LeakyReLU(0.2)`, `nn.Linear` and so on. Neither ends in an activation, because points may lie anywhere, and $D$ gives scores.

# %%
x_all = data.ring(20_000, seed=seeds.one(), std=0.1)  # (20000, 2)
RING = data.ring_centres()  # (8, 2): the middle of each cluster
Z_DIM = 2
BATCH = 64


def make_players(seed):
    G = mlp((Z_DIM, 32, 32, 2), seed=2 * seed)  # noise (n, 2) -> points (n, 2)
    D = mlp((2, 32, 32, 1), seed=2 * seed + 1)  # points (n, 2) -> scores (n, 1)
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
# We play 800 rounds and keep copies of both players on the way. Section 2 writes out the loop `training.play`.

# %%
LOOKS = [*range(0, 180, 20), 200, 225, 250, 300, 350, 400, 600, 800]
seed = seeds.one()
G, D, opt_G, opt_D = players(seed)
batches = data.batches(x_all, BATCH, seed=seed, steps=800)
game = training.play(G, D, opt_G, opt_D, batches, Z_DIM, seed=1000 + seed)
film = {0: copy.deepcopy((G, D))}
for step, _ in enumerate(game, start=1):
    if step in LOOKS:
        film[step] = copy.deepcopy((G, D))

# %% tags=["hide-input", "head-picture"]
z_show = torch.randn(400, Z_DIM, generator=data.make_generator(5))
DARK = "#8C3A00"  # fakes, on the orange field


def draw(ax, G, D, title, limit=2.7):
    """The field of D, data, fakes, and the net that G makes of a square mesh of noise."""
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
plots.gif(fig, lambda k: draw(ax, *film[LOOKS[k]], f"round {LOOKS[k]}"), len(LOOKS), fps=3, colors=40, alt=alt)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8))
for ax, step in zip(axes, (0, 60, 250, 800), strict=True):
    draw(ax, *film[step], f"round {step}")
alt = "Four frames of the film. Round 0: a small crumpled net in the middle. Round 60: the net lies over the whole plane. Round 250: it has opened in the middle and lies near the ring. Round 800: its cells are drawn together on the eight clusters, with thin threads between them."
plots.show(fig, alt=alt)

# %% [markdown]
# Every picture of this lesson has the same layers. **Blue points** are data, and dark orange points are fakes. The **field** is $P(x)=\sigma(D(x))$: blue where $D$ says "real", orange where it says "fake", with a black line at ½. The **net** is a square mesh of noise, seen through $G$. All its cells hold equally many samples, so small cells are crowded places.
#
# ## 2 The loop, line by line (5 min)
#
# Here is the whole game. First come the losses of notebooks 01 and 02, as functions of $D$ and of two batches of points. `F.softplus` is $\zeta$.


# %%
def L_D(D, x_real, x_fake):
    return F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake)).mean()


def L_G(D, x_real, x_fake):
    return F.softplus(-D(x_fake)).mean()


# %% [markdown]
# Then the loop. Later notebooks change its arguments, but not its lines.


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
# | `.to(x_real)` | the noise would stay on the CPU when the data are on a GPU |
# | `with torch.no_grad()` | nothing but time: the gradient for $G$ would be computed, and thrown away by `opt_G.zero_grad()` |
# | `opt_D.zero_grad()` | `backward` *adds* to the gradients that are there, and the last move of $G$ has left some in $D$ |
# | `opt_D.step()` | $D$ would never move; and this optimiser holds the parameters of $D$ only, so $G$ stands still |
# | `if step % d_steps: continue` | $G$ would not wait until $D$ has moved `d_steps` times |
# | `loss_G = L_G(D, x_real, G(z))` | with `no_grad` here nothing would move: this gradient *must* pass through $D$ into $G$ |
# | `yield …` | it hands the losses out and **pauses**, so that you can draw, log or stop in a plain `for` loop |
#
# One line looks superfluous: why should there be a gradient in $D$ before $D$ has looked at its batch? Let us look.

# %%
G, D = make_players(seeds.one())
z = torch.randn(BATCH, Z_DIM, generator=data.make_generator(0))
L_G(D, x_all[:BATCH], G(z)).backward()  # the first half of G's move
in_D = [p.grad.abs().max() for p in D.parameters()]
claim("The generator's move leaves a gradient in every layer of D.", in_D, above=0, exact=True)

# %% [markdown]
# That is why `opt_D.zero_grad()` stands *before* `loss_D.backward()`. The first exercise leaves lines out, and asks which of them you can do without. (`training.play` holds the same lines, with checks of its arguments.)
#
# ## 3 Does it always work? (8 min)
#
# One film is one seed. We need a number and more seeds.
#
# A cluster is **covered** if at least a fifth of its fair share of the fakes lies within three standard deviations of its centre.


# %%
def covered(x):
    """How many of the eight clusters the points x (n, 2) cover."""
    distance, cluster = torch.cdist(x, RING).min(1)
    hits = cluster[distance < 0.3].bincount(minlength=8)
    return int((hits >= 0.2 * len(x) / 8).sum())


# %% [markdown]
# `play_many` is `play` for several games side by side. Networks of equal shape are stacked, so that one operation serves all. Every game keeps its own players, batches and noise.

# %%
SEEDS = seeds.several(8)
Run = namedtuple("Run", "Gs Ds losses past")
z_test = torch.randn(2500, Z_DIM, generator=data.make_generator(10**6))


def play_eight(lr_G=3e-3, lr_D=5e-3, beta1=0.5, rounds=600):
    """Play eight games; look at 2,500 fakes of each after every ten rounds."""
    Gs, Ds, batches, noise = [], [], [], []
    for seed in SEEDS:
        G, D = make_players(seed)
        Gs.append(G)
        Ds.append(D)
        batches.append(data.batches(x_all, BATCH, seed=seed, steps=rounds))
        noise.append(1000 + seed)
    G, D = stack(Gs), stack(Ds)  # Gs[k] remains the generator of game k
    opt_G = adam(G.params.values(), lr_G, beta1)
    opt_D = adam(D.params.values(), lr_D, beta1)
    game = play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=noise)
    losses = []
    past = []
    for step, pair in enumerate(progress(game, "eight games", rounds), start=1):
        losses.append(torch.stack(pair))
        if step % 10 == 0:
            with torch.no_grad():
                past.append(torch.stack([G_k(z_test) for G_k in Gs]))
    # losses (rounds, 2, 8): of D and of G; past (rounds / 10, 8, 2500, 2)
    return Run(Gs, Ds, torch.stack(losses), torch.stack(past))


# %%
healthy = play_eight()


def count(run, step=600):
    """Covered clusters of every game after `step` rounds."""
    return [covered(x) for x in run.past[step // 10 - 1]]


rows = {f"round {step}": count(healthy, step) for step in (150, 200, 300, 400, 600)}
table("covered clusters, of 8", rows)

# %%
claim("At round 150 hardly a cluster is covered.", rows["round 150"], below=3)
claim("At round 600 at least six are, in every seed.", rows["round 600"], above=5)

# %% [markdown]
# So it works with every seed, and the ring is found between rounds 150 and 400. Look at the film again, now between the clusters.

# %%
predict(
    "The film goes on as long as we like. Will G make eight clusters with nothing between them?",
    [
        ("Yes, D rejects what lies between until it is gone", False, "D rejects it, but G cannot do without."),
        ("No, G can stretch the net but never tear it", True, "G is continuous: neighbours in noise stay connected."),
        ("No, since D cannot see the gaps", False, "The field is orange there: D sees them well."),
    ],
)


# %%
def share_near(x):
    """Share of points x (..., n, 2) within three standard deviations of a centre."""
    distance = torch.cdist(x, RING).amin(-1)
    return (distance < 0.3).float().mean(-1)


ends = share_near(healthy.past[-1])
table("share of points near a centre", {"fakes": ends}, unit="%", floor={"data": share_near(x_all)})
claim("At round 600 more than a quarter of the fakes lies between.", ends, below=0.75)

# %% [markdown]
# $G$ is a continuous function, and its noise is one connected cloud. So the fakes are one connected cloud as well, and between two clusters there is always a thread. $G$ can make it thin, by stretching the net where few samples live. *What this does not show:* how thin. Continuity asks for a thread, not for half of the fakes. That much is only what 600 rounds have reached.
#
# ## 4 Your laboratory (3 min)
#
# Now it is your turn. The laboratory plays *your* loop with *your* players. Everything can be changed while the game goes on.

# %%
centres = {"ring": RING}
losses = {"L_D and L_G": (L_D, L_G), **LOSSES}
lab = live.laboratory(play, players, {"ring": x_all}, centres=centres, losses=losses)

# %% [markdown]
# Three missions. Predict before you move a slider, and give each change 300 rounds.
#
# 1. **Make it collapse.** Wait until the ring is covered. Then change *one* rate so that at most three clusters remain. It is harder than you think.
# 2. **Fool the losses.** Reset, and find a setting where both losses rest at their equilibrium, 1.39 and 0.69, while nothing is covered.
# 3. **Draw your initials.** Draw them on the picture. Which letters are easy for $G$? Where does it cheat?
#
# <details><summary>One way for each</summary>
#
# 1. Raise the rate of $G$ to 0.1. Slowing $D$ down does *not* do it: in the deeper notebook a $D$ ten times slower keeps the ring in all eight seeds, once it is found.
# 2. Set the rate of $D$ to 0.0005 *before* the ring is found. Section 7 plays this game with eight seeds.
# 3. A letter that is one stroke suits a net best. Between two letters $G$ must leave a thread, as between the clusters.
# </details>
#
# ## 5 One round in slow motion (7 min)
#
# Your game goes back to its start, with your settings. After 250 rounds, one round is watched.

# %%
predict(
    "The arrows in panel 5 show where each fake wants to go. Then G moves. Will the fakes go there?",
    [
        ("Yes, G follows the gradient of its loss", False, "It does, but there are 64 wishes and one step."),
        ("Only roughly, whole regions move alike", True, "All fakes hang on the same parameters."),
        ("No, Adam changes the direction", False, "We leave Adam out below, and little changes."),
    ],
)

# %%
lab.reset()
lab.next(250)
live.slow_motion(lab)

# %% [markdown]
# In panel 3, blue shows where $P$ rose and orange where it fell. $D$ does not lift single points, it tilts whole regions. And $G$ does not move single points either: compare panels 5 and 6.
#
# We measure it with a plain gradient step, so that Adam's memory plays no part. What a fake **wants** is $-\partial L_G/\partial x$ at its own place, which notebook 02 found to be $(1-P)\,\nabla_xD$. What it **gets** is how $G$'s step moves it.


# %%
def wishes(D, x_fake):
    """(1 - P) times the slope of D, at each fake: (n, 2)."""
    x = x_fake.detach().requires_grad_()
    score = D(x)
    (slope,) = torch.autograd.grad(score.sum(), x)
    return (1 - torch.sigmoid(score.detach())) * slope


def moves(G, z, wants):
    """How G(z) moves in one small gradient step towards `wants`: (n, 2)."""
    moved = copy.deepcopy(G)
    plain = torch.optim.SGD(moved.parameters(), lr=1e-3)
    loss = -(moved(z) * wants).sum(1).mean()
    loss.backward()
    plain.step()
    with torch.no_grad():
        return moved(z) - G(z)


# %% [markdown]
# We suspect that the fakes disturb each other, because all of them hang on the same 1,218 parameters. The control removes the others: $G$ makes a step for *one* fake alone.

# %%
young = play_eight(rounds=250)
z = torch.randn(64, Z_DIM, generator=data.make_generator(7))
together = []
alone = []
for G, D in zip(young.Gs, young.Ds, strict=True):
    wants = wishes(D, G(z))
    gets = moves(G, z, wants)
    single = []
    for k in range(64):
        single.append(moves(G, z[[k]], wants[[k]]))
    together.append(F.cosine_similarity(wants, gets).mean())
    alone.append(F.cosine_similarity(wants, torch.cat(single)).mean())

# %%
rows = {"G steps for 64 fakes": together, "G steps for one fake": alone}
table("cosine of wish and move (1: same direction, 0: right angle)", rows)
claim("For 64 fakes at once, wish and move agree in tendency only.", together, below=0.7)
claim("One fake alone gets nearly what it wants.", alone, above=0.95)

# %% [markdown]
# The suspicion holds. A fake alone gets its wish, and 64 together get a compromise. This is why a net is the right picture of a generator: pull at one knot, and its neighbours come along.
#
# ## 6 The default momentum (3 min)
#
# `torch.optim.Adam` comes with $\beta_1=0.9$, and we always wrote 0.5. Notebook 03 has warned us. What does this momentum do to the ring, when nothing else is changed?

# %%
predict(
    "The same game with β₁ = 0.9. What will the fakes do?",
    [
        ("They settle on one cluster and stay", False, "At any moment it looks so, but wait."),
        ("The crowd wanders from cluster to cluster", True, "Momentum carries it past each answer of D."),
        ("The same as before, only faster", False, "Momentum helps in a bowl. This is a game."),
    ],
)

# %%
wandering = play_eight(beta1=0.9)


def shares(run):
    """Share of the fakes nearest to each cluster: (looks, 8 games, 8 clusters)."""
    cluster = torch.cdist(run.past, RING).argmin(-1)
    return F.one_hot(cluster, 8).float().mean(2)


# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 2.9), sharey=True, layout="constrained")
panels = ((healthy, "β₁ = 0.5: every cluster gets its share"), (wandering, "β₁ = 0.9: the crowd wanders"))
for ax, (run, title) in zip(axes, panels, strict=True):
    options = {"aspect": "auto", "cmap": "magma_r", "extent": (0, 600, 8.5, 0.5), "interpolation": "nearest"}
    colors = ax.imshow(shares(run)[:, 0].T, vmin=0, vmax=1, **options)
    ax.set(xlabel="round", title=title, yticks=range(1, 9))
    ax.grid(False)
axes[0].set_ylabel("nearest cluster")
fig.colorbar(colors, ax=axes, label="share of fakes")
alt = "Share of fakes nearest to each of the eight clusters against rounds, seed 0. With momentum 0.5 the eight rows fill evenly within 200 rounds. With 0.9 dark streaks run through the rows: one or two clusters at a time hold most fakes, and the streak moves from row to row."
plots.show(fig, alt=alt)

# %%
late = shares(wandering)[20:]  # from round 210 on
largest = late.amax(2).median(0).values  # at a typical moment
poorest = late.mean(0).amin(1)  # averaged over time
claim("With β₁ = 0.9 at most three clusters are covered at the end.", count(wandering), below=4)
claim("At a typical moment one cluster has more than a fifth of the fakes.", largest, above=0.2)
claim("Over time every cluster gets some.", poorest, above=0.02)

# %% [markdown]
# Each column is one moment. Seen at one moment, the game on the right looks like **mode collapse**: the fakes have lost most clusters. Only the time axis shows that nothing is lost for good. The crowd moves on when $D$ has found it.
#
# *What this does not show:* that 0.9 never works. In the deeper notebook it covers the ring in about half of the seeds, after 2,000 rounds and at one rate only.
#
# ## 7 Which game is going well? (5 min)
#
# Usually you see two curves, and no film. Here are the losses of four games. Each band holds eight seeds. The dotted lines are the equilibrium of notebook 01, $2\log2$ and $\log2$.

# %%
slow = play_eight(lr_D=5e-4)  # D ten times slower than in `healthy`
fast = play_eight(lr_G=1e-3, lr_D=1.5e-2)  # D fifteen times as fast as G
games = {"game 1": slow, "game 2": wandering, "game 3": healthy, "game 4": fast}

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8), sharey=True, layout="constrained")
for ax, (name, run) in zip(axes, games.items(), strict=True):
    tens = run.losses.view(60, 10, 2, 8).mean(1)  # means of ten rounds
    for k, (color, rest) in enumerate(((plots.DISC, 2 * math.log(2)), (plots.FAKE, math.log(2)))):
        plots.curves(torch.arange(5, 600, 10), tens[:, k].T, color=color, ax=ax)
        ax.axhline(rest, color=color, linestyle=":", linewidth=1)
    ax.set(title=name, xlabel="round", ylim=(0, 3))
axes[0].text(150, 1.5, "$L_D$", color=plots.DISC)
axes[0].text(150, 0.35, "$L_G$", color=plots.FAKE)
axes[0].set_ylabel("losses")
alt = "Losses of four games. Game 1: both on the dotted equilibrium lines. Game 2: rough, L_D around its line and L_G above its own. Game 3: smooth, L_D a little below and L_G a little above their lines, and L_G rises slowly. Game 4: L_D far below and L_G far above."
plots.show(fig, alt=alt)

# %%
predict(
    "Which generator covers most clusters?",
    [
        ("Game 1: its losses are at the equilibrium", False, "Look at its fakes below."),
        ("Game 3: steady, but off the equilibrium", True, "Its generator loss even rises."),
        ("Game 4: its discriminator is the sharpest", False, "G follows it, but covers only half."),
    ],
)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
settings = ("slow $D$", "$β_1=0.9$", "healthy", "fast $D$")
for ax, (name, run), setting in zip(axes, games.items(), settings, strict=True):
    ax.scatter(*x_all[:500].T, s=8, color=plots.REAL, alpha=0.5, linewidths=0)
    ax.scatter(*run.past[-1, 0, :500].T, s=5, color=plots.FAKE, linewidths=0)
    middle = torch.tensor(count(run)).float().median()
    ax.set(title=f"{name}, {setting}:\n{middle:.0f} covered", aspect="equal")
    ax.set(xlim=(-2.7, 2.7), ylim=(-2.7, 2.7), xticks=[], yticks=[])
alt = "Data in blue and fakes in orange of the four games at round 600. Slow D: a thin sheet that misses the clusters. Momentum 0.9: a crowd in one place. Healthy: fakes on all eight clusters. Fast D: fakes on about half of the clusters."
plots.show(fig, alt=alt)

# %%
end_D = {}
reached = {}
for name, run in games.items():
    end_D[name] = run.losses[-300:, 0].mean(0)  # (8,)
    reached[name] = count(run)
table("L_D, mean of the last 300 rounds", end_D)
table("covered clusters, median of eight seeds", reached)

# %%
claim(
    "In game 1 the discriminator's loss is at its equilibrium value.",
    end_D["game 1"], near=2 * math.log(2), within=0.06, median=True,
)
claim("Yet game 1 covers at most two clusters.", reached["game 1"], below=3)
claim("The loss of game 3 stays clearly below that value.", end_D["game 3"], below=1.33)

# %% [markdown]
# The best-looking curves belong to the worst generator. A slow $D$ cannot tell real from fake, so it says ½ everywhere, and that is exactly what the losses of a perfect game look like.
#
# There is a second trap. While game 3 found the ring, its generator loss did not fall.

# %%
early = healthy.losses[100:200, 1].mean(0)
late = healthy.losses[500:, 1].mean(0)
table("L_G of game 3", {"rounds 100 to 200": early, "rounds 500 to 600": late})
claim("While the ring is found, the generator's loss rises in nearly all seeds.", late > early, in_at_least=6)

# %% [markdown]
# $G$ went from no cluster to eight, and its loss got worse. Nothing is broken: the loss is the grade of an examiner who learns, too. Notebook 05 tests this with images.
#
# ## 8 Ask a fresh judge (5 min)
#
# Why can a loss not tell? Notebook 01 has the answer in one line. For *every* discriminator
#
# $$L_D\;\ge\;2\log2-2\,\mathrm{JSD}(p_d,p_g).$$
#
# A low $L_D$ proves that $p_g$ is far from $p_d$. A high one proves nothing: either the fakes are good, or this $D$ is bad. So we ask another one. The generators stand still, and a **fresh, larger** $D$ is trained against each, on new data.

# %%
x_new = data.ring(20_000, seed=seeds.one() + 1, std=0.1)


def ask_judge(G, rounds=200):
    """L_D of a fresh, larger discriminator against G, which stands still."""
    D = mlp((2, 64, 64, 1), seed=10_000)
    stand_still = torch.optim.SGD(G.parameters(), lr=0.0)
    batches = data.batches(x_new, 128, seed=0, steps=rounds)
    game = play(G, D, stand_still, adam(D.parameters(), 1e-2), batches, Z_DIM)
    losses = torch.tensor(list(game))
    return losses[-50:, 0].mean()


fresh = {}
for name, run in games.items():
    answers = []
    for G in progress(run.Gs, f"judges of {name}"):
        answers.append(ask_judge(G))
    fresh[name] = torch.tensor(answers)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9.4, 2.6), sharey=True, layout="constrained")
for ax, losses, title in zip(axes, (end_D, fresh), ("the game's own $D$", "a fresh judge"), strict=True):
    named = {f"{name}, {s}": losses[name] for name, s in zip(games, settings, strict=True)}
    strip(named, title=title, xlabel="$L_D$", ax=ax)
    ax.axvline(2 * math.log(2), color=plots.GREY, linestyle=":", linewidth=1)
    ax.set_xlim(-0.05, 1.75)
alt = "Discriminator losses of the four games, one tick per seed. By the game's own D, the slow game lies at the dotted equilibrium line and the healthy one below it. By a fresh judge, the healthy game lies highest, the fast one in the middle, the slow one and that with momentum 0.9 near 0."
plots.show(fig, alt=alt)

# %%
claim("A fresh judge ranks game 3 above game 1.", fresh["game 3"], above=fresh["game 1"] + 0.2)
claim("It ranks game 3 above game 2 as well.", fresh["game 3"], above=fresh["game 2"])
claim("It puts the half-covered game 4 below game 3.", fresh["game 4"], below=fresh["game 3"])

# %% [markdown]
# The fresh judge does not know where the clusters are, and it still sorts the games as our count does. It needs only new data, so it works where nothing can be counted.
#
# *What surprised us:* the game on its equilibrium lines is found out at once. *What this does not show:* how far each generator is from the data. A judge gives a bound, and a better judge would give a better one.
#
# So do not stop, compare or choose by the losses of the game alone. Look at the fakes, and ask someone who did not play.

# %%
how_sure()

# %% [markdown]
# ## Exercises (20 min)
#
# ### Exercise · Break it: leave a line out
#
# ●○○ · 10 minutes · you need: section 2. Three lines keep gradients where they belong: `no_grad`, `opt_D.zero_grad()` and `opt_G.zero_grad()`. **Predict first:** leave out one of them and play 600 rounds. Without which one will nothing change at all? Then set `WITHOUT`.

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
# The gradient that reaches $G$ without `no_grad` is cleared by `opt_G.zero_grad()`, just before $G$ moves. Which line would clear what $G$'s move leaves in $D$?
# </details>
#
# <details><summary>Solution</summary>
#
# Without `no_grad` not one bit changes. The loop only does work that nobody uses. Without `opt_D.zero_grad()` the gradients of all earlier moves stay, together with those of $G$, which point the *other* way: $L_D$ ends far above its start, and at most one or two clusters are covered. Without `opt_G.zero_grad()` the ring is not found either. The deeper notebook leaves the lines out with eight seeds.
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
# ### Exercise 2 · Whose turn is it?
#
# ●○○ · 5 minutes · you need: section 2. A public notebook announced five critic moves per round; its generator moved after five batches of every *six*. Write the test that decides: batches are counted from 1, $D$ moves on each; does $G$ move after this one?


# %% tags=["exercise-2"]
def generators_turn(step, d_steps):
    """True if the generator moves after batch number `step` (1, 2, …), else False."""
    return None  # <- your answer


# %% tags=["check-2"]
nb04.check_2(generators_turn)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Write down after which batches $G$ moves if `d_steps` is 5. How often is that in 600
# batches?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# $G$ moves after batches 5, 10, 15 and so on: whenever the number of the batch can be
# divided by `d_steps` without a remainder.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def generators_turn(step, d_steps):
#     return step % d_steps == 0
# ```
# 120 times in 600 batches.
# </details>
#
# ## Recap (1 min)
#
# 1. $G$ unfolds a net of noise onto the data. It can stretch the net but never tear it, so a thread remains between two clusters ([section 1](#1-Noise-unfolds-onto-a-ring-(7-min)), [section 3](#3-Does-it-always-work?-(8-min))).
# 2. The loop is two moves, each on a new batch and new noise; `no_grad`, `zero_grad` and two optimisers keep every gradient with its player ([section 2](#2-The-loop,-line-by-line-(5-min))).
# 3. One fake alone gets nearly what it wants, but 64 together get a compromise, because they share the parameters ([section 5](#5-One-round-in-slow-motion-(7-min))).
# 4. With $\beta_1=0.9$ the crowd wanders from cluster to cluster, and one moment of it looks like collapse ([section 6](#6-The-default-momentum-(3-min))).
# 5. Losses at their equilibrium can come from a $D$ that sees nothing, and a rising $L_G$ from a healthy game; a fresh judge tells them apart ([section 7](#7-Which-game-is-going-well?-(5-min)), [section 8](#8-Ask-a-fresh-judge-(5-min))).
#
# **Further reading.** Kahng et al. 2018, *GAN Lab* (arXiv:1809.01587), whose field, arrows and net we take up · Goodfellow et al. 2014 (1406.2661), Algorithm 1: the loop · Metz et al. 2017, *Unrolled GANs* (1611.02163), hopping on a ring of eight. Next: [05](05_mlp_gan.ipynb), the same loop on images.
