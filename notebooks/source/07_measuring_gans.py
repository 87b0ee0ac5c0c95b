# %% [markdown]
# # 07 · Measuring a generator
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/07_measuring_gans.ipynb)
#
# ![Four rows of digits: blobs, broken digits, readable digits, and real digits](images/07_measuring_gans.png)
#
# **In one sentence:** every score of a generator answers one question, has a floor, and is blind to something.
#
# **After this lesson you can**
#
# - **write** four scores from their formulas, and check them against a library;
# - **compare** two sets of samples fairly, although they have different numbers of images;
# - **name** what a score cannot see, and choose a checkpoint without flattering yourself.
#
# *Before:* [05](05_mlp_gan.ipynb), [06](06_dcgan.ipynb). *Study:* 45 minutes, and 20 for the exercises. *Run time:* about 60 seconds on one CPU core. *Deeper:* [the second notebook](deeper/07_measuring_gans.ipynb): density and coverage, the bias on paper, how many images a comparison needs, how to please a judge.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: the course's helpers, and the library of section 2
    address = "git+https://github.com/gans-measured/gans-measured@v0.2.0"
    get_ipython().run_line_magic("pip", f"install -q {address} torchmetrics")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import SymLogNorm
from torch import nn
from torch.nn import functional as F
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from gan_helpers import data, metrics, plots, seeds
from gan_helpers.checks import nb07
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import features_and_logits, make_judge
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.training import play

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
warnings.filterwarnings("ignore", message="Metric ")  # the library's advice on memory
warnings.filterwarnings("ignore", message=r"std\(\)")  # it also asks for a spread, of one part

# %% [markdown]
# ## 1 Two sets of samples (5 min)
#
# Somebody shows you two generators. Which one is better? Their losses do not tell (notebook 05), so you look at their samples.
#
# We train the MLP of notebook 05 for a short time and the DCGAN of notebook 06 for a longer one. From each state we keep 2,000 images. The judge is that of notebook 05: a classifier with 64 features, trained on images that no player sees.

# %%
judge = make_judge(data.load_images("auto"))
x_fit, x_real = judge.parts.fit.images, judge.parts.report.images
seed = seeds.one()


def adam(player):
    return torch.optim.Adam(player.parameters(), lr=3e-3, betas=(0.0, 0.9))


# %%
G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh())
D = mlp((784, 128, 64, 1), seed=2 * seed + 1)
batches = data.batches(x_fit.flatten(1), 64, seed=seed, steps=100)
for _ in play(G, D, adam(G), adam(D), batches, 64, seed=1000 + seed):
    pass
sets = {"MLP 100": judge.generate(G, 64).view(-1, 1, 28, 28)}

# %%
dcgan = dcgan_game(seed=seed)
game = dcgan_rounds(dcgan, x_fit, seed=seed, rounds=600)
for step, _ in enumerate(progress(game, "DCGAN", 600), start=1):
    if step in (300, 600):
        sets[f"DCGAN {step}"] = judge.generate(dcgan.average, 32)

# %% tags=["hide-input", "head-picture"]
rows = torch.cat([x[:14] for x in [*sets.values(), x_real]])
ax = plots.image_grid(rows, columns=14, row_labels=[*sets, "real"])
alt = "Fourteen images each of four sets. The MLP after 100 rounds draws one or two shapes of blob, the DCGAN after 300 rounds broken digits, after 600 rounds mostly readable digits. The last row is real."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# Fourteen images show strokes. They cannot show whether a digit is missing, or whether images repeat or were copied. For that we need numbers over many images.
#
# ## 2 Four scores from their formulas (13 min)
#
# All look at images through the judge. For an image $x$ it gives probabilities $p(y|x)$ of the ten digits, and just before them 64 features.

# %%
def look(images):
    """The judge's features (n, 64) and logits (n, 10) of images (n, 1, 28, 28)."""
    return features_and_logits(judge.classifier, images)


real, _ = look(x_real)
train, _ = look(x_fit)
fake, fake_logits = look(sets["DCGAN 600"])
young, _ = look(sets["DCGAN 300"])

# %% [markdown]
# **Inception score**, IS (Salimans et al. 2016). For a good image the judge is sure, so $p(y|x)$ is sharp. In a varied set all digits occur, so the mean $p(y)$ of these is flat. The score says how much the two differ:
#
# $$\mathrm{IS}=\exp\Bigl(\mathbb E_x\,\mathrm{KL}\bigl(p(y|x)\,\Vert\,p(y)\bigr)\Bigr)$$
#
# It runs from 1 to the number of classes. Real images play no part in it.

# %%
def inception_score(logits):
    p = logits.softmax(1)
    kl = torch.xlogy(p, p / p.mean(0)).sum(1)  # xlogy(0, 0) is 0
    return kl.mean().exp().item()


# %% [markdown]
# **Fréchet distance** (Heusel et al. 2017). You know it from notebook 05. With the features of the Inception network it is called FID.

# %%
def frechet_distance(real, fake):
    cov_r, cov_f = real.T.cov(), fake.T.cov()
    centres = (real.mean(0) - fake.mean(0)).square().sum()
    roots = torch.linalg.eigvals(cov_r @ cov_f).real.clamp(min=0).sqrt()
    return (centres + cov_r.trace() + cov_f.trace() - 2 * roots.sum()).item()


# %% [markdown]
# **Kernel distance**, KID (Bińkowski et al. 2018). A kernel $k(u,v)=(u^\top v/d+1)^3$ says how similar two feature vectors of length $d$ are. If both sets come from one source, then pairs within a set are as similar as pairs across:
#
# $$\mathrm{KID}=\operatorname*{mean}_{i\ne j}k(r_i,r_j)+\operatorname*{mean}_{i\ne j}k(f_i,f_j)-2\operatorname*{mean}_{i,j}k(r_i,f_j)$$
#
# No image is paired with itself, and therefore the score is **unbiased**: for equal sources it is 0 on average. So it is often negative, and that is no fault.

# %%
def kid(real, fake):
    def k(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    def others(pairs):  # the mean without the diagonal
        n = len(pairs)
        return (pairs.sum() - pairs.trace()) / (n * (n - 1))

    within = others(k(real, real)) + others(k(fake, fake))
    return (within - 2 * k(real, fake).mean()).item()


# %% [markdown]
# **Precision and recall** (Kynkäänniemi et al. 2019) ask two questions. Are the fakes good? And is everything there? Draw a ball around each real image that reaches to its third nearest real neighbour. **Precision** is the share of fakes inside some ball. For **recall** exchange the roles: it is the share of real images inside the balls of the fakes.

# %%
def inside(points, centres, k=3):
    """Share of points that lie in the ball of some centre."""
    radius = torch.cdist(centres, centres).sort(1).values[:, k]  # 0 is itself
    held = (torch.cdist(points, centres) <= radius).any(1)
    return held.double().mean().item()


def precision_recall(real, fake):
    return inside(fake, real), inside(real, fake)


# %% [markdown]
# Are they right? The library `torchmetrics` knows the first three. For the others we take the package's version.

# %%
r, f, logits = real[:500].double(), fake[:500].double(), fake_logits[:500].double()
same = nn.Identity()  # the library wants a network, but ours has done its work already
same.num_features = 64
by_is = InceptionScore(feature=same, splits=1)
by_frechet = FrechetInceptionDistance(feature=same)
by_kid = KernelInceptionDistance(feature=same, subsets=1, subset_size=500)
by_is.update(logits)
for metric in (by_frechet, by_kid):
    metric.update(r, real=True)
    metric.update(f, real=False)
overlap = metrics.precision_recall(real=r, fake=f)

# %%
claim("Our IS is the library's.", inception_score(logits), near=by_is.compute()[0].item(), within=1e-4, exact=True)
claim("So is our Fréchet distance.", frechet_distance(r, f), near=by_frechet.compute().item(), within=1e-3, exact=True)
claim("So is our KID.", kid(r, f), near=by_kid.compute()[0].item(), within=1e-3, exact=True)
claim("Precision and recall are the package's.", precision_recall(r, f), near=list(overlap), within=1e-9, exact=True)

# %% [markdown]
# From here on we use `gan_helpers.metrics`. There `real=` and `fake=` must be named, because swapped, precision and recall change places without a word.

# %%
predict(
    "The MLP of round 100 draws nearly the same blob each time. Which score puts it first, above real images?",
    [
        ("None: a blob is no digit", False, "One of them asks less than that."),
        ("The inception score", False, "All blobs are of one class or two, and IS sees that."),
        ("Precision", True, "A fake needs to lie in one ball only, and blobs do. Recall is the score that objects."),
    ],
)


# %%
NAMES = ("IS", "Fréchet distance", "KID", "precision", "recall")


def scores(fake, logits):
    """The five numbers, against the held-out images."""
    overlap = metrics.precision_recall(real=real, fake=fake)
    return (
        metrics.inception_score(logits),
        metrics.frechet_distance(real=real, fake=fake),
        metrics.kid(real=real, fake=fake),
        *overlap,
    )


rows = {}
for name, x in (sets | {"real (training)": x_fit[:2000]}).items():
    rows[name] = scores(*look(x))
for k, name in enumerate(NAMES):
    table(name, {label: values[k] for label, values in rows.items()})

# %% [markdown]
# The last row compares real images with other real ones: what a perfect generator would read. A recorded run holds these states for five seeds.

# %%
record = recorded("nb07_metric_power")


def recorded_scores(player, step):
    """(5 seeds, 8 scores): the five above, and three for later."""
    found = []
    for run in record["scores"]:
        found.append(run[player][step])
    return torch.tensor(found)


blobs, at_600 = recorded_scores("MLP", "100"), recorded_scores("DCGAN", "600")

# %%
claim("The Fréchet distance puts the DCGAN far above the blobs.", at_600[:, 1], below=blobs[:, 1] / 10, recorded=record)
claim("Precision puts the blobs above the DCGAN.", blobs[:, 3], above=at_600[:, 3], recorded=record)
claim(
    "It puts them above real images, too.",
    blobs[:, 3], above=max(row[3] for row in record["floor"]), recorded=record,
)

# %% [markdown]
# Precision has no mistake. It asks whether each fake lies in some ball, and a blob does. (Among digits drawn from fonts it does not.) So **precision alone is no measure of quality**. Report it with recall, which is near 0 for the blobs.
#
# ## 3 How many images? (6 min)
#
# Two papers report a Fréchet distance with the same judge. Each took as many real images as fakes, but they took different numbers.

# %%
predict(
    "Paper A reports a distance of 5 on 500 images, paper B one of 6 on 5,000. Whose generator is better?",
    [
        ("A's, if the readings are no accident", True, "Few images add more to a distance. A has the lower number all the same."),
        ("B's, because 5,000 images are more trustworthy", False, "They are, but the reading on few images was too high, not too low."),
        ("Nobody can say", False, "That is the answer to 6 on 500 against 5 on 5,000."),
    ],
)

# %% [markdown]
# We measure it. We draw $n$ images at random from each set, and read the distance from $n$ real images.

# %%
SIZES = torch.tensor([100, 200, 500, 1000])


def some(rows, n, source):
    return rows[torch.randperm(len(rows), generator=source)[:n]]


def readings(fake, seed):
    """Fréchet distance of n fakes from n real images, for each n."""
    source = data.make_generator(seed)
    found = []
    for n in SIZES:
        a, b = some(real, n, source), some(fake, n, source)
        found.append(metrics.frechet_distance(real=a, fake=b))
    return found


# %%
floor, older, younger = [], [], []
for draw in seeds.several(8):
    floor.append(readings(train, draw))  # other real images
    older.append(readings(fake, draw))
    younger.append(readings(young, draw))
floor, older, younger = torch.tensor(floor), torch.tensor(older), torch.tensor(younger)

# %% tags=["hide-input"]
curves = {
    "DCGAN 300": (younger.flip(1), plots.PINK),
    "real": (floor.flip(1), plots.REAL),
    "DCGAN 600": (older.flip(1), plots.FAKE),
}
ax = plots.lines(1 / SIZES.flip(0), curves)
ax.set(xlim=(0, None), ylim=(0, None), ylabel="Fréchet distance from real images")
ax.set_xticks([0, 0.001, 0.002, 0.005, 0.01], ["∞", "1,000", "500", "200", "100"])
ax.set(xlabel="number of images (scale: one over the number)")
ax.set_title("Few images make every distance larger")
alt = "Fréchet distance against one over the number of images: three rising, nearly straight lines with bands over eight draws. At 1,000 images the DCGAN of round 300 lies on top, that of round 600 below it, real against real at the bottom. Towards 100 images the bands grow wide and the lines meet."
plots.show(ax.figure, alt=alt)

# %%
claim("Real against real reads more than three times as much at 100 images as at 1,000.", floor[:, 0], above=3 * floor[:, -1])
claim("At 1,000 images of both, the older DCGAN wins.", older[:, -1], below=younger[:, -1])
claim("With 100 images it reads worse than the young one with 1,000.", older[:, 0], above=younger[:, -1])

# %% [markdown]
# Two samples of one source differ in their means and covariances by about $1/\sqrt n$. The distance squares these errors, and squares do not cancel. So on average
#
# $$d(n)\approx d_\infty+\frac{c}{n}$$
#
# with a $c$ that depends mostly on the features. (The deeper notebook derives it.) That answers the question. The $c/n$ of 500 images is larger than that of 5,000. If A reads lower *with* the larger addition, then it is lower without. In the opposite case, 6 on 500 against 5 on 5,000, you need $c$. Real images tell it, because their $d_\infty$ is 0.
#
# **What surprised us:** at 100 images the DCGAN of round 600 reads no more than real images. With 64 features that is hardly an image and a half for each, too few for any comparison.

# %%
claim(
    "At 100 images the DCGAN's median reading is about that of real images.",
    (older[:, 0].median() / floor[:, 0].median()).item(), between=(0.6, 1.5),
)
table("distance minus the floor at the same number of images", {
    "DCGAN 600, 500 images": older[:, 2] - floor[:, 2].mean(),
    "DCGAN 600, 1,000 images": older[:, -1] - floor[:, -1].mean(),
    "DCGAN 300, 1,000 images": younger[:, -1] - floor[:, -1].mean(),
})
claim(
    "Minus its floor, the better generator at 500 images beats the young one at 1,000.",
    older[:, 2] - floor[:, 2].mean(), below=younger[:, -1] - floor[:, -1].mean(), median=True,
)

# %% [markdown]
# **So report three things together: the distance, the number of images, and the floor** of real images at that number. KID needs no such care, because its average does not depend on $n$.
#
# *What this does not show:* the bands are wide, and a bias says nothing about luck. Section 6 is about luck.

# %% [markdown]
# ## 4 What does a score not see? (8 min)
#
# We take real images and harm them in a way that we know. A score that does not move is blind to this harm.

# %%
predict(
    "A generator hands out its training images. Which of the five scores notices?",
    [
        ("The Fréchet distance: the fakes are too close to the data", False, "Training images are real images. They read the floor."),
        ("Recall: much is missing from a copy", False, "A copy of all of it lacks nothing."),
        ("None of them", True, "All five compare with real images, and these are real."),
    ],
)

# %%
labels = judge.parts.fit.labels


def one_per_digit(x, y):
    """In place of each image the first one of its digit."""
    result = x.clone()
    for digit in range(10):
        result[y == digit] = x[y == digit][0]
    return result


# %%
def harmed(x, y, known, source):
    """Sets of 1,000 images, made from 3,000 images x with labels y."""
    threes, others, some = x[y == 3], x[y != 3], x[:1000]
    return {
        "unharmed": some,
        "class dropped": others[:1000],
        "class doubled": torch.cat([threes[:200], others[:800]]),
        "duplicates": x[:100].repeat(10, 1, 1, 1),
        "one per class": one_per_digit(some, y[:1000]),
        "memorised": known,
        "noise": some + 0.3 * torch.randn(some.shape, generator=source),
        "blur": F.avg_pool2d(some + 1, 3, stride=1, padding=1) - 1,
        "shift": some.roll(2, dims=3),
        "contrast": (some + 1) * 0.7 - 1,
    }


source = data.make_generator(seeds.one())
example = harmed(x_fit[:3000], labels[:3000], x_fit[3000:], source)

# %% tags=["hide-input"]
shown = []
for x in example.values():
    shown += [x[:11].clamp(-1, 1), x[-1:].clamp(-1, 1)]
ax = plots.image_grid(torch.cat(shown), columns=12, row_labels=list(example))
alt = "Twelve images each of ten sets. Sets with a dropped or doubled class, duplicates and memorised images look like real digits; one per class repeats the same shapes; noise, blur, shift and contrast can be seen."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# In the first rows every image is real, and only the *set* is wrong. The threes are missing, or there are twice as many. A hundred images come ten times each. One image stands for all of its digit. And "memorised" are the training images themselves.
#
# A sixth number looks for **copies**, as in notebook 05: the share of fakes that are nearer to a training image than to any of equally many held-out images. Without copying it is about one half.
#
# How large is a change of a score? We count it in **spreads**, the standard deviation that the score has over unharmed sets. The recorded run did all this for 20 choices of 1,500 images. (Its "one per class" is the most typical image.)

# %% tags=["hide-input"]
names = ("IS", "Fréchet", "KID", "precision", "recall", "copies")
middle = torch.stack([torch.tensor(v).median(0).values for v in record["matrix"].values()])
middle = middle[:, [0, 1, 2, 3, 4, 7]]
fig, ax = plt.subplots(figsize=(7.2, 4))
ax.imshow(middle, cmap="PuOr_r", norm=SymLogNorm(3, vmin=-300, vmax=300), aspect="auto")
for (i, j), value in np.ndenumerate(middle.numpy()):
    color = "white" if abs(value) > 60 else "black"
    ax.text(j, i, f"{value:.0f}".replace("-0", "0"), ha="center", va="center", color=color)
    if value < 3:
        box = {"fill": False, "edgecolor": plots.DISC, "linewidth": 1.6}
        ax.add_patch(plt.Rectangle((j - 0.46, i - 0.44), 0.92, 0.88, **box))
ax.set_xticks(range(len(names)), names)
ax.set_yticks(range(len(middle)), list(record["matrix"]))
ax.tick_params(length=0)
ax.spines[:].set_visible(False)
ax.set_title("How much worse a score calls the harm, in spreads. Framed: not seen")
alt = "A table of nine harms by six scores. Fréchet distance and KID see all harms except memorised images. Precision does not see a dropped or doubled class, duplicates or noise, and prefers one image per class, as IS does. Recall does not see a doubled class. Only the last column sees memorised images."
plots.show(fig, alt=alt)

# %% [markdown]
# A frame marks less than three spreads: not seen. A negative number means that the score calls the harm an *improvement*. Read the columns.
#
# - **IS** knows no real image. One perfect image per digit is all that it asks for.
# - **Fréchet distance and KID** see everything here except copies, but they do not say what is wrong.
# - **Precision** looks at single fakes, so it does not miss the threes. It even prefers one image per digit to real images.
# - **Recall** sees what is missing and what repeats. Too many threes are neither.
# - Only the test for **copies** sees copies, and it sees nothing else.

# %%
def shift(harm, score):
    """Recorded, one number per choice; above 0 the score says "worse"."""
    return torch.tensor(record["matrix"][harm])[:, score]


claim("The Fréchet distance sees that a class is missing.", shift("class dropped", 1), above=3, recorded=record)
claim("Precision does not.", shift("class dropped", 3), below=3, recorded=record)
claim("Precision prefers one image per class to real images.", shift("one per class", 3), median=True, below=-3, recorded=record)

# %%
claim("Recall does not see a doubled class.", shift("class doubled", 4), median=True, below=3, recorded=record)
claim("The Fréchet distance takes training images for new ones.", shift("memorised", 1), median=True, below=3, recorded=record)
claim("The test for copies does not.", shift("memorised", 7), above=10, recorded=record)

# %% [markdown]
# **Report a distance, recall and a test for copies.** Together they miss no harm of this list.
#
# *What this does not show:* other harms, weaker harms, another judge, or 50,000 images.

# %% [markdown]
# ## 5 A score that prefers garbage (6 min)
#
# The Fréchet distance looked best. Can it be fooled? Take a generator that has collapsed to one image per digit, and replace some of its images by static, like a television without a signal.

# %%
predict(
    "In the collapsed set 5 % of the images become static. What does the Fréchet distance do?",
    [
        ("It grows: garbage is further from digits", False, "So it should be, and so it is for a varied set."),
        ("It falls: the score prefers the set with garbage", True, "The collapsed set lacks spread, and garbage adds spread."),
        ("It hardly moves: 5 % is little", False, "The distance squares, and static is far away."),
    ],
)

# %%
SHARES = (0, 0.02, 0.05, 0.1, 0.2)


def with_garbage(images, seed):
    """Fréchet distances of 1,000 images when a share of them becomes static."""
    source = data.make_generator(seed)
    x = some(images, 1000, source)
    static = torch.randn(x.shape, generator=source).clamp(-1, 1)
    found = []
    for share in SHARES:
        x[: int(share * 1000)] = static[: int(share * 1000)]
        found.append(metrics.frechet_distance(real=real, fake=look(x)[0]))
    return found


# %%
x_collapsed = one_per_digit(x_fit, labels)
collapsed, varied = [], []
for draw in seeds.several(8):
    collapsed.append(with_garbage(x_collapsed, draw))
    varied.append(with_garbage(x_fit, draw))
collapsed, varied = torch.tensor(collapsed), torch.tensor(varied)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(8.2, 3.1))
plots.curves(SHARES, collapsed, color=plots.FAKE, ax=axes[0])
plots.curves(SHARES, varied, color=plots.REAL, ax=axes[1])
for ax, title in zip(axes, ("One image per digit: garbage helps", "All images: garbage harms"), strict=True):
    ax.set(title=title, xlabel="share of static", ylim=(0, None))
    ax.set_xticks(SHARES, ["0", "2 %", "5 %", "10 %", "20 %"])
axes[0].set_ylabel("Fréchet distance")
alt = "Two curves of the Fréchet distance against the share of static. Left, one image per digit: the distance first falls and then rises. Right, all images: it rises from the start."
plots.show(fig, alt=alt)

# %%
claim("With 5 % of static the distance of the collapsed set falls.", collapsed[:, 2], below=collapsed[:, 0])
claim("A varied set gets worse by the same static.", varied[:, 2], above=varied[:, 0])

# %% [markdown]
# The distance compares means and covariances, and nothing else. The collapsed set has too little spread, and static has plenty. A little of it repairs the *number* although it spoils the *images*. In the varied set no spread is missing, so the same static only does harm.
#
# Is that a trick of ours? In the recorded run five DCGANs play against themselves with 5 % of an MLP's images. We draw $n$ images from both, and ask each score which one is better.

# %%
def wins(score):
    """Share of duels with 500 to 2,000 images that the DCGAN without garbage wins."""
    return torch.tensor(record["power"]["0.05"][score])[:, 3:].mean(1)


claim("By the Fréchet distance the one with garbage wins more often.", wins("Fréchet"), below=0.5, recorded=record)
claim("By IS the clean one wins.", wins("IS"), above=0.5, recorded=record)

# %% [markdown]
# So it happens to good generators, too. More images do not put it right. (For these DCGANs we have not tested whether missing spread is the reason.) So look at the images, and ask a second score of another kind.

# %% [markdown]
# ## 6 Which checkpoint? (4 min)
#
# Training leaves you with many states, and you keep the best. But the best of several readings was also lucky. How much is luck? Here *all* is luck: eight "checkpoints" that are one and the same generator.

# %%
predict(
    "Each of the eight is read once with 250 images. You report the smallest distance. How far below the mean is it?",
    [
        ("Not at all: the generator is the same", False, "Each reading has other images."),
        ("One or two per cent", False, "Readings with 250 images scatter more than that."),
        ("Ten per cent or more", True, "Nothing was improved. That is pure flattery."),
    ],
)


# %%
def flattery(n, seed):
    """How far the best of eight readings lies below their mean, in %."""
    source = data.make_generator(seed)
    found = []
    for _ in range(8):
        a, b = some(real, 1000, source), some(fake, n, source)
        found.append(metrics.frechet_distance(real=a, fake=b))
    return 100 * (1 - min(found) * 8 / sum(found))


gained = []
for draw in seeds.several(12):
    gained.append(flattery(250, draw))
claim("The best of eight lies more than 5 % below their mean.", gained, above=5, median=True)

# %% [markdown]
# The remedy: cut your real images into two parts. **Choose** the checkpoint with the first part. Then **read** the distance of the chosen one on the second part, with new fakes, and report that.
#
# The recorded run did both for eight real states of five DCGANs.

# %%
def reported(n, who):
    """The distance reported with n images, over the honest one, of five runs."""
    found = []
    for run in record["checkpoints"]:
        found.append(run["n"][n][who] / run["n"][n]["honest"])
    return torch.tensor(found)


table("reported distance over the honest one", {
    "250 images, the smallest of eight": reported("250", "cheating"),
    "2,000 images, the smallest of eight": reported("2000", "cheating"),
    "250 images, no choice: the last state": reported("250", "last"),
})
claim("The smallest of eight flatters by 10 % or more with 250 images.", reported("250", "cheating"), below=0.9, recorded=record)
claim("With 2,000 images it flatters less.", reported("2000", "cheating"), above=reported("250", "cheating"), recorded=record)
claim("The last state is within 10 % of an honest choice.", reported("250", "last"), near=1, within=0.1, recorded=record)

# %% [markdown]
# **What surprised us:** the honest choice hardly differs from no choice. The late states of an averaged generator (notebook 06) differ less than the readings of one. So first take images enough to see a difference, and only then choose.

# %%
how_sure()

# %% [markdown]
# ## Exercises (20 min)
#
# ### Exercise 1 · What precision does not see
#
# ●○○ · 5 minutes · you need: section 4. Precision does not see a missing class. Write the plainest score that does not: the share of images that would have to change their class to give the fakes the class shares of the real set. It is half the sum of the absolute differences of the shares of the ten classes.


# %% tags=["exercise-1"]
def class_gap(real_labels, fake_labels):
    """Labels 0..9, (n,) and (m,) int64. Returns one number from 0 to 1."""
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
# ### Exercise 2 · A limit from two distances
#
# ●●○ · 10 minutes · you need: section 3. A paper gives the distance at two numbers of images. If $d(n)=d_\infty+c/n$, what is $d_\infty$?


# %% tags=["exercise-2"]
def without_bias(d_1, n_1, d_2, n_2):
    """Distances d_1 at n_1 images, d_2 at n_2. The limit for infinitely many."""
    return None  # <- your answer


# %% tags=["check-2"]
nb07.check_2(without_bias)

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
# Two points give no idea of the error. The deeper notebook takes fifteen.
# </details>
#
# ### Exercise 3 · Choose without cheating
#
# ●○○ · 5 minutes · you need: section 6. Several runs, several states each, two tables of distances. For each run return what an honest person reports.


# %% tags=["exercise-3"]
def honest_report(select, report):
    """Distances (runs, states) on sets A and B. Returns (runs,) distances."""
    return None  # <- your answer


# %% tags=["check-3"]
nb07.check_3(honest_report)

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
# ## Recap (1 min)
#
# 1. Four scores, each from its formula in a few lines, agree with a library; precision puts blobs above digits ([section 2](#2-Four-scores-from-their-formulas-(13-min))).
# 2. A Fréchet distance on few images is too large, by about $c/n$, so it is reported with the number of images and the floor ([section 3](#3-How-many-images?-(6-min))).
# 3. Every score is blind to some harm, and all of them to copies, unless you look for copies ([section 4](#4-What-does-a-score-not-see?-(8-min))).
# 4. The Fréchet distance can prefer a set with garbage, because garbage has the spread that a collapsed set lacks ([section 5](#5-A-score-that-prefers-garbage-(6-min))).
# 5. The best of several readings is partly luck, so choose on one part of the images and report on another ([section 6](#6-Which-checkpoint?-(4-min))).
#
# **Further reading.** Salimans et al. 2016 (arXiv:1606.03498), IS · Heusel et al. 2017 (1706.08500), Fréchet distance · Bińkowski et al. 2018 (1801.01401), KID · Kynkäänniemi et al. 2019 (1904.06991), precision and recall. Next: [08](08_mode_collapse.ipynb), where generators lose modes.
