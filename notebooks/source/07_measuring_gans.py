# %% [markdown]
# # 07 · Measuring a generator
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/07_measuring_gans.ipynb)
#
# ![A heat map: nine ways to harm a set of real digits against eight scores; frames mark what a score does not see; only the last column sees memorised images](images/07_measuring_gans.png)
#
# **After this notebook you can**
#
# - **write** seven scores of a generator from their formulas, and check them against a library;
# - **state** the floor of a score, its bias, and how many images tell two generators apart;
# - **name** what each score cannot see, choose a checkpoint honestly, and fool a score on purpose.
#
# *Before:* [05](05_mlp_gan.ipynb), [06](06_dcgan.ipynb). *Run time:* about 60 s on two CPU cores; a GPU is used if there is one.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers, and the library of section 2
    get_ipython().run_line_magic(
        "pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0 torchmetrics"
    )
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import SymLogNorm
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, metrics, plots
from gan_helpers.checks import nb07
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.networks import dcgan_generator, mlp
from gan_helpers.notebook import progress, recorded
from gan_helpers.training import play

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
device = "cuda" if torch.cuda.is_available() else "cpu"

# %% [markdown]
# ## 1 Candidates
#
# Two generators, the MLP of notebook 05 and the DCGAN of notebook 06 with fewer channels, each in a young and an older state, named by their round. The parts of the data are those of notebook 05: `fit` for training, `select` for the classifier that judges, `report` for the verdict. From each state we keep 2,000 images and what the judge makes of them: 64 features and ten logits.

# %% tags=["record"]
parts = data.split(data.load_images("auto", device=device), seed=0, fit=0.4, select=0.4, report=0.2)
judge = digit_classifier(parts.select)  # a few seconds; the next time from the cache


def seen(x):
    """Images (n, 1, 28, 28) with the judge's features (n, 64) and logits (n, 10), on the CPU."""
    features, logits = features_and_logits(judge, x)
    return SimpleNamespace(x=x.cpu(), features=features.cpu(), logits=logits.cpu())


real, train = seen(parts.report.images), seen(parts.fit.images)
print(f"{len(real.x):,} real images to compare with, {len(train.x):,} to train on")


# %% tags=["record"]
def states(game, G, z_dim, looks, n=2000):
    """Play on; what G makes of n noise vectors after the rounds in `looks`: {round: images seen}."""
    z = torch.randn(n, z_dim, generator=data.make_generator(10**6)).to(device)
    kept = {}
    for step, _ in enumerate(progress(game, "training", max(looks)), start=1):
        if step in looks:
            with torch.no_grad():
                kept[step] = seen(G(z).view(-1, 1, 28, 28))
    return kept


def mlp_game(x, seed, rounds):
    """Notebook 05: the game, which trains while it is iterated over, and its generator."""
    players = (
        mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh()),
        mlp((784, 128, 64, 1), seed=2 * seed + 1),
    )
    G, D = (player.to(device) for player in players)
    opts = [torch.optim.Adam(player.parameters(), lr=3e-3, betas=(0.0, 0.9)) for player in (G, D)]
    return play(G, D, *opts, data.batches(x.flatten(1), 64, seed=seed, steps=rounds), 64, seed=1000 + seed), G


def small_dcgan(x, seed, rounds):
    """Notebook 06 with fewer channels: the game, and the average of its generator's weights."""
    game = dcgan_game(seed=seed, device=device, G=dcgan_generator(32, seed=2 * seed, channels=(32, 16)))
    return dcgan_rounds(game, x, seed=seed, rounds=rounds, z_dim=32), game.average


# %%
LOOKS = (100, 200, 300, 400, *range(460, 601, 20))
mlp_states = states(*mlp_game(parts.fit.images, 0, 700), 64, (100, 700))
dcgan_states = states(*small_dcgan(parts.fit.images, 0, max(LOOKS)), 32, LOOKS)
candidates = {"MLP 100": mlp_states[100], "MLP 700": mlp_states[700]}
candidates |= {f"DCGAN {k}": dcgan_states[k] for k in (300, 600)}

# %% [markdown]
# **Predict first:** order the four by eye, best to worst, and write your order down. How sure are you of each neighbouring pair?

# %%
rows = torch.cat([*(c.x[:14] for c in candidates.values()), real.x[:14]])
ax = plots.image_grid(rows, columns=14, row_labels=[*candidates, "real"])
plots.show(
    ax.figure,
    alt="Fourteen images each of five sets: the young MLP's are two or three shapes of blob, the older MLP's rough strokes with "
    "loose pixels, the young DCGAN's broken digits, the older DCGAN's mostly readable digits; the last row is real.",
)

# %% [markdown]
# Fourteen images show whether there are strokes. They do not show whether a digit is missing, images repeat, or training images were copied. That needs numbers over many images.
#
# ## 2 Seven scores from their formulas
#
# **Inception score** (Salimans et al. 2016). A good image makes the judge sure: $p(y|x)$ is sharp. A varied set has all classes: the mean $p(y)$ of these is flat. With $y$ the class, the score compares the two,
#
# $$\mathrm{IS}=\exp\bigl(\mathbb E_x\,\mathrm{KL}(p(y|x)\,\Vert\,p(y))\bigr),$$
#
# and runs from 1 to the number of classes. It knows no real image. **Fréchet distance:** notebook 05, section 2. **Kernel distance**, KID (Bińkowski et al. 2018): for features $r_1,\dots,r_n$ of real and $f_1,\dots,f_m$ of generated images, of dimension $d$, and $k(u,v)=(u^\top v/d+1)^3$,
#
# $$\mathrm{KID}=\frac{\sum_{i\ne j}k(r_i,r_j)}{n(n-1)}+\frac{\sum_{i\ne j}k(f_i,f_j)}{m(m-1)}-\frac{2}{nm}\sum_{i,j}k(r_i,f_j).$$
#
# No image is paired with itself. That makes it unbiased: its mean is 0 when nothing differs, so many of its values are then *negative*; do not clip them.


# %%
def inception_score(logits):
    log_p = logits.double().log_softmax(1)  # not log(softmax): a sure judge would give log 0
    log_marginal = log_p.logsumexp(0) - np.log(len(log_p))
    return (log_p.exp() * (log_p - log_marginal)).sum(1).mean().exp().item()


def frechet_distance(real, fake):
    cov_r, cov_f = real.T.cov(), fake.T.cov()
    root = torch.linalg.eigvals(cov_r @ cov_f).real.clamp(min=0).sqrt().sum()
    return ((real.mean(0) - fake.mean(0)).square().sum() + (cov_r + cov_f).trace() - 2 * root).item()


def kid(real, fake):
    def k(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    def off_diagonal(table):
        return (table.sum() - table.trace()) / (len(table) * (len(table) - 1))

    within = off_diagonal(k(real, real)) + off_diagonal(k(fake, fake))
    return (within - 2 * k(real, fake).mean()).item()


# %% [markdown]
# **Precision and recall** (Kynkäänniemi et al. 2019) ask two questions: are the fakes good, and is everything there? Draw a ball around each real image, as far as its $k$-th nearest *other* real image. Precision is the share of fakes that lie in some ball. Recall exchanges the roles: the share of real images in the balls of the fakes. **Density** counts in how many real balls a fake lies, over $k$; **coverage** is the share of real balls that hold a fake (Naeem et al. 2020). We take $k=3$ for the first two and $k=5$ for the others, as published.


# %%
def neighbours(real, fake, k):
    """Precision, recall, density, coverage."""
    table = torch.cdist(fake, real)
    reach = [torch.cdist(x, x).topk(k + 1, largest=False).values[:, k] for x in (real, fake)]  # 0 is itself
    in_real, in_fake = table <= reach[0], table.T <= reach[1]
    shares = in_real.any(1), in_fake.any(1), in_real.sum(1) / k, in_real.any(0)
    return [share.double().mean().item() for share in shares]


# %% [markdown]
# Without a mistake? `torchmetrics` knows the first three scores. For the others scikit-learn finds the neighbours; what is then counted is our formula again, so only the neighbours are tested.


# %%
class Same(nn.Module):  # torchmetrics wants a network; ours has done its work already
    num_features = 64

    def forward(self, x):
        return x


def library_scores(real, fake, logits):
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.inception import InceptionScore
    from torchmetrics.image.kid import KernelInceptionDistance

    first, second = InceptionScore(feature=Same(), splits=1), FrechetInceptionDistance(feature=Same())
    third = KernelInceptionDistance(feature=Same(), subsets=1, subset_size=len(real))
    first.update(logits)
    for metric in (second, third):
        metric.update(real, real=True)
        metric.update(fake, real=False)
    values = [first.compute()[0].item(), second.compute().item(), third.compute()[0].item()]
    for k, which in ((3, (0, 1)), (5, (2, 3))):
        trees = [NearestNeighbors(n_neighbors=k + 1).fit(x) for x in (real, fake)]
        reach = [tree.kneighbors()[0][:, k - 1] for tree in trees]  # of the training rows, without themselves
        table = pairwise_distances(fake, real)
        inside = table <= reach[0]
        four = inside.any(1), (table.T <= reach[1]).any(1), inside.sum(1) / k, inside.any(0)
        values += [four[i].mean() for i in which]
    return values


# %%
a, b = real.features[:500].double(), candidates["DCGAN 600"].features[:500].double()
few_logits = candidates["DCGAN 600"].logits[:500]
own = [inception_score(few_logits), frechet_distance(a, b), kid(a, b)]
own += neighbours(a, b, 3)[:2] + neighbours(a, b, 5)[2:]
with warnings.catch_warnings(action="ignore"):
    library = library_scores(a, b, few_logits)
NAMES = ("IS", "Fréchet", "KID", "precision", "recall", "density", "coverage")
for name, mine, theirs in zip(NAMES, own, library, strict=True):
    print(f"{name:10} own {mine:12.6f}   library {theirs:12.6f}   difference {abs(mine - theirs):.0e}")
    assert abs(mine - theirs) < 1e-4 * max(1, abs(theirs))

# %% [markdown]
# From here on we use the same formulas from `gan_helpers.metrics`, where `real=` and `fake=` must be named: swapped, precision and recall would change places without a word. An eighth number looks for copies: the share of fakes that are nearer to a *training* image than to any of equally many held-out ones (compare notebook 05, section 6). It is about ½ without copying, if the fakes have many different neighbours. (The young MLP's blobs share a few: its number says where they lie, and nothing about copies.)


# %% tags=["record"]
def scores(reference, fake, logits, train):
    """Eight scores; features (n, 64), logits (n, 10), and as many `train` as `reference` images."""
    o = metrics.precision_recall(real=reference, fake=fake)
    c = metrics.density_coverage(real=reference, fake=fake)
    first = metrics.inception_score(logits), metrics.frechet_distance(real=reference, fake=fake)
    copies = metrics.memorisation(fake=fake, train=train, held_out=reference).share
    return *first, metrics.kid(real=reference, fake=fake), *o, *c, copies

# %%
NAMES = (*NAMES, "copies")
assert np.allclose(scores(a, b, few_logits, train.features[:500])[:7], own, rtol=1e-9)

# %%
table = {
    name: scores(real.features, c.features, c.logits, train.features[:2000]) for name, c in candidates.items()
}
half, other = train.features[:2000], train.features[2000:]
table["real (training)"] = scores(real.features, half, train.logits[:2000], other)
print(" " * 16, *(f"{name:>9}" for name in NAMES))
for name, values in table.items():
    print(f"{name:16}", *(f"{v:9.1f}" if abs(v) >= 20 else f"{v:9.2f}" for v in values))

# %%
young_mlp, old_mlp, young, old, floor = (dict(zip(NAMES, v, strict=True)) for v in table.values())
assert young_mlp["Fréchet"] > old_mlp["Fréchet"] > young["Fréchet"] > old["Fréchet"] > 3 * floor["Fréchet"]
assert young_mlp["IS"] < old_mlp["IS"] < young["IS"] < old["IS"] < floor["IS"]
assert old_mlp["recall"] < 0.1 < young["recall"] and old_mlp["coverage"] < young["coverage"] < old["coverage"]
assert young_mlp["KID"] > old_mlp["KID"] > 10 * old["KID"]
assert young_mlp["recall"] < 0.1 and young_mlp["coverage"] < 0.05
others = max(row["precision"] for row in (old_mlp, young, old, floor))
assert parts.fit.name != "mnist" or young_mlp["precision"] > others  # the blobs' precision is the best
assert parts.fit.name != "rendered" or young_mlp["precision"] < 0.05

# %%
record = recorded("nb07_metric_power")
if record:
    copies = [run["MLP"]["100"][-1] for run in record["scores"]]
    print("recorded, copies of MLP 100:", " ".join(f"{v:.2f}" for v in copies))
    assert min(copies) < 0.1 and max(copies) > 0.6  # no copiers: it says where their blobs lie
    for run in record["scores"]:
        rows = (run["MLP"]["100"], run["MLP"]["700"], run["DCGAN"]["300"], run["DCGAN"]["600"])
        inception, frechet, _, precision = torch.tensor(rows).T[:4]
        assert (inception.diff() > 0).all() and (frechet.diff() < 0).all() and precision.argmax() == 0

# %% [markdown]
# Fréchet distance and IS order the four as training did, here and in five recorded runs. (As you did?) With MNIST **precision does not**: its best is the row of blobs, above the DCGAN's digits and even above real images. One ball is enough for precision, and nearly every blob lies in some. (With `rendered` digits, whose balls are small, hardly any does.) IS, both distances, recall and coverage expose the blobs: precision alone is no measure of quality.
#
# The last row compares real images with other real images: what a perfect generator would read. It is the **floor** of the distances, and for the others the value to reach, but no ceiling: the blobs' precision can lie above it.
#
# ## 3 The floor, and how it moves
#
# **Predict first:** real images against real images, 200 of each, or 2,000 of each. Is the Fréchet distance the same?
#
# Means and covariances of $n$ samples err by about $1/\sqrt n$. The distance is quadratic in small errors, and squares do not cancel: a bias of order $1/n$. Expanding to second order for two samples of $n$ from one Gaussian whose covariance has eigenvalues $\lambda_i$ gives
#
# $$\mathbb E[d^2]\approx\frac1n\Bigl[2\sum_i\lambda_i+\tfrac12\sum_i\lambda_i+\sum_{i,j}\frac{\lambda_i\lambda_j}{\lambda_i+\lambda_j}\Bigr].$$
#
# The first sum is the error of the means, the rest that of the covariances. Is it right? (With 64 features the last sum is nearly all of it; four test the others.)


# %%
def gaussian_bias(eigenvalues, n):
    pairs = eigenvalues[:, None] * eigenvalues / (eigenvalues[:, None] + eigenvalues)
    return (2.5 * eigenvalues.sum() + pairs.sum()) / n


source = data.make_generator(0)
cases = {"64, all 1": (torch.ones(64), 40), "64: 1, 1/2, …": (1 / torch.arange(1.0, 65), 40)}
for title, (eigenvalues, times) in (cases | {"4, all 1": (torch.ones(4), 2000)}).items():
    draws = eigenvalues.sqrt() * torch.randn(times, 2, 1000, len(eigenvalues), generator=source)
    values = torch.tensor([metrics.frechet_distance(real=a, fake=b) for a, b in draws])
    formula = gaussian_bias(eigenvalues, 1000)
    print(f"eigenvalues {title:14} measured {values.mean():.4f}, formula {formula:.4f}")
    assert abs(values.mean() / formula - 1) < 0.04

# %% [markdown]
# Now our features, which are no Gaussian: real against real for 100 random choices, and two states of the DCGAN for 20. (Bands: smallest to largest. Dashes at ∞: smallest, median and largest of 20 *extended* values, explained below.)

# %%
pool = torch.cat([real.features, train.features])  # 6,000 real images that the judge never saw
SIZES = torch.tensor([100, 200, 500, 1000, 2000])
curves = {"real against real": [], "DCGAN 300": [], "DCGAN 600": []}
limits = {name: [] for name in curves}
for seed in progress(range(100), "distances"):
    source = data.make_generator(seed)
    order, pick = torch.randperm(len(pool), generator=source), torch.randperm(2000, generator=source)
    for name in curves if seed < 20 else ("real against real",):
        fake = candidates[name].features[pick] if name in candidates else pool[order[3000:]]
        curves[name].append([metrics.frechet_distance(real=pool[order[:n]], fake=fake[:n]) for n in SIZES])
        if seed < 20:
            limits[name].append(metrics.fid_infinity(real=pool[order[:3000]], fake=fake, both=True).value)
curves, limits = ({k: torch.tensor(v) for k, v in rows.items()} for rows in (curves, limits))
theory = gaussian_bias(torch.linalg.eigvalsh(pool.double().T.cov()).clamp(min=1e-9), SIZES)

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.6))
for name, color in zip(curves, (plots.REAL, plots.GREY, plots.FAKE), strict=True):
    plots.curves(1 / SIZES, curves[name], color=color, label=name, ax=ax)
    ends = torch.stack([limits[name].min(), limits[name].median(), limits[name].max()])
    ax.plot([0, 0, 0], ends, "_", color=color, markersize=12, clip_on=False)
ax.plot(1 / SIZES, theory, ":", color=plots.DISC, label="formula for a Gaussian")
ax.set(ylabel="Fréchet distance", xlim=(0, None), ylim=(0, None))
ax.set_xticks([0, *(1 / SIZES).tolist()], ["∞", *SIZES.tolist()], fontsize=8, rotation=60)
ax.set_xlabel("number of images (scale: 1/n)")
ax.legend(fontsize=9)
plots.show(
    fig,
    alt="Fréchet distance over one divided by the number of images: three nearly straight rising lines with bands. Real against real "
    "follows the dotted formula towards 0 at infinitely many; the two states of the DCGAN run above it. Short dashes at ∞ mark the "
    "extended values, those of real against real around 0.",
)
means = {name: values.mean(0) for name, values in curves.items()}
for name, values in means.items():
    print(
        f"{name:18}", " ".join(f"{v:6.2f}" for v in values), f"   extended to ∞: {limits[name].mean():6.2f}"
    )
print(f"{'formula':18}", " ".join(f"{v:6.2f}" for v in theory))

# %%
measured = means["real against real"]
assert ((measured / theory - 1).abs() < 0.2).all() and 17 < measured[0] / measured[-1] < 25
assert abs(limits["real against real"].mean()) < 0.35 * measured[-1]
assert (curves["DCGAN 600"] < curves["DCGAN 300"])[:, -2:].float().mean() > 0.9  # at equal n
assert means["DCGAN 600"][0] > means["DCGAN 300"][-1]  # at 100 and at 2,000

# %% [markdown]
# The distance of *equal* distributions is about twenty times as large for 100 images as for 2,000. A distance without its number of images says nothing, and at unequal numbers it is unfair: the better generator at 100 images reads worse than the poorer one at 2,000. (For these features the Gaussian formula fits to within a fifth; for others take it as an order of magnitude. `metrics.frechet_bias` needs no Gaussian: it uses fourth moments.)
#
# Extending the line to $1/n=0$ removes the bias: **FID∞** (Chong and Forsyth 2020) is the intercept of fifteen distances at different $n$. For real against real it is close to 0 on average, as it should be. A single intercept is noisy. And in the paper only the number of fakes varies, so the part from a finite real set stays; here both vary.
#
# ## 4 The damage matrix
#
# What does each score *see*? We harm real images in nine known ways.


# %% tags=["record"]
def blurred(x, sigma=0.8):
    g = torch.exp(-(torch.arange(-3.0, 4) ** 2) / (2 * sigma**2))
    g = (g / g.sum()).to(x.device)
    return F.conv2d(F.conv2d(F.pad(x, (3, 3, 3, 3), value=-1), g.view(1, 1, 1, 7)), g.view(1, 1, 7, 1))


def harmed(rows, spare, known, source):
    """Harmed versions of the real images `rows`: row numbers of real images, or new images."""
    three, other, n = rows[y[rows] == 3], rows[y[rows] != 3], len(rows)
    typical = []
    for digit in range(10):  # the image nearest to the mean feature of its class
        own = rows[y[rows] == digit]
        typical.append(own[(features[own] - features[own].mean(0)).norm(dim=1).argmin()])
    images = x[rows.to(device)]
    noise = torch.randn(images.shape, generator=source).to(device)
    return {
        "class dropped": torch.cat([other, spare[y[spare] != 3][: len(three)]]),
        "class doubled": torch.cat([other[: n - 2 * len(three)], three, spare[y[spare] == 3][: len(three)]]),
        "duplicates": rows[: n // 10].repeat(10),
        "one per class": torch.stack(typical)[y[rows]],
        "memorised": known,
        "noise": (images + 0.3 * noise).clamp(-1, 1),
        "blur": blurred(images),
        "shift": F.pad(images[..., 2:], (0, 2), value=-1),
        "contrast": (images + 1) * 0.7 - 1,
    }


# %% tags=["record"]
x = torch.cat([parts.report.images, parts.fit.images])
y = torch.cat([parts.report.labels, parts.fit.labels]).cpu()
features, logits = (
    torch.cat([getattr(part, name) for part in (real, train)]) for name in ("features", "logits")
)

# %%
source = data.make_generator(3)
rows, spare, known = torch.randperm(len(x), generator=source)[:3000].split(1000)
sets = {"unharmed": rows, **harmed(rows, spare, known, source)}
shown = [(v if v.is_floating_point() else x[v.to(device)])[[*range(11), -1]] for v in sets.values()]
ax = plots.image_grid(torch.cat(shown), columns=12, row_labels=list(sets))
plots.show(
    ax.figure,
    alt="Twelve images of each harmed set. Dropped and doubled class, duplicates and memorised look like unharmed real "
    "digits; one per class repeats the same shapes; noise, blur, shift and contrast are plain to see.",
)

# %% [markdown]
# In the first rows all images are real. What is wrong is the *set*: no threes; twice as many; a hundred images ten times each; the most typical image of each class in place of all its images; and the training images themselves. Then pixels: noise, blur, two pixels sideways, 70 % contrast.
#
# **Predict first:** which of the eight scores notices that all fours are one and the same image?
#
# We compare 1,000 harmed images with 1,000 real ones, for five random choices, and express each shift in the standard deviation of the score over fourteen *unharmed* choices, the **floor's spread**. A shift of 1 is nothing; we call 3 seen.


# %% tags=["record"]
def trial(seed, harm=True, n=1000):
    """Eight scores of unharmed, and of harmed, real images for one random choice of them."""
    source = data.make_generator(seed)
    reference, rows, known, spare = torch.randperm(len(x), generator=source)[: 4 * n].split(n)
    sets = {"unharmed": rows, **(harmed(rows, spare, known, source) if harm else {})}
    result = {}
    for name, chosen in sets.items():
        s = seen(chosen) if chosen.is_floating_point() else None
        f, g = (s.features, s.logits) if s else (features[chosen], logits[chosen])
        result[name] = scores(features[reference], f, g, features[known])
    return result


WORSE = torch.tensor([-1.0, 1, 1, -1, -1, -1, -1, 1])  # the direction in which each score says "worse"


def shifts_of(trials):
    """{harm: (trials, 8)}, each trial against its own unharmed set, in spreads; and the unharmed scores."""
    floor = torch.tensor([t["unharmed"] for t in trials])
    full = [t for t in trials if len(t) > 1]
    change = {k: torch.tensor([t[k] for t in full]) - floor[: len(full)] for k in full[0] if k != "unharmed"}
    return {k: WORSE * v / floor.std(0) for k, v in change.items()}, floor


# %%
trials = [trial(seed, harm=seed < 5) for seed in progress(range(14), "damage")]
shifts, floors = shifts_of(trials)
print(" " * 10, *(f"{name:>9}" for name in NAMES))
print(f"{'floor':10}", *(f"{v:9.3f}" for v in floors.mean(0)))
print(f"{'its spread':10}", *(f"{v:9.3f}" for v in floors.std(0)))
assert 0.1 < (floors[:, 2] < 0).float().mean() < 0.9  # an unbiased KID of equal sets is often negative


# %% tags=["head-picture"]
def draw_matrix(shifts, title):
    """Median shift per harm and score; above 0 the score says worse. Framed: below 3, not seen."""
    table = torch.stack([v.quantile(0.5, 0) for v in shifts.values()])
    fig, ax = plt.subplots(figsize=(7.2, 4))
    ax.imshow(table, cmap="PuOr_r", norm=SymLogNorm(3, vmin=-300, vmax=300), aspect="auto")
    for i, j in np.ndindex(*table.shape):
        value = table[i, j].item()
        color = "white" if abs(value) > 60 else "black"
        shown = f"{value:.1f}" if 2.5 <= value < 3.5 else f"{value:.0f}".replace("-0", "0")
        ax.text(j, i, shown, ha="center", va="center", fontsize=9, color=color)
        if value < 3:
            box = {"fill": False, "edgecolor": plots.DISC, "linewidth": 1.6}
            ax.add_patch(plt.Rectangle((j - 0.46, i - 0.44), 0.92, 0.88, **box))
    ax.set_xticks(range(len(NAMES)), NAMES, rotation=30, ha="right")
    ax.set_yticks(range(len(shifts)), list(shifts))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(title)
    return fig


ALT = (
    "A heat map of nine harms by eight scores. Fréchet distance and KID see all but memorised images; precision and density "
    "do not see a dropped or doubled class, nor duplicates, and prefer one image per class; recall and coverage do not see a "
    "doubled class; IS does not see one image per class; memorised images are seen by the last column, copies, only."
)
plots.show(draw_matrix(shifts, "harm done, in spreads of the floor (framed: not seen)"), alt=ALT)

# %%
BLIND = {
    "class dropped": ("precision", "density"),
    "class doubled": ("precision", "density", "recall", "coverage"),
    "duplicates": ("precision", "density"),
    "one per class": ("IS", "precision", "density"),
    "memorised": NAMES[:7],
}


def check_matrix(shifts, mnist):
    """The statements below, for the medians over the trials; some hold with MNIST only."""
    median = {k: dict(zip(NAMES, v.quantile(0.5, 0).tolist(), strict=True)) for k, v in shifts.items()}
    for harm, row in median.items():
        assert all(row[score] < 3 for score in BLIND.get(harm, ())), harm
        assert harm == "memorised" or min(row["Fréchet"], row["KID"]) > 3, harm
        assert harm in ("memorised", "class doubled") or min(row["recall"], row["coverage"]) > 3, harm
    one, noise, copies = median["one per class"], median["noise"], {h: m["copies"] for h, m in median.items()}
    assert max(one["precision"], one["density"]) < -3  # preferred to real data
    assert not mnist or (one["IS"] < -3 and max(noise["precision"], noise["density"]) < 3)
    assert copies.pop("memorised") > 10 > max(copies.values())


# %%
check_matrix(shifts, parts.fit.name == "mnist")

# %% [markdown]
# Column by column. To **IS** one typical image per class is no worse than real digits (with MNIST: better). **Fréchet distance and KID** see every harm to the set or to the pixels, though not which. **Precision and density** ask only whether single images are plausible: a missing or doubled class and duplicates pass, and a collapse to ten typical images they *prefer* to real data. **Recall and coverage** see what is missing or repeated; twice the share of a class is neither. And **none of these sees copies**: the memorised set *is* real. Only the eighth does, which knows the training images. Distance and copies together miss no harm of this list; section 8 shows why to report coverage as well. With MNIST precision and density do not even see the noise, which every image carries. "Not seen" means by somebody who has one set of each; our shifts are paired.
#
# What the matrix does not show: other harms, other strengths, another judge. A harm that hides in the floor at 1,000 images need not hide at 50,000. A recorded run with 20 choices of 1,500 images, for which the same statements hold:

# %%
if record:
    large = {name: torch.tensor(v) for name, v in record["matrix"].items()}
    plots.show(
        draw_matrix(large, "recorded: 20 choices of 1,500 images, MNIST"), alt="The recorded matrix. " + ALT
    )
    differ = sum(((large[k].quantile(0.5, 0) < 3) != (shifts[k].quantile(0.5, 0) < 3)).sum() for k in shifts)
    print(f"seen or not: {differ} of {8 * len(shifts)} cells differ from the live matrix")
    check_matrix(large, mnist=True)

# %% [markdown]
# ## 5 How many images tell two generators apart?
#
# The DCGAN, and the same DCGAN with every fifth (or twentieth) image taken from the MLP: worse by a known amount. Draw $n$ images from each, ask a score which is better, and repeat. **Predict first:** how many images does the Fréchet distance need to be right nine times in ten? And does IS, which is said to be the worse score, need more?

# %% tags=["record"]
def draw(n, share, good, bad, source):
    """Features and logits of n images of `good`, this share of them replaced by images of `bad`."""
    rows = torch.randint(len(good.features), (n,), generator=source)  # with replacement: n count as n
    swap = torch.rand(n, 1, generator=source) < share
    return [torch.where(swap, getattr(bad, k)[rows], getattr(good, k)[rows]) for k in ("features", "logits")]

# %%
good, bad = candidates["DCGAN 600"], candidates["MLP 700"]
COUNTS, GAMES = (50, 100, 200, 500, 1000, 1500), 60


def won(n, share, source):
    """Does the pure DCGAN get the better Fréchet distance, and the better IS?"""
    (f, g), (h, k) = (draw(n, q, good, bad, source) for q in (0, share))
    d, e = (metrics.frechet_distance(real=real.features, fake=v) for v in (f, h))
    return d < e, metrics.inception_score(g) > metrics.inception_score(k)


duels = {}
for share in (0.2, 0.05):
    rows = []
    for n in progress(COUNTS, "duels"):
        source = data.make_generator(n)
        rows.append(torch.tensor([won(n, share, source) for _ in range(GAMES)]).float().mean(0))
    duels[share] = torch.stack(rows)

# %%
colors = {
    "Fréchet": plots.REAL,
    "IS": plots.FAKE,
    "KID": plots.GREEN,
    "coverage": plots.DISC,
    "precision": plots.GREY,
}
fig, axes = plt.subplots(1, 4 if record else 2, figsize=(10 if record else 6, 3), sharey=True)
for ax, (share, rows) in zip(axes, duels.items(), strict=False):
    for k, name in enumerate(("Fréchet", "IS")):
        ax.plot(COUNTS, rows[:, k], "o-", color=colors[name], label=name)
    ax.set_title(f"live, {share:.0%} bad")
if record:
    for ax, share in zip(axes[2:], duels, strict=True):
        for name, values in record["power"][str(share)].items():
            plots.curves(record["power"]["counts"], values, color=colors[name], label=name, ax=ax)
        ax.set_title(f"{record['seeds']} DCGANs, {share:.0%} bad")
for ax in axes:
    ax.axhline(0.5, color=plots.GREY, linestyle=":", linewidth=1)
    ax.set(xlabel="images from each", xscale="log", ylim=(0.2, 1.02))
axes[0].set_ylabel("share of duels won\nby the better one")
axes[2 if record else 1].legend(fontsize=8)
plots.show(
    fig,
    alt="Share of duels won by the better generator against the number of images. With a fifth of bad images the curves rise "
    "towards 1, IS first. With a twentieth IS still rises, the Fréchet distance less. Recorded, with bands over the DCGANs: "
    "IS first, the others closer together; with a twentieth the Fréchet distance falls below one half.",
)
for share, rows in duels.items():
    for k, name in enumerate(("Fréchet", "IS")):
        values = "  ".join(f"{n}: {r:.2f}" for n, r in zip(COUNTS, rows[:, k], strict=True))
        print(f"{share:4.0%} bad, {name:8}", values)

# %%
lead = {share: (rows[:, 1] - rows[:, 0]).mean() for share, rows in duels.items()}  # of IS
assert duels[0.2][3].min() > 0.9 > duels[0.2][0, 0] and duels[0.05][3, 0] < 0.8  # 500; 50; 500 images
assert parts.fit.name != "mnist" or duels[0.05][0, 0] < duels[0.05][-1, 0] < duels[0.2][-1, 0]
assert lead[0.2] > 0 and lead[0.05] > 0.05
if record:
    mean = {name: torch.tensor(v).mean().item() for name, v in record["power"]["0.2"].items()}
    print("recorded, 20% bad, mean share won:", "  ".join(f"{name} {m:.2f}" for name, m in mean.items()))
    power = {name: torch.tensor(v).mean(1) for name, v in record["power"]["0.2"].items()}  # one per DCGAN
    assert all((power["IS"] > power[name]).all() for name in power if name != "IS")
    frechet, inception = (torch.tensor(record["power"]["0.2"][name]) for name in ("Fréchet", "IS"))
    assert frechet[:, 2].max() < 0.9 < frechet[:, 5].min() and inception[:, 1].min() > 0.9  # 200, 2,000; 100
    few_bad = torch.tensor(record["power"]["0.05"]["Fréchet"])[:, 3:].mean(1)  # one per DCGAN
    print("recorded, 5% bad, Fréchet, 500 to 2,000 images:", " ".join(f"{v:.2f}" for v in few_bad))
    assert few_bad.max() < 0.5 < torch.tensor(record["power"]["0.05"]["IS"])[:, 3:].min()

# %% [markdown]
# With a fifth of bad images the Fréchet distance needs some hundred images to be right nine times in ten (with the recorded, longer trained DCGANs more than 200, up to 2,000). **IS needs fewer**, live and with each of the five recorded DCGANs: these need at most 100. The order of the others changes with the generator.
#
# With a twentieth of bad images the Fréchet distance is far less sure. Live (one training run, MNIST) it rises slowly. In the recorded duels at 500 to 2,000 images the *mixture* won more often, with each of the five DCGANs. So power belongs to a score, a pair of generators *and* a kind of fault. Here the fault was unreadable images, which IS is made for; in section 4 IS was blind where coverage was not. (All live duels draw from the same 2,000 images of one generator, with replacement, so that $n$ images count as $n$; the bands show how generators differ.)
#
# ## 6 Which checkpoint, and when to stop
#
# Training delivers a state every few rounds, and somebody must choose. **Predict first:** eight states, each scored; you report the best score. By how much do you flatter yourself?
#
# Two sets, A to choose and B to report: for each draw 1,000 of the real images and $n$ of each state, independently and with replacement, forty times. (Who has one set of real images cuts it in two.) *Honest:* choose the state by A, report its distance on B. *Cheating:* report the smallest distance on B. *No choice:* take the last state.


# %% tags=["record"]
def readings(states, looks, n, repeats=40):
    """Distances (repeats, 2, looks): to select and to report, each 1,000 real images and n fakes per state."""
    source, table = data.make_generator(0), []

    def some(rows, number):  # drawn independently, with replacement
        return rows[torch.randint(len(rows), (number,), generator=source)]

    for _ in range(2 * repeats):
        reference = some(real.features, 1000)
        fakes = [some(states[k].features, n) for k in looks]
        table.append([metrics.frechet_distance(real=reference, fake=f) for f in fakes])
    return torch.tensor(table).view(repeats, 2, len(looks))


def flattery(select, report):
    """(repeats, looks) each; mean distance reported honestly, by cheating, and of the last state."""
    honest = report.gather(1, select.argmin(1, keepdim=True))
    return honest.mean(), report.amin(1).mean(), report[:, -1].mean()


# %%
late = [k for k in LOOKS if k >= 460]
path_250 = readings(dcgan_states, LOOKS, 250)  # with the early states, for the figure
gains = {}
for n, both in ((250, path_250[..., -len(late) :]), (1000, readings(dcgan_states, late, 1000))):
    select, report = both.unbind(1)
    honest, cheat, last = flattery(select, report)
    gains[n] = (1 - cheat / honest).item()
    print(
        f"n = {n:4}: honest {honest:.1f}, cheating {cheat:.1f} ({gains[n]:.0%} less), last state {last:.1f};",
        end=" ",
    )
    spread = report.std(0).mean(), report.mean(0).std()
    print("one reading varies by {:.1f}, the states' means by {:.1f}".format(*spread))
    assert n > 250 or spread[0] > 1.2 * spread[1]

# %%
path_250 = path_250[:, 1]
fig, axes = plt.subplots(1, 2 if record else 1, figsize=(9 if record else 4.5, 3.2), squeeze=False)
plots.curves(LOOKS, path_250, color=plots.FAKE, ax=axes[0, 0])
axes[0, 0].set(
    xlabel="round", ylabel="Fréchet distance, 250 images", yscale="log", title="one run, read forty times"
)
axes[0, 0].set_yticks([10, 20, 50, 100], ["10", "20", "50", "100"])
if record:
    for j, (n, color) in enumerate((("250", plots.SKY), ("1000", plots.REAL), ("2000", plots.DISC))):
        found = [run["n"][n] for run in record["checkpoints"]]
        for who, marker in (("cheating", "o"), ("last", "_")):
            gain = [100 * (v[who] / v["honest"] - 1) for v in found]
            x_axis = [k + 0.15 * (j - 1) for k in range(len(gain))]
            label = f"{who}, {int(n):,}" if who == "cheating" or n == "250" else None
            axes[0, 1].plot(
                x_axis, gain, marker, color=color, markersize=7, label=label if who == "cheating" else None
            )
    axes[0, 1].axhline(0, color=plots.GREY, linestyle=":", linewidth=1)
    axes[0, 1].set(
        xlabel="seed",
        ylabel="% from the honest distance",
        title="recorded: cheating (dots), last state (dashes)",
    )
    axes[0, 1].set(xticks=range(record["seeds"]), xlim=(-0.5, record["seeds"] + 2))
    axes[0, 1].legend(fontsize=8, loc="center right")
plots.show(
    fig,
    alt="Left: forty readings of the distance over the rounds fall steeply until round 300 and then slowly, within a band wider than "
    "the last steps. Right, recorded: in every run cheating lies below the honest distance, most with 250 images; the last state "
    "lies near it.",
)

# %%
steps = (path_250[:, 1:] < path_250[:, :-1]).float().mean(0)
print("share of readings in which the next state looks better:", " ".join(f"{s:.2f}" for s in steps))
assert steps[0] > 0.95 and steps[1] > 0.7 and gains[250] > gains[1000] > 0.01
if record:
    lower, last = [], []  # (numbers of images, runs)
    for n in ("250", "1000", "2000"):
        found = [run["n"][n] for run in record["checkpoints"]]
        lower.append([1 - v["cheating"] / v["honest"] for v in found])
        last.append([v["last"] / v["honest"] - 1 for v in found])
        print(
            f"recorded, {n:>4} images: cheating gains {min(lower[-1]):.0%} to {max(lower[-1]):.0%};", end=" "
        )
        print("last against honest choice", " ".join(f"{v:+.1%}" for v in last[-1]))
    lower, last = torch.tensor(lower), torch.tensor(last)
    assert lower.min() > 0.05 and (lower.argmax(0) == 0).all()  # most with 250 images, in every run
    assert -0.1 < last.min() < 0 < last.max() < 0.1

# %% [markdown]
# A minimum cannot lie above a chosen value; the news is its size, largest with 250 images in every run. And what does an *honest* choice buy over simply taking the last state? Little: some per cent, with either sign (the dashes). At 250 images the late states of an averaged generator (notebook 06) differ less than the readings of one. A run that swings needs the choice; then give it images enough to see the swing.
#
# **When to stop.** Read every state several times, with other images, as on the left. As long as the next state looks better in nearly every reading, training pays. When that share falls towards a half, either nothing improves or $n$ is too small to see it: first more images, then the end.
#
# ## 7 Do the scores agree?
#
# Take all pairs of states of notebook 05's and notebook 06's generators. How often does a score order a pair as the Fréchet distance does?


# %%
def disagree(distances, scores):
    """Share of pairs that a score (higher is better) orders otherwise than a distance (lower is better)."""
    i, j = torch.triu_indices(len(distances), len(distances), offset=1)
    return ((distances[i] < distances[j]) != (scores[i] > scores[j])).float().mean().item()


# %%
everything = [*mlp_states.values(), *dcgan_states.values()]
d = torch.tensor([metrics.frechet_distance(real=real.features, fake=s.features) for s in everything])
inception = torch.tensor([metrics.inception_score(s.logits) for s in everything])
print(f"live, {len(d)} states: IS orders {disagree(d, inception):.0%} of the pairs otherwise")
assert disagree(d, inception) < 0.3
if record:
    columns = {name: k for k, name in enumerate(NAMES) if name not in ("Fréchet", "copies")}
    for group in (("MLP",), ("DCGAN",), ("MLP", "DCGAN")):
        shares = []  # (runs, scores)
        for run in record["scores"]:
            values = torch.tensor([row for kind in group for row in run[kind].values()])
            shares.append([disagree(values[:, 1], -WORSE[k] * values[:, k]) for k in columns.values()])
            by = dict(zip(columns, shares[-1], strict=True))
            most = min(by.pop("KID"), by.pop("recall"))
            assert group != ("DCGAN",) or most > max(by.values())
        low, high = torch.tensor(shares).aminmax(dim=0)
        ranges = {n: (100 * a.item(), 100 * b.item()) for n, a, b in zip(columns, low, high, strict=True)}
        assert ranges["IS"][1] < 20 and ranges["coverage"][1] < 15
        assert group != ("MLP",) or min(ranges["precision"][0], ranges["density"][0]) > 50
        text = "  ".join(f"{n} {a:.0f}–{b:.0f}" for n, (a, b) in ranges.items())
        print(f"recorded, %, {' and '.join(group):13} {text}")

# %% [markdown]
# Along ordinary training runs IS and coverage disagree with the Fréchet distance on few pairs. **Precision and density do not follow** with the MLP: in each of the five recorded runs they order most of its pairs the other way round. Within the DCGAN KID and recall differ most. And people's eyes? Compare your order of section 1 with the table of section 2.
#
# ## 8 A failure on purpose: pleasing the judge
#
# A score that one *optimises* stops measuring. First IS: take the ten images of the DCGAN of which the judge is surest, one per class, and show these for ever.

# %%
confidence, digit = good.logits.softmax(1).max(1)
ten = torch.stack([torch.where(digit == k, confidence, 0).argmax() for k in range(10)]).repeat(200)
names = ("IS", "Fréchet", "precision", "recall", "coverage")
fooled = dict(zip(NAMES, scores(real.features, good.features[ten], good.logits[ten], half), strict=True))
for title, row in (("ten images", fooled), ("DCGAN", old), ("real", floor)):
    print(f"{title:12}", "  ".join(f"{name} {row[name]:6.2f}" for name in names))
assert fooled["IS"] > floor["IS"] > old["IS"]
assert fooled["precision"] > 0.25  # in steps of .1
assert fooled["Fréchet"] > 3 * old["Fréchet"] and fooled["recall"] < 0.05 and fooled["coverage"] < 0.1

# %% [markdown]
# IS ranks a generator that knows ten pictures above real data, and precision lets several of the ten pass. The Fréchet distance is not deceived. **Predict first:** can it be deceived, by images that are mostly noise?
#
# It is a differentiable function of pixels. So start from images of noise and change them by descent, until their features have the mean and covariance of the *training* images' features.


# %%
def pleasing(seed, n=250, steps=60):
    """n noise images, changed until the judge's features have the moments of the training images'."""
    target = train.features.double().to(device)
    mean, cov = target.mean(0), target.T.cov()
    values, vectors = torch.linalg.eigh(cov)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    x = torch.randn(n, 1, 28, 28, generator=data.make_generator(seed)) / 2 - 0.5
    x = x.clamp(-0.99, 0.99).to(device).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.05)
    for _ in progress(range(steps), "pleasing the judge"):
        f = judge[:-1](x.clamp(-1, 1)).double()
        cross = torch.linalg.eigvalsh(root @ f.T.cov() @ root).clamp(min=1e-6).sqrt().sum()
        loss = (f.mean(0) - mean).square().sum() + f.T.cov().trace() + cov.trace() - 2 * cross
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return seen(x.detach().clamp(-1, 1))


# %%
noise = [pleasing(seed) for seed in range(3)]


def few(s):
    """Scores of the first 250 images against the report part; and a second ruler: pixels, 4 x 4 averaged."""
    o = metrics.precision_recall(real=real.features, fake=s.features[:250])
    d = metrics.frechet_distance(real=real.features, fake=s.features[:250])
    c = metrics.density_coverage(real=real.features, fake=s.features[:250]).coverage
    coarse = [F.avg_pool2d(v, 4).flatten(1) for v in (real.x, s.x[:250])]
    return d, *o, c, metrics.frechet_distance(real=coarse[0], fake=coarse[1])


results = {f"noise, seed {seed}": few(s) for seed, s in enumerate(noise)}
results |= {"DCGAN": few(good), "real (training)": few(train)}
for name, (d, p, r, c, pixels) in results.items():
    print(
        f"{name:16} Fréchet {d:5.1f}   precision {p:.2f}  recall {r:.2f}  coverage {c:.2f}   of coarse pixels {pixels:5.2f}"
    )
*noisy, dcgan, genuine = torch.tensor(list(results.values()))
noisy = torch.stack(noisy)
assert noisy[:, 0].max() < 0.7 * genuine[0] < dcgan[0]  # "better" than real images
assert noisy[:, 1].max() < 0.6 * dcgan[1] and noisy[:, 4].min() > 10 * dcgan[4]
assert noisy[:, 2].min() > dcgan[2] and noisy[:, 3].max() < 0.5 * dcgan[3]  # recall deceived, coverage not

# %%
ax = plots.image_grid(
    torch.cat([good.x[ten[:10]], *(s.x[:10] for s in noise)]),
    columns=10,
    row_labels=["ten images", *(f"noise, {seed}" for seed in range(3))],
)
plots.show(
    ax.figure,
    alt="First row: ten clean digits, one of each class. Below: three rows of noise, with faint strokes in a few images "
    "and no readable digit.",
)

# %% [markdown]
# In all three seeds noise reads a lower Fréchet distance than equally many real images do, against the report part, which the descent never saw. The distance looks at the first two moments of 64 features, and pixels can satisfy these without a digit. Recall is deceived as well: it reads higher than the DCGAN's. But precision falls to less than 60 % of the DCGAN's, coverage to less than half, and a second ruler that nobody optimised, the Fréchet distance of coarse pixels, reads more than ten times the DCGAN's.
#
# A GAN is not trained on the judge, so it does not end here by itself. But each decision that a score takes part in – stopping, choosing, tuning, a loss with the judge's features – is a step in this direction. Keep one ruler, and one part of the data, for the end.
#
# ## Exercises
#
# ### Exercise 1 · What precision does not see
#
# ●○○ · 5 minutes · you need: section 4. Precision and density pass a missing class. Write the plainest score that does not: the share of images that would have to change their class to give the fakes the class shares of the real set. It is half the sum of the absolute differences of the shares of the ten classes.


# %% tags=["exercise-1"]
def class_gap(real_labels, fake_labels):
    """Labels 0..9, (n,) and (m,) int64; for fakes what the judge reads. Returns one number from 0 to 1."""
    return None  # <- your answer


# %% tags=["check-1"]
nb07.check_1(class_gap)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Count the classes of each set and turn the counts into shares. What happens to a class
# that occurs in one set only?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# `torch.bincount(labels, minlength=10)` counts all ten classes, also those that do not
# occur. Divide each by the number of its labels, then take half the sum of the absolute
# differences.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def class_gap(real_labels, fake_labels):
#     p, q = (torch.bincount(v, minlength=10) / len(v) for v in (real_labels, fake_labels))
#     return (p - q).abs().sum() / 2
# ```
# The *total variation* of the two histograms. Like every score it has a floor: two real sets do not read 0.
# </details>
#
# ### Exercise 2 · The ceiling of coverage
#
# ●●○ · 15 minutes · you need: section 2. If real and fake images come from one source, coverage still is not 1. The ball of a real image is empty if, among all the *other* $n-1$ real and $m$ fake images, the $k$ nearest to its centre are all real. All orders are equally likely. Write the expected coverage.


# %% tags=["exercise-2"]
def ceiling(n, m, k):
    """n real and m fake images of one source, balls to the k-th neighbour. Returns the expected coverage."""
    return None  # <- your answer


# %% tags=["check-2"]
nb07.check_2(ceiling)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Ask for the probability of the opposite first: the ball is empty. Begin with the
# nearest of all the other images.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The nearest of the $m+n-1$ others is real with probability $(n-1)/(m+n-1)$. Then one
# real image and one image fewer are left, so the second factor is $(n-2)/(m+n-2)$.
# Multiply $k$ such factors.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def ceiling(n, m, k):
#     empty = 1.0
#     for i in range(1, k + 1):
#         empty *= (n - i) / (m + n - i)
#     return 1 - empty
# ```
# For $n=m=1000$ and $k=5$: .969. Compare with the floor printed in section 4. It holds for any distribution and dimension.
# </details>
#
# ### Exercise 3 · A limit from two distances
#
# ●●○ · 10 minutes · you need: section 3. A paper gives the distance at two numbers of images. If $d(n)=d_\infty+c/n$, what is $d_\infty$?


# %% tags=["exercise-3"]
def without_bias(d_1, n_1, d_2, n_2):
    """Distances d_1 at n_1 images and d_2 at n_2, numbers. Returns the limit for infinitely many."""
    return None  # <- your answer


# %% tags=["check-3"]
nb07.check_3(without_bias)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Write the formula for both numbers of images. You have two equations and two unknowns,
# and you want only one of them.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Multiply each equation by its own $n$ and subtract one from the other: $c$ is gone.
# Then divide by the difference of the two numbers of images.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def without_bias(d_1, n_1, d_2, n_2):
#     return (n_1 * d_1 - n_2 * d_2) / (n_1 - n_2)
# ```
# Two points give no idea of the error; fifteen, as in FID∞, do.
# </details>
#
# ### Exercise 4 · Choose without cheating
#
# ●○○ · 5 minutes · you need: section 6. Several runs, several states each, two tables of distances. For each run return what an honest person reports.


# %% tags=["exercise-4"]
def honest_report(select, report):
    """select, report (runs, states): distances on sets A and B. Returns (runs,) distances."""
    return None  # <- your answer


# %% tags=["check-4"]
nb07.check_4(honest_report)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# An honest person chooses with one table and reads in the other. Which table is for
# which?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# `select.argmin(1)` is the chosen state of each run. Read `report` there, with `gather`
# or with indexing by `torch.arange` of the number of runs.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def honest_report(select, report):
#     return report[torch.arange(len(report)), select.argmin(1)]
# ```
# The chosen state's distance on `select` is flattered as well: it won there.
# </details>
#
# ## Recap
#
# 1. Seven scores, each written from its formula in a few lines: three agree with torchmetrics to 1e-4, for four scikit-learn's neighbours give the same numbers; precision ranks MNIST blobs above digits ([section 2](#2-Seven-scores-from-their-formulas)).
# 2. The Fréchet distance of equal distributions falls as $1/n$, as the formula says: state the number of images and the floor, or extend to $1/n=0$ ([section 3](#3-The-floor,-and-how-it-moves)).
# 3. Every score is blind to some harm: precision to missing classes, recall to doubled ones, IS to one image per class, all seven to copies ([section 4](#4-The-damage-matrix)).
# 4. How many images a comparison needs depends on score, pair and fault; the best of several readings flatters ([section 5](#5-How-many-images-tell-two-generators-apart?), [section 6](#6-Which-checkpoint,-and-when-to-stop)).
# 5. Along ordinary training runs IS and coverage follow the Fréchet distance, precision turns most of the MLP's pairs round; ten images please IS, images that are mostly noise please the Fréchet distance and recall ([section 7](#7-Do-the-scores-agree?), [section 8](#8-A-failure-on-purpose:-pleasing-the-judge)).
#
# **Further reading.** Salimans et al. 2016 (arXiv:1606.03498), IS · Heusel et al. 2017 (1706.08500), Fréchet distance · Bińkowski et al. 2018 (1801.01401), KID · Kynkäänniemi et al. 2019 (1904.06991), precision and recall · Naeem et al. 2020 (2002.09797), density and coverage · Chong and Forsyth 2020 (1911.07023), FID∞. Next: 08, where generators lose modes.
