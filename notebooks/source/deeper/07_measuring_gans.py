# %% [markdown]
# # 07 · Measuring a generator, deeper
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/deeper/07_measuring_gans.ipynb)
#
# Comes after [lesson 07](../07_measuring_gans.ipynb), and no later lesson needs it.
#
# **After this you can**
#
# - **say** where the bias of a Fréchet distance comes from, predict its size, and remove it;
# - **judge** how many images a comparison needs, and why that depends on the fault;
# - **read** a test for copies, and show that it says nothing about some generators;
# - **fool** a score on purpose, and catch those who do.
#
# *Study:* 75 minutes, and 15 for the exercises. *Run time:* about 45 seconds on one CPU core.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: the course's helpers, and the library of section 1
    address = "git+https://github.com/gans-measured/gans-measured@v0.2.0"
    get_ipython().run_line_magic("pip", f"install -q {address} torchmetrics")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torch.nn import functional as F
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from gan_helpers import data, metrics, plots, seeds
from gan_helpers.checks import nb07
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.networks import dcgan_generator, mlp
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.training import play

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
device = "cuda" if torch.cuda.is_available() else "cpu"

# %% [markdown]
# ## 1 Against the libraries (17 min)
#
# The data, the judge and the two games are those of the lesson. This notebook also holds the cells from which its recorded run was made, so they train what they are given, with the seed they are given.

# %% tags=["record"]
parts = data.split(
    data.load_images("auto", device=device), seed=0, fit=0.4, select=0.4, report=0.2
)
judge = digit_classifier(parts.select)  # a few seconds; the next time from the cache


def seen(x):
    """Images (n, 1, 28, 28), the judge's features (n, 64) and logits (n, 10)."""
    features, logits = features_and_logits(judge, x)
    return SimpleNamespace(x=x.cpu(), features=features.cpu(), logits=logits.cpu())


real, train = seen(parts.report.images), seen(parts.fit.images)
print(f"{len(real.x):,} real images to compare with, {len(train.x):,} to train on")


# %% tags=["record"]
def states(game, G, z_dim, looks, n=2000):
    """Play on; what G makes of n noise vectors: {round in `looks`: images seen}."""
    z = torch.randn(
        n, z_dim, generator=data.make_generator(10**6)
    ).to(device)
    kept = {}
    for step, _ in enumerate(progress(game, "training", max(looks)), start=1):
        if step in looks:
            with torch.no_grad():
                kept[step] = seen(G(z).view(-1, 1, 28, 28))
    return kept


def mlp_game(x, seed, rounds):
    """Notebook 05: the game, which trains while iterated over, and its generator."""
    players = (
        mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh()),
        mlp((784, 128, 64, 1), seed=2 * seed + 1),
    )
    G, D = (player.to(device) for player in players)
    opts = [torch.optim.Adam(player.parameters(), lr=3e-3, betas=(0.0, 0.9))
            for player in (G, D)]
    return play(
        G, D, *opts,
        data.batches(x.flatten(1), 64, seed=seed, steps=rounds),
        64, seed=1000 + seed,
    ), G


def small_dcgan(x, seed, rounds):
    """Notebook 06: the game, and the average of its generator's weights."""
    game = dcgan_game(
        seed=seed, device=device,
        G=dcgan_generator(32, seed=2 * seed, channels=(32, 16)),
    )
    return (
        dcgan_rounds(game, x, seed=seed, rounds=rounds, z_dim=32),
        game.average,
    )


# %%
LOOKS = (100, 200, 300, 360, 420)
x_fit, seed = parts.fit.images, seeds.one()
blobs = states(*mlp_game(x_fit, seed, 100), 64, (100,))[100]
dcgan_states = states(*small_dcgan(x_fit, seed, max(LOOKS)), 32, LOOKS)
dcgan = dcgan_states[max(LOOKS)]

# %% [markdown]
# The library `torchmetrics` knows three of the lesson's scores. It wants a network that makes features. Ours has done that already, so we hand it one that returns what it gets.

# %%
warnings.filterwarnings("ignore", message="Metric ")  # the library's advice on memory
warnings.filterwarnings("ignore", message=r"std\(\)")  # nor a spread of one
a, b = real.features[:500].double(), dcgan.features[:500].double()
logits_500 = dcgan.logits[:500].double()
same = nn.Identity()
same.num_features = 64
by_is = InceptionScore(feature=same, splits=1)
by_frechet = FrechetInceptionDistance(feature=same)
by_kid = KernelInceptionDistance(feature=same, subsets=1, subset_size=500)
by_is.update(logits_500)
for metric in (by_frechet, by_kid):
    metric.update(a, real=True)
    metric.update(b, real=False)

# %%
claim("The package's IS is the library's.", metrics.inception_score(logits_500), near=by_is.compute()[0].item(), within=1e-4, exact=True)
claim("So is its Fréchet distance.", metrics.frechet_distance(real=a, fake=b), near=by_frechet.compute().item(), within=1e-3, exact=True)
claim("So is its KID.", metrics.kid(real=a, fake=b), near=by_kid.compute()[0].item(), within=1e-3, exact=True)

# %% [markdown]
# For precision and recall we need nearest neighbours, which scikit-learn finds. Two more scores are built from the same balls. Naeem et al. (2020) see a weakness in precision: one wide ball around an odd real image lets many fakes pass. They count otherwise, with balls to the fifth neighbour. **Density** counts in *how many* real balls a fake lies, over $k$. **Coverage** is the share of real balls that hold a fake. Both use balls around real images only.
#
# We write all four once more, with scikit-learn's neighbours, and compare with the package.


# %%
def from_library(real, fake, k):
    """Precision, recall, density, coverage, with scikit-learn's neighbours."""
    reach = []
    for x in (real, fake):
        tree = NearestNeighbors(n_neighbors=k).fit(x)
        distances, _ = tree.kneighbors()  # of the rows, without themselves
        reach.append(distances[:, k - 1])
    table = pairwise_distances(fake, real)
    held = table <= reach[0]
    reached = (table.T <= reach[1]).any(1)
    density = held.sum(1).mean() / k
    return held.any(1).mean(), reached.mean(), density, held.any(0).mean()


# %%
overlap = metrics.precision_recall(real=a, fake=b)
cover = metrics.density_coverage(real=a, fake=b)
library = np.array([*from_library(a, b, 3)[:2], *from_library(a, b, 5)[2:]])
claim(
    "The four shares agree with scikit-learn's neighbours.",
    abs(library - np.array([*overlap, *cover])), below=1e-9, exact=True,
)


# %% tags=["record"]
def scores(reference, fake, logits, train):
    """Eight scores of features (n, 64) and logits (n, 10); `train` as `reference`."""
    o = metrics.precision_recall(real=reference, fake=fake)
    c = metrics.density_coverage(real=reference, fake=fake)
    first = (
        metrics.inception_score(logits),
        metrics.frechet_distance(real=reference, fake=fake),
    )
    copies = metrics.memorisation(
        fake=fake, train=train, held_out=reference
    ).share
    return (
        *first,
        metrics.kid(real=reference, fake=fake),
        *o,
        *c,
        copies,
    )


# %%
NAMES = ["IS", "Fréchet", "KID", "precision", "recall"]
NAMES += ["density", "coverage", "copies"]
half, other = train.features[:2000], train.features[2000:]
rows = {
    "blobs of the MLP": scores(real.features, blobs.features, blobs.logits, half),
    "DCGAN": scores(real.features, dcgan.features, dcgan.logits, half),
    "real (training)": scores(real.features, half, train.logits[:2000], other),
}
for column in (3, 4, 5, 6):
    table(NAMES[column], {label: values[column] for label, values in rows.items()})

# %%
record = recorded("nb07_metric_power")
floor_of_eight = torch.tensor(record["floor"])  # (20 choices, 8 scores)
young = []
for run in record["scores"]:
    young.append(run["MLP"]["100"])
young = torch.tensor(young)  # (5 seeds, 8 scores)
claim("Coverage sees what precision does not: blobs cover nearly nothing.", young[:, 6], below=0.05, recorded=record)
claim("Density ranks the blobs below real images, where precision ranks them above.", young[:, 5], below=floor_of_eight[:, 5].mean().item(), recorded=record)

# %% [markdown]
# Coverage of equal sources is not 1 either. Exercise 4 derives its ceiling, which for 1,000 images of each is .969.
#
# ## 2 The bias on paper (10 min)
#
# The lesson says that a distance on $n$ images is too large by about $c/n$. Where does $c$ come from? Take two samples of $n$ from *one* Gaussian whose covariance has eigenvalues $\lambda_i$. The difference of the means has expected square $\frac2n\sum_i\lambda_i$. The second part of the distance, expanded to second order in the error of the covariances, gives the rest:
#
# $$\mathbb E[d]\approx\frac1n\Bigl[2\sum_i\lambda_i+\tfrac12\sum_i\lambda_i+\sum_{i,j}\frac{\lambda_i\lambda_j}{\lambda_i+\lambda_j}\Bigr]$$

# %%
predict(
    "Twice as many features, all equal and independent. What happens to the bias?",
    [
        ("It doubles: each feature adds its own", False, "The first sums do. The last one runs over pairs."),
        ("It grows nearly fourfold", True, "A covariance has a number for each pair of features, and each errs."),
        ("Nothing: more features know more", False, "They also have more to err about."),
    ],
)


# %%
def gaussian_bias(eigenvalues, n):
    column = eigenvalues[:, None]
    pairs = column * eigenvalues / (column + eigenvalues)
    return (2.5 * eigenvalues.sum() + pairs.sum()) / n


# %%
CASES = {"32 equal": (torch.ones(32), 30), "64 equal": (torch.ones(64), 30)}
CASES["64: 1, 1/2, 1/3, …"] = (1 / torch.arange(1.0, 65), 40)
CASES["4 equal"] = (torch.ones(4), 1500)
source, ratios = data.make_generator(0), {}
for name, (eigenvalues, times) in CASES.items():
    found = []
    for _ in range(times):
        noise = torch.randn(2, 1000, len(eigenvalues), generator=source)
        one, two = eigenvalues.sqrt() * noise
        found.append(metrics.frechet_distance(real=one, fake=two))
    ratios[name] = sum(found) / times / gaussian_bias(eigenvalues, 1000).item()
table("measured over formula", ratios, name="eigenvalues")
claim("The formula is right to 5 %.", list(ratios.values()), near=1, within=0.05, exact=True)

# %% [markdown]
# With 64 features the sum over pairs is nearly all of it. Now the features of our judge, which are not Gaussian, and two states of the DCGAN. If the distance is a line in $1/n$, then we can follow the line to $1/n=0$. That is **FID∞** (Chong and Forsyth 2020): the intercept of fifteen distances at different $n$.

# %%
pool = torch.cat([real.features, train.features])  # 6,000 real images
SIZES = torch.tensor([100, 200, 500, 1000, 2000])
curves = {"real": [], "DCGAN 300": [], "DCGAN 420": []}
limits = {"real": [], "DCGAN 300": [], "DCGAN 420": []}


def measure(name, reference, fake):
    found = []
    for n in SIZES:
        found.append(metrics.frechet_distance(real=reference[:n], fake=fake[:n]))
    curves[name].append(found)
    line = metrics.fid_infinity(real=reference, fake=fake, both=True)
    limits[name].append(line.value)


# %%
for seed in progress(seeds.several(8), "distances"):
    source = data.make_generator(seed)
    order = torch.randperm(6000, generator=source)
    pick = torch.randperm(2000, generator=source)
    measure("real", pool[order[:3000]], pool[order[3000:]])
    measure("DCGAN 300", pool[order[:3000]], dcgan_states[300].features[pick])
    measure("DCGAN 420", pool[order[:3000]], dcgan.features[pick])
eigenvalues = torch.linalg.eigvalsh(pool.double().T.cov()).clamp(min=1e-9)
theory = gaussian_bias(eigenvalues, SIZES)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.6, 3.6))
for (name, values), color in zip(curves.items(), (plots.REAL, plots.PINK, plots.FAKE), strict=True):
    values, ends = torch.tensor(values), torch.tensor(limits[name])
    plots.curves(1 / SIZES, values, color=color, ax=ax)
    ax.text(0.0101, values[:, 0].quantile(0.5), name, color=color, va="center")
    ax.plot([0, 0, 0], [ends.min(), ends.quantile(0.5), ends.max()], "_", color=color, markersize=12, clip_on=False)
ax.plot(1 / SIZES, theory, ":", color=plots.DISC)
ax.set(xlim=(0, 0.0125), ylim=(0, None), ylabel="Fréchet distance", xlabel="number of images (scale: one over the number)")
ax.set_xticks([0, 0.0005, 0.001, 0.002, 0.005, 0.01], ["∞", "2,000", "", "500", "200", "100"])
ax.set_title("Straight in 1/n, and the limit of real images is 0")
alt = "Distance against one over the number of images: three nearly straight rising lines with bands. Real against real follows the dotted formula for a Gaussian. Short dashes at infinity mark the smallest, median and largest extended value; those of real images lie around 0."
plots.show(fig, alt=alt)

# %%
measured = torch.tensor(curves["real"])
claim("The Gaussian formula fits our features to a quarter.", (measured.mean(0) / theory - 1).abs().max().item(), below=0.25)
claim(
    "The mean limit of real images is less than half of their distance at 2,000.",
    abs(np.mean(limits["real"])), below=measured[:, -1].mean().item() / 2,
)
claim("The limits tell the two states apart in every draw.", limits["DCGAN 420"], below=limits["DCGAN 300"])

# %% [markdown]
# A single intercept scatters (dashes at ∞), and it may be negative. In the paper only the number of fakes varies, so the part that comes from a finite real set stays. Here both vary. For other features take the Gaussian formula as an order of magnitude; `metrics.frechet_bias` uses fourth moments and needs no Gaussian.
#
# ## 3 How much KID scatters (5 min)
#
# KID has no bias. That is not the same as being certain. Published code draws 50 or 100 *subsets* of the images, and reports mean and standard deviation over the subsets.

# %%
predict(
    "Code prints KID .10 ± .02, the deviation over 50 subsets of the same images. What is the error of the mean?",
    [
        (".02", False, "That is how a single subset scatters. The mean is steadier."),
        (".02 over the root of 50", False, "That holds for independent subsets. These share their images."),
        ("Neither can be read off", True, "Repeat the whole measurement with other images to see it."),
    ],
)

# %%
half_pool = 3000


def kid_of(seed, n):
    """KID of n real against n other real images."""
    order = torch.randperm(len(pool), generator=data.make_generator(seed))
    other = order[half_pool : half_pool + n]
    return metrics.kid(real=pool[order[:n]], fake=pool[other])


# %%
def kid_in_subsets(seed, n=1000, size=200, subsets=30):
    """Mean and deviation over random subsets of n real and n other real images."""
    source = data.make_generator(seed)
    order = torch.randperm(len(pool), generator=source)
    one, two = pool[order[:n]], pool[order[half_pool : half_pool + n]]
    found = []
    for _ in range(subsets):
        rows = torch.randperm(n, generator=source)[:size]
        columns = torch.randperm(n, generator=source)[:size]
        found.append(metrics.kid(real=one[rows], fake=two[columns]))
    found = torch.tensor(found)
    return found.mean(), found.std()


# %%
small, large, pairs = [], [], []
for seed in seeds.several(40):
    small.append(kid_of(seed, 100))
    large.append(kid_of(seed, 1000))
    pairs.append(kid_in_subsets(seed))
table("KID of real against real", {"100 images": small, "1,000 images": large})
pairs = torch.tensor(pairs)
truth, naive = pairs[:, 0].std().item(), pairs[:, 1].mean().item()
table("KID in 30 subsets of 200 out of 1,000", {
    "how its mean varies with other images": truth,
    "deviation over subsets": naive,
    "the same over the root of 30": naive / 30**0.5,
})

# %%
claim("Ten times the images cut the scatter more than fourfold.", np.std(small) / np.std(large), between=(4, 25))
claim("The root-of-30 rule is too sure of itself.", naive / 30**0.5 / truth, between=(0.2, 1))
claim("Real against real is often negative.", (np.array(large) < 0).mean(), between=(0.2, 0.9))

# %% [markdown]
# A law of $1/\sqrt n$ would cut it threefold. For equal sources the scatter falls like $1/n$, because the first-order error vanishes there. Never clip a negative KID. If you print a deviation, say of what.
#
# ## 4 What a test for copies says (4 min)
#
# The test asks which share of fakes is nearer to a training image than to any of equally many held-out images. Without copying it should be ½. We give it real images of which a known share was copied, in eight draws. Then we give it the blobs of the young MLP.

# %%
predict(
    "The young MLP draws nearly one blob. A generator this poor copies nothing. What does the test read?",
    [
        ("One half, as for every generator that copies nothing", False, "That needs many different neighbours."),
        ("Anything from 0 to 1, by accident", True, "All blobs share few neighbours: the test says where these lie."),
        ("Nearly 0", False, "Sometimes. In other seeds it is far above."),
    ],
)


# %%
def copy_test(seed, share):
    """The test for 1,000 images, of which this share are training images."""
    order = torch.randperm(len(pool), generator=data.make_generator(seed))
    known, held_out, fresh = pool[order[:3000]].split(1000)
    copied = int(share * 1000)
    fake = torch.cat([known[:copied], fresh[copied:]])
    return metrics.memorisation(fake=fake, train=known, held_out=held_out).share


# %%
DOSES = (0, 0.1, 0.5)
doses, swapped = [], []
for seed in seeds.several(8):
    doses.append([copy_test(seed, share) for share in DOSES])
    order = torch.randperm(len(pool), generator=data.make_generator(seed))
    one, two = pool[order[:4000]].split(2000)
    near = metrics.memorisation(fake=blobs.features, train=one, held_out=two)
    swapped.append(near.share)
doses = torch.tensor(doses)  # (8, 3)
table("share nearer to the training images", {
    "nothing copied": doses[:, 0],
    "10 % copied": doses[:, 1],
    "50 % copied": doses[:, 2],
    "blobs, recorded": young[:, 7],
    "blobs, halves drawn by lot": swapped,
})

# %%
claim("Ten per cent of copies add about five hundredths.", doses[:, 1] - doses[:, 0], between=(0.02, 0.08))
claim("The blobs of five recorded MLPs read far from one half, to both sides.", bool(young[:, 7].min() < 0.1 and young[:, 7].max() > 0.6), recorded=record)
claim("So they do between two random halves of the data.", np.ptp(swapped), above=0.2)

# %% [markdown]
# The last line is the control: which half is called "training" was drawn by lot, so there is nothing to copy. Still the reading jumps. A test for copies needs fakes with many different neighbours. Look at recall first.
#
# ## 5 More of the damage matrix (17 min)
#
# [Section 4 of the lesson](../07_measuring_gans.ipynb) draws six scores for nine harms, recorded for 20 choices of 1,500 images. Density and coverage are missing there. These cells made the record. Each harm is compared with the *same* images unharmed, and counted in standard deviations of the unharmed score.


# %% tags=["record"]
def blurred(x, sigma=0.8):
    g = torch.exp(-(torch.arange(-3.0, 4) ** 2) / (2 * sigma**2))
    g = (g / g.sum()).to(x.device)
    return F.conv2d(
        F.conv2d(F.pad(x, (3, 3, 3, 3), value=-1), g.view(1, 1, 1, 7)),
        g.view(1, 1, 7, 1),
    )


def harmed(rows, spare, known, source):
    """Harmed versions of the real images `rows`: row numbers, or new images."""
    three, other, n = rows[y[rows] == 3], rows[y[rows] != 3], len(rows)
    typical = []
    for digit in range(10):  # the image nearest to the mean feature of its class
        own = rows[y[rows] == digit]
        typical.append(
            own[(features[own] - features[own].mean(0)).norm(dim=1).argmin()]
        )
    images = x[rows.to(device)]
    noise = torch.randn(images.shape, generator=source).to(device)
    return {
        "class dropped": torch.cat([
            other,
            spare[y[spare] != 3][: len(three)],
        ]),
        "class doubled": torch.cat([
            other[: n - 2 * len(three)],
            three,
            spare[y[spare] == 3][: len(three)],
        ]),
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
    torch.cat([getattr(part, name) for part in (real, train)])
    for name in ("features", "logits")
)


# %% tags=["record"]
def trial(seed, harm=True, n=1000):
    """Eight scores of unharmed, and of harmed, real images, one random choice."""
    source = data.make_generator(seed)
    reference, rows, known, spare = torch.randperm(
        len(x), generator=source
    )[: 4 * n].split(n)
    sets = {
        "unharmed": rows,
        **(harmed(rows, spare, known, source) if harm else {}),
    }
    result = {}
    for name, chosen in sets.items():
        s = seen(chosen) if chosen.is_floating_point() else None
        f, g = (s.features, s.logits) if s else (features[chosen], logits[chosen])
        result[name] = scores(features[reference], f, g, features[known])
    return result


WORSE = torch.tensor([-1.0, 1, 1, -1, -1, -1, -1, 1])  # the direction that says "worse"


def shifts_of(trials):
    """{harm: (trials, 8)}, in spreads, against its own unharmed set; and the floor."""
    floor = torch.tensor([t["unharmed"] for t in trials])
    full = [t for t in trials if len(t) > 1]
    change = {
        k: torch.tensor([t[k] for t in full]) - floor[: len(full)]
        for k in full[0]
        if k != "unharmed"
    }
    return {k: WORSE * v / floor.std(0) for k, v in change.items()}, floor


# %%
matrix = {}  # one table a harm: 20 choices, 8 scores; above 0 a score says "worse"
for harm, values in record["matrix"].items():
    matrix[harm] = torch.tensor(values)
table("density: how much worse, in spreads", {harm: shifts[:, 5] for harm, shifts in matrix.items()}, name="harm")
table("coverage: how much worse, in spreads", {harm: shifts[:, 6] for harm, shifts in matrix.items()}, name="harm")

# %%
claim("Density does not see that a class is missing.", matrix["class dropped"][:, 5], median=True, below=3, recorded=record)
claim("Density prefers one image per class even more than precision does.", matrix["one per class"][:, 5], below=matrix["one per class"][:, 3], recorded=record)
claim("Coverage does not see a doubled class.", matrix["class doubled"][:, 6], median=True, below=3, recorded=record)

# %% [markdown]
# With MNIST precision and density do not even see noise that every image carries.
#
# One per class has another secret. In section 5 of the lesson a set with one image per digit reads a *lower* Fréchet distance when some images become static. It does not lack spread as a whole: its variances add up to more than those of real images. But ten points differ along nine directions of the 64 only. For the other 55 the distance adds $(\sigma_r-0)^2$ each, and there a little spread helps. The control removes just that: the features of the static are projected onto the nine directions.

# %%
labels = y[len(real.x) :]  # of the training images
first = torch.cat([train.features[labels == digit][:1] for digit in range(10)])
centre = first.mean(0)
axes = torch.linalg.svd(first - centre).Vh
nine, other_55 = axes[:9], axes[9:]


def variance(features, directions):
    """Variances along these directions, added up."""
    return (features @ directions.T).var(0).sum().item()


# %%
total, elsewhere, fall, fall_flat = [], [], [], []
for seed in seeds.several(8):
    source = data.make_generator(seed)
    rows = torch.randperm(len(labels), generator=source)[:1000]
    collapsed = first[labels[rows]]
    static = torch.randn(50, 1, 28, 28, generator=source).clamp(-1, 1)
    static = seen(static.to(device)).features
    flat = centre + (static - centre) @ nine.T @ nine
    found = []
    for spoilt in (static, flat):
        mixed = torch.cat([spoilt, collapsed[50:]])
        found.append(metrics.frechet_distance(real=real.features, fake=mixed))
    before = metrics.frechet_distance(real=real.features, fake=collapsed)
    fall.append(before - found[0])
    fall_flat.append(before - found[1])
    total.append(variance(collapsed, axes))
    elsewhere.append(variance(torch.cat([static, collapsed[50:]]), other_55))
table("how far the distance falls by 5 % of static", {"static": fall, "static in nine directions": fall_flat})

# %%
claim("One image per digit has more variance in all than real images.", total, above=variance(real.features, axes))
claim("In the 55 directions static brings less than a fifth of what is missing …", elsewhere, between=(0.02 * variance(real.features, other_55), 0.2 * variance(real.features, other_55)))
claim("… and most of the fall comes from there.", fall_flat, below=0.4 * torch.tensor(fall))

# %% [markdown]
# ## 6 How many images tell two generators apart? (4 min)
#
# A DCGAN plays against itself, with a share of its images replaced by those of an MLP. Both draw $n$ images, and a score says which is better. How often does the clean one win? This is how a duel draws:


# %% tags=["record"]
def draw(n, share, good, bad, source):
    """Features and logits of n images of `good`, this share of them of `bad`."""
    rows = torch.randint(  # with replacement: n count as n
        len(good.features), (n,), generator=source
    )
    swap = torch.rand(n, 1, generator=source) < share
    return [
        torch.where(
            swap,
            getattr(bad, k)[rows],
            getattr(good, k)[rows],
        )
        for k in ("features", "logits")
    ]


# %%
predict(
    "With 20 % of bad images: which score needs fewer images to be right nine times in ten?",
    [
        ("The Fréchet distance, as it is the better score", False, "Better in general is not better for this fault."),
        ("IS", True, "The fault is unreadable images, and readability is what IS measures."),
        ("Both need about the same", False, "They differ several times."),
    ],
)

# %% tags=["hide-input"]
colors = {"Fréchet": plots.REAL, "IS": plots.FAKE, "coverage": plots.GREEN}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for ax, share, title in zip(axes, ("0.2", "0.05"), ("20 % bad: IS is first", "5 % bad: Fréchet prefers them"), strict=True):
    for name, color in colors.items():
        plots.curves(record["power"]["counts"], record["power"][share][name], color=color, label=name, ax=ax)
    ax.axhline(0.5, color=plots.GREY, linestyle=":", linewidth=1)
    ax.set(xlabel="images from each", xscale="log", ylim=(0.2, 1.02), title=title)
    ax.set_xticks([50, 200, 500, 2000], ["50", "200", "500", "2,000"])
    ax.minorticks_off()
axes[0].set_ylabel("share of duels that\nthe clean DCGAN wins")
axes[1].legend(fontsize=9, loc="upper left")
alt = "Share of duels won by the clean DCGAN against the number of images, bands over five recorded DCGANs. With 20 percent bad images all rise, IS first; coverage falls again at 2,000. With 5 percent IS rises, the Fréchet distance stays below one half."
plots.show(fig, alt=alt)

# %%
twenty = {name: torch.tensor(values) for name, values in record["power"]["0.2"].items()}
claim("With 100 images IS is right nine times in ten.", twenty["IS"][:, 1], above=0.9, recorded=record)
claim("The Fréchet distance is not, even with 200.", twenty["Fréchet"][:, 2], below=0.9, recorded=record)
claim("With 2,000 it is.", twenty["Fréchet"][:, 5], above=0.9, recorded=record)

# %% [markdown]
# So "how many images do I need?" has an answer only for a score, a pair of generators *and* a kind of fault. With 5 % the Fréchet distance has the sign wrong: it prefers the mixture, and more images do not put that right. Power is the chance to see a difference, and no power helps a score that prefers the worse one.
#
# *What surprised us:* coverage gets worse from 1,000 to 2,000 images. We have not tested why.
#
# ## 7 When to stop (4 min)
#
# Training gives a state every few rounds. Read each of them many times, with other images.


# %% tags=["record"]
def readings(states, looks, n, repeats=40):
    """Distances (repeats, 2, looks): to select and report, 1,000 real, n fakes."""
    source, table = data.make_generator(0), []

    def some(rows, number):  # drawn independently, with replacement
        return rows[torch.randint(len(rows), (number,), generator=source)]

    for _ in range(2 * repeats):
        reference = some(real.features, 1000)
        fakes = [some(states[k].features, n) for k in looks]
        table.append([
            metrics.frechet_distance(real=reference, fake=f)
            for f in fakes
        ])
    return torch.tensor(table).view(repeats, 2, len(looks))


def flattery(select, report):
    """Mean distance of (repeats, looks): honest, by cheating, of the last state."""
    honest = report.gather(1, select.argmin(1, keepdim=True))
    return honest.mean(), report.amin(1).mean(), report[:, -1].mean()


# %%
path = readings(dcgan_states, LOOKS, 250)[:, 1]  # (40, looks)
better = (path[:, 1:] < path[:, :-1]).float().mean(0)
rows = {}
for k, share in enumerate(better):
    rows[f"from {LOOKS[k]} to {LOOKS[k + 1]}"] = share
table("how often the next state looks better, 250 images", rows, unit="%", name="rounds")
claim("At first the next state looks better in nearly every reading.", better[0].item(), above=0.95)
claim("Later it looks better in fewer of them.", better[-2:].mean().item(), below=0.95)

# %% [markdown]
# As long as the next state looks better in nearly every reading, training pays. When that share falls towards a half, then either nothing improves, or $n$ is too small to see it. First take more images, and only then stop.
#
# ## 8 Do the scores agree? (3 min)
#
# The recorded run holds twelve states of an MLP and sixteen of a DCGAN, for five seeds. Take all pairs of states of one training run. How often does a score order a pair otherwise than the Fréchet distance does?


# %%
def disagree(distances, scores):
    """Share of pairs that a score (higher: better) orders otherwise than a distance."""
    i, j = torch.triu_indices(len(distances), len(distances), offset=1)
    nearer, higher = distances[i] < distances[j], scores[i] > scores[j]
    return (nearer != higher).float().mean().item()


# %%
def disagreements(player, column):
    """Of one score, in each recorded run."""
    found = []
    for run in record["scores"]:
        values = torch.tensor(list(run[player].values()))
        found.append(disagree(values[:, 1], -WORSE[column] * values[:, column]))
    return found


# %%
for player in ("MLP", "DCGAN"):
    rows = {}
    for k in (0, 2, 3, 4, 5, 6):
        rows[NAMES[k]] = disagreements(player, k)
    table(f"{player}: pairs ordered otherwise than by the Fréchet distance", rows, unit="%")
claim("Precision orders most pairs of the MLP the other way round.", disagreements("MLP", 3), above=0.5, recorded=record)
claim("Coverage follows the distance.", disagreements("MLP", 6), below=0.15, recorded=record)

# %% [markdown]
# Along an ordinary training run IS and coverage tell the same story as the distance. Precision tells another one for the MLP: it starts as a blob that lies in some ball, and loses precision while it learns to vary.
#
# ## 9 Pleasing the judge (9 min)
#
# A score that one *optimises* stops measuring. The Fréchet distance is a differentiable function of pixels. So start from images of noise, and change them by gradient descent, until their features have the mean and the covariance of the *training* images' features.

# %%
predict(
    "The result is compared with new real images, by the Fréchet distance. Who wins: these, or real images?",
    [
        ("Real images, of course", False, "The distance looks at two moments, and descent can set both."),
        ("The images made of noise, and they look like digits", False, "They win, but look at them."),
        ("The images made of noise, and nobody can read them", True, "Two moments of 64 features do not make a digit."),
    ],
)


# %%
def pleasing(seed, n=250, steps=50):
    """n noise images, changed until their features have the training moments."""
    target = train.features.double().to(device)
    mean, cov = target.mean(0), target.T.cov()
    values, vectors = torch.linalg.eigh(cov)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    source = data.make_generator(seed)
    x = torch.randn(n, 1, 28, 28, generator=source) / 2 - 0.5
    x = x.clamp(-0.99, 0.99).to(device).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.05)
    for _ in progress(range(steps), "pleasing the judge"):
        f = judge[:-1](x.clamp(-1, 1)).double()
        cross = torch.linalg.eigvalsh(root @ f.T.cov() @ root).clamp(min=1e-6)
        spreads = f.T.cov().trace() + cov.trace() - 2 * cross.sqrt().sum()
        loss = (f.mean(0) - mean).square().sum() + spreads
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return seen(x.detach().clamp(-1, 1))


# %%
noise = []
for seed in seeds.several(3):
    noise.append(pleasing(seed))

# %% tags=["hide-input"]
rows = torch.cat([s.x[:12] for s in (*noise, dcgan, real)])
labels = ["noise 0", "noise 1", "noise 2", "DCGAN", "real"]
ax = plots.image_grid(rows, columns=12, row_labels=labels, title="The first three rows read a lower distance than real images")
alt = "Three rows of noise with faint strokes and no readable digit, a row of digits drawn by a DCGAN, a row of real digits."
plots.show(ax.figure, alt=alt)


# %%
def coarse(s):
    """Pixels, averaged over blocks of 4 x 4: a second ruler that nobody optimised."""
    return F.avg_pool2d(s.x, 4).flatten(1)


def few(s):
    """Fréchet distance, precision, recall, coverage, distance of coarse pixels."""
    f = s.features[:250]
    distance = metrics.frechet_distance(real=real.features, fake=f)
    overlap = metrics.precision_recall(real=real.features, fake=f)
    cover = metrics.density_coverage(real=real.features, fake=f).coverage
    pixels = metrics.frechet_distance(real=coarse(real), fake=coarse(s)[:250])
    return distance, *overlap, cover, pixels


# %%
made = []
for s in noise:
    made.append(few(s))
made = torch.tensor(made)  # (3, 5)
of_dcgan, of_real = few(dcgan), few(train)
RULERS = ("Fréchet distance", "precision", "recall", "coverage", "coarse pixels")
for k, name in enumerate(RULERS):
    table(name, {"noise": made[:, k], "DCGAN": of_dcgan[k], "real (training)": of_real[k]})

# %%
claim("Noise reads a lower Fréchet distance than real images.", made[:, 0], below=of_real[0])
claim("Coverage is not deceived.", made[:, 3], below=0.7 * of_dcgan[3])
claim("Nor is a ruler that nobody optimised.", made[:, 4], above=5 * of_dcgan[4])

# %% [markdown]
# A GAN is not trained on the judge, so it does not end here by itself. But each decision that a score takes part in is a step in this direction: stopping, choosing, tuning, a loss with the judge's features. Keep one ruler, and one part of the data, for the end.

# %%
how_sure()

# %% [markdown]
# ## Exercises (15 min)
#
# ### Exercise 4 · The ceiling of coverage
#
# ●●○ · 15 minutes · you need: section 1. If real and fake images come from one source, coverage still is not 1. The ball of a real image is empty if, among all the *other* $n-1$ real and $m$ fake images, the $k$ nearest to its centre are all real. All orders are equally likely. Write the expected coverage.


# %% tags=["exercise-4"]
def ceiling(n, m, k):
    """n real and m fake images, balls to the k-th neighbour. The expected coverage."""
    return None  # <- your answer


# %% tags=["check-4"]
nb07.check_4(ceiling)

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
# For $n=m=1000$ and $k=5$: .969. Compare with the floor printed in section 1. It holds for any distribution and dimension.
# </details>
#
# ## Recap (1 min)
#
# 1. Density counts balls and coverage asks which real images were reached, so both see the blobs that precision likes ([section 1](#1-Against-the-libraries-(17-min))).
# 2. The bias of the distance is a sum over pairs of features, over $n$; a line in $1/n$ removes it ([section 2](#2-The-bias-on-paper-(10-min))), and KID has none but scatters ([section 3](#3-How-much-KID-scatters-(5-min))).
# 3. A test for copies needs fakes with many different neighbours ([section 4](#4-What-a-test-for-copies-says-(4-min))), density and coverage have blind spots of their own, and garbage pleases a distance where a set has no spread ([section 5](#5-More-of-the-damage-matrix-(17-min))).
# 4. How many images you need depends on the score and on the fault ([section 6](#6-How-many-images-tell-two-generators-apart?-(4-min))), and late states look alike ([section 7](#7-When-to-stop-(4-min))).
# 5. Scores mostly agree along a training run ([section 8](#8-Do-the-scores-agree?-(3-min))), until somebody optimises one of them ([section 9](#9-Pleasing-the-judge-(9-min))).
#
# **Further reading.** Naeem et al. 2020 (arXiv:2002.09797), density and coverage · Chong and Forsyth 2020 (1911.07023), FID∞ · Bińkowski et al. 2018 (1801.01401), KID.
