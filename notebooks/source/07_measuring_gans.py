# %% [markdown]
# # 07 · Measuring a generator
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/07_measuring_gans.ipynb)
#
# ![Five rows of digits: blobs, rough strokes, broken digits, readable digits, and real digits](images/07_measuring_gans.png)
#
# **In one sentence:** every score of a generator answers one question, has a floor, and is blind to something.
#
# **After this lesson you can**
#
# - **write** four scores from their formulas, and check them against a library;
# - **compare** two sets of samples fairly, although they have different numbers of images;
# - **name** what a score cannot see, and choose a checkpoint without flattering yourself.
#
# *Before:* [05](05_mlp_gan.ipynb), [06](06_dcgan.ipynb). *Run time:* about 60 seconds on one CPU core. *Deeper:* [the second notebook](deeper/07_measuring_gans.ipynb): density and coverage, the bias on paper, how many images a comparison needs, how to please a judge.

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

# %% [markdown]
# ## 1 Two sets of samples (1 min)
#
# Somebody shows you two generators. Which one is better? You cannot ask their losses (notebook 05), so you look at their samples.
#
# We train the MLP of notebook 05 and the DCGAN of notebook 06. From each we keep 2,000 images of a young and of an older state. The judge is that of notebook 05: a classifier with 64 features, trained on images that no player sees.

# %%
judge = make_judge(data.load_images("auto"))
x_fit, x_real = judge.parts.fit.images, judge.parts.report.images
seed = seeds.one()
sets = {}  # name: 2,000 images


def keep(game, G, z_dim, looks):
    """Play the game; store the generator's images at the looks {round: name}."""
    for step, _ in enumerate(progress(game, "training", max(looks)), start=1):
        if step in looks:
            sets[looks[step]] = judge.generate(G, z_dim).view(-1, 1, 28, 28)


# %%
G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh())
D = mlp((784, 128, 64, 1), seed=2 * seed + 1)
opt_G = torch.optim.Adam(G.parameters(), lr=3e-3, betas=(0.0, 0.9))
opt_D = torch.optim.Adam(D.parameters(), lr=3e-3, betas=(0.0, 0.9))
batches = data.batches(x_fit.flatten(1), 64, seed=seed, steps=700)
game = play(G, D, opt_G, opt_D, batches, 64, seed=1000 + seed)
keep(game, G, 64, {100: "young MLP", 700: "MLP"})

dcgan = dcgan_game(seed=seed)
game = dcgan_rounds(dcgan, x_fit, seed=seed, rounds=600)
keep(game, dcgan.average, 32, {300: "young DCGAN", 600: "DCGAN"})

# %% tags=["hide-input", "head-picture"]
rows = torch.cat([x[:14] for x in [*sets.values(), x_real]])
ax = plots.image_grid(rows, columns=14, row_labels=[*sets, "real"])
alt = "Fourteen images each of five sets. The young MLP draws one or two shapes of blob, the older MLP rough strokes with loose pixels, the young DCGAN broken digits, the older DCGAN mostly readable digits. The last row is real."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# Fourteen images show whether there are strokes. They cannot show whether a digit is missing, whether images repeat, or whether training images were copied. For that we need numbers over many images.
#
# ## 2 Four scores from their formulas (1 min)
#
# All four look at images through the judge. For an image $x$ it gives probabilities $p(y|x)$ of the ten digits, and just before them 64 features.

# %%
def look(images):
    """The judge's features (n, 64) and logits (n, 10) of images (n, 1, 28, 28)."""
    features, logits = features_and_logits(judge.classifier, images)
    return features.double(), logits.double()


real, _ = look(x_real)
train, train_logits = look(x_fit[:2000])
fake, fake_logits = look(sets["DCGAN"])

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
# **Fréchet distance** (Heusel et al. 2017). You know it from notebook 05: it compares centre and spread of two clouds of features. With the features of the Inception network it is called FID.

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

    return (others(k(real, real)) + others(k(fake, fake)) - 2 * k(real, fake).mean()).item()


# %% [markdown]
# **Precision and recall** (Kynkäänniemi et al. 2019) ask two questions. Are the fakes good? And is everything there? Draw a ball around each real image that reaches to its third nearest real neighbour. **Precision** is the share of fakes inside some ball. For **recall** exchange the roles: it is the share of real images inside the balls of the fakes.

# %%
def inside(points, centres, k=3):
    """Share of points that lie in the ball of some centre."""
    own = torch.cdist(centres, centres).sort(1).values
    radius = own[:, k]  # column 0 is the centre itself
    return (torch.cdist(points, centres) <= radius).any(1).double().mean().item()


def precision_recall(real, fake):
    return inside(fake, real), inside(real, fake)


# %% [markdown]
# Are they right? The library `torchmetrics` knows the first three. For precision and recall we take the package's version, which searches neighbours in another way.

# %%
class Same(nn.Module):  # the library wants a network, but ours has done its work already
    num_features = 64

    def forward(self, x):
        return x


def library_scores(real, fake, logits):
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.inception import InceptionScore
    from torchmetrics.image.kid import KernelInceptionDistance

    first = InceptionScore(feature=Same(), splits=1)
    second = FrechetInceptionDistance(feature=Same())
    third = KernelInceptionDistance(feature=Same(), subsets=1, subset_size=len(real))
    first.update(logits)
    for metric in (second, third):
        metric.update(real, real=True)
        metric.update(fake, real=False)
    return [first.compute()[0].item(), second.compute().item(), third.compute()[0].item()]


# %%
r, f, logits = real[:500], fake[:500], fake_logits[:500]
own = [inception_score(logits), frechet_distance(r, f), kid(r, f), *precision_recall(r, f)]
with warnings.catch_warnings(action="ignore"):
    library = library_scores(r, f, logits)
library += metrics.precision_recall(real=r, fake=f)
gaps = abs(np.array(own) - np.array(library))
claim("All five numbers agree with the library.", gaps, below=1e-4, exact=True)

# %% [markdown]
# From here on we use `gan_helpers.metrics`, which has the same formulas. There `real=` and `fake=` must be named, because swapped, precision and recall would change places without a word.

# %%
predict(
    "The young MLP draws nearly the same blob each time. Which score puts it first, above real images?",
    [
        ("None: a blob is no digit", False, "One of them asks less than that."),
        ("The inception score", False, "All blobs are of one class or two, and IS sees that."),
        ("Precision", True, "A fake needs to lie in one ball only, and blobs do. Recall is the score that objects."),
    ],
)


# %%
def scores(real, fake, logits):
    """IS, Fréchet distance, KID, precision, recall of features and logits."""
    overlap = metrics.precision_recall(real=real, fake=fake)
    distance = metrics.frechet_distance(real=real, fake=fake)
    return [metrics.inception_score(logits), distance, metrics.kid(real=real, fake=fake), *overlap]


print(f"{'':16}{'IS':>9}{'Fréchet':>9}{'KID':>9}{'precision':>11}{'recall':>9}")
for name, images in sets.items():
    values = scores(real, *look(images))
    print(f"{name:16}{values[0]:9.1f}{values[1]:9.1f}{values[2]:9.1f}{values[3]:11.2f}{values[4]:9.2f}")
values = scores(real, train, train_logits)
print(f"{'real (training)':16}{values[0]:9.1f}{values[1]:9.1f}{values[2]:9.1f}{values[3]:11.2f}{values[4]:9.2f}")

# %% [markdown]
# The last row compares real images with other real images. That is what a perfect generator would read. A recorded run holds the same table for five seeds.

# %%
record = recorded("nb07_metric_power")
STATES = (("MLP", "100"), ("MLP", "700"), ("DCGAN", "300"), ("DCGAN", "600"))


def recorded_scores(column):
    """Of the four states: (seeds, 4)."""
    found = []
    for run in record["scores"]:
        found.append([run[player][step][column] for player, step in STATES])
    return torch.tensor(found)


inception, frechet, precision = recorded_scores(0), recorded_scores(1), recorded_scores(3)
recall = recorded_scores(4)
claim("The Fréchet distance orders the four as training did.", (frechet.diff() < 0).all(1), recorded=record)
claim("So does IS.", (inception.diff() > 0).all(1), recorded=record)
claim("Precision puts the blobs above all other states.", precision[:, 0], above=precision[:, 1:].amax(1), recorded=record)

# %% [markdown]
# Precision has no mistake. It was asked whether single fakes are plausible, and with MNIST's wide balls a blob is. So **precision alone is no measure of quality**: report it with recall, which is near 0 for the blobs.
#
# ## 3 How many images? (1 min)
#
# Two papers use the same judge, and as many real images as fakes. One reports a Fréchet distance, the other does, too. But they took different numbers of images.

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
# We measure it. We draw $n$ images at random from each set, and read the distance from $n$ real images. Eight times, with five numbers $n$.

# %%
SIZES = torch.tensor([100, 200, 500, 1000, 2000])
everything, _ = look(torch.cat([x_real, x_fit]))  # 6,000 real images, new to the judge
young, _ = look(sets["young DCGAN"])


def readings(fake, seed):
    """The distance of n fakes from n real images for each n; without fakes, of other real ones."""
    source = data.make_generator(seed)
    pool = everything[torch.randperm(6000, generator=source)]
    mixed = pool[2000:4000] if fake is None else fake[torch.randperm(2000, generator=source)]
    found = []
    for n in SIZES:
        found.append(metrics.frechet_distance(real=pool[:n], fake=mixed[:n]))
    return found


# %%
floor, older, younger = [], [], []
for draw in progress(seeds.several(8), "distances"):
    floor.append(readings(None, draw))
    older.append(readings(fake, draw))
    younger.append(readings(young, draw))
floor, older, younger = torch.tensor(floor), torch.tensor(older), torch.tensor(younger)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.6, 3.5))
for runs, color, label in (
    (younger, plots.PINK, "young DCGAN"), (older, plots.FAKE, "DCGAN"), (floor, plots.REAL, "real"),
):
    plots.curves(1 / SIZES, runs, color=color, ax=ax)
    ax.text(0.0101, runs[:, 0].median(), label, color=color, va="center")
ax.set(xlim=(0, 0.0125), ylim=(0, None), ylabel="Fréchet distance from real images")
ax.set_xticks([0, 0.0005, 0.001, 0.002, 0.005, 0.01], ["∞", "2,000", "", "500", "200", "100"])
ax.set(xlabel="number of images (scale: one over the number)")
ax.set_title("Few images make every distance larger")
alt = "Fréchet distance against one over the number of images. Three rising, nearly straight and nearly parallel lines with bands over eight draws: the young DCGAN on top, the DCGAN below it, real against real at the bottom, which points to 0 at infinitely many images."
plots.show(fig, alt=alt)

# %%
claim("Real against real reads more than ten times as much at 100 images as at 2,000.", floor[:, 0], above=10 * floor[:, -1])
claim("At 1,000 images of both, the older DCGAN wins.", older[:, 3], below=younger[:, 3])
claim("With 100 images it reads worse than the young one with 2,000.", older[:, 0], above=younger[:, -1])

# %% [markdown]
# Two samples of one source differ in their means and covariances by about $1/\sqrt n$. The distance squares these errors, and squares do not cancel. So on average
#
# $$d(n)\approx d_\infty+\frac{c}{n}$$
#
# with a $c$ that depends on the features, and only a little on the generator. (The deeper notebook derives $c$.) That answers the question. The $c/n$ of 500 images is larger than that of 5,000. If A reads lower *with* the larger addition, then it is lower without. In the opposite case, 6 on 500 against 5 on 5,000, you need $c$. You can get it from real images, because their $d_\infty$ is 0.

# %%
at_200, at_2000 = older[:, 1] - older[:, -1], floor[:, 1] - floor[:, -1]
rows = {"DCGAN": at_200, "real images": at_2000}
table("what 200 images add, compared with 2,000", rows)
corrected = {
    "DCGAN, 200 images": older[:, 1] - floor[:, 1].mean(),
    "DCGAN, 2,000 images": older[:, -1] - floor[:, -1].mean(),
    "young DCGAN, 200 images": younger[:, 1] - floor[:, 1].mean(),
}
table("distance minus the floor at the same number of images", corrected)

# %%
claim(
    "Minus its floor, the better generator at 200 images beats the young one at 2,000.",
    corrected["DCGAN, 200 images"], below=(younger[:, -1] - floor[:, -1].mean()),
)

# %% [markdown]
# **So report three things together: the distance, the number of images, and the floor** of real images at that number. KID needs no such care, because its average does not depend on $n$.
#
# *What this does not show:* one reading also scatters, and a bias says nothing about luck. Section 6 is about luck.

# %%
how_sure()

# %% [markdown]
# ## 4 What does a score not see? (1 min)
#
# Now we play the damaged generator ourselves. We take real images and harm them in a way that we know. A score that does not move is blind to this harm.

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
labels = torch.cat([judge.parts.report.labels, judge.parts.fit.labels])
images = torch.cat([x_real, x_fit])


def one_per_class(x, y, f):
    """In place of each image the most typical one of its class: nearest to the mean feature."""
    result = x.clone()
    for digit in range(10):
        own = torch.where(y == digit)[0]
        centre = f[own].mean(0)
        result[own] = x[own[(f[own] - centre).norm(dim=1).argmin()]]
    return result


# %%
def harmed(x, y, f, known, source):
    """Sets of 1,000 images, made from 2,000 images x with labels y and features f."""
    threes, others = x[y == 3], x[y != 3]
    some = x[:1000]
    return {
        "unharmed": some,
        "no threes": others[:1000],
        "twice the threes": torch.cat([threes[:200], others[:800]]),
        "100 images, 10 times": x[:100].repeat(10, 1, 1, 1),
        "one image per digit": one_per_class(x, y, f)[:1000],
        "training images": known,
        "noise": (some + 0.3 * torch.randn(some.shape, generator=source)).clamp(-1, 1),
        "blur": F.avg_pool2d(some + 1, 3, stride=1, padding=1) - 1,
        "two pixels sideways": some.roll(2, dims=3),
        "70 % contrast": (some + 1) * 0.7 - 1,
    }


# %% tags=["hide-input"]
source = data.make_generator(3)
example = harmed(images[:2000], labels[:2000], everything[:2000], images[2000:3000], source)
shown = []
for x in example.values():
    shown += [x[:11], x[-1:]]
ax = plots.image_grid(torch.cat(shown), columns=12, row_labels=list(example))
alt = "Twelve images each of ten sets. Sets with missing, doubled or repeated images and training images look like real digits; one image per digit repeats the same shapes; noise, blur, shift and contrast can be seen."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# A sixth number looks for copies, as in notebook 05: the share of fakes that are nearer to a training image than to any of equally many held-out images. Without copying it is about one half.
#
# We repeat everything with eight random choices. How large is a change of a score? We count it in **spreads**: the standard deviation that the score has when nothing is harmed.

# %%
NAMES = ("IS", "Fréchet", "KID", "precision", "recall", "copies")
WORSE = torch.tensor([-1.0, 1, 1, -1, -1, 1])  # the direction that means "worse"


def trial(seed):
    """{harm: six scores} for one random choice of reference, training images and images to harm."""
    source = data.make_generator(seed)
    reference, known, rows, _ = torch.randperm(6000, generator=source).split([1000, 1000, 2000, 2000])
    sets = harmed(images[rows], labels[rows], everything[rows], images[known], source)
    result = {}
    for name, x in sets.items():
        f, logits = look(x)
        near = metrics.memorisation(fake=f, train=everything[known], held_out=everything[reference])
        result[name] = [*scores(everything[reference], f, logits), near.share]
    return result


# %%
trials = []
for draw in progress(seeds.several(8), "damage"):
    trials.append(trial(draw))


def of(harm):
    """What the trials measured for one harm: (8, 6)."""
    return torch.tensor([result[harm] for result in trials])


spread = of("unharmed").std(0)
shifts = {}  # harm: (8, 6), in spreads; above 0 the score says "worse"
for harm in list(trials[0])[1:]:
    shifts[harm] = WORSE * (of(harm) - of("unharmed")) / spread

# %% tags=["hide-input"]
middle = torch.stack([shift.median(0).values for shift in shifts.values()])
fig, ax = plt.subplots(figsize=(7.2, 4))
ax.imshow(middle, cmap="PuOr_r", norm=SymLogNorm(3, vmin=-300, vmax=300), aspect="auto")
for (i, j), value in np.ndenumerate(middle.numpy()):
    color = "white" if abs(value) > 60 else "black"
    ax.text(j, i, f"{value:.0f}".replace("-0", "0"), ha="center", va="center", color=color)
    if value < 3:
        box = {"fill": False, "edgecolor": plots.DISC, "linewidth": 1.6}
        ax.add_patch(plt.Rectangle((j - 0.46, i - 0.44), 0.92, 0.88, **box))
ax.set_xticks(range(len(NAMES)), NAMES)
ax.set_yticks(range(len(shifts)), list(shifts))
ax.tick_params(length=0)
ax.spines[:].set_visible(False)
ax.set_title("How much worse a score calls the harm, in spreads. Framed: not seen")
alt = "A table of nine harms by six scores. Fréchet distance and KID see all harms except training images. Precision does not see missing, doubled or repeated digits, and prefers one image per digit. Recall does not see twice the threes. IS sees no lack inside a class. Only the last column sees training images."
plots.show(fig, alt=alt)

# %% [markdown]
# A frame marks what a score does not see: less than three spreads. A negative number means that the score calls the harm an *improvement*. Read the columns.
#
# - **IS** knows no real image. One perfect image per digit is all that it asks for.
# - **Fréchet distance and KID** see everything here except copies, but they do not say what is wrong.
# - **Precision** looks at single fakes, so it does not miss the missing threes. One image per digit it even prefers to real images.
# - **Recall** sees what is missing and what repeats. Too many threes are neither.
# - **Copies** are seen by the sixth number only, and it sees nothing else.

# %%
COLUMN = {name: k for k, name in enumerate(NAMES)}


def shift_of(harm, score):
    return shifts[harm][:, COLUMN[score]]


for harm in ("no threes", "twice the threes", "blur"):
    assert shift_of(harm, "KID").median() > 3
claim("The Fréchet distance sees that the threes are missing.", shift_of("no threes", "Fréchet"), above=3)
claim("Precision does not.", shift_of("no threes", "precision"), below=3)
claim("Precision prefers one image per digit to real images.", shift_of("one image per digit", "precision"), below=-3)

# %%
claim("Recall does not see twice the threes.", shift_of("twice the threes", "recall"), median=True, below=3)
claim("The Fréchet distance takes training images for new ones.", shift_of("training images", "Fréchet"), median=True, below=3)
claim("The sixth number does not.", shift_of("training images", "copies"), above=10)

# %% [markdown]
# **Report a distance, recall and a test for copies.** Together they miss no harm of this list.
#
# *What this does not show:* other harms, weaker harms, another judge. What hides in the spread of 1,000 images need not hide in that of 50,000.

# %%
how_sure()

# %% [markdown]
# ## 5 A score that prefers garbage (1 min)
#
# The Fréchet distance looked best. Can it be fooled? Take a generator that has collapsed to one image per digit. Now replace some of its images by pure static, like a television without a signal.

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


def with_garbage(f, seed):
    """Fréchet distances of features f (1,000, 64) when a share of them comes from static."""
    source = data.make_generator(seed)
    reference = everything[torch.randperm(6000, generator=source)[:1000]]
    static, _ = look(torch.randn(1000, 1, 28, 28, generator=source).clamp(-1, 1))
    found = []
    for share in SHARES:
        bad = int(share * 1000)
        mixed = torch.cat([static[:bad], f[bad:]])
        found.append(metrics.frechet_distance(real=reference, fake=mixed))
    return found


# %%
collapsed, varied = [], []
for draw in seeds.several(8):
    rows = torch.randperm(6000, generator=data.make_generator(draw + 500))[:1000]
    x = one_per_class(images[rows], labels[rows], everything[rows])
    collapsed.append(with_garbage(look(x)[0], draw))
    varied.append(with_garbage(everything[rows], draw))
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
power = record["power"]["0.05"]
columns = slice(3, None)  # 500, 1,000 and 2,000 images
wins = {}
for name in ("Fréchet", "IS"):
    wins[name] = torch.tensor(power[name])[:, columns].mean(1)
table("how often the DCGAN without garbage wins", wins)
claim("By the Fréchet distance the one with garbage wins more often.", wins["Fréchet"], below=0.5, recorded=record)
claim("By IS the clean one wins.", wins["IS"], above=0.5, recorded=record)

# %% [markdown]
# So it happens to good generators, too. More images do not help: they make the wrong answer more certain. (For these DCGANs we have not tested whether missing spread is the reason.) When a score says "better", look at the images, and ask a second score of another kind.

# %%
how_sure()

# %% [markdown]
# ## 6 Which checkpoint? (1 min)
#
# Training leaves you with many states, and you keep the best. But the best of several readings was also the luckiest. How much is luck? We make a game in which *all* is luck: eight "checkpoints" that are one and the same generator.

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
def eight_readings(n, source):
    """Distances of eight draws of n images, all from the DCGAN of section 1."""
    found = []
    for _ in range(8):
        rows = torch.randint(2000, (n,), generator=source)
        others = torch.randint(2000, (1000,), generator=source)
        found.append(metrics.frechet_distance(real=real[others], fake=fake[rows]))
    return torch.tensor(found)


flattery = {250: [], 2000: []}
for draw in seeds.several(12):
    for n in flattery:
        found = eight_readings(n, data.make_generator(draw))
        flattery[n].append(1 - found.min() / found.mean())
rows = {f"{n:,} images": found for n, found in flattery.items()}
table("how far the best of eight lies below their mean", rows, unit="%")

# %%
claim("With 250 images it lies more than 5 % below, in the median.", flattery[250], above=0.05, median=True)

# %% [markdown]
# The remedy costs nothing but images. Cut your real images into two parts. **Choose** the checkpoint with the first part, then **read** the distance of the chosen one on the second part, with new fakes. Report that one, whatever it is.
#
# The recorded run did both for eight real states of five DCGANs.

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.4, 3.1))
for n, color in (("250", plots.PINK), ("1000", plots.GREEN), ("2000", plots.SKY)):
    gains = []
    for run in record["checkpoints"]:
        gains.append(100 * (1 - run["n"][n]["cheating"] / run["n"][n]["honest"]))
    ax.plot(gains, [f"{int(n):,} images"] * len(gains), "|", color=color, markersize=22, markeredgewidth=3)
ax.set(xlim=(0, None), ylim=(2.5, -0.5), xlabel="% below the honest distance", title="Choosing on the data you report on flatters you")
alt = "Three rows of five strokes, one for each recorded DCGAN. Reporting the smallest of eight distances lies about a fifth below the honest distance with 250 images, and about a tenth with 2,000."
plots.show(fig, alt=alt)

# %%
cheated, kept_last = {}, {}
for n in ("250", "2000"):
    cheated[n], kept_last[n] = [], []
    for run in record["checkpoints"]:
        found = run["n"][n]
        cheated[n].append(1 - found["cheating"] / found["honest"])
        kept_last[n].append(found["last"] / found["honest"] - 1)
claim("Who reports the smallest of eight flatters the DCGAN, most with few images.", cheated["250"], above=cheated["2000"], recorded=record)
claim("An honest choice is within 10 % of simply taking the last state.", kept_last["250"], near=0, within=0.1, recorded=record)

# %% [markdown]
# **What surprised us:** the honest choice hardly differs from no choice. The late states of an averaged generator (notebook 06) differ less than the readings of one. So first take images enough to see a difference, and only then choose.

# %%
how_sure()

# %% [markdown]
# ## Exercises (1 min)
#
# ### Exercise 1 · What precision does not see
#
# ●○○ · 5 minutes · you need: section 4. Precision does not see a missing class. Write the plainest score that does not: the share of images that would have to change their class to give the fakes the class shares of the real set. It is half the sum of the absolute differences of the shares of the ten classes.


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
# ### Exercise 2 · A limit from two distances
#
# ●●○ · 10 minutes · you need: section 3. A paper gives the distance at two numbers of images. If $d(n)=d_\infty+c/n$, what is $d_\infty$?


# %% tags=["exercise-2"]
def without_bias(d_1, n_1, d_2, n_2):
    """Distances d_1 at n_1 images and d_2 at n_2, numbers. Returns the limit for infinitely many."""
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
    """select, report (runs, states): distances on sets A and B. Returns (runs,) distances."""
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
# 1. Four scores, each from its formula in a few lines, agree with a library; precision puts blobs above digits ([section 2](#2-Four-scores-from-their-formulas-(1-min))).
# 2. A Fréchet distance on few images is too large, by about $c/n$, so it is reported with the number of images and the floor ([section 3](#3-How-many-images?-(1-min))).
# 3. Every score is blind to some harm, and all of them to copies, unless you look for copies ([section 4](#4-What-does-a-score-not-see?-(1-min))).
# 4. The Fréchet distance can prefer a set with garbage, because garbage has the spread that a collapsed set lacks ([section 5](#5-A-score-that-prefers-garbage-(1-min))).
# 5. The best of several readings is partly luck, so choose on one part of the images and report on another ([section 6](#6-Which-checkpoint?-(1-min))).
#
# **Further reading.** Salimans et al. 2016 (arXiv:1606.03498), IS · Heusel et al. 2017 (1706.08500), Fréchet distance · Bińkowski et al. 2018 (1801.01401), KID · Kynkäänniemi et al. 2019 (1904.06991), precision and recall. Next: [08](08_mode_collapse.ipynb), where generators lose modes.
