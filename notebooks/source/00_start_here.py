# %% [markdown]
# # 00 · Start here
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/00_start_here.ipynb)
#
# ![Twenty squares of grey noise turn into handwritten digits within 3,000 training steps; a row of real digits below for comparison](images/00_start_here.gif)
#
# A **generative adversarial network** (GAN) learns to make data by playing a game: a *generator* makes
# samples, a *discriminator* tries to tell them from real ones, and each learns from the other. This
# course takes you from the formula of that game to training on GPUs – and measures everything it says.
#
# **After this notebook you can**
# - tell whether your machine is ready, and what to do if it is not,
# - train a first GAN on real handwriting, and say by a number how good its samples are,
# - work the way the course works: predict, run, measure over seeds, solve checked exercises.
#
# *Before this:* nothing – Python, a little PyTorch, first-year calculus.
# *Run time:* about 45 seconds on two CPU cores. No GPU, no network needed.

# %% [markdown]
# ## 1 Is this machine ready
#
# The first code cell of every notebook is its **set-up**: imports, the look of the figures, the number of
# threads. On Colab it also installs the course's helper package `gan_helpers`; elsewhere that line does
# nothing. The package holds data, figures, metrics and exercise checks, and what an earlier notebook has
# written out in full: the loop of notebook 04, the networks of 06. Later notebooks import these.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.svm import SVC
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, machine, notebook, plots
from gan_helpers.checks import nb00

plots.use_course_style()
torch.set_num_threads(1)  # beside other busy programs a second one makes small networks many times slower

# %% [markdown]
# The next cell looks at this machine and prints, under each problem, what to do about it.

# %%
machine.self_test()

# %% [markdown]
# ✓ is fine, ○ is something you can live without, ✗ must be mended first. The line `cores` compares a training
# step of a network with 128 hidden units on all cores with one on a single core. The ratio depends on what
# else the machine does. When we measured on two cores it was 0.7 to about 1 on an idle machine: a small gain
# at best. With both cores busy, as in a class or in CI, it was 3 to 40. So the notebooks use one thread.

# %% [markdown]
# ## 2 The rule, the map, the notation
#
# Courses on GANs are full of sentences like "this optimiser setting stabilises training" or "this loss makes
# the samples more diverse". Some are true, some are not, and usually no one has counted. Here is the rule that every
# notebook keeps:
#
# > **Every statement about a GAN is a cell that measures it, over several seeds, and an assertion that
# > would fail if it were false.**
#
# GANs need it: the same code with another random seed can give another result, so one run proves little.
# Section 4 shows the rule at work. Where a number comes from more seeds than fit into a notebook, the text
# says how many.
#
# | part | notebooks |
# |---|---|
# | **I – The game** | **00 Start here** · [01 The minimax game](01_the_minimax_game.ipynb) · [02 Losses and gradients](02_losses_and_gradients.ipynb) · [03 Gradient descent in games](03_gradient_descent_in_games.ipynb) |
# | **II – First GANs** | [04 The 2-D laboratory](04_gan_laboratory_2d.ipynb) · [05 An MLP GAN for digits](05_mlp_gan.ipynb) · [06 DCGAN](06_dcgan.ipynb) · [07 Measuring a generator](07_measuring_gans.ipynb) |
# | **III – When it goes wrong** | [08 Mode collapse](08_mode_collapse.ipynb) · [09 Wasserstein GANs](09_wasserstein_gan.ipynb) · [10 A modern GAN](10_a_modern_gan.ipynb) · 11 The debugging clinic |
# | **IV – Control** | 12 Conditional GANs · 13 Latent space · 14 Paired translation · 15 Unpaired translation |
# | **V – In the world** | 16 GAN, VAE, diffusion · 17 Little data · 18 Privacy and misuse · 19 Text, music, time series |
# | **VI – Scale** | [20 GPU training](20_gpu_training.ipynb) |
#
# What has no link yet is being written. All notebooks use the same symbols, and the same names in code:
#
# | symbol | code | meaning |
# |---|---|---|
# | $x \sim p_d$ | `x_real` | a sample of the data |
# | $z \sim p_z$ | `z` | noise, the generator's input |
# | $G_\theta(z)$, $p_g$ | `G`, `x_fake` | the generator with parameters $\theta$, and the distribution of what it makes |
# | $D_\psi(x)$ | `D(x)`, `score_real`, `score_fake` | the score of the discriminator (parameters $\psi$): any real number, high for "real" |
# | $P(x) = \sigma(D(x))$ | `torch.sigmoid(D(x))` | the **probability** of "real", $\sigma(t) = 1/(1+e^{-t})$ |
# | $\zeta(t) = \log(1+e^t)$ | `F.softplus` | "softplus", the building block of the losses |
# | $V(D,G)$, $L_D$, $L_G$ | `value`, `loss_D`, `loss_G` | the value of the game; the two losses, always minimised |
# | $\gamma$ | `gamma` | the weight of a gradient penalty (from notebook 03 on) |

# %% [markdown]
# ## 3 A GAN in a few seconds
#
# The data: 1,797 digits written by hand, 8×8 pixels, bundled with scikit-learn. Three parts that share no
# image: the game is played on `fit`, choices are made on `select`, and results are stated on `report` only.

# %%
parts = data.split(data.digits8(), seed=0)
x_fit, x_report = (part.images.flatten(1) for part in (parts.fit, parts.report))  # 64 pixels in a row
print(f"{len(x_fit)} images to learn from, {len(x_report)} kept for the result")
print(f"pixels from {x_fit.min():.0f} (black) to {x_fit.max():.0f} (white)")

# %% [markdown]
# The two players are plain networks. $G$ turns 16 random numbers into 64 pixels; its last layer, `Tanh`,
# gives values in $[-1, 1]$, **the range of the data**. $D$ turns 64 pixels into one score.


# %%
def make_players() -> tuple[nn.Module, nn.Module]:
    G = nn.Sequential(
        nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 64), nn.Tanh()
    )
    D = nn.Sequential(
        nn.Linear(64, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1)
    )
    return G, D


G, D = make_players()
assert D(G(torch.randn(5, 16))).shape == (5, 1)  # five noise vectors become five images, five scores

# %% [markdown]
# And this is the game. In each round
# - $D$ is moved to score real images higher and generated ones lower. Its loss is
#   $L_D = \zeta(-D(x)) + \zeta(D(G(z)))$, averaged over a batch;
# - $G$ is moved to make images that $D$ scores higher: $L_G = \zeta(-D(G(z)))$.
#
# Notebook 01 says where these losses come from, 02 looks at what each player feels. In `betas=(beta1, 0.99)`
# the optimiser, Adam, gets its weight on past gradients (`beta1`; 0 here: none) and on their squares; notebook
# 03 is about that. For now, read the loop: there is nothing behind it.


# %%
def train(seed: int, beta1: float = 0.0, steps: int = 3000, film: tuple[int, ...] = ()):
    """Play the game; return G and, for each step in `film`, what G made of twenty fixed noise vectors."""
    torch.manual_seed(seed)
    G, D = make_players()
    opt_G = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(beta1, 0.99))
    opt_D = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(beta1, 0.99))
    z_film, frames = torch.randn(20, 16), {}
    batches = data.batches(x_fit, 64, seed=seed, steps=steps)
    for step, x_real in enumerate(notebook.progress(batches, f"seed {seed}", steps)):
        if step in film:
            frames[step] = G(z_film).detach()
        x_fake = G(torch.randn(64, 16))

        # 1. The discriminator's move. detach(): this loss must not reach G.
        loss_D = F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake.detach())).mean()
        opt_D.zero_grad()
        loss_D.backward()
        opt_D.step()

        # 2. The generator's move: only opt_G steps, so D stays as it is.
        loss_G = F.softplus(-D(x_fake)).mean()
        opt_G.zero_grad()
        loss_G.backward()
        opt_G.step()
    frames[steps] = G(z_film).detach()
    return G, frames


G, frames = train(seed=0, film=(0, 20, 50, 100, 200, 300, 450, 600, 800, 1000, 1300, 1600, 2000, 2500))

# %% [markdown]
# **Look:** follow one square from step 300 to the end. Does it stay the same digit?

# %% tags=["head-picture"]
fig, ax = plt.subplots(figsize=(6.4, 2.1))


def draw(k: int) -> None:
    ax.clear()
    step = list(frames)[k]
    rows = torch.cat([frames[step], x_report[:10]]).view(-1, 1, 8, 8)
    labels = ["generated", "generated", "real"]
    plots.image_grid(rows, columns=10, row_labels=labels, title=f"step {step:,}", ax=ax)


plots.gif(
    fig,
    draw,
    len(frames),
    fps=3,
    alt="Two rows of generated images: grey noise at step 0, blurred strokes at a few hundred steps, "
    "readable digits at step 3,000. A third row shows real digits for comparison.",
)

# %% [markdown]
# Each of the twenty upper squares is one fixed noise vector, seen through $G$ as it learns; the last row
# is real handwriting it never saw. Some squares become a digit and later another one. Nobody told $G$ what a digit is: all it ever received is the slope of $D$'s score.
#
# What the film does *not* prove: that these are good samples. Twenty images, one seed, a forgiving eye:
# so let us measure.

# %% [markdown]
# ## 4 How a claim is made here
#
# **Question.** How close are the generated images to real ones? **Measure:** take a classifier that had no
# part in the game, let it learn *real or generated?* on half of the `report` images and as many
# samples of $G$, and test it on the other halves. At 50 % *this* classifier sees no difference (another one
# might); at 100 % it can always tell the two apart. The classifier is a support vector machine, scikit-learn's
# `SVC`. (A *two-sample test*: notebook 01 shows that the
# discriminator itself is one, and what its blindness does not prove.)


# %%
def two_sample_accuracy(x_one: torch.Tensor, x_two: torch.Tensor) -> float:
    """Share of unseen images that a support vector machine assigns to the right one of two sets."""
    n = min(len(x_one), len(x_two)) // 2
    label = np.repeat([0, 1], n)
    judge = SVC().fit(torch.cat([x_one[:n], x_two[:n]]).numpy(), label)
    return judge.score(torch.cat([x_one[n : 2 * n], x_two[n : 2 * n]]).numpy(), label)


def judge_generator(G: nn.Module, seed: int) -> float:
    # noise of its own for each seed
    z = torch.randn(400, 16, generator=torch.Generator().manual_seed(1000 + seed))
    with torch.no_grad():
        return two_sample_accuracy(x_report, G(z))


# %% [markdown]
# A number means little without its two ends. The best possible generator would be as good as *real* images
# from another part, the worst is one that has not learned anything. Then five GANs that differ in
# nothing but the seed. **Predict first:** where between the two ends will they lie, and how far
# apart from each other?

# %%
seeds = range(5)
x_select = parts.select.images.flatten(1)
real = two_sample_accuracy(x_report, x_select)
untrained = [judge_generator(make_players()[0], seed) for seed in seeds]
trained = [judge_generator(G, 0)] + [judge_generator(train(seed)[0], seed) for seed in seeds[1:]]

# %%
print(f"real against real      {real:.2f}")
print(f"untrained generators   {min(untrained):.2f} to {max(untrained):.2f}")
print(f"trained generators     {min(trained):.2f} to {max(trained):.2f}   median {np.median(trained):.2f}")
assert 0.42 < real < 0.58, f"two sets of real images were told apart: {real:.2f}"
assert min(untrained) > 0.98, "an untrained generator was mistaken for handwriting"
assert 0.53 < min(trained) and np.median(trained) < 0.72, "not between the two ends, as the text says"
assert max(trained) < 0.80, "a trained generator was told from handwriting in 80 % of cases or more"

# %% [markdown]
# In the median seed training moves the score more than half of the way from certainty to a coin toss. It does
# not arrive there: a classifier with a few hundred examples still tells our samples from real ones more
# often than not. With 358 test images one standard error is about .03 (for one trained classifier), so
# differences between the seeds of a few hundredths mean nothing.
#
# These assertions are the course's rule at work. Their margins were tried on more seeds than you see: over
# seeds 0 to 9 and 20 to 24 trained generators scored .59 to .70, with other noise for the judge up to .74. All
# seeds share one split of the data. If a change to the code broke the claim, this notebook would fail its
# test.
#
# What does the measure *not* say? **Predict first:** what do copies of the training images score, and real
# images whose upper left pixel, always black, is painted white?

# %%
corner = x_select.clone()
corner[:, 0] = 1
copies, one_pixel = two_sample_accuracy(x_report, x_fit), two_sample_accuracy(x_report, corner)
print(f"copies of training images {copies:.2f}   real images with one white pixel {one_pixel:.2f}")
assert 0.42 < copies < 0.58 and one_pixel > 0.98

# %% [markdown]
# A generator that only copied would be taken for perfect, and real handwriting with one wrong pixel for
# untrained. The score tells whether this classifier finds a difference, not how large it is to you. Notebook
# 07 is about that.

# %% [markdown]
# ## 5 A failure on purpose
#
# Adam averages recent gradients, with weight `beta1` on the past: a *momentum*. PyTorch's default is 0.9, and
# for ordinary training few people ever change it. One argument changes; all else stays. **Predict first:** a
# little worse, better, or not working at all?

# %%
runs = [train(seed, beta1=0.9) for seed in range(3)]  # changed: beta1
heavy = [judge_generator(G_heavy, seed) for seed, (G_heavy, _) in enumerate(runs)]
print("beta1 = 0.9: " + "  ".join(f"{a:.2f}" for a in heavy))
print("beta1 = 0.0: " + "  ".join(f"{a:.2f}" for a in trained))
assert min(heavy) > 0.95 > max(trained), "beta1 = 0.9 did not fail in every seed, or beta1 = 0 did in one"
early = [judge_generator(train(seed, steps=300)[0], seed) for seed in range(3)]
print("beta1 = 0.0, after a tenth of the steps: " + "  ".join(f"{a:.2f}" for a in early))
assert min(early) > 0.95

# %%
rows = torch.cat([runs[0][1][3000][:10], runs[1][1][3000][:10], frames[3000][:10], x_report[:10]])
labels = ["beta1 = 0.9, seed 0", "beta1 = 0.9, seed 1", "beta1 = 0, seed 0", "real"]
ax = plots.image_grid(rows.view(-1, 1, 8, 8), row_labels=labels)
plots.show(
    ax.figure,
    alt="Four rows of ten images: with beta1 of 0.9 blotchy shapes that repeat each other, with beta1 of 0 "
    "readable digits, then real digits.",
)

# %% [markdown]
# With `beta1 = 0.9` the classifier is right in more than 95 % of cases, in all three seeds (and in seeds 0 to 9
# when we tried them): blotchy shapes, some of them over and over again. The figure shows ten images of a run and
# cannot say how often it happens – the numbers above can. Why would a setting that serves most of
# deep learning fail here? One suspect: two networks that learn against each other do not descend one loss.
# Notebook 03 tests it in games of two parameters, notebook 04 on small networks. And note what this does not
# show: 1.00 is the classifier's ceiling, which a generator after a tenth of its training reaches as well as a
# broken one (six seeds tried); and we changed one knob at one setting.

# %% [markdown]
# ## 6 How exercises work
#
# Each exercise has a difficulty (●○○ to ●●●), minutes, and a **stub** that returns `None`. Replace it, run the cell,
# then run the check below it. A check has three answers: *not attempted*, *not yet* with a hint at the
# likely mistake, *passed*. Hint and solution are folded away underneath. Unsolved exercises disturb
# nothing: "Run All" goes through.

# %% [markdown]
# ### Exercise 1 · One range for all
#
# ●○○ · 5 minutes · you need: section 3. The scanner's grey values run from 0 (black) to 16 (white). Write
# the function that maps them to the course's range, $-1$ (black) to $1$ (white).


# %% tags=["exercise-1"]
def to_course_range(grey):
    """grey: tensor of any shape, values 0..16. Returns a tensor of the same shape, values -1..1."""
    return None  # ← your answer


# %% tags=["check-1"]
nb00.check_1(to_course_range)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Two points fix a straight line. Write down where black and where white must go, and
# look for the slope between them first.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The slope is 2 divided by 16, because 16 grey levels are stretched over a range of
# length 2. Then shift the line so that black comes out as $-1$.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def to_course_range(grey):
#     return grey / 8 - 1
# ```
# If the data went beyond what `Tanh` can give, say from 0 to 16, $D$ could tell real from generated by the
# brightest pixel alone, and $G$ could do nothing about it.
# </details>

# %% [markdown]
# ### Exercise 2 · From score to probability
#
# ●○○ · 5 minutes · you need: the notation table. $D$ gives scores. Turn them into the probability $P(x)$ that
# each image is real, without a loop.


# %% tags=["exercise-2"]
def probability_real(scores):
    """scores: tensor (n, 1), D(x) already computed. Returns a tensor (n, 1) of probabilities of "real"."""
    return None  # ← your answer


# %% tags=["check-2"]
nb00.check_2(probability_real)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Read the row of $P(x)$ in the notation table. Each image is judged alone, so the
# probabilities of a batch need not add up to 1.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The function of the notation table is the sigmoid. PyTorch has it ready, it works on
# whole tensors, and it does not overflow at large scores.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def probability_real(scores):
#     return torch.sigmoid(scores)
# ```
# Score 0 is "I cannot tell", $P = 1/2$; +2 is $P = 0.88$. Networks compute scores, and not
# probabilities, because the losses are far more accurate on scores: notebook 02 shows what goes wrong otherwise.
# </details>

# %% [markdown]
# ### Exercise 3 · Noise you can get again
#
# ●●○ · 10 minutes · you need: `judge_generator` in section 4. To compare two generators fairly, feed both the
# same noise. Write a function that draws $n$ standard normal noise vectors of length 16 which depend
# on the seed only – and that leaves PyTorch's global random state alone, so that measuring does not change
# the training that goes on after it.


# %% tags=["exercise-3"]
def fixed_noise(n, seed):
    """Returns z, a tensor (n, 16) of standard normal numbers: the same for the same seed, always."""
    return None  # ← your answer


# %% tags=["check-3"]
nb00.check_3(fixed_noise)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Look at how `judge_generator` in section 4 draws its noise. What does
# `torch.manual_seed` change besides your noise?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# `torch.randn` takes a `generator`. Make a new `torch.Generator` inside your function
# and call its `manual_seed(seed)`, which returns the generator.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def fixed_noise(n, seed):
#     return torch.randn(n, 16, generator=torch.Generator().manual_seed(seed))
# ```
# A private generator is a random stream of its own. `torch.manual_seed(seed)` would give the same noise,
# but it also resets the stream that training draws from: after every evaluation $G$ would be fed the same
# noise again.
# </details>

# %% [markdown]
# ## Recap
#
# - The self-test of [section 1](#1-Is-this-machine-ready) looked at this machine and named a remedy for
#   each thing that is missing.
# - A GAN is two networks and a loop of a dozen lines: [section 3](#3-A-GAN-in-a-few-seconds) trained one on
#   real handwriting in a few seconds.
# - A two-sample test puts a number on "can this classifier tell them apart", between real images (about .5)
#   and an untrained generator (1.0): [section 4](#4-How-a-claim-is-made-here).
# - Five seeds of the same GAN scored .59 to .70, in part by the luck of the judge's own samples: one number
#   proves little, so a claim gets several seeds and a margin, [section 4](#4-How-a-claim-is-made-here).
# - With one unsuitable setting, `beta1 = 0.9`, every seed we tried was told from handwriting nearly always:
#   [section 5](#5-A-failure-on-purpose).
#
# **Further reading.** Goodfellow et al. (2014), *Generative Adversarial Nets*, arXiv:1406.2661, sections 1
# and 3, for the idea in the words of its authors. Lopez-Paz and Oquab (2017), *Revisiting Classifier
# Two-Sample Tests*, arXiv:1610.06545, for the measure of section 4.
#
# **Next:** [01 The minimax game](01_the_minimax_game.ipynb) – what the formula says, and what it does not.
