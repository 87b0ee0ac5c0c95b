# %% [markdown]
# # 05 · An MLP GAN for digits
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/05_mlp_gan.ipynb)
#
# ![Rows of twelve images, one column per noise vector: grey noise at round 0, one and the same blob at round 50, then strokes, and after 1,200 rounds rough digits with loose pixels around them; the last row holds real digits](images/05_mlp_gan.png)
#
# **After this notebook you can**
#
# - **train** the players of notebook 04 on images, and say which ranges of data and output fit together;
# - **measure** samples with the features of a classifier, beside the distance of real images and that of an untrained generator;
# - **test** whether a discriminator overfits, whether a generator copies, and whether a rising loss means anything.
#
# *Before:* [04](04_gan_laboratory_2d.ipynb), [02](02_losses_and_gradients.ipynb). *Run time:* about 70 s on two CPU cores; a GPU is used if there is one, none is needed.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import io
import math
import time
from types import SimpleNamespace

import ipywidgets as widgets
import matplotlib.pyplot as plt
import torch
from torch import nn

from gan_helpers import data, metrics, plots
from gan_helpers.checks import nb05
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.networks import mlp
from gan_helpers.notebook import progress
from gan_helpers.training import play, play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
device = "cuda" if torch.cuda.is_available() else "cpu"

# %% [markdown]
# ## 1 An image is a point
#
# In notebook 04 a sample was a point with two coordinates. An image of $28\times28$ pixels is a point with 784. Nothing in the loop or in the losses asked for two: we lay the rows of each image behind each other. Sizes and rates of the players change, the loop and the losses do not.
#
# Three disjoint parts, as always. `fit` trains the game, `report` judges the results; `select` trains the judge of section 2, and nothing else may touch it.

# %% tags=["record"]
parts = data.split(data.load_images("auto", device=device), seed=0, fit=0.4, select=0.4, report=0.2)
x_fit, x_report = parts.fit.images.flatten(1), parts.report.images.flatten(1)
PIXELS, Z_DIM, BATCH, ROUNDS = 784, 64, 64, 1200


def make_players(seed):
    """New players of one seed: G (n, 64) -> (n, 784), values in (-1, 1); D (n, 784) -> (n, 1), scores."""
    G = mlp((Z_DIM, 64, 128, PIXELS), seed=2 * seed, last=nn.Tanh()).to(device)
    return G, mlp((PIXELS, 128, 64, 1), seed=2 * seed + 1).to(device)


def adam(player, lr=3e-3, beta1=0.0):
    return torch.optim.Adam(player.parameters(), lr=lr, betas=(beta1, 0.9))


G, D = make_players(0)
assert D(G(torch.randn(5, Z_DIM, device=device))).shape == (5, 1)
for name, player in (("G", G), ("D", D)):
    print(f"{name}: {sum(p.numel() for p in player.parameters()):,} parameters")

# %% [markdown]
# Does such a network know that it looks at an image? **Predict first:** we shuffle the pixels of all images, by one fixed permutation. Will the GAN find the shuffled digits harder?
#
# Twenty rounds decide it. Shuffle the outputs of $G$ and the inputs of $D$ in the same way, and play both games from the same seed.

# %%
order = torch.randperm(PIXELS, generator=data.make_generator(7)).to(device)


def game_of(x, shuffled, rounds=20):
    """Parameters drawn by seed 0, put into the order of the pixels; returns losses and samples."""
    G, D = (player.double() for player in make_players(0))
    if shuffled:
        for parameter in (G[-2].weight, G[-2].bias):
            parameter.data = parameter.data[order]
        D[0].weight.data = D[0].weight.data[:, order]
    batches = data.batches(x.double(), BATCH, seed=0, steps=rounds)
    losses = list(play(G, D, adam(G), adam(D), batches, Z_DIM, seed=1000))
    z = torch.randn(100, Z_DIM, generator=data.make_generator(3)).to(x.double())
    return torch.tensor(losses), G(z).detach()


# %%
losses, samples = game_of(x_fit, False)
losses_shuffled, samples_shuffled = game_of(x_fit[:, order], True)
gap = max((losses - losses_shuffled).abs().max(), (samples[:, order] - samples_shuffled).abs().max())
print(f"after 20 rounds losses and samples differ by at most {gap:.0e} (float64)")
assert gap < 1e-6

# %% [markdown]
# The two games are the same game. The initial parameters of $G$'s last layer and $D$'s first are drawn alike for every pixel, and Adam treats every number on its own, so an MLP cannot know which pixels are neighbours: **to this GAN a digit is a list of 784 numbers**, and whatever it learns about strokes it must learn
# from examples. Notebook 06 gives it neighbours. (Float64, because rounding differs with the order of a sum and a game multiplies it.)
#
# ## 2 A ruler
#
# In the plane we could count clusters. For images we need something that sees digits: a small classifier, trained on `select`. It turns an image into 64 numbers, its **features**, just before it decides. Real and generated images become two clouds in
# 64 dimensions; take mean $\mu$ and covariance $\Sigma$ of each and compare (Heusel et al. 2017):
#
# $$d^2=\lVert\mu_r-\mu_f\rVert^2+\operatorname{Tr}\bigl(\Sigma_r+\Sigma_f-2(\Sigma_r\Sigma_f)^{1/2}\bigr)$$
#
# ($r$ real, $f$ fake). This is the squared **Fréchet distance** of two Gaussians with these moments; with features of an Inception network it is called FID. Ours is not comparable with published FIDs. Notebook 07 takes it apart; here it is a ruler, so let us check it where the answer is known.
# $\operatorname{Tr}$ is the sum of the diagonal; the trace of the root is the sum of the roots of the eigenvalues of $\Sigma_r\Sigma_f$. For $\Sigma_r=\begin{pmatrix}1&0\\0&4\end{pmatrix}$ and $\Sigma_f=\begin{pmatrix}2&-1\\-1&2\end{pmatrix}$ that product has trace 10 and determinant 12, so the sum of roots is
# $\sqrt{10+2\sqrt{12}}$ (square it), and with equal means $d^2=5+4-2\sqrt{10+2\sqrt{12}}$. We print $d^2$ and call it the distance.


# %%
def with_moments(covariance, n=50):
    """n points whose mean is exactly 0 and whose covariance is exactly as given."""
    x = torch.randn(n, 2, generator=data.make_generator(1), dtype=torch.float64)
    x = x - x.mean(0)
    return x @ torch.linalg.cholesky(torch.linalg.inv(x.T.cov())) @ torch.linalg.cholesky(covariance).T


# %%
wide = torch.tensor([[2.0, -1.0], [-1.0, 2.0]], dtype=torch.float64)
tall = torch.diag(torch.tensor([1.0, 4.0], dtype=torch.float64))
paper = 9 - 2 * math.sqrt(10 + 2 * math.sqrt(12))
value = metrics.frechet_distance(real=with_moments(tall), fake=with_moments(wide))
shifted = metrics.frechet_distance(real=with_moments(tall), fake=with_moments(wide) + 0.5)
print(f"measured {value:.6f}, on paper {paper:.6f}; moved by (½, ½): {shifted:.6f}")
assert abs(value - paper) < 1e-9 and abs(shifted - value - 0.5) < 1e-9

# %% [markdown]
# Now the judge, and the ends of its scale. **Predict first:** what is the distance between two sets of *real* images?

# %%
judge = digit_classifier(parts.select)  # a few seconds; the next time from the cache
real_features, logits = features_and_logits(judge, parts.report.images)
accuracy = (logits.argmax(1) == parts.report.labels).float().mean()
z_judge = torch.randn(2000, Z_DIM, generator=data.make_generator(10**6)).to(device)


def distance(x):
    """Fréchet distance of images (n, 784) from the report part."""
    features, _ = features_and_logits(judge, x.view(-1, 1, 28, 28))
    return metrics.frechet_distance(real=real_features, fake=features)


def generate(G, z):
    with torch.no_grad():
        return G(z)


# %%
floor = distance(x_fit[:2000])
untrained = [distance(generate(make_players(seed)[0], z_judge)) for seed in range(5)]
print(f"the judge reads {accuracy:.1%} of the report images")
print(f"real against real {floor:.1f}; untrained generators {min(untrained):.0f} to {max(untrained):.0f}")
assert accuracy > 0.975 and 0 < floor < 5 and min(untrained) > 100 * floor

# %% [markdown]
# Not 0: two finite samples never have equal moments. This **floor** belongs beside every distance; it depends on the numbers of images, so we compare 2,000 with 2,000 (719 with 359 in section 3). And it is at once the score of a generator that only copies its training images, which is what we fed in: section 6.
#
# ## 3 The range contract
#
# $D$ sees both players' images. If one pixel's *range* tells them apart, $D$ needs to look at nothing else. So: the output activation must be able to produce the data. "Scale images to $[-1,1]$ and end with tanh" is the usual form of the rule. **Predict first:** which of these pairs fail?
#
# | data in | output | |
# |---|---|---|
# | [-1, 1] | tanh | the contract |
# | [0, 1] | tanh | a known bug of public scripts: torchvision's `ToTensor` gives [0, 1], the `Normalize` to [-1, 1] is missing |
# | [0, 1] | sigmoid | fits, too |
# | [-1, 1] | none | can reach everything |
# | [0, 16] | 8 + 8 tanh | fits, 16 times larger |
# | [-1, 1] | sigmoid | cannot reach black |
# | [0, 16] | tanh | cannot reach white |
#
# To try all of them over several seeds we go back to the 8×8 digits of notebook 00: a game takes a second, and three seeds train as one stack (`play_many`, notebook 04).

# %%
small = data.split(data.digits8(), seed=0, fit=0.4, select=0.4, report=0.2)
small_judge = digit_classifier(small.select)
small_real, small_logits = features_and_logits(small_judge, small.report.images)
small_fit = features_and_logits(small_judge, small.fit.images)[0]
small_floor = metrics.frechet_distance(real=small_real, fake=small_fit)
z_small = torch.randn(len(small.fit.images), 16, generator=data.make_generator(10**6))


def train_small(x, last, seeds=range(3), rounds=500):
    """Games on 8 x 8 images x (n, 64), all seeds at once; returns samples per seed and losses."""
    Gs = [mlp((16, 64, 64, 64), seed=2 * seed, last=last) for seed in seeds]
    Ds = [mlp((64, 64, 64, 1), seed=2 * seed + 1) for seed in seeds]
    G, D = stack(Gs), stack(Ds)
    opts = [torch.optim.Adam(player.params.values(), lr=2e-3, betas=(0.0, 0.9)) for player in (G, D)]
    batches = [data.batches(x, BATCH, seed=seed, steps=rounds) for seed in seeds]
    game = play_many(G, D, *opts, batches, 16, seeds=[1000 + seed for seed in seeds])
    losses = torch.stack([torch.stack(pair) for pair in progress(game, "three games", rounds)])
    return [generate(G_k, z_small) for G_k in Gs], losses


class Scaled(nn.Module):
    """An output activation: values in (0, 16)."""

    def forward(self, x):
        return 8 + 8 * x.tanh()


# %%
x_small = small.fit.images.flatten(1)
pairs = {"[-1, 1], tanh": (-1, 1, nn.Tanh()), "[0, 1], tanh": (0, 1, nn.Tanh())}
pairs |= {"[0, 1], sigmoid": (0, 1, nn.Sigmoid()), "[-1, 1], none": (-1, 1, None)}
pairs |= {"[0, 16], 8 + 8 tanh": (0, 16, Scaled())}
pairs |= {"[-1, 1], sigmoid": (-1, 1, nn.Sigmoid()), "[0, 16], tanh": (0, 16, nn.Tanh())}
shown, scores, beyond = [], {}, {}
for name, (low, high, last) in pairs.items():
    samples, losses = train_small(low + (x_small + 1) / 2 * (high - low), last)
    outside = torch.stack([((s - low) / (high - low) - 0.5).abs() > 0.55 for s in samples])
    beyond[name] = outside.float().mean()  # share of pixels outside the data's range by over 5 % of it
    x = [(2 * (s - low) / (high - low) - 1).clamp(-1, 1).view(-1, 1, 8, 8) for s in samples]
    features = [features_and_logits(small_judge, s)[0] for s in x]
    scores[name] = torch.tensor([metrics.frechet_distance(real=small_real, fake=f) for f in features])
    shown.append(x[0][:12])
    L_D = losses[-200:, 0].mean(0)  # per seed
    print(f"{name:19} distance {scores[name].min():3.0f} to {scores[name].max():3.0f}   ", end="")
    print(f"L_D {L_D.min():.2g} to {L_D.max():.2g}   outside the range: {beyond[name]:.0%}")
    assert L_D.max() < 0.2 if name in list(pairs)[5:] else L_D.min() > 1  # certain where it must be
print(f"floor {small_floor:.1f}")

# %%
assert beyond["[0, 1], tanh"] > 0.1 and beyond["[-1, 1], none"] > 0.1
tanh, unit_tanh, unit_sigmoid, no_limit, scaled, *fails = scores.values()
good = torch.cat([tanh, unit_tanh, no_limit, scaled])
assert torch.stack(fails).min() > 1.5 * good.max() and unit_sigmoid.min() > good.max()
assert unit_tanh.median() < 1.5 * tanh.median()

# %%
ax = plots.image_grid(torch.cat([*shown, small.report.images[:12]]), columns=12, row_labels=[*pairs, "real"])
plots.show(
    ax.figure,
    alt="Samples of one seed per pair of data range and output. Rows for the first five pairs show rough digits, "
    "greyer ones in the second and fourth row; the row of data from -1 and a sigmoid is grey without any digit, that of data up to 16 and tanh "
    "is nearly black; the last row is real.",
)

# %% [markdown]
# Where the range *cannot be reached*, $D$ is certain in every seed: $L_D$ falls towards zero (below .1 in nine seeds). It is not the factor 16: with an output that reaches 16 the game works. But that the range can be reached, and $L_D$ above 1, does not make samples good: data in $[0,1]$ with a sigmoid scored worse than the other four in every run (nine seeds: 121 to 369, the others 26 to 78); why, this table does not tell.
#
# The judge and the figure see outputs mapped back and **clipped**. What surprised us: **data in $[0,1]$ with tanh does not fail here.** But $G$ did *not* leave the other half of tanh alone: about a fifth of its pixels lie below the data's range, and clipping hides them (as it does for the output without an activation). So does a viewer that clips; one that stretches contrast hides a wrong range too. Print the minimum and the maximum. Three seeds (nine measured), one data set,
# 500 rounds: this does not show that the order of the first five holds elsewhere.
#
# ## 4 Twenty-eight pixels wide
#
# The same loop, five seeds. Twelve noise vectors stay fixed; in the rounds `LOOKS` we look through $G$ at them, in most of these we measure the distance.

# %%
LOOKS, MEASURED = (50, 100, 200, 400, 600, ROUNDS), (100, 200, 400, 600, ROUNDS)
z_film = torch.randn(12, Z_DIM, generator=data.make_generator(5)).to(device)


def train(x, seed, rounds=ROUNDS, players=None, measured=MEASURED):
    G, D = players or make_players(seed)
    run = SimpleNamespace(G=G, D=D, losses=[], film={0: generate(G, z_film)}, distance={}, seconds={})
    game = play(
        G, D, adam(G), adam(D), data.batches(x, BATCH, seed=seed, steps=rounds), Z_DIM, seed=1000 + seed
    )
    spent, start = 0.0, time.process_time()
    for step, pair in enumerate(progress(game, f"seed {seed}", rounds), start=1):
        run.losses.append(pair)
        if step in LOOKS:
            spent += time.process_time() - start
            run.film[step] = generate(G, z_film)
            if step in measured:
                run.seconds[step], run.distance[step] = spent, distance(generate(G, z_judge))
            start = time.process_time()
    run.losses = torch.tensor(run.losses)
    return run


# %%
runs = [train(x_fit, seed) for seed in range(5)]

# %% [markdown]
# **Predict first:** what does $G$ find first: one shape for all noise vectors, or twelve different ones?

# %% tags=["head-picture"]
film = torch.cat([*runs[0].film.values(), x_report[:12]]).view(-1, 1, 28, 28)
labels = [f"{step:,}" for step in runs[0].film] + ["real"]
ax = plots.image_grid(
    film, columns=12, row_labels=labels, title="twelve noise vectors after … rounds, seed 0"
)
plots.show(
    ax.figure,
    alt="A filmstrip: one column per fixed noise vector, one row per look, seed 0. Grey noise at round 0, nearly the same "
    "blob everywhere at round 50, then strokes, and at the end rough digits with loose pixels; the last row is real.",
)

# %%
rare = (x_fit > 0).float().mean(0) < 0.01  # pixels that are bright in fewer than 1 of 100 images


def loose(x):
    """Share of all bright pixels of images x (n, 784) that are `rare`."""
    return ((x > 0)[:, rare].sum() / (x > 0).sum()).item()


def spread_of(x):
    """How far images differ from each other, relative to how far they are from the data's mean."""
    return ((x - x.mean(0)).norm() / (x - x_fit.mean(0)).norm()).item()


seen = {}
for step in (50, ROUNDS):
    seen[step] = torch.tensor([[spread_of(run.film[step]), loose(run.film[step])] for run in runs])
    print(f"round {step:5,}: spread, loose", "  ".join(f"{a:.2f} {b:.3f}" for a, b in seen[step]))
print(f"real: {spread_of(x_report[:12]):.2f}, {loose(x_report):.3f}")
assert (seen[50][:, 0] < 0.7 * seen[ROUNDS][:, 0]).all()
loose_first, loose_last = (seen[step][:, 1].median() for step in (50, ROUNDS))
assert loose_first < loose_last / 2 and loose_last > 3 * loose(x_report)

# %% [markdown]
# First nearly one blob for every noise vector, then the columns part, and rough digits appear. The loose pixels come later than the blob, and at the end are still there, in the median seed at least three times their share in real images. A column may change its digit until the end. Now the distance.

# %%
curves = torch.tensor([[first, *run.distance.values()] for first, run in zip(untrained, runs, strict=True)])
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3), sharey=True)
plots.curves(torch.tensor([10, *MEASURED]), curves, color=plots.FAKE, label="five seeds", ax=left)
for run in runs:
    right.plot(list(run.seconds.values()), list(run.distance.values()), color=plots.FAKE, linewidth=1)
for ax, label in ((left, "round (first point: untrained)"), (right, "CPU seconds of training")):
    ax.axhline(floor, color=plots.REAL, linestyle=":", label="real against real")
    ax.set(xlabel=label, yscale="log", ylim=(1, None))
left.set(xscale="log", ylabel="Fréchet distance")
left.legend(loc="center left")
plots.show(
    fig,
    alt="Fréchet distance against rounds and against CPU seconds, both falling severalfold in five "
    "seeds that lie close together, and far above the dotted floor of real images.",
)
factor = curves[:, 0] / curves[:, -1]
print("distance at the end:", " ".join(f"{d:.0f}" for d in curves[:, -1]), f"  floor {floor:.1f}")
print("untrained ÷ trained:", " ".join(f"{f:.0f}" for f in factor))
assert factor.min() > 3 and curves[:, -1].min() > 10 * floor
assert all(run.distance[ROUNDS] < run.distance[600] for run in runs)  # still falling

# %% [markdown]
# The distance falls to less than a third in every seed, and stays at more than ten times the floor: rough digits. (With MNIST we saw 5- to 8-fold over fifteen seeds, with `rendered` 5- to 12-fold over five; final distances of two seeds differed by up to a factor of 2.4.) The curves still fall at the end; we stop because notebook 06 has a better use for the time. The seconds on the right are this machine's. And the losses? Notebook 01 gave their values at the equilibrium, $2\log2=1.386$ and $\log2=0.693$.

# %%
late = torch.stack([run.losses[-200:].mean(0) for run in runs])
print("L_D, last 200 rounds:  ", " ".join(f"{v:.2f}" for v in late[:, 0]))
print("L_G, last 200 rounds:  ", " ".join(f"{v:.2f}" for v in late[:, 1]))
soon = torch.stack([run.losses[100:300].mean(0) for run in runs])
print("L_D, rounds 100 to 300:", " ".join(f"{v:.2f}" for v in soon[:, 0]))
print("distance at round 200: ", " ".join(f"{run.distance[200]:.0f}" for run in runs))
assert (late[:, 0] - 2 * math.log(2)).abs().max() < 0.3
assert (soon[:, 0] - 2 * math.log(2)).abs().max() < 0.1
away_soon, away_late = ((x[:, 0] - 2 * math.log(2)).abs().median() for x in (soon, late))
assert away_soon < away_late
assert all(run.distance[200] > 2 * run.distance[ROUNDS] for run in runs)

# %% [markdown]
# At the end $L_D$ lies within 0.3 of the value for a perfect generator, and the ruler reads many times its floor. From round 100 to 300 $L_D$ was nearer still, within 0.1: whoever had stopped there, because "the losses have converged", would have stopped at more than twice the final distance. Notebook 04 saw it in the plane.
#
# ### 4.1 Turn the film by hand
#
# (Without a kernel, the filmstrip above says the same.)

# %%
strip = widgets.Image(width=640)
look = widgets.SelectionSlider(options=list(runs[0].film), description="round")  # starts at the first
which = widgets.IntSlider(0, 0, 4, description="seed")


def redraw(_=None):
    ax = plots.image_grid(runs[which.value].film[look.value].view(-1, 1, 28, 28), columns=12)
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png")
    plt.close(ax.figure)
    strip.value = buffer.getvalue()


for control in (look, which):
    control.observe(redraw, "value")
redraw()
before = strip.value
which.value = 3  # a notebook can turn its own knobs, so this one tests the widget
assert strip.value != before
widgets.VBox([look, which, strip])

# %% [markdown]
# ## 5 Does the discriminator overfit?
#
# In 1,200 rounds $D$ has seen each of the 4,000 `fit` images 19 times. If it learns them by heart, it gives them high scores *because they are these images*, and $G$ is paid for making *these* images. The test needs images that $D$ has never seen: compare the scores of training, held-out and generated images. In one number: the probability
# that a random training image gets a higher score than a random held-out one. ½ is no overfitting, 1 is complete.
#
# Beside it, the same game with only 64 training images for 600 rounds; $D$ sees each 600 times, so the number of images and that of repetitions change together. **Predict first:** will its losses tell?


# %%
def higher(a, b):
    """P(a random one of a > a random one of b), ties half."""
    return ((a[:, None] > b).float() + 0.5 * (a[:, None] == b).float()).mean().item()


def scores_of(run, x_train):
    with torch.no_grad():
        x_fake = run.G(z_judge)
        return [run.D(x)[:, 0].cpu() for x in (x_train[:2000], x_report, x_fake)]


# %%
subsets = [x_fit[64 * k : 64 * k + 64] for k in range(3)]  # one for each seed
few = [train(x, seed, rounds=600, measured=(600,)) for seed, x in enumerate(subsets)]
large_scores = [scores_of(run, x_fit) for run in runs]
few_scores = [scores_of(run, x) for run, x in zip(few, subsets, strict=True)]

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.4, 2.8))
for ax, (train_, held, fake), title in zip(
    axes, (large_scores[0], few_scores[0]), ("4,000 training images", "64 training images"), strict=True
):
    bins = torch.linspace(
        *torch.cat([train_, held, fake]).quantile(torch.tensor([0.005, 0.995])), 40
    ).tolist()
    for values, color, label in zip(
        (train_, held, fake),
        (plots.REAL, plots.GREEN, plots.FAKE),
        ("training", "held out", "fake"),
        strict=True,
    ):
        ax.hist(values, bins, density=True, histtype="step", color=color, label=label, linewidth=1.6)
    ax.set(title=title, xlabel="score $D(x)$", yticks=[])
axes[0].legend()
plots.show(
    fig,
    alt="Histograms of discriminator scores. Left, with 4,000 training images: training and held-out images have the "
    "same histogram, fakes lie a little lower. Right, with 64: training images lie clearly to the right of held-out ones.",
)

# %%
above_fake = {}
for name, table in (("4,000 images", large_scores), ("64 images", few_scores)):
    print(f"{name:12} training above held out:", " ".join(f"{higher(a, b):.2f}" for a, b, _ in table))
    above_fake[name] = torch.tensor([[higher(a, c), higher(b, c)] for a, b, c in table])
    for k, who in enumerate(("training", "held out")):
        print(f"{'':12} {who} above fake:    ", " ".join(f"{v:.2f}" for v in above_fake[name][:, k]))
for name, group in (("4,000 images", runs), ("64 images", few)):
    ends = torch.stack([run.losses[500:600].mean(0) for run in group])
    print(
        f"{name:12} L_D",
        " ".join(f"{v:.2f}" for v in ends[:, 0]),
        "  L_G",
        " ".join(f"{v:.2f}" for v in ends[:, 1]),
    )
assert all(abs(higher(a, b) - 0.5) < 0.04 for a, b, _ in large_scores)
assert min(higher(a, b) for a, b, _ in few_scores) > 0.6
large_fake, few_fake = above_fake.values()
assert few_fake[:, 0].min() > large_fake[:, 0].median() + 0.05
assert few_fake[:, 1].median() < large_fake[:, 1].median() + 0.1
assert ends[:, 1].min() > 1.4  # L_G with 64 images, section 7

# %%
at_600 = [torch.tensor([run.distance[600] for run in group]) for group in (runs, few)]
copies = torch.tensor([distance(x) for x in subsets])
for name, values in zip(("4,000", "64", "the 64 images themselves"), (*at_600, copies), strict=True):
    print(f"distance at round 600, {name}:", " ".join(f"{v:.0f}" for v in values))
assert at_600[1].median() < 1.5 * at_600[0].median() and copies.max() < torch.cat(at_600).min() / 2

# %% [markdown]
# With 4,000 images the blue and the green histogram lie on each other: this $D$ has not learned its images by heart. It puts a training image above a new one in 50 to 53 of 100 pairs (eight seeds, MNIST); chance has a standard deviation of $\sqrt{4001/(12\cdot2000^2)}=.009$, and the five seeds share their held-out images. The fakes lie a little to the left of both: real images beat them in 67 to 80 of 100 pairs (five seeds, MNIST). With 64 it has, in every seed: it puts its training images far above the fakes (higher in .90 to .99 of all pairs over eight seeds with MNIST), held-out digits, in the median seed, no further than in the large game. (Scores after 1,200 rounds in the large game, 600 in the small one.)
# The losses differ as well (lower $L_D$, higher $L_G$), but they do not say whether $D$ knows digits or *these* digits; held-out images do. The ruler hardly notices: with MNIST at round 600 nine games with 64 images scored 167 to 226, eight with 4,000 scored 159 to 222. It compares means and covariances, and the 64 images themselves score far better than any of these games. What this does not show: where between 64 and 4,000 it begins, and that it stays so for longer training. Notebook 17 watches it happen.
#
# ## 6 Has the generator copied?
#
# "Show the nearest training image beside each sample" is the usual evidence against copying. A picture alone cannot decide: digits of one class look alike, and among more images the nearest is nearer. What decides is a comparison with a known answer. For each sample take the distance (root of the summed squared pixel differences) to the nearest *training* image, and the distance
# to the nearest of *equally many held-out* images, which nobody can have copied. A generator that has learned digits, and not *these* digits, has no reason to be nearer to the one set than to the other: the ratio of the medians is 1, up to chance. Copies push it below. (For the large game we take the first 2,000 of its 4,000 images, since 2,000 are held out.)


# %%
def nearest(x, train):
    """Distance to and index of the nearest training image for each image of x; all (n, 784)."""
    return torch.cdist(x, train).min(1)


def copying(run, train):
    """Median distance of samples to training images, divided by that to as many held-out ones."""
    samples, n = generate(run.G, z_judge), min(len(train), len(x_report))
    to_train, to_held = (nearest(samples, x[:n]).values.median() for x in (train, x_report))
    return (to_train / to_held).item()


def against_sets(run):
    """As `copying`, for 30 sets of 64 images: the same samples, the same held-out images."""
    samples = generate(run.G, z_judge)
    to_held = nearest(samples, x_report[:64]).values.median()
    return torch.stack([nearest(samples, x).values.median() for x in sets]).cpu() / to_held.cpu()


# %%
sets = x_fit[:1920].split(64)  # the first three are the training sets of the three small games
ratio = [copying(run, x_fit) for run in runs]
table = torch.stack([against_sets(run) for run in few])
own, others = table.diagonal(), table[~torch.eye(3, 30, dtype=torch.bool)].view(3, 29)
print("4,000 training images:", " ".join(f"{r:.2f}" for r in ratio))
for r, other in zip(own, others, strict=True):
    print(f"64 training images: {r:.2f}; 29 other sets: {other.min():.2f} to {other.max():.2f}")
assert 0.97 < min(ratio) and max(ratio) < 1.03
assert (own < others.min(1).values - 0.01).all()

# %%
rows = []
for run, x_train in ((runs[0], x_fit), (few[0], subsets[0])):
    samples = generate(run.G, z_film)
    rows += [samples, x_train[nearest(samples, x_train).indices]]
labels = ["sample, 4,000", "nearest of 4,000", "sample, 64", "nearest of 64"]
ax = plots.image_grid(torch.cat(rows).view(-1, 1, 28, 28), columns=12, row_labels=labels)
plots.show(
    ax.figure,
    alt="Samples and their nearest training images. With 4,000 training images the pairs share a class and differ in "
    "shape; with 64 many samples look like noisy versions of their nearest training image.",
)

# %% [markdown]
# With 4,000 training images the ratio is 1 within a few hundredths: no sign of copies. With 64 it is lower in every seed (with MNIST in nine of nine) than for the same samples against any of 29 other sets of 64 images, which this game never saw; the lower pairs show why: a sample often looks like its neighbour, at the same place and slant, with loose pixels. The upper pairs look alike as well – their ratio says that held-out digits look as much alike.
#
# What would this test miss? We put known copies in the place of samples.


# %%
def ratio_of(x, train):
    return (nearest(x, train).values.median() / nearest(x, x_report[: len(train)]).values.median()).item()


square, known = subsets[0].view(-1, 28, 28), []
for k in (1, 2):
    known.append(ratio_of(square.roll(k, 2).flatten(1), subsets[0]))
    print(f"64 copies shifted sideways by {k}: {known[-1]:.2f}")
samples = generate(runs[0].G, z_judge)
for n in (200, 100):
    known.append(ratio_of(torch.cat([x_fit[:n], samples[n:]]), x_fit[:2000]))
    print(f"{n} exact copies among 2,000 samples: {known[-1]:.2f}, without {ratio[0]:.2f}")
assert 0.5 < known[0] < 0.85 < known[1] and ratio[0] - 0.02 < min(known[2:]) <= max(known[2:]) < 1.02

# %% [markdown]
# Exact copies alone would read 0; shifted by one pixel they still push the ratio well below 1, by two hardly. And a few among many samples do not show, not even a tenth: the median is made by the others. A ratio near 1 does not prove that nothing was copied.
#
# ## 7 The generator's loss goes up: is it broken?
#
# A loss that rises usually means that training fails. Here is $L_G$ of our five healthy runs, beside three broken ones: somebody forgot the activations between $D$'s layers, so that $D$ is linear, however many layers it has. **Predict first:** whose loss looks better?


# %%
def linear_D(seed, slope=1.0):  # the bug: LeakyReLU with slope 1 is no activation at all
    G, _ = make_players(seed)
    return G, mlp((PIXELS, 128, 64, 1), seed=2 * seed + 1, slope=slope).to(device)


broken = [
    train(x_fit, seed, rounds=600, players=linear_D(seed), measured=(100, 200, 600)) for seed in range(3)
]

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3))
for group, color, label in ((runs, plots.FAKE, "healthy"), (broken, plots.DISC, "linear $D$")):
    L_G = torch.stack([run.losses[:, 1].view(-1, 50).mean(1) for run in group])
    plots.curves(torch.arange(25, 50 * L_G.shape[1], 50), L_G, color=color, label=label, ax=left)
    values = torch.tensor([list(run.distance.values()) for run in group])
    plots.curves(torch.tensor(list(group[0].distance)), values, color=color, label=label, ax=right)
left.axhline(math.log(2), color=plots.GREY, linestyle=":", label=r"$\log 2$")
left.set(xlabel="round", title="$L_G$, means of 50 rounds")
right.set(xlabel="round", yscale="log", title="Fréchet distance")
left.legend()
plots.show(
    fig,
    alt="Left: the healthy runs' generator loss rises slowly after the first hundred rounds, that of the broken runs lies "
    "flat on log 2. Right: the healthy runs' distance falls all the way, the broken runs' stays far above.",
)

# %%
early = soon[:, 1]
print("healthy, L_G of rounds 100 to 300:", " ".join(f"{v:.2f}" for v in early))
print("healthy, L_G of the last 200:     ", " ".join(f"{v:.2f}" for v in late[:, 1]))
flat = torch.stack([run.losses[-200:].mean(0) for run in broken])
print(
    "broken,  L_G of the last 200:     ",
    " ".join(f"{v:.3f}" for v in flat[:, 1]),
    " L_D:",
    " ".join(f"{v:.3f}" for v in flat[:, 0]),
)
bad = [run.distance[600] for run in broken]
print(
    "broken,  distance:",
    " ".join(f"{d:.0f}" for d in bad),
    "  healthy at round 600:",
    " ".join(f"{run.distance[600]:.0f}" for run in runs),
)
assert (late[:, 1] - early).median() > 0.08 and all(
    run.distance[ROUNDS] < run.distance[200] / 1.5 for run in runs
)
assert min(bad) > 2 * max(run.distance[600] for run in runs)
assert (flat - torch.tensor([2 * math.log(2), math.log(2)])).abs().max() < 0.05

# %%
groups = {"broken": broken, "healthy": runs}
off, spread = ({}, {})
for name, group in groups.items():
    samples = [generate(run.G, z_judge) for run in group]
    off[name] = torch.stack([(x.mean(0) - x_fit.mean(0)).norm() for x in samples])
    spread[name] = torch.stack([x.std(0).mean() for x in samples])
    print(f"{name:8} mean image off by", " ".join(f"{v:.1f}" for v in off[name]), end="   ")
    print("standard deviation of a pixel:", " ".join(f"{v:.2f}" for v in spread[name]))
blank = [(generate(make_players(seed)[0], z_judge).mean(0) - x_fit.mean(0)).norm() for seed in range(3)]
real_spread = x_fit.std(0).mean()
print("untrained, mean off by", " ".join(f"{v:.0f}" for v in blank), f"  real, deviation {real_spread:.2f}")
assert off["broken"].max() < 6 and off["broken"].median() < 0.8 * off["healthy"].median()
assert spread["broken"].max() < 0.4 * real_spread

# %%
rows = [broken[0].film[600], broken[1].film[600], runs[0].film[600]]
ax = plots.image_grid(
    torch.cat(rows).view(-1, 1, 28, 28),
    columns=12,
    row_labels=["linear D, seed 0", "linear D, seed 1", "healthy, seed 0"],
)
plots.show(
    ax.figure,
    alt="Samples at round 600. With the linear discriminator the images of a row are clouds that hardly differ; those of the "
    "healthy run are different digits.",
)

# %% [markdown]
# The broken runs have the better looking losses: both at their equilibrium values, flat. Their samples are clouds: their mean is nearer to the data's mean (off by 1.5 to 3.1 in six seeds with MNIST) than that of the healthy runs at their end (3.8 to 5.0 in five), and they hardly vary. A linear score can compare one thing only, a weighted sum of pixels, so the *mean* image is all that it can teach; once the means agree, it is blind, and $G$ is content. In the healthy runs $L_G$ rises (in the median seed clearly, in one hardly) while the distance falls; one explanation: $D$ learns too, and finds new faults in better samples. A loss that is measured
# by a moving opponent has no "up is bad".
#
# This does not mean that a rising $L_G$ is good: with 64 images (section 5) it stood higher still, above 1.4, while $D$ overfitted, and the ruler hardly told the two apart. The question cannot be answered from the loss. Ask the ruler *and* held-out images: neither alone.
#
# ## Exercises
#
# ### Exercise 1 · Back to bytes
#
# ●○○ · 5 minutes · you need: section 3. To save samples as a picture you need bytes: map $[-1,1]$ to 0…255, rounded to the nearest, as `torch.uint8`. Float networks may overshoot by a hair, and bytes wrap round.


# %% tags=["exercise-1"]
def to_bytes(x):
    """x: tensor of any shape, values about in [-1, 1]. Returns a uint8 tensor of the same shape."""
    return None  # <- your answer


# %% tags=["check-1"]
nb05.check_1(to_bytes)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Clamp, shift, scale, round, convert: in this order. `.to(torch.uint8)` cuts off, it does not round.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def to_bytes(x):
#     return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
# ```
# It undoes `data`'s own `pixels / 127.5 - 1` exactly.
# </details>
#
# ### Exercise 2 · The ruler in one dimension
#
# ●○○ · 10 minutes · you need: section 2. For one feature all the matrices are numbers. Simplify the formula, and write it without a matrix function (variances divide by $n-1$, as `torch.var` does).


# %% tags=["exercise-2"]
def frechet_1d(a, b):
    """a (n,), b (m,): one feature of two sets of images. Returns the squared Fréchet distance, one number."""
    return None  # <- your answer


# %% tags=["check-2"]
nb05.check_2(frechet_1d)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $\sigma_a^2+\sigma_b^2-2\sqrt{\sigma_a^2\sigma_b^2}$ is a square.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def frechet_1d(a, b):
#     return (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2
# ```
# It sees means and standard deviations and nothing else: two clusters and one broad one can score 0.
# </details>
#
# ### Exercise 3 · The nearest training image
#
# ●●○ · 10 minutes · you need: section 6. For each image of `x` find the index of the training image with the smallest Euclidean distance, here for images that are not flattened yet.


# %% tags=["exercise-3"]
def nearest_index(x, train):
    """x (n, 1, H, W), train (m, 1, H, W). Returns (n,) indices into train."""
    return None  # <- your answer


# %% tags=["check-3"]
nb05.check_3(nearest_index)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `torch.cdist` wants (n, d) and (m, d) and gives (n, m). Over which of the two axes do you search?
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def nearest_index(x, train):
#     return torch.cdist(x.flatten(1), train.flatten(1)).argmin(1)
# ```
# With the features of section 2 in place of pixels the test is more sensitive to shifted copies (measured outside this notebook with MNIST: .45 to .49 instead of .70 to .72 for three sets of 64 digits, one pixel sideways), but unsure about the noisy ones of section 6 (1.06, .87, .95 in three seeds). No single distance decides.
# </details>
#
# ### Exercise 4 · Overfitting in one number
#
# ●●○ · 10 minutes · you need: section 5. Write the probability that a random training image scores higher than a random held-out one, a tie counting half. (It is the area under the ROC curve.) Section 5 builds a table of all pairs; write it by sorting `held_out` once.


# %% tags=["exercise-4"]
def share_higher(train, held_out):
    """train (n,), held_out (m,): scores of D. Returns one number from 0 to 1."""
    return None  # <- your answer


# %% tags=["check-4"]
nb05.check_4(share_higher)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `torch.searchsorted(s, train)` counts, for each training score, the entries of the sorted `s` below it; with `right=True` also those equal to it.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def share_higher(train, held_out):
#     s = held_out.sort().values
#     below, not_above = torch.searchsorted(s, train), torch.searchsorted(s, train, right=True)
#     return (below + not_above).float().mean() / (2 * len(s))
# ```
# A difference of means would depend on the scale of $D$, which means nothing; pairs do not.
# </details>
#
# ## Recap
#
# 1. An MLP sees a list of numbers: shuffled pixels give the same game ([section 1](#1-An-image-is-a-point)).
# 2. Samples are judged by the Fréchet distance of a classifier's features, at equal numbers of images, beside the distance of real images and that of an untrained generator ([section 2](#2-A-ruler)).
# 3. What the output activation cannot reach, $D$ recognises with certainty; data in $[0,1]$ with tanh, a known "bug", scored as well as the contract once clipped ([section 3](#3-The-range-contract)).
# 4. Five seeds of the same loop brought the distance down to less than a third while $L_D$ read nearly its equilibrium value and the floor was far away ([section 4](#4-Twenty-eight-pixels-wide)).
# 5. Held-out images tell whether $D$ overfits and whether $G$ copies; a rising $L_G$ came from a healthy run and a perfect one from a broken run ([section 5](#5-Does-the-discriminator-overfit?), [section 6](#6-Has-the-generator-copied?), [section 7](#7-The-generator's-loss-goes-up:-is-it-broken?)).
#
# **Further reading.** Goodfellow et al. 2014 (arXiv:1406.2661), Section 5: the first MLP GANs on MNIST, with nearest training images · Heusel et al. 2017 (1706.08500), the Fréchet distance · Salimans et al. 2016 (1606.03498), samples judged by a classifier. Next: 06, where neighbouring pixels know each other.
