# %% [markdown]
# # 20 · GPU training: measure first
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/20_gpu_training.ipynb)
#
# ![Two rising curves on a logarithmic scale: how far a game strays from itself when its numbers get fewer bits, and when only the order of a batch is reversed; a dashed line for another seed](images/20_gpu_training.png)
#
# **In one sentence:** before you buy speed, find out what the machine is waiting for, and afterwards ask whether the game is still as good.
#
# **After this lesson you can**
#
# - **measure** a round of training so that the stopwatch does not lie;
# - **decide**, for each advertised speed-up, whether it is one on your machine;
# - **split** a GAN over several processes, and prove that it is still the same GAN.
#
# *Before:* [06](06_dcgan.ipynb), [07](07_measuring_gans.ipynb). *Study:* 39 minutes, and 20 for the exercises. *Run time:* about 60 seconds on one CPU core; no GPU is needed. *Deeper:* [the second notebook](deeper/20_gpu_training.ipynb) counts operations, memory and bits, and kills a worker.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import math  # noqa: F401  (an exercise)
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import matplotlib.pyplot as plt
import torch

from gan_helpers import data, plots, seeds
from gan_helpers.checks import nb20
from gan_helpers.evidence import claim, how_sure, paired, table
from gan_helpers.games import dcgan_game
from gan_helpers.losses import L_D, L_G
from gan_helpers.networks import dcgan_discriminator
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.processes import in_processes
from gan_helpers.speed import CHANGES, clock, fast_game, faster, in_turns
from gan_helpers.training import ema_update

plots.use_course_style()
torch.set_num_threads(1)  # section 6 shares the cores among processes
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cudnn.allow_tf32 = False  # a GPU must not round float32 unasked

# %% [markdown]
# ## 1 A stopwatch that lies (4 min)
#
# `fast_game(seed)` makes the game of notebook 06. Its function `play(x)` plays one round on a batch `x` of 64 images.

# %%
images = data.load_images("auto", device=device)
x_fit = data.split(images, seed=0, fit=0.4, select=0.4, report=0.2).fit.images
x = x_fit[:64]
game = fast_game(seeds.one(), device=device)
game.play(x)  # the first round is slow: libraries choose their algorithms

# %% [markdown]
# A GPU works **asynchronously**: `G(z)` only puts work into a queue, and returns at once.

# %%
predict(
    "On a GPU you read the clock, play 20 rounds, and read it again. What have you measured?",
    [
        ("The time of 20 rounds", False, "Nobody waited for the GPU. It may still be at the third."),
        ("The time it takes to put 20 rounds into the queue", True, "So ask the GPU to finish before you stop the clock."),
        ("Nothing: PyTorch raises an error", False, "PyTorch waits only when you ask for a number, as `.item()` does."),
    ],
)

# %% [markdown]
# We play it without a GPU: a second thread works off a queue.

# %%
gpu = ThreadPoolExecutor(1)  # it plays the GPU
start = time.perf_counter()
for _ in range(20):
    last = gpu.submit(game.play, x)
handed_over = time.perf_counter() - start
last.result()  # wait until the queue is empty
done = time.perf_counter() - start
table("milliseconds on the wall for 20 rounds", {
    "the clock stops at once": 1000 * handed_over,
    "the clock waits for the work": 1000 * done,
})

# %% [markdown]
# The first line is wrong. On a GPU the wait is called `torch.cuda.synchronize()`. Our `clock` first waits, and then reads the time on the wall. Without a GPU it reads the **CPU time**: the seconds in which the CPU worked for *this* program. On a busy machine that is less.
#
# Another lie: if you time version A in the morning and B at noon, you time what else the machine did. So rivals **take turns**: A, B, A, B. `in_turns` returns the milliseconds of each, turn by turn. `faster` divides notebook 06's milliseconds by the rival's: 40 and 20 make the rival twice as fast.
#
# A stopwatch has a floor, as a score has. To find it, the game races against its twin.


# %%
calls = {
    "notebook 06": partial(fast_game(0, device=device).play, x),
    "its twin": partial(fast_game(0, device=device).play, x),
}
spent = in_turns(calls, device=device)
low, middle, high = faster(spent, "its twin")
table("its twin: times as fast", {"lower quartile": low, "median": middle, "upper quartile": high})
if device == "cpu":
    claim("Our stopwatch finds a game as fast as its twin, within a fifth.", middle, between=(0.83, 1.2))

# %% [markdown]
# (The claim leaves room for busy machines. Your floor is in the table.) **A speed-up no larger than that of a twin is no speed-up.**
#
# ## 2 Where does the time go? (8 min)
#
# Suppose a round takes 20 milliseconds, and Adam takes 2 of them. With an Adam that takes no time at all a round takes 18. It is at most 1.11 times as fast.
#
# In general, let a stage take the share $s$ of the time, and make it $f$ times as fast. Then the whole becomes
#
# $$\frac{1}{(1-s)+s/f}$$
#
# times as fast, and never more than $1/(1-s)$. This is **Amdahl's law**. So look for the largest share. We write down the clock after each stage of a round.


# %%
def stages(game, fed):
    """The stages of one round: (name, the clock when it ended)."""
    marks = [("start", clock(device))]
    x = next(fed)
    z_D, z_G = torch.randn(2, 64, 32, generator=game.noise).to(device)
    marks.append(("data and noise", clock(device)))
    with torch.no_grad():
        x_fake = game.G(z_D)
    game.opt_D.zero_grad()
    L_D(game.D, x, x_fake).backward()
    marks.append(("networks in D's move", clock(device)))
    game.opt_D.step()
    marks.append(("Adam", clock(device)))
    game.opt_G.zero_grad()
    L_G(game.D, x, game.G(z_G)).backward()
    marks.append(("networks in G's move", clock(device)))
    game.opt_G.step()
    marks.append(("Adam", clock(device)))
    ema_update(game.average, game.G, 0.9)
    marks.append(("average", clock(device)))
    return marks


# %%
players = dcgan_game(seed=seeds.one(), device=device)
fed = data.batches(x_fit, 64, seed=0)
shares, total = {}, 0
for k in range(35):
    marks = stages(players, fed)
    if k < 5:
        continue  # the first rounds do not count
    total += marks[-1][1] - marks[0][1]
    for (_, before), (name, after) in zip(marks, marks[1:], strict=False):
        shares[name] = shares.get(name, 0) + after - before
for name in shares:
    shares[name] /= total

# %%
predict(
    "An Adam that takes no time at all: how much faster does a round become on one CPU core?",
    [
        ("About twice: there are two optimisers, with two moments each", False, "They touch each weight a few times. A convolution needs it at every pixel of every image."),
        ("About a third", False, "That would need a quarter of the time."),
        ("By a fifth at the most", True, "Adam's share is small here, and Amdahl's law does the rest."),
    ],
)

# %% [markdown]
# Each bar is a stage's share of a round.

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.4, 2.2))
colors = {"networks in D's move": plots.DISC, "networks in G's move": plots.FAKE}
for row, (name, share) in enumerate(shares.items()):
    ax.barh(row, 100 * share, color=colors.get(name, plots.GREY))
ax.set_yticks(range(len(shares)), list(shares))
ax.invert_yaxis()
ax.set(xlabel="share of the time of a round, in per cent")
ax.set_title("The networks take the time")
plots.show(fig, alt="Five bars. The networks in the two moves take most of the time of a round. Data and noise, Adam and the average are short.")

# %%
in_networks = shares["networks in D's move"] + shares["networks in G's move"]
table("Adam's share of a round", {"here": shares["Adam"]}, unit="%")
if device == "cpu":
    claim("The networks take more than two thirds of a round.", in_networks, above=2 / 3)
    claim("Even an Adam without any cost makes a round less than a fifth faster.", 1 / (1 - shares["Adam"]), below=1.2)

# %% [markdown]
# So only the networks are worth our work here. **Measure on your machine.**
#
# ## 3 Feed the machine (4 min)
#
# Our 4,000 digits take 12.5 MB. They fit on any device, so `data.batches` only picks 64 rows of a tensor. Data that do not fit come from files. PyTorch's `DataLoader` collects a list of 64 images. A function of ours makes a batch of it. We write it twice.


# %%
def image_by_image(rows):
    """A list of 64 images, whole numbers 0..255 as from files: each becomes floats."""
    converted = []
    for row in rows:
        converted.append(row.float() / 127.5 - 1)
    return torch.stack(converted).to(device)


def at_once(rows):
    """The same batch: stacked first, then converted once."""
    return (torch.stack(rows).float() / 127.5 - 1).to(device)


# %%
resident = data.batches(x_fit, 64, seed=0)
rows = list((x * 127.5 + 127.5).round().to(torch.uint8).cpu())
calls = {
    "rows of a tensor": partial(next, resident),
    "image by image": partial(image_by_image, rows),
    "at once": partial(at_once, rows),
}
fetch = in_turns(calls, turns=15, device=device)
a_round = spent["notebook 06"].median()
table("milliseconds by our clock", fetch | {"a round": a_round})
loop, once = fetch["image by image"].median(), fetch["at once"].median()
if device == "cpu":
    claim("Image by image costs more than twice as much as at once.", loop / once, above=2)

# %%
predict(
    "Feeding takes 1 ms and a round 20 ms: 5 % of the time. On a GPU the round takes 1 ms, and nothing overlaps. Which share does feeding take then?",
    [
        ("5 %, as before", False, "The feeding did not become faster: only the round did."),
        ("A quarter of 1 %: everything is 20 times as fast", False, "Only the round is."),
        ("Half: the GPU waits as long as it works", True, "1 ms of 2 ms, while each waits for the other. A faster machine moves the limit elsewhere."),
    ],
)

# %%
table("share of feeding, computed from these milliseconds", {
    "image by image": loop / (loop + a_round),
    "image by image, a round 20 times as fast": loop / (loop + a_round / 20),
    "at once, a round 20 times as fast": once / (once + a_round / 20),
}, unit="%")

# %% [markdown]
# A loop that hardly matters on a CPU can starve a GPU. So first look for such a loop. Keep the data on the device if they fit. If not, let the fetching **overlap** with the round: `num_workers=4` fetches ahead. (The copy to a GPU overlaps only with `pin_memory=True` *and* `.to(device, non_blocking=True)`. We timed neither.)
#
# ## 4 Fewer bits (10 min)
#
# A number in float32 takes 32 bits. Some processors multiply numbers of 16 bits several times as fast.
#
# | | significant digits | largest number |
# |---|---|---|
# | float32 | 7 | 3e38 |
# | **bfloat16** | 2 to 3 | 3e38 |
# | **float16** | 3 to 4 | 65,504 |
#
# bfloat16 keeps the range and gives up digits. float16 gives up the range: above 65,504 comes infinity, and between 0 and 6e-8 there is nothing.

# %%
predict(
    "A weight is 1.0, in bfloat16. You add .001 to it, a thousand times. Where is it?",
    [
        ("At 2.0", False, "In float32, nearly. In bfloat16 there is no number close enough to 1.001."),
        ("Somewhere near 2: rounding errors cancel", False, "They do not cancel. Every sum is rounded in the same direction, to 1."),
        ("At 1.0", True, "The next number above 1 is 1.0078. So 1.001 is rounded to 1, each time."),
    ],
)

# %%
weight = torch.tensor(1.0, dtype=torch.bfloat16)
for _ in range(1000):
    weight += 0.001
too_large, too_small = torch.tensor([70_000.0, 1e-8]).half()  # to float16
claim("A thousand small steps in bfloat16 lead nowhere.", weight.item(), near=1, within=1e-9, exact=True)
claim("In float16 70,000 is infinite.", too_large.isinf().item(), exact=True)
claim("In float16 a gradient of 1e-8 is 0.", too_small.item() == 0, exact=True)

# %% [markdown]
# Therefore weights stay in float32, and only the multiplications of the networks use fewer bits. PyTorch calls this **autocast**. `.float()` brings the scores back to float32 before the loss.

# %%
D = dcgan_discriminator(seed=1).to(device)
with torch.autocast(device, torch.bfloat16):
    scores = D(x)
loss = torch.nn.functional.softplus(-scores.float()).mean()
loss.backward()
kinds = set()
for p in D.parameters():
    kinds |= {p.dtype, p.grad.dtype}
claim("The scores come in bfloat16.", scores.dtype == torch.bfloat16, exact=True)
claim("Weights and gradients stay in float32.", kinds == {torch.float32}, exact=True)

# %% [markdown]
# In float16 a gradient of 1e-8 becomes 0 on its way back. Multiplied by 65,536 it is 7e-4, which float16 can hold. So a **GradScaler** multiplies the loss by 65,536 before `backward`, and with it every gradient. Before Adam's step it divides them again. Each player has its own scaler, so that an overflow in $D$ does not change $G$'s number.
#
# <details><summary>The lines that change in D's move</summary>
#
# ```python
# scaler_D = torch.amp.GradScaler(device)      # once
#
# with torch.autocast(device, torch.float16):  # only this for bfloat16
#     loss = L_D(lambda x: D(x).float(), x, x_fake)
# scaler_D.scale(loss).backward()              # was loss.backward()
# scaler_D.step(opt_D)                         # was opt_D.step()
# scaler_D.update()                            # the number for the next round
# ```
# If a gradient overflows all the same, `step` does nothing, and `update` halves the number.
# </details>
#
# **Is it still the same game?** We play 20 rounds in float32: the *usual run*. Then we play them again, with the same seed, batches and noise, and change one thing:
#
# - *bfloat16*: the networks run under autocast;
# - *rows reversed*, the control: float32, but each batch in reverse order. On paper a mean does not care, and only its rounding differs;
# - *nothing*: that should give 0.


# %%
def losses(seed, options, reverse=False, rounds=20):
    """Both players' losses after each round, (rounds, 2)."""
    game, path = fast_game(seed, device=device, **options), []
    z = torch.randn(64, 32, generator=data.make_generator(5)).to(device)
    for x in data.batches(x_fit, 64, seed=seed, steps=rounds):
        game.play(x.flip(0) if reverse else x)
        with torch.no_grad():
            G, D = game.game.G, game.game.D
            path.append([L_D(D, x, G(z)).item(), L_G(D, x, G(z)).item()])
    return torch.tensor(path)


# %%
runs, reverse, low_bits = [], [], []
for seed in progress(seeds.several(8), "seeds"):
    usual = losses(seed, {})
    runs.append(usual)
    reverse.append((losses(seed, {}, reverse=True) - usual).abs().amax(1))
    low_bits.append((losses(seed, {"dtype": torch.bfloat16}) - usual).abs().amax(1))
repeated = (losses(seed, {}) - usual).abs().max()  # the same run once more
reverse, low_bits = torch.stack(reverse), torch.stack(low_bits)  # (seeds, rounds)
runs = torch.stack(runs)
other_seed = (runs - runs.roll(1, 0)).abs().amax(2)  # each against its neighbour

# %% [markdown]
# Grey, pink: distance from the usual run, as a median over eight seeds and their range. Dashed: distance between two seeds.


# %% tags=["hide-input", "head-picture"]
fig, ax = plt.subplots(figsize=(6.4, 3.2))
steps = range(1, reverse.shape[1] + 1)
curves = (
    (low_bits, plots.PINK, "bfloat16", 1.3, 3.5e-3),
    (reverse, plots.GREY, "rows reversed", 4.5, 1e-5),
)
for values, color, name, left, height in curves:
    shown = values.clamp(min=1e-8)
    ax.fill_between(steps, shown.amin(0), shown.amax(0), color=color, alpha=0.2, linewidth=0)
    ax.plot(steps, shown.median(0).values, color=color)
    ax.text(left, height, name, color=color)
ax.plot(steps, other_seed.median(0).values, color=plots.DISC, linestyle="--")
ax.text(7, 1.2, "another seed", color=plots.DISC)
ax.set(yscale="log", ylim=(None, 5), xlabel="round", ylabel="difference of a loss", xlim=(1, 20))
ax.set_xticks([1, 5, 10, 15, 20])
ax.set_title("Rounding alone makes another run")
plots.show(fig, alt="Difference of the losses from the usual run against the round, logarithmic. With reversed rows it begins near rounding and grows by several powers of ten. With bfloat16 it begins at a hundredth and ends in the same region, near the dashed line of another seed.")

# %%
if device == "cpu":
    claim("The usual run, repeated, has the same losses.", repeated, near=0, within=1e-12, exact=True)
claim("After 20 rounds the effect of reversed rows has grown a thousandfold.", reverse[:, -1] / reverse[:, 0].clamp(min=1e-7), above=1000, in_at_least=6)
claim("By then bfloat16 is as far away as reversed rows, within a factor of ten.", low_bits[:, -1] / reverse[:, -1], between=(0.1, 10), in_at_least=6)


# %% [markdown]
# **What surprised us:** a mere change of order ends as far away as bfloat16 does, nearly as far as another seed. That does not make bfloat16 harmless. But in float32, after 20 rounds, "the same losses" cannot be the test of a faster version. **The test is: as good, over seeds.** (Section 6 compares weights, in float64, after eight rounds.)
#
# ## 5 What helped here, and what did not (6 min)
#
# We race each advertised change against notebook 06, on *this* machine.
#
# | change | what it does |
# |---|---|
# | **D frozen** | While $G$ moves, nobody needs gradients of $D$'s weights. `D.requires_grad_(False)` says so, and they are not computed. |
# | **fused** | Adam's step is a dozen small operations on weights, gradients and moments. `Adam(…, fused=True)` does them all in one pass over memory. |
# | **channels last** | In memory the 32 channels of one pixel lie side by side, instead of the pixels of one channel. |
# | **bfloat16** | Autocast, as in section 4. |
# | **shared fakes** | $G$'s move takes the fakes that $D$ has just seen. This one changes the game. |
# | **frozen + fused + bfloat16** | Three of them together. |


# %%
calls = {"its twin": partial(fast_game(device=device).play, x)}
for name, options in CHANGES.items():
    calls[name] = partial(fast_game(device=device, **options).play, x)
live = in_turns(calls, device=device)
speedups = {name: faster(live, name) for name in calls}

# %% [markdown]
# A bar shows the quartiles of a speed-up, a dot its median. The grey band reaches as far as the twin's, to both sides of 1. **A bar that reaches into the band may be no speed-up at all.**

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.4, 2.6))
twin_low, _, twin_high = speedups["its twin"]
floor = max(twin_high, 1 / twin_low)
ax.axvspan(1 / floor, floor, color=plots.GREY, alpha=0.4, linewidth=0)
ax.axvline(1, color=plots.GREY, linewidth=1)
names = list(CHANGES)[1:]
for row, name in enumerate(names):
    low, middle, high = speedups[name]
    ax.plot([low, high], [row, row], color=plots.FAKE, linewidth=4, solid_capstyle="butt")
    ax.plot(middle, row, "o", color=plots.FAKE, markersize=5)
ax.set_yticks(range(len(names)), names)
ax.set(xlabel="times as fast as notebook 06", ylim=(len(names) - 0.5, -0.5))
ax.set_title("What each change brings here (grey: the twin)")
plots.show(fig, alt="One row per change with a bar of its speed-up on this machine, and a grey band around 1 for the twin. The bars of small changes lie near the band or reach into it; bfloat16 and the three together lie furthest right.")

# %% [markdown]
# A **record** holds the same race on another machine, an AMD EPYC.

# %%
cpu_ladder = recorded("nb20_cpu_ladder")
rows = {}
for row in cpu_ladder["rows"] + cpu_ladder["compile"]:
    rows[row["name"]] = row["faster"]  # quartiles
small = ("D frozen", "fused", "channels last")
claim("In the record bfloat16 helps more than any other single change.", rows["bfloat16"][0], above=max(rows[name][2] for name in (*small, "shared fakes")), recorded=cpu_ladder)
claim("There frozen, fused and channels last gain less than a tenth.", max(rows[name][1] for name in small), below=1.1, recorded=cpu_ladder)

# %% [markdown]
# So bfloat16 counts. The other three stay undecided in the record, because it has no twin.
#
# That fits section 2: it makes the networks' arithmetic cheaper. This processor has instructions for it, as GPUs have since 2020. Colab's T4 is older: it *says* that it supports bfloat16, and may only emulate it.
#
# Two more changes were recorded: float16 with two scalers, and `torch.compile`, which turns Python code into machine code at the first call. Both harmed. Why is untested.

# %%
[compiled] = cpu_ladder["compile"]
table("recorded", {
    "float16, times as fast": rows["float16, scaled"][1],
    "torch.compile, times as fast": rows["torch.compile"][1],
    "seconds to compile, once": compiled["compile_seconds"],
})
claim("float16 makes a round more than five times slower there.", rows["float16, scaled"][2], below=0.2, recorded=cpu_ladder)
claim("After compiling, a round is slower there than before.", rows["torch.compile"][2], below=0.95, recorded=cpu_ladder)

# %% [markdown]
# **Is the faster one as good?** Another record plays 1,200 rounds of notebook 06, and as many with frozen, fused and bfloat16 together, with three seeds. It reads the Fréchet distance of notebook 07 (small is good).

# %%
speedrun = recorded("nb20_speedrun")
ends = {}
for name in ("notebook 06", "+ bfloat16"):  # with frozen and fused
    ends[name] = [run["distance"][-1] for run in speedrun["played"][name].values()]
usual, quick = ends.values()
table("distance after 1,200 rounds", {"notebook 06": usual, "three changes": quick})
ratio = paired(quick, usual, ratio=True)
claim("The faster version's mean distance is within a third of notebook 06's.", ratio.mean, between=(0.67, 1.33), recorded=speedrun)

# %% [markdown]
# "As good" is only *not refuted*: three seeds cannot tell a small difference. A GPU and larger networks are untested.


# %% [markdown]
# ## 6 Two processes, one game (5 min)
#
# Several GPUs can share every batch. PyTorch starts the *same* program once for each. Such a running copy is a **process**. It has its own $G$ and $D$. Its number is its **rank**.
#
# Take four images and two ranks. Each rank computes the gradient of one weight for *its* two images. Then they send each other their means:
#
# | | rank 0 | rank 1 |
# |---|---|---|
# | gradients of its own two images | 1 and 3 | 5 and 7 |
# | its own mean | 2 | 6 |
# | mean over the ranks, known to both | **4** | **4** |
#
# The last line is an **all-reduce**: *all* ranks give a number, and *all* get the result. One process with four images finds $(1+3+5+7)/4=4$, too. So both take its step, and stay equal.
#
# But give rank 0 three images and rank 1 one. The means are 3 and 7, and their mean is 5. **The parts must be equally long.**
#
# In a game both ranks draw the *same* 32 rows and noise, from the same seed. Rank 0 takes rows 0, 2, 4 …, and rank 1 takes rows 1, 3, 5 … Below, `all_D` is $D$, but `backward` ends with an all-reduce of its gradients. Only the player who learns needs that. So $D$'s move calls `all_D` and the plain $G$. $G$'s move calls `all_G` and the plain $D$. `GAME` is a text, because two processes will read it.

# %%
GAME = '''import torch
from gan_helpers.data import make_generator
from gan_helpers.losses import L_D, L_G
from gan_helpers.networks import dcgan_discriminator, dcgan_generator


def players():
    """No batch norm: it would see half a batch. float64: digits to compare.

    std=None leaves the weights as PyTorch draws them.
    """
    G = dcgan_generator(seed=0, norm=False, std=None)
    D = dcgan_discriminator(seed=1, norm=False, std=None)
    return G.double(), D.double()


def train(G, D, all_G, all_D, images, rank, world, batch=32):
    """Eight rounds on the rows of this rank, one of `world` ranks.

    all_G, all_D: G, D with averaged gradients; only the learner needs it.
    """
    opt_G = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.99))
    opt_D = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.0, 0.99))
    source = make_generator(1)  # every rank draws the same numbers ...
    own = slice(rank, None, world)  # ... rank 1 of 2 takes rows 1, 3, 5 ...
    for _ in range(8):
        rows = torch.randint(len(images), (batch,), generator=source)[own]
        z_D, z_G = torch.randn(2, batch, 32, generator=source).double()[:, own]
        with torch.no_grad():
            x_fake = G(z_D)
        opt_D.zero_grad()
        L_D(all_D, images[rows], x_fake).backward()  # D learns
        opt_D.step()
        D.requires_grad_(False)  # frozen, as in section 5
        opt_G.zero_grad()
        L_G(D, None, all_G(z_G)).backward()  # G learns
        opt_G.step()
        D.requires_grad_(True)
'''

# %% [markdown]
# In the rest of the program the processes meet. PyTorch's tool `torchrun` starts it twice, and tells each its `RANK` and the `WORLD_SIZE`, here 2. `DDP(D)` is our `all_D`. `"gloo"` carries the numbers between CPUs. Between GPUs it would be `"nccl"`.

# %%
SCRIPT = GAME + '''

import os
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel as DDP

if __name__ == "__main__":
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    dist.init_process_group("gloo")  # waits until all have met
    G, D = players()
    train(G, D, DDP(G), DDP(D), torch.load("images.pt"), rank, world)
    torch.save(G.state_dict(), f"rank{rank}.pt")
    dist.barrier()  # nobody leaves while another still talks
    dist.destroy_process_group()
'''

# %% [markdown]
# `in_processes` calls `torchrun` in a new folder, and returns what each rank saved: the weights of $G$.

# %%
few = x_fit[:512].cpu().double()
two = in_processes(SCRIPT, few)

# %% [markdown]
# For comparison, the same game in this process, without DDP.

# %%
def alone(rank, world):
    """The weights of G after the game of this rank, in this process."""
    script = {}
    exec(GAME, script)  # runs the text; what it defines is now in script
    G, D = script["players"]()
    script["train"](G, D, G, D, few, rank, world)
    return G.state_dict()


def largest_gap(a, b):
    """The largest difference between two sets of weights."""
    return max((a[name] - b[name]).abs().max().item() for name in a)


one = alone(rank=0, world=1)  # all 32 rows
claim("Two processes end with the same weights.", largest_gap(two[0], two[1]), below=1e-15, exact=True)
claim("They are the weights of one process, to nine decimals.", largest_gap(two[0], one), below=1e-9, exact=True)

# %% [markdown]
# It *is* the same game: eight rounds in float64, without batch norm, judged by $G$'s weights. We did not time it. The [deeper notebook](deeper/20_gpu_training.ipynb) does, and compares $D$, too.
#
# But one mistake makes no noise:

# %%
predict(
    "Each rank sets the same seed and draws \"its own\" 16 images. There is no error. What is trained?",
    [
        ("The game with 32 images, as meant", False, "Equal seeds draw equal rows."),
        ("The game of one process with 16 images, computed twice", True, "The mean of two equal gradients is that gradient. The second GPU heats the room."),
        ("Nothing: the ranks drift apart", False, "They take the same steps all the time. That is why nobody notices."),
    ],
)

# %%
# every rank takes the rows of rank 0
same_rows = in_processes(SCRIPT.replace("slice(rank,", "slice(0,"), few)
half = alone(rank=0, world=2)  # rank 0's 16 rows
claim("With equal rows two processes are one with half the batch.", largest_gap(same_rows[0], half), below=1e-9, exact=True)
claim("That is another game than the one that was meant.", largest_gap(same_rows[0], one), above=1e-4, exact=True)

# %% [markdown]
# Batch norm is another silent fault, because each rank takes the mean of its own half (tested there, too).
#
# ## 7 On Colab (1 min)
#
# - Choose *Runtime > Change runtime type > T4 GPU*, and run section 2 again.
# - The machine is a loan, and its files vanish. Save on Drive (`drive.mount`), with `save` of notebook 06 or, to leave no half file, `save_checkpoint` of [its deeper one](deeper/06_dcgan.ipynb). (On Drive that is untested.)
#
# How often should one save? Exercise 3 asks.

# %%
how_sure()

# %% [markdown]
# ## Exercises (20 min)
#
# ### Exercise 1 · What is it worth?
#
# ●○○ · 5 minutes · you need: section 2. A stage takes a share of the time, and becomes so many times as fast. How many times as fast is the whole?


# %% tags=["exercise-1"]
def whole_speedup(share, factor):
    """share: of the time, 0 to 1. factor: so many times as fast (below 1: slower)."""
    return None  # <- your answer


# %% tags=["check-1"]
nb20.check_1(whole_speedup)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Let the whole take one second. How long does the untouched rest take, and how long the
# faster stage?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The rest takes `1 - share` seconds, the stage `share / factor`. Compare their sum with
# the one second of before.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def whole_speedup(share, factor):
#     return 1 / (1 - share + share / factor)
# ```
# A factor below 1 makes a slower stage.
# </details>
#
# ### Exercise 2 · Whose rows?
#
# ●●○ · 10 minutes · you need: section 6. All ranks hold the same permutation `order` of an epoch. Return the rows of one rank, in the order in which they stand in `order`. No row comes twice, and as few as possible are left out. All ranks get *equally many*, or one waits for ever in an all-reduce. Dealing them as cards and cutting `order` into blocks are both allowed. Their batches differ, but an epoch shows the same images once.


# %% tags=["exercise-2"]
def rows_of(rank, world, order):
    """order: (n,) a permutation. Returns a tensor of indices, taken from order."""
    return None  # <- your answer


# %% tags=["check-2"]
nb20.check_2(rows_of)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# How many rows can be dealt out so that all ranks get equally many? What happens to the
# others?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Cut `order` behind the largest multiple of `world`. Then deal as with cards: a slice
# that starts at `rank` and steps by `world`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def rows_of(rank, world, order):
#     even = len(order) // world * world
#     return order[:even][rank::world]
# ```
# </details>
#
# ### Exercise 3 · How often to save
#
# ●○○ · 5 minutes. A save takes $c=2$ seconds, and the machine is lost every $M=14{,}400$ seconds on average. If you save each minute, that costs $2/60$, or 3.3 % of the time. If you save every hour, a loss costs half an hour on average: $1800/14400$, or 12.5 %. With an interval of $\tau$ the lost share is $c/\tau+\tau/(2M)$. Which $\tau$ makes it smallest?


# %% tags=["exercise-3"]
def best_interval(save, between):
    """c = save, M = between, in seconds. Returns seconds, not rounded."""
    return None  # <- your answer


# %% tags=["check-3"]
nb20.check_3(best_interval)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# The lost share is smallest where its derivative by $\tau$ is zero.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Set $-c/\tau^2+1/(2M)$ to zero, bring $\tau^2$ to one side and take the root.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def best_interval(save, between):
#     return math.sqrt(2 * save * between)
# ```
# Young's rule (1974): both losses are equal there. In the example it is 240 seconds.
# </details>
#
# ## Recap (1 min)
#
# 1. A stopwatch waits, lets rivals take turns, and has a floor: the twin ([section 1](#1-A-stopwatch-that-lies-(4-min))).
# 2. Amdahl's law says what a stage can be worth. A faster round makes feeding matter ([section 2](#2-Where-does-the-time-go?-(8-min)), [section 3](#3-Feed-the-machine-(4-min))).
# 3. Weights stay in float32. Rounding makes another run, so test "as good, over seeds" ([section 4](#4-Fewer-bits-(10-min))).
# 4. A change counts if it clears the twin. In the record bfloat16 did most, compiling and float16 harmed ([section 5](#5-What-helped-here,-and-what-did-not-(6-min))).
# 5. Two processes play the game of one if each takes its own, equally long part of one draw ([section 6](#6-Two-processes,-one-game-(5-min))).
#
# **Further reading.** Micikevicius et al. 2018 (arXiv:1710.03740), mixed precision · Li et al. 2020 (2006.15704), DDP. Back to [the map of the course](00_start_here.ipynb).
