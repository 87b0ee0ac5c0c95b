# %% [markdown]
# # 00 · Start here
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/00_start_here.ipynb)
#
# ![Five rows of eight faces in colour, made by a network. From row to row all eight are moved by the same step through the noise, and hats, glasses and backgrounds change](images/00_start_here.png)
#
# **In one sentence:** two networks that play against each other learn to make images, and only a measurement over several runs says how good these are.
#
# **After this lesson you can**
#
# - **train** a GAN of your own, and say what each line of its loop does;
# - **measure** how good its images are, with a judge and several seeds;
# - **break** it with one number, and test an explanation before you believe it.
#
# *Before:* Python, a little PyTorch, one course of calculus and one of probability. *Study:* 35 minutes, and 25 for the exercises. *Run time:* about 30 seconds on two CPU cores; no GPU is needed.

# %% [markdown]
# ## 1 People who do not exist (3 min)
#
# The first code cell of every lesson is its **set-up**: it imports what the lesson needs.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, live, machine, plots, seeds
from gan_helpers.checks import nb00
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.games import trained_people
from gan_helpers.notebook import predict, progress

plots.use_course_style()
torch.set_num_threads(1)  # one thread is enough for networks as small as these

# %% [markdown]
# Nobody has drawn the people below. A network made each of them from 32 random numbers, the **noise**. It learned this before, in ten minutes ([lesson 06](deeper/06_dcgan.ipynb), the deeper notebook). In the picture, the middle row shows eight people, made from eight lists of 32 numbers. One more list is the same for all eight, the *direction*. For the row below, 1.5 times the direction is added to each list, number by number, and for the last row 3 times. In the two upper rows it is subtracted.
#
# A running notebook shows a square, too: press the mouse in it and drag. Its two coordinates say how many times two such directions are added. So two coordinates change all 32 numbers.

# %% tags=["head-picture", "explore"]
G_people = trained_people()  # 32 random numbers in, a picture of 32 x 32 pixels out
explorer = live.explore(G_people, 32)

# %% [markdown]
# Hats, glasses and backgrounds change. But nobody told the network what a hat is. How can it learn, when there is no right answer to compare with?
#
# The idea of a **generative adversarial network**, GAN for short, is a game of two networks (Goodfellow et al. 2014). The **generator** $G$ turns noise $z$ into an image, a **fake**. The **discriminator** $D$ looks at an image, real or fake, and answers with one number, its **score**. $D$ learns to give real images high scores, and fakes low ones. $G$ learns to make fakes that get high scores. Each player is the other one's teacher.
#
# ## 2 A GAN of your own (14 min)
#
# Faces take minutes to learn, so we begin with 1,797 digits, written by hand and stored with 8×8 pixels. `data.split` cuts them into three parts. The game learns from the first part, `fit`: we call these images `x_fit`. The others, together `x_new`, are kept away from it. They will show how good the fakes are.

# %%
parts = data.split(data.digits8(), seed=0)  # seed=0: always the same parts
x_fit = parts.fit.images.flatten(1)  # 1,078 images: 64 pixels in a row, from -1 to 1
x_new = torch.cat([parts.select.images, parts.report.images]).flatten(1)  # 719
labels_new = torch.cat([parts.select.labels, parts.report.labels])

# %% [markdown]
# The players are two plain networks. The last layer of $G$, `Tanh`, gives pixels between $-1$ and $1$, the range of the data. `z_look` below holds 719 noise vectors that stay the same. We look at what $G$ makes of them, again and again.


# %%
def make_players():
    G = nn.Sequential(
        nn.Linear(16, 128), nn.ReLU(),  # from 16 random numbers
        nn.Linear(128, 128), nn.ReLU(),
        nn.Linear(128, 64), nn.Tanh(),  # to 64 pixels
    )
    D = nn.Sequential(
        nn.Linear(64, 128), nn.LeakyReLU(0.2),  # from 64 pixels
        nn.Linear(128, 128), nn.LeakyReLU(0.2),
        nn.Linear(128, 1),  # to one score
    )
    return G, D


z_look = torch.randn(719, 16, generator=data.make_generator(1000))  # always the same
torch.manual_seed(0)  # the same first weights each time
G, D = make_players()
x_fake = G(z_look).detach()

# %% tags=["hide-input"]
score = "one number\n(score $D(x)$)"
images = x_fake[0].view(8, 8), x_fit[0].view(8, 8)
ax = plots.diagram("16 numbers\n(noise $z$)", *images, score)
alt = "The game: noise enters G, which makes a fake, here grey noise, because nothing is trained yet. D sees fakes and real digits and gives one score. The gradient of the loss of D moves D; the gradient of the loss of G passes through D and moves G."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# Before training the fake is grey noise. How can $G$ learn to get a higher score? The score depends on each pixel of the fake, and each pixel depends on the weights of $G$. So `backward` goes from the score through $D$ into $G$, along the orange dashed arrows. It finds which change of each weight raises the score. Each player has a loss of its own:
#
# $$L_D=\text{mean}\;\zeta(-D(x))+\text{mean}\;\zeta(D(G(z))),\qquad L_G=\text{mean}\;\zeta(-D(G(z))).$$
#
# The function $\zeta(t)=\log(1+e^t)$ is called softplus. It is near 0 for negative $t$, and grows like $t$ for positive $t$. Say that $D$ gives an image the score 2. For a real image this costs $D$ only $\zeta(-2)=0.13$, for a fake $\zeta(2)=2.13$. So $L_D$ is small when real images $x$ get high scores and fakes low ones, and $L_G$ is small when fakes get high scores. Lesson 01 shows where these losses come from.
#
# And this is the whole game. In each round $G$ makes 128 fakes. $D$ scores them and 128 real images, and moves. Then the new $D$ scores the same fakes again, and $G$ moves. Section 4 explains the first of the optimiser's `betas`. Leave them for now.

# %%
LOOKS = (50, 150, 300, 600, 1500)


def train(seed, beta1=0.0):
    """Play 1,500 rounds. Returns G, and {round: what G made of z_look}."""
    torch.manual_seed(seed)
    G, D = make_players()
    opt_G = torch.optim.Adam(G.parameters(), lr=3e-3, betas=(beta1, 0.99))
    opt_D = torch.optim.Adam(D.parameters(), lr=3e-3, betas=(beta1, 0.99))
    film = {0: G(z_look).detach()}
    # 1,500 batches (128, 64) in random order; progress only shows a bar
    batches = data.batches(x_fit, 128, seed=seed, steps=1500)
    for step, x_real in enumerate(progress(batches, f"seed {seed}", 1500), 1):
        x_fake = G(torch.randn(128, 16))

        # D's move: real images up, fakes down. detach: this loss is not for G.
        loss_D = F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake.detach())).mean()
        opt_D.zero_grad()
        loss_D.backward()
        opt_D.step()

        # G's move: fakes up. D has moved, so it scores them anew. opt_G moves only G.
        loss_G = F.softplus(-D(x_fake)).mean()
        opt_G.zero_grad()
        loss_G.backward()
        opt_G.step()

        if step in LOOKS:
            film[step] = G(z_look).detach()
    return G, film


# %%
predict(
    "We follow one noise vector while G learns. Will its fake be the same digit all the time?",
    [
        ("Yes: a digit that is found only gets sharper", False, "Look down the columns: many change."),
        ("No: many are read as one digit first, and as another one later", True, "D only asks for something that looks real."),
        ("It never becomes a digit", False, "Look at round 1,500: many can be read."),
    ],
)

# %%
G_trained, film = train(seeds.one())  # seeds.one() is 0

# %% tags=["hide-input"]
frames = torch.cat([*[x[:12] for x in film.values()], x_new[:12]]).view(-1, 1, 8, 8)
labels = [f"round {step:,}" for step in film] + ["real"]
title = "Fakes: each column is one noise vector"
ax = plots.image_grid(frames, columns=12, row_labels=labels, title=title)
alt = "Seven rows of pictures. Down a column, noise becomes a blob, then a rough digit, and in several columns it looks like another digit at the end. The last row shows real digits, which belong to no noise."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# Out of noise come rough digits, though all that $G$ ever received is the gradient of $D$'s score. Follow some columns from round 600 to the end: not all of them stay the same digit.
#
# But this is one run. The same code with another **seed**, the start of all its random numbers, can end elsewhere. So here is the rule of this course: *every statement about a GAN is measured, over several seeds, by a line of code that stops with an error if the statement is false.* Such a line is a `claim`. It prints ✓ and the numbers.
#
# We train four more GANs, which differ only in the seed. A simple reader names each fake: it takes the label of the most similar image in `x_fit`. The game never used labels.

# %%
films = [film]
for seed in seeds.several(5)[1:]:  # several(5) is 0, 1, 2, 3, 4
    films.append(train(seed)[1])


# %%
def read_digits(x):
    """For each image in x the label of the most similar training image."""
    nearest = torch.cdist(x, x_fit).argmin(1)
    return parts.fit.labels[nearest]


changed = []
for run in films:
    differ = read_digits(run[600]) != read_digits(run[1500])
    changed.append(differ.float().mean())
table(
    "share of new real images that the reader reads rightly",
    {"reader": (read_digits(x_new) == labels_new).float().mean()},
)
claim(
    "From round 600 to 1,500 more than a quarter of the fakes change their label.",
    changed, above=0.25,
)

# %% [markdown]
# *What this does not show:* the reader is nearly always right on *real* images. It gives every fake a label, too, and some fakes at round 600 are still blobs.
#
# ## 3 How good is it? (7 min)
#
# An eye is a poor instrument, so we build a **judge**. Mix the 719 new real images with 719 fakes. Then find for each image its **nearest neighbour**, the most similar other image in the mix. The judge says that an image is of the same kind as its neighbour, real or fake. The **grade** is the share of images for which this is right.
#
# If fakes are as good as real images, the neighbour is of either kind equally often, and the grade is about one half. If they are easy to tell, fakes lie beside fakes, and the grade is near 1. Lower is better, down to one half.


# %%
def judge(real, fake):
    """The share of images whose nearest neighbour is of their own kind."""
    images = torch.cat([real, fake])
    is_real = torch.arange(len(images)) < len(real)
    distances = torch.cdist(images, images)
    distances.fill_diagonal_(torch.inf)  # nobody is a neighbour of himself
    neighbour = distances.argmin(1)
    return (is_real == is_real[neighbour]).float().mean().item()


# %%
def judge_all(fakes, real):
    """The grade of each run's fakes, among these real images."""
    return [judge(real, x_fake) for x_fake in fakes]


def blend(seed):
    """719 images. Each is the mean of two training images, chosen at random."""
    pairs = torch.randint(len(x_fit), (2, 719), generator=data.make_generator(seed))
    return (x_fit[pairs[0]] + x_fit[pairs[1]]) / 2


# %%
at_start = [run[0] for run in films]
at_end = [run[1500] for run in films]
blends = [blend(seed) for seed in seeds.several(5)]
x_seen = x_fit[:719]  # as many real images as there are fakes

# %% tags=["hide-input"]
rows = torch.cat([x_new[:12], at_end[0][:12], blends[0][:12]]).view(-1, 1, 8, 8)
ax = plots.image_grid(
    rows, columns=12, row_labels=["real", "GAN", "blends"], title="A blend lays two real images on top of each other"
)
alt = "Three rows of images: real digits, rough digits made by a trained GAN, and blends, each of which shows two real digits on top of each other, grey where only one of them is white. Some look like a digit, others do not."
plots.show(ax.figure, alt=alt)

# %%
untrained = judge_all(at_start, x_new)
trained = judge_all(at_end, x_new)
blended = judge_all(blends, x_new)
table(
    "grade: how often the judge is right",
    {"untrained": untrained, "trained": trained, "blends of two real images": blended},
    floor={"other real images": judge(x_new, x_seen)},
)

# %%
claim("Before training, the judge is right in nearly all cases.", untrained, above=0.97)
claim(
    "After training it is wrong more often, but still far from a coin toss.",
    trained, between=(0.82, 0.95),
)
claim("Blends of two real images get a grade in the same range.", blended, between=(0.82, 0.95))

# %% [markdown]
# A number needs its **two ends**: real images, which are the best that could be, and a $G$ that has learned nothing. Here they get .52 and 1. Our GANs have left the worse end, but they are still much nearer to 1 than to one half.
#
# The row of blends is a warning. About nine in ten mix two different digits, and not all can be read. Yet blends get grades like those of our GANs. The judge only says how similar two sets of pixels are. It does not know what a digit is.
#
# **Old or new images?** Our judge uses images which $G$ never learned from. Does this matter? Imagine a lazy "generator", which only copies images from `x_fit`.

# %%
predict(
    "The judge compares copies of training images with new real images. How often is it right?",
    [
        ("Always: copies are no new digits", False, "The judge does not have their originals."),
        ("In about half of the cases, as for a perfect generator", True, "Copies are real images: the last row of the table above."),
        ("Never: each copy has a real twin in the mix", False, "The twins are not in the mix. See the last row of the next table."),
    ],
)

# %%
on_seen = judge_all(at_end, x_seen)
table(
    "grade: how often the judge is right",
    {
        "GANs, among new images": trained,
        "GANs, among training images": on_seen,
        "copies, among new images": judge(x_new, x_seen),
        "copies, among training images": judge(x_seen, x_seen),
    },
)
# below=trained compares each GAN with itself, seed by seed
claim("Among training images every GAN gets a better grade.", on_seen, below=trained)

# %% [markdown]
# Among training images our GANs get lower grades, so better ones, in every seed. (They are also other images than `x_new`. How much comes from that, we have not tested.)
#
# Now the copies. Among new images they pass as perfect. So a good grade does not prove that $G$ makes anything new. Among their originals the nearest neighbour of each copy is its twin, a real image. So the judge is always wrong, and the grade is 0. A grade below one half is not better: fakes lie too near to these real images. Lesson 05 looks for copies, lesson 07 compares judges.
#
# The next fold says in how many runs of this notebook with other seeds each claim held.

# %%
how_sure()

# %% [markdown]
# ## 4 One number is changed (8 min)
#
# Now we change the first of the `betas`, $\beta_1$, for both players. The optimiser Adam follows an average of the gradients so far, the **momentum**. In each round the new average is $\beta_1$ times the old one plus $1-\beta_1$ times the newest gradient.
#
# Say that one weight's gradient was 1 for a long time, and now it is $-1$. With $\beta_1=0.9$ the average is $0.9\cdot1+0.1\cdot(-1)=0.8$, so the weight goes on as before. With $\beta_1=0$ it is $-1$, and the weight turns at once. Our loop has 0, and PyTorch's default is 0.9.

# %%
predict(
    "What happens with beta1 = 0.9?",
    [
        ("It learns faster: momentum helps", False, "Look at the fakes."),
        ("A little worse, but it works", False, "It is more than a little."),
        ("It breaks: the judge always tells, and fewer kinds of labels are left", True, "In every seed that we tried."),
    ],
)

# %%
heavy = []
for seed in seeds.several(3):
    _, heavy_film = train(seed, beta1=0.9)  # changed: beta1
    heavy.append(heavy_film[1500])

# %% tags=["hide-input"]
rows = torch.cat([*[x_fake[:12] for x_fake in heavy], at_end[0][:12]]).view(-1, 1, 8, 8)
labels = [f"$\\beta_1=0.9$, run {k}" for k in (1, 2, 3)] + ["$\\beta_1=0$"]
ax = plots.image_grid(rows, columns=12, row_labels=labels, title="β₁ for both players: 0.9 above, 0 below")
alt = "Four rows of fakes. With beta1 of 0.9, in three runs, blotchy shapes of few kinds; with beta1 of 0, different rough digits."
plots.show(ax.figure, alt=alt)


# %%
def kinds_of_labels(fakes):
    """For each run: how many of the ten labels have 15 of the 719 fakes or more?"""
    found = []
    for x_fake in fakes:
        counts = torch.bincount(read_digits(x_fake), minlength=10)
        found.append((counts >= 15).sum())
    return found


heavy_kinds = kinds_of_labels(heavy)
kinds = kinds_of_labels(at_end)
table(
    "kinds of labels that the reader gives",
    {
        "beta1 = 0.9": heavy_kinds,
        "beta1 = 0": kinds,
        "blends of two real images": kinds_of_labels(blends),
    },
)

# %%
told_apart = judge_all(heavy, x_new)
claim("With beta1 = 0.9 the judge is right in nearly all cases.", told_apart, above=0.97)
claim("With beta1 = 0.9 the reader gives fewer kinds of labels.", heavy_kinds, below=kinds[:3])

# %% [markdown]
# So, at this learning rate, $\beta_1=0.9$ ruins our GAN. Few labels are a warning. But ten prove nothing: blends get them, too.
#
# Why? Perhaps 0.9 is simply too much for networks like ours. An explanation needs a **control**, an experiment that could refute it. In ours only a new $D$ learns, for 300 rounds, with $\beta_1=0$ or 0.9. Its opponent, `G_trained` of section 2, stands still.
#
# If 0.9 alone spoils the learning of $D$, its loss after these 300 rounds must be higher. We measure $L_D$ on images that $D$ has not learned from: lower is better. A $D$ whose score is always 0 has $2\,\zeta(0)=1.39$.


# %%
def learn_alone(seed, beta1):
    """The loss on new images of a D that learned 300 rounds while G stood still."""
    torch.manual_seed(seed)
    _, D = make_players()
    opt_D = torch.optim.Adam(D.parameters(), lr=3e-3, betas=(beta1, 0.99))
    for x_real in data.batches(x_fit, 128, seed=seed, steps=300):
        x_fake = G_trained(torch.randn(128, 16)).detach()
        loss_D = F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake)).mean()
        opt_D.zero_grad()
        loss_D.backward()
        opt_D.step()
    # film[1500] is what G_trained made of z_look
    return (F.softplus(-D(x_new)).mean() + F.softplus(D(film[1500])).mean()).item()


without, with_momentum = [], []
for seed in seeds.several(3):
    without.append(learn_alone(seed, beta1=0.0))
    with_momentum.append(learn_alone(seed, beta1=0.9))
table(
    "loss on new images of a D that learned alone",
    {"beta1 = 0": without, "beta1 = 0.9": with_momentum},
    floor={"a D whose score is always 0": 2 * F.softplus(torch.tensor(0.0)).item()},
)
claim("Against a G that stands still, D learns better with beta1 = 0.9.", with_momentum, below=without)

# %% [markdown]
# After 300 rounds the loss of $D$ is lower with 0.9, not higher. So for $D$ the explanation is refuted: while its opponent stands still, the same momentum *helps*. (We looked at one moment only.) Whether 0.9 is too much for $G$, we have not tested. What goes wrong when both move is a question for lesson 03, with players so small that you can follow every step.
#
# *What this does not show:* other GANs and learning rates, and a $D$ against other $G$s that stand still.

# %%
how_sure("With beta1 = 0.9 the judge…", "With beta1 = 0.9 the reader…", "Against a G…")

# %% [markdown]
# ## 5 The course, and your machine (1 min)
#
# | part | its question | lessons |
# |---|---|---|
# | **I The game** | What do the two players want, and why is a game harder than a descent? | **00** · [01 The minimax game](01_the_minimax_game.ipynb) · [02 Losses and gradients](02_losses_and_gradients.ipynb) · [03 Gradient descent in games](03_gradient_descent_in_games.ipynb) |
# | **II First GANs** | How do we train a GAN, watch it, and say how good it is? | [04 The 2-D laboratory](04_gan_laboratory_2d.ipynb) · [05 An MLP GAN](05_mlp_gan.ipynb) · [06 DCGAN](06_dcgan.ipynb) · [07 Measuring](07_measuring_gans.ipynb) |
# | **III When it goes wrong** | Why does it fail, and which remedy really helps? | [08 Mode collapse](08_mode_collapse.ipynb) · [09 Wasserstein GANs](09_wasserstein_gan.ipynb) · [10 A modern GAN](10_a_modern_gan.ipynb) · 11 The debugging clinic |
# | **IV Control** | How do we get the image that we want? | 12 Conditional GANs · 13 Latent space · 14 Paired translation · 15 Unpaired translation |
# | **V In the world** | What are GANs good for, and whom can they harm? | 16 GAN, VAE, diffusion · 17 Little data · 18 Privacy and misuse · 19 Text, music, time series |
# | **VI Scale** | How far does a GPU carry us? | [20 GPU training](20_gpu_training.ipynb) |
#
# What has no link yet is being written. The next cell looks whether your machine is ready: ✓ is fine, ○ you can live without, ✗ must be mended first. The time in the line *cores* changes from call to call: nothing rests on it.

# %%
machine.self_test()

# %% [markdown]
# <details><summary>The symbols of the course</summary>
#
# All lessons use the same symbols, and the same names in the code.
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
# | $\gamma$ | `gamma` | the weight of a gradient penalty (from lesson 03 on) |
#
# </details>
#
# ## Exercises (25 min)
#
# An exercise has a difficulty (●○○ to ●●●) and a **stub** that returns `None`. Replace it, run the cell, then run the check below. The check says *not attempted*, *not yet* with a hint at the likely mistake, or *passed*. Hints and solution are folded. "Run All" goes through with unsolved exercises.
#
# ### Exercise · Break it: leave out detach
#
# ●●○ · 5 minutes · you need: section 2. Somebody deletes `.detach()` from the loop.

# %% tags=["exercise-break"]
predict(
    "The loop has no detach() any more. What happens?",
    [
        ("G learns worse: the loss of D now moves G, too", False, "Its gradients do arrive in G. But look for a line that wipes them away."),
        ("PyTorch stops with an error", True, "In the second backward() it meets a part of the graph that is already gone."),
        ("Nothing changes", False, "Nearly: first there is an error to get rid of."),
    ],
)


# %% tags=["exercise-break"]
def short_game(seed, detach, retain=False, wipe_first=False):
    """100 rounds. Returns the weights of G as one vector."""
    torch.manual_seed(seed)
    G, D = make_players()
    opt_G = torch.optim.Adam(G.parameters(), lr=3e-3, betas=(0.0, 0.99))
    opt_D = torch.optim.Adam(D.parameters(), lr=3e-3, betas=(0.0, 0.99))
    for x_real in data.batches(x_fit, 128, seed=seed, steps=100):
        x_fake = G(torch.randn(128, 16))
        if wipe_first:
            opt_G.zero_grad()
        x_seen = x_fake.detach() if detach else x_fake
        loss_D = F.softplus(-D(x_real)).mean() + F.softplus(D(x_seen)).mean()
        opt_D.zero_grad()
        loss_D.backward(retain_graph=retain)
        opt_D.step()
        loss_G = F.softplus(-D(x_fake)).mean()
        if not wipe_first:
            opt_G.zero_grad()
        loss_G.backward()
        opt_G.step()
    return nn.utils.parameters_to_vector(G.parameters())


try:
    short_game(0, detach=False)
except RuntimeError as error:
    print(error)

# %% [markdown]
# The error message proposes `retain_graph=True`, which keeps the graph. With it the loop runs. **Predict first:** is $G$ now another one than with `detach`?

# %% tags=["exercise-break"]
usual = []
same = []
for seed in seeds.several(3):
    usual.append(short_game(seed, detach=True))
    without_detach = short_game(seed, detach=False, retain=True)
    same.append(torch.equal(usual[-1], without_detach))
claim("Without detach G gets the same weights, to the last bit.", same)

# %% [markdown]
# Not a single bit differs. Without `detach` the loss of $D$ does leave gradients in $G$. But `opt_G.zero_grad()` wipes them away before $G$ moves, and `opt_D` moves $D$ only. So here `detach` changes nothing in $G$. It only spares us the way back through $G$, whose gradients nobody uses. Is it really `opt_G.zero_grad()` that protects us? **Predict first:** what if this line stands at the top of the round, before the move of $D$?

# %% tags=["exercise-break"]
same_with = []
differ_without = []
for k, seed in enumerate(seeds.several(3)):
    weights = short_game(seed, detach=True, wipe_first=True)
    same_with.append(torch.equal(weights, usual[k]))
    weights = short_game(seed, detach=False, retain=True, wipe_first=True)
    differ_without.append(not torch.equal(weights, usual[k]))
claim("With detach it does not matter when the gradients of G are wiped.", same_with)
claim("If they are wiped first, leaving out detach changes G.", differ_without)

# %% [markdown]
# With `detach` you may wipe first or last. With `retain_graph=True` in place of `detach` you get the same $G$ only if you wipe last. If you wipe first, the gradients of $L_D$ are still there when $G$ moves. How much harm this does, we have not measured. Keep `detach`: it says what you mean, and it is safe in both places.

# %% tags=["exercise-break"]
how_sure("Without detach…", "With detach…", "If they are wiped…")

# %% [markdown]
# ### Exercise 1 · One range for all
#
# ●○○ · 5 minutes · you need: section 2. In the original files each pixel is a number from 0 to 16. It counts how many of 16 points the pen has touched. 0 is shown as black, 16 as white. Write the function that maps these counts to the course's range, from $-1$ (black) to $1$ (white).


# %% tags=["exercise-1"]
def to_course_range(grey):
    """grey: tensor of any shape, 0 to 16. Returns one of this shape, -1 to 1."""
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
# The slope is 2 divided by 16, because from black to white the count grows by 16, and
# the result by 2. Then shift the line so that black comes out as $-1$.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def to_course_range(grey):
#     return grey / 8 - 1
# ```
# If the data went beyond what `Tanh` can give, say from 0 to 16, every real pixel above 1 would be
# one that no fake can have.
# </details>

# %% [markdown]
# ### Exercise 2 · From score to probability
#
# ●○○ · 5 minutes · you need: the symbols at the end of section 5. $D$ gives scores. Turn them into the probability $P(x)$ that each image is real, without a loop. Neither the probability nor its gradient may become NaN for scores as large as 200 or $-200$.


# %% tags=["exercise-2"]
def probability_real(scores):
    """scores: tensor (n, 1), the values D(x). Returns P(x), a tensor (n, 1)."""
    return None  # ← your answer


# %% tags=["check-2"]
nb00.check_2(probability_real)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Read the row of $P(x)$ in the table of symbols. Each image is judged alone, so the
# probabilities of a batch need not add up to 1.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The function of the table of symbols is the sigmoid. PyTorch has it ready. It works on
# whole tensors, and neither it nor its gradient overflows at large scores.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def probability_real(scores):
#     return torch.sigmoid(scores)
# ```
# Score 0 is "I cannot tell", $P = 1/2$; +2 is $P = 0.88$. Networks compute scores, and not
# probabilities, because the losses are far more accurate on scores: lesson 02 shows what goes wrong otherwise.
# </details>

# %% [markdown]
# ### Exercise 3 · Noise you can get again
#
# ●●○ · 10 minutes · you need: `z_look` in section 2. To compare two generators fairly, feed both the same noise. Write a function that draws $n$ standard normal noise vectors of length 16, as `float32`, which is `torch.randn`'s default. The same $n$ and the same seed always give the same noise. And the global random states of PyTorch and NumPy stay as they are, so that measuring does not change the training that goes on after it.


# %% tags=["exercise-3"]
def fixed_noise(n, seed):
    """Returns z (n, 16), standard normal: for the same seed always the same."""
    return None  # ← your answer


# %% tags=["check-3"]
nb00.check_3(fixed_noise)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Look at how section 2 draws `z_look`. What does `torch.manual_seed` change besides your noise?
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
# ## Recap (1 min)
#
# 1. $D$ learns to tell real images from fakes, and $G$ to get high scores from $D$: a loop of twenty lines ([section 2](#2-A-GAN-of-your-own-(14-min))).
# 2. Nobody tells $G$ what to draw, and many fakes change their label while $G$ learns ([section 2](#2-A-GAN-of-your-own-(14-min))).
# 3. A number about a GAN needs its two ends and several seeds ([section 3](#3-How-good-is-it?-(7-min))).
# 4. Among images that it has learned from $G$ gets a better grade, and copies pass among new ones ([section 3](#3-How-good-is-it?-(7-min))).
# 5. One number, $\beta_1=0.9$, breaks our GAN, although it helps a $D$ that learns alone ([section 4](#4-One-number-is-changed-(8-min))).
#
# **Further reading.** Goodfellow et al. 2014 (arXiv:1406.2661), Sections 1 and 3: the idea · Lopez-Paz and Oquab 2017 (1610.06545): judges of two sets · Xu et al. 2018 (1806.07755): the nearest neighbour among other judges.
#
# **Next:** [01 The minimax game](01_the_minimax_game.ipynb), what the formula says, and what it does not.
