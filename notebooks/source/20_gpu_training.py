# %% [markdown]
# # 20 · GPU training, from one core to several GPUs
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/20_gpu_training.ipynb)
#
# ![Two rows of twelve digits drawn after equally many seconds: by the game of notebook 06, and by its faster version](images/20_gpu_training.png)
#
# **After this notebook you can**
#
# - **measure** what a round of training costs, and name the limit that it runs into;
# - **decide**, for each advertised speed-up, whether it is one: here, alone and together with others;
# - **split** a GAN over several processes, and prove that it is still the same GAN, also after one of them was killed.
#
# *Before:* [03](03_gradient_descent_in_games.ipynb) (R1), [06](06_dcgan.ipynb), [07](07_measuring_gans.ipynb) (Fréchet distance); for section 5 also [04](04_gan_laboratory_2d.ipynb). *Run time:* about 60 s on two CPU cores; no GPU is needed.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import itertools
import math
import os
import shutil
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler keeps its own log to itself
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from gan_helpers import data, metrics, plots, training
from gan_helpers.checkpoints import load_checkpoint, save_checkpoint
from gan_helpers.checks import nb20
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.losses import L_D, L_G, slopes, squared_norms
from gan_helpers.networks import dcgan_discriminator, dcgan_generator, mlp
from gan_helpers.notebook import progress, recorded

plots.use_course_style()
torch.set_num_threads(1)  # section 6 shares the cores among processes; section 3 measures a second thread
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cudnn.allow_tf32 = False  # on a GPU, too, float32 is float32 (section 3.1)

# %% [markdown]
# A cell that needs a GPU says what it would do there. GPU figures come from a record (`python benchmarks/nb20_ladder.py`); without it, none are shown.

# %%
cpu_ladder = recorded("nb20_cpu_ladder")
gpu_ladder = recorded("nb20_gpu_ladder")
if gpu_ladder is None:
    print("GPU figures: not recorded yet. On a machine with a GPU: python benchmarks/nb20_ladder.py")

# %% [markdown]
# ## 1 Measure first
#
# The game of notebook 06, with a switch for each thing that we shall try; with all off it is the same, to the last bit.


# %% tags=["record"]
def step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %% tags=["record"]
def build(seed=0, *, batch=64, lr=4e-3, frozen=False, shared=False, fused=False, channels_last=False, dtype=None,
          compiled=False, there=False):  # fmt: skip
    """The game of notebook 06: `moves(x)` of both players on images x, `follow()` of the average, `play(x)` both."""
    game = dcgan_game(seed=seed, device=device, lr=lr)
    G, D, opt_G, opt_D, average, noise = game
    if channels_last:  # how images lie in memory
        for net in (G, D, average):
            net.to(memory_format=torch.channels_last)
    if fused:  # the optimiser's arithmetic in one kernel
        options = {"lr": lr, "betas": (0.0, 0.99), "fused": True, "capturable": there}
        opt_G, opt_D = (torch.optim.Adam(net.parameters(), **options) for net in (G, D))
    loss_D, loss_G = (torch.compile(loss) if compiled else loss for loss in (L_D, L_G))
    low = torch.autocast(device, dtype, enabled=dtype is not None, cache_enabled=not there)  # fewer bits
    source = {"device": device} if there else {"generator": noise}  # there: noise is drawn where it is used
    pairs = [[t for t in net.state_dict().values() if t.is_floating_point()] for net in (average, G)]
    rounds = itertools.count()

    def moves(x):
        z_D, z_G = (torch.randn(len(x), 32, **source).to(x) for _ in range(2))
        with low:
            x_fake = G(z_G) if shared else None  # shared: one batch of fakes for both players
            with torch.no_grad():
                shown = x_fake if shared else G(z_D)
            loss = loss_D(lambda x: D(x).float(), x, shown.detach().float())
        step(opt_D, loss)
        D.requires_grad_(not frozen)  # frozen: no gradient of D's weights while G moves
        with low:
            loss = loss_G(lambda x: D(x).float(), x, x_fake if shared else G(z_G))
        step(opt_G, loss)
        D.requires_grad_(True)

    def follow():
        k = next(rounds)
        torch.optim.swa_utils.get_ema_multi_avg_fn(min(0.998, (1 + k) / (10 + k)))(*pairs, k)

    play = lambda x: (moves(x), follow())
    return SimpleNamespace(game=game, batch=batch, moves=moves, follow=follow, play=play)


# %% tags=["record"]
parts = data.split(data.load_images("auto", device=device), seed=0, fit=0.4, select=0.4, report=0.2)
x_fit = parts.fit.images
z_look = torch.randn(12, 32, generator=data.make_generator(5)).to(device)
mine, theirs = build(seed=3), dcgan_game(seed=3, device=device)
for x, _ in zip(data.batches(x_fit, 64, seed=3), dcgan_rounds(theirs, x_fit, seed=3, rounds=4), strict=False):
    mine.play(x)
with torch.no_grad():
    gap = (mine.game.average(z_look) - theirs.average(z_look)).abs().max().item()
print(f"after four rounds, largest difference of a pixel from notebook 06: {gap}")
assert gap == 0 or device == "cuda"

# %% [markdown]
# Three ways in which a stopwatch lies. A GPU works *asynchronously*: a call returns when the work is queued, so stop the clock only after `torch.cuda.synchronize()`, or let the GPU stamp its own time (`torch.cuda.Event`). First calls are slow: libraries choose algorithms, `torch.compile` compiles. And the machine is not yours alone. So: a clock that waits, warm-up calls that do not count, and rivals who **take turns**.


# %% tags=["record"]
def clock():
    """Seconds: CPU time of this process; with a GPU wall time, after all queued work is done."""
    if device == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def in_turns(calls, turns=12, each=2):
    """Milliseconds per call, (turns,), of every function in the dict: each has its turn before the next turn."""
    spent = {name: [] for name in calls}
    for call in [*calls.values()] * 2:
        call()  # warm-up
    for _ in progress(range(turns), "turns"):
        for name, call in calls.items():
            start = clock()
            for _ in range(each):
                call()
            spent[name].append(1000 * (clock() - start) / each)
    return {name: torch.tensor(t) for name, t in spent.items()}


def faster(spent, name, base="notebook 06"):
    """Lower quartile, median and upper quartile of the speed-up over `base`, turn by turn."""
    return (spent[base] / spent[name]).quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()


# %% [markdown]
# **Predict first:** how much does the same call vary, and what does the first one cost?

# %%
fresh, x = build(), x_fit[:64]
times = []
for _ in range(30):
    start = clock()
    fresh.play(x)
    times.append(1000 * (clock() - start))
later = torch.tensor(times[5:])
low, middle, high = later.quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()
print(
    f"first round {times[0]:.0f} ms, then median {middle:.1f}, quartiles {low:.1f} and {high:.1f}, ", end=""
)
print(f"slowest {later.max():.0f} ms: {64e3 / middle:.0f} images a second")
if device == "cuda":
    start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record(), fresh.play(x), stop.record(), torch.cuda.synchronize()
    print(f"CUDA events: {start.elapsed_time(stop):.2f} ms")
else:
    print("without a GPU no CUDA events: torch.cuda.Event.record() before and after, then elapsed_time()")

# %% [markdown]
# Here hardly more: the comparison above has warmed up the libraries.
#
# ### 1.1 Three limits
#
# A round can be limited by arithmetic, by memory traffic, or, on a GPU, by the *launching* of kernels, its small programs. Count floating-point operations with `FlopCounterMode`; the operations that PyTorch starts, and the bytes that they read and write, with a mode of our own.


# %% tags=["record-ladder"]
class Work(torch.utils._python_dispatch.TorchDispatchMode):
    """Counts operations that compute (not those that only look at a tensor differently), and their bytes."""

    def __init__(self):
        super().__init__()
        self.operations = self.bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if not function.is_view:
            self.operations += 1
            tensors = torch.utils._pytree.tree_leaves((args, kwargs, result))
            self.bytes += sum(t.numel() * t.element_size() for t in tensors if isinstance(t, torch.Tensor))
        return result


def work(call):
    """Floating-point operations, operations started, and bytes read and written by a call."""
    with FlopCounterMode(display=False) as flops, Work() as seen:
        call()
    return flops.get_total_flops(), seen.operations, seen.bytes


# %% [markdown]
# A convolution takes $2\,C_\text{in}k^2\,C_\text{out}HW$ operations per image, $H\times W$ being the size of its *output* (a multiplication and an addition each). The way back takes twice that: once for the gradient of the input, once for that of the weights. **Predict first:** how many operations is a round, for 64 images?

# %%
conv = {"G": [2 * 32 * 1568, 2 * 32 * 9 * 64 * 49, 2 * 16 * 9 * 4 * 196]}  # linear, and two convolutions
conv["D"] = [2 * 16 * 16 * 196, 2 * 16 * 16 * 32 * 49, 2 * 32 * 9 * 64 * 16, 2 * 1024 * 64, 2 * 64]
once_G, once_D = sum(conv["G"]), sum(conv["D"])
first_G, first_D = conv["G"][0], conv["D"][0]  # inputs that need no gradient: noise, and images in D's move
on_paper = 64 * (once_G + 2 * (3 * once_D - first_D) + 3 * once_G - first_G + 3 * once_D)
unused = 64 * once_D  # the gradient of D's weights in G's move

# %%
versions = {"notebook 06": build(), "D frozen": build(frozen=True), "shared fakes": build(shared=True)}
versions |= {"fused": build(fused=True), "all three": build(frozen=True, shared=True, fused=True)}
counts = {}
for name, version in versions.items():
    version.play(x)  # Adam makes its state
    counts[name] = work(partial(version.play, x))
    flops, operations, moved = counts[name]
    print(f"{name:12} {flops / 1e9:.3f} GFLOP   {operations:4} operations   {moved / 1e6:.0f} MB")
print(
    f"{'on paper':12} {on_paper / 1e9:.3f} GFLOP, {(on_paper - unused) / 1e9:.3f} without the unused gradient"
)
assert counts["notebook 06"][0] == on_paper and counts["D frozen"][0] == on_paper - unused

# %%
at_once = build()
for optimizer in (at_once.game.opt_G, at_once.game.opt_D):
    optimizer.param_groups[0]["foreach"] = True  # all tensors at once, as on a GPU
at_once.play(x)
foreach = work(partial(at_once.play, x))[1]
print(f"with Adam as it works on a GPU: {foreach} operations")
assert device == "cuda" or (counts["all three"][1] < 0.6 * counts["notebook 06"][1] and 200 < foreach < 300)

# %% [markdown]
# Now this machine's two peaks, measured: the best of large matrix products, and of copies that fit no cache. The **roofline** says that a round takes at least the longer of (operations ÷ peak) and (bytes ÷ bandwidth), if every byte came from memory; what a cache keeps comes faster.


# %% tags=["record-ladder"]
def peaks(n=1024 if device == "cpu" else 4096, mib=64 if device == "cpu" else 512):
    """Measured FLOP/s of an n x n matrix product, and bytes/s of a copy of so many MiB (read and written)."""
    a, b = torch.randn(2, n, n, device=device)
    c, d = torch.ones(2, mib * 2**18, device=device)
    calls = {"product": lambda: torch.mm(a, b), "copy": lambda: d.copy_(c)}
    spent = in_turns(calls, turns=10, each=3 if device == "cpu" else 20)
    return 2e3 * n**3 / spent["product"].min().item(), 2e3 * mib * 2**20 / spent["copy"].min().item()


# %%
peak, bandwidth = peaks()
print(f"measured peaks: {peak / 1e9:.0f} GFLOP/s, {bandwidth / 1e9:.0f} GB/s")
spent = in_turns({name: partial(version.play, x) for name, version in versions.items()}, turns=10)
for name, (flops, _, moved) in counts.items():
    ms, by_flops, by_bytes = spent[name].median().item(), 1e3 * flops / peak, 1e3 * moved / bandwidth
    print(
        f"{name:12} {ms:5.1f} ms; arithmetic alone {by_flops:.1f}, memory traffic alone {by_bytes:.1f}: ",
        end="",
    )
    print(f"{max(by_flops, by_bytes) / ms:.0%} of the limit")

# %%
if cpu_ladder:  # the recording machine
    limits, row = cpu_ladder["limits"], cpu_ladder["rows"][0]
    flops, _, moved = limits["work"]["notebook 06"]
    by_flops, by_bytes = flops / limits["flops_per_second"], moved / limits["bytes_per_second"]
    assert by_bytes < by_flops and 0.4 < 1000 * by_flops / row["ms"] < 0.7

# %% [markdown]
# On the recording machine arithmetic is the limit, not memory, and a round reaches about half of it (50 to 65 % in our runs). So no trick makes *these* operations more than twice as fast; fewer or cheaper ones can help.
#
# And a GPU? Take its data sheet, and 5 µs for each launch: on paper, not measured.

# %%
FLOPS, BYTES, LAUNCH = 67e12, 3.35e12, 5e-6  # data sheet of an H100 (float32), and an assumption
for name in ("notebook 06", "all three"):
    flops, operations, moved = counts[name]
    times = [1e6 * t for t in (flops / FLOPS, moved / BYTES, operations * LAUNCH)]
    print(
        f"{name:12} arithmetic {times[0]:.0f} µs, memory {times[1]:.0f} µs, {operations} launches {times[2]:.0f} µs"
    )
flops, operations, moved = counts["notebook 06"]
assert operations * LAUNCH > 20 * max(flops / FLOPS, moved / BYTES)

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.4))
per_byte = torch.logspace(-1, 3, 100)
roofs = {"this machine, measured peaks": (peak, bandwidth, "-"), "GPU, data sheet": (FLOPS, BYTES, "--")}
for label, (most, per_second, style) in roofs.items():
    ax.plot(per_byte, (per_byte * per_second).clamp(max=most) / 1e9, style, color=plots.DISC, label=label)
reached = flops / spent["notebook 06"].median().item() / 1e6
ax.plot(flops / moved, reached, "o", color=plots.FAKE, label="a round here, measured")
there = flops / (operations * LAUNCH) / 1e9
ax.plot(
    flops / moved,
    there,
    "o",
    color=plots.FAKE,
    fillstyle="none",
    label="a round there, launches only (paper)",
)
ax.set(xscale="log", yscale="log", xlabel="operations per byte moved", ylabel="GFLOP/s")
ax.legend(fontsize=8)
plots.show(
    fig,
    alt="Operations per second against operations per byte, logarithmic, with two rooflines that rise and then stay level. The measured round "
    "lies a factor of two below the roof of this machine; the round on a GPU, limited by launches, far below the dashed roof.",
)

# %% [markdown]
# The core is limited by arithmetic; a large GPU, with a game this small, on paper by starting some hundreds of kernels (380 operations here; about 250 with a GPU's Adam, which takes all tensors at once). Hence the rule of this notebook: *a change is measured where it is to be used.*
#
# ## 2 Feeding
#
# Four thousand digits are 12 MB: keep them on the device. The usual `DataLoader`, made for data that do not fit, fetches *one image at a time*, in Python, and stacks them. **Predict first:** how much dearer is that?


# %%
class Files(Dataset):
    """Images as they come from files: 8-bit pixels, converted one by one."""

    def __init__(self, images):
        self.pixels = (images * 127.5 + 127.5).round().to(torch.uint8).cpu()

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, k):
        return self.pixels[k].float().div(255).sub(0.5).div(0.5)


def endless(loader):
    while True:
        yield from loader


# %%
feeds = {"resident (data.batches)": data.batches(x_fit, 64, seed=0)}
feeds["DataLoader, tensors"] = (
    x for (x,) in endless(DataLoader(TensorDataset(x_fit.cpu()), 64, shuffle=True))
)
feeds["DataLoader, converting"] = endless(DataLoader(Files(x_fit), 64, shuffle=True))
fetch = in_turns({name: lambda f=feed: next(f).to(device) for name, feed in feeds.items()}, turns=15)
for name, ms in fetch.items():
    share = ms.median() / (ms.median() + spent["notebook 06"].median())
    print(f"{name:24} {ms.median():6.3f} ms a batch, {share:5.1%} of a round")
best = [ms.min() for ms in fetch.values()]  # the quickest: other programs only add
assert device == "cuda" or (best[0] < best[1] and 4 * best[0] < best[2])
assert device == "cuda" or best[0] < 0.05 * spent["notebook 06"].min()

# %% [markdown]
# Dearer, with conversion many times; on the recording machine it hardly matters: at most a few per cent of a round. (Data that do not fit: `num_workers`, `pin_memory`, `non_blocking=True`.)
#
# Where does the rest of a round go? The **profiler** records every operation; we sum up their times:


# %%
KINDS = {"convolution": ["conv"], "batch norm": ["batch_norm"], "linear": ["addmm", "aten::mm", "linear"]}
KINDS["Adam and EMA"] = ["Optimizer", "adam", "lerp", "_foreach", "addcmul", "addcdiv", "sqrt", "aten::mul_"]
KINDS["noise, data"] = ["normal_", "randn", "index_select"]


def profiled(play, turns=8):
    """Share of each kind of operation in the time of a round; of each operation the quickest turn counts."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    activities += [torch.profiler.ProfilerActivity.CUDA] if device == "cuda" else []
    fed, quickest = data.batches(x_fit, 64, seed=0), {}
    play(next(fed))  # Adam makes its state
    for _ in range(turns):
        with torch.profiler.profile(activities=activities) as profile:
            play(next(fed))
        seen = {}
        for event in profile.events():
            if device == "cuda" and (event.device_type.name != "CPU" or "Optimizer" in event.key):
                continue  # kernels count once, with the operation that started them
            own = event.self_device_time_total if device == "cuda" else event.self_cpu_time_total
            seen[event.key] = seen.get(event.key, 0) + 1
            place = event.key, seen[event.key]  # the same operation in every turn
            quickest[place] = min(own, quickest.get(place, math.inf))
    total = dict.fromkeys([*KINDS, "everything else"], 0.0)
    for (name, _), own in quickest.items():
        kinds = (kind for kind, words in KINDS.items() if any(word in name for word in words))
        total[next(kinds, "everything else")] += own
    return {kind: own / sum(total.values()) for kind, own in total.items()}


# %%
shares = {
    name: profiled(build(**options).play)
    for name, options in (("notebook 06", {}), ("fused", {"fused": True}))
}
fig, ax = plt.subplots(figsize=(7.2, 1.9))
colors = [plots.DISC, plots.REAL, plots.SKY, plots.FAKE, plots.GREEN, plots.GREY]
for y, (name, share) in enumerate(shares.items()):
    left = 0.0
    for (kind, part), color in zip(share.items(), colors, strict=True):
        ax.barh(y, part, left=left, color=color, label=None if y else kind)
        left += part
    print(f"{name:12}", "  ".join(f"{kind} {part:.0%}" for kind, part in share.items()))
ax.set(yticks=range(len(shares)), yticklabels=shares, xlabel="share of the time of a round", xlim=(0, 1))
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
plots.show(
    fig,
    alt="Two bars, the time of a round by kind of operation, for notebook 06 and with the fused optimiser. Convolutions take more than "
    "half; optimiser, noise and data are thin slices.",
)
for share in shares.values():  # convolutions take most, optimiser, average and noise little
    named = [part for kind, part in share.items() if kind not in ("convolution", "everything else")]
    little = share["Adam and EMA"] + share["noise, data"]
    assert device == "cuda" or (share["convolution"] > sum(named) and share["convolution"] > 3 * little)

# %% [markdown]
# On the recording machine optimiser, average and noise take little: making them faster cannot bring much.
#
# ## 3 Arithmetic
#
# ### 3.1 Fewer bits
#
# | | bits of the fraction | largest number | smallest normal number |
# |---|---|---|---|
# | float32 | 23 | 3e38 | 1e-38 |
# | TF32 (inside tensor cores only) | 10 | 3e38 | 1e-38 |
# | bfloat16 | 7 | 3e38 | 1e-38 |
# | float16 | 10 | 65,504 | 6e-5 |
#
# bfloat16 keeps the range and gives up digits, float16 the other way round. TF32 is a rounding inside a GPU's matrix products (`torch.set_float32_matmul_precision("high")`) and convolutions (unasked; our set-up forbids it). We do that rounding ourselves. **Predict first:** how large are the errors of a matrix product?


# %%
def tf32(x):
    """x rounded to ten bits of fraction, as a tensor core reads it."""
    return ((x.view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32)


a, b = torch.randn(2, 512, 512, generator=data.make_generator(0))
exact = a.double() @ b.double()
errors = {"float32": a @ b, "TF32": tf32(a) @ tf32(b)}
errors |= {
    str(kind)[6:]: (a.to(kind).float() @ b.to(kind).float()) for kind in (torch.bfloat16, torch.float16)
}
errors = {name: ((c - exact).norm() / exact.norm()).item() for name, c in errors.items()}
print("  ".join(f"{name} {error:.1e}" for name, error in errors.items()))
assert errors["float32"] < 1e-6 and 0.9 < errors["TF32"] / errors["float16"] < 1.1
assert 7 < errors["bfloat16"] / errors["TF32"] < 9

# %% [markdown]
# Three bits fewer, eight times the error. `torch.autocast` runs convolutions and matrix products in fewer bits, and leaves the weights as they are. Fewer bits can hurt where small differences of large numbers matter: in the loss (we return scores to float32 first), in a penalty on slopes, and wherever a number leaves the range.


# %%
def penalty(D, x, kind):
    """R1 with D computed under autocast, scores and slopes in float32 after it."""
    with torch.autocast(device, kind, enabled=kind is not torch.float32):
        g, _ = slopes(lambda x: D(x).float(), x)
    return squared_norms(g).mean().item()


# %%
wrong = {}
Ds = [dcgan_discriminator(seed=s, norm=False, std=None).to(device) for s in range(40)]
full = [penalty(D, x, torch.float32) for D in Ds]
for kind in (torch.bfloat16, torch.float16):
    ratios = torch.tensor([penalty(D, x, kind) / f for D, f in zip(Ds, full, strict=True)])
    wrong[kind] = (ratios - 1).abs()
    near = (wrong[kind] < 0.005).float().mean()
    print(
        f"R1 in {str(kind)[6:]:8} over float32, 40 networks: {ratios.min():.4f} to {ratios.max():.4f}, ",
        end="",
    )
    print(f"within half a percent {near:.0%}")
    assert device == "cuda" or (near >= 0.8 and wrong[kind].max() < 0.1)
scaled = penalty(lambda x: 1024 * Ds[0](x), x, torch.float32) / full[0]
print(f"R1 of a score that a scaler has multiplied by 1024: {scaled:,.0f} times too large")
assert abs(scaled / 1024**2 - 1) < 1e-3

# %% [markdown]
# Here R1 mostly survives: in bfloat16 most of 40 networks are within half a percent, the worst is 6 % off. What does harm is the **scaler**. float16 loses small gradients, so `GradScaler` multiplies the loss by a large number and divides the gradient again before the step; on overflow it skips the step and halves the number. A penalty computed from multiplied scores is a million times too heavy. And two optimisers: one scaler or two? Where does the division belong? **Predict first.**


# %%
def scaled_steps(shared, unscale_first=True, optimizer=torch.optim.SGD):
    """One step of D, whose gradient overflows, and one of G, clipped to norm 1: both scales, and G's step."""
    G, D = (nn.Parameter(torch.ones(1, device=device)) for _ in range(2))
    opt_G, opt_D = (optimizer([p], lr=0.01) for p in (G, D))
    scale_G = torch.amp.GradScaler(device, init_scale=1024.0)
    scale_D = scale_G if shared else torch.amp.GradScaler(device, init_scale=1024.0)
    scale_D.scale(D.sum() * math.inf).backward()
    scale_G.scale(5 * G.sum()).backward()
    if unscale_first:
        scale_G.unscale_(opt_G)
    nn.utils.clip_grad_norm_([G], 1.0)
    scale_D.step(opt_D), scale_G.step(opt_G)
    for scaler in {scale_G, scale_D}:
        scaler.update()
    return scale_G.get_scale(), scale_D.get_scale(), 1 - G.item()


# %%
one, two, wrong = scaled_steps(True), scaled_steps(False), scaled_steps(False, unscale_first=False)
hidden = scaled_steps(False, unscale_first=False, optimizer=torch.optim.Adam)
print(f"one scaler:  G's scale {one[0]:.0f}, D's {one[1]:.0f};   two: G's {two[0]:.0f}, D's {two[1]:.0f}")
print(f"G's step: {two[2]:.5f};   clipped before unscale_: {wrong[2]:.7f}, with Adam {hidden[2]:.5f}")
assert one[:2] == (512, 512) and two[:2] == (1024, 512)
assert abs(two[2] - 0.01) < 1e-5 and wrong[2] < 0.01 / 500 and abs(hidden[2] - 0.01) < 1e-4

# %% [markdown]
# With one scaler an overflow in $D$ halves $G$'s scale, too: harmless, but not the same game. Clipping a gradient that is still multiplied shrinks the step a thousandfold; Adam hides it, because it divides by the gradient's size. bfloat16 needs none of this.
#
# ### 3.2 The ladder, live
#
# **Predict first:** which of these helps on this machine, and which harms?

# %% tags=["record-ladder"]
x = x_fit[:64]
LADDER = {"notebook 06": {}, "D frozen": {"frozen": True}, "fused": {"fused": True}}
LADDER |= {"channels last": {"channels_last": True}, "bfloat16": {"dtype": torch.bfloat16}}
LADDER |= {"shared fakes": {"shared": True}}
LADDER |= {"frozen + fused + bfloat16": {"frozen": True, "fused": True, "dtype": torch.bfloat16}}

# %%
live = in_turns({name: partial(build(**options).play, x) for name, options in LADDER.items()})
for name in LADDER:
    low, middle, high = faster(live, name)
    print(f"{name:26} ×{middle:.2f}   (quartiles {low:.2f} to {high:.2f})")

# %%
pays = faster(live, "bfloat16")[1] > 1  # without instructions for bfloat16 it is far slower
if cpu_ladder:
    rows = {row["name"]: row["faster"] for row in cpu_ladder["rows"] + cpu_ladder["compile"]}
    assert rows["bfloat16"][0] > max(
        rows[n][2] for n in ("D frozen", "fused", "channels last", "shared fakes")
    )
    assert rows["float16, no scaler"][2] < 0.1 and rows["torch.compile"][2] < 0.9

# %%
bars = {"here, live": (plots.FAKE, {name: faster(live, name) for name in LADDER})}
for label, ladder, color in (("CPU", cpu_ladder, plots.DISC), ("GPU", gpu_ladder, plots.GREEN)):
    if ladder:
        lines = ladder["rows"] + ladder["compile"]
        bars[f"{label}, recorded"] = color, {row["name"]: row["faster"] for row in lines}
names = list(dict.fromkeys(name for _, rows in bars.values() for name in rows))
fig, ax = plt.subplots(figsize=(7.2, 0.9 + 0.28 * len(names)))
for k, (label, (color, rows)) in enumerate(bars.items()):
    for j, (name, (low, middle, high)) in enumerate(rows.items()):
        y = names.index(name) + 0.2 * k
        ax.plot([low, high], [y, y], color=color, linewidth=3, label=None if j else label)
        ax.plot(middle, y, "|", color=color, markersize=9)
ax.axvline(1, color=plots.GREY, linewidth=1)
ax.set(
    yticks=range(len(names)),
    yticklabels=names,
    xlabel="speed-up in images per second over notebook 06, quartiles",
)
ax.legend()
plots.show(
    fig,
    alt="One row per change: bars of the quartiles of its speed-up, live and recorded, around or right of the line at 1. In the recording float16 lies at a fourteenth, torch.compile below 1, the combination of three changes furthest right.",
)

# %% [markdown]
# On the recording machine, whose processor has instructions for bfloat16, fewer bits bring most of the single changes that keep the batch. Without such instructions bfloat16 is emulated; limited to AVX2, this processor needed ten times as long. float16 is fourteen times *slower* even here.
#
# A second thread, recorded on the idle machine:

# %%
if cpu_ladder:
    print(f"two threads against one, {cpu_ladder['load']}:")
    for name, (low, middle, high) in cpu_ladder["threads"].items():
        print(f"   {name:4} time: ×{middle:.2f} (quartiles {low:.2f} to {high:.2f})")
    assert cpu_ladder["threads"]["wall"][0] > 1.2 and cpu_ladder["threads"]["cpu"][2] < 0.9

# %% [markdown]
# By the clock half as fast again, for a quarter more CPU time: worth it if the second core has nothing else to do. Here it has: one thread.
#
# And is it the same game? Ten rounds on the same batches and noise: how far do the losses stray from notebook 06's? For comparison: the same batches, rows reversed; only the order of sums differs.


# %%
def losses_of(options, seed, rounds=10, reverse=False):
    """Losses of both players after each round, (rounds, 2), on batches and noise that `seed` alone decides."""
    run, path = build(seed=seed, **options), []
    for x in data.batches(x_fit, 64, seed=seed, steps=rounds):
        run.play(x.flip(0) if reverse else x)
        with torch.no_grad():
            x_fake = run.game.G(z_look)
            path.append([L_D(run.game.D, x, x_fake).item(), L_G(run.game.D, x, x_fake).item()])
    return torch.tensor(path)


SEEDS = (1, 2, 3, 4)
same = {"rows reversed": ({}, True)}
same |= {name: (LADDER[name], False) for name in ("D frozen", "fused", "channels last", "bfloat16")}
usual = {seed: losses_of({}, seed) for seed in SEEDS}
stray = {}  # (seeds, rounds)
for name, (options, reverse) in progress(same.items(), "recipes"):
    paths = [losses_of(options, seed, reverse=reverse) - usual[seed] for seed in SEEDS]
    stray[name] = torch.stack(paths).abs().amax(2)

# %%
for name, gap in stray.items():
    for k in (1, 10):
        print(f"{name:13} round {k:2}:", "  ".join(f"{g:.0e}" for g in gap[:, k - 1]))
if device == "cpu":
    first = {name: gap[:, 0].median() for name, gap in stray.items()}  # over seeds
    assert stray["D frozen"].max() == 0 and first["channels last"] < 1e-2
    assert first["rows reversed"] < 1e-5 and first["fused"] < 1e-5
assert stray["rows reversed"][:, 9].max() > 1e-3 and stray["bfloat16"][:, 9].max() > 1e-3

# %% [markdown]
# Freezing changes nothing, to the bit. Reversed rows and the fused optimiser start, on most seeds, within rounding (1e-5), the other layout within thousandths. But the game amplifies: after ten rounds reversed rows alone move some seed's losses by more than a thousandth. So "the same losses" cannot be the test; *as good over seeds* must be (section 7).
#
# ### 3.3 Compiling, and recording a graph
#
# `torch.compile` turns Python code into fused kernels. Where it cannot trace something it *breaks* the graph and returns to Python. `explain` counts, without compiling. **Predict first:** how many breaks in a whole move of $D$, and how many in the loss alone?

# %%
game = dcgan_game(seed=0, device=device)
x_fake = game.G(z_look).detach()


def move_of_D(x, x_fake):
    loss = L_D(game.D, x, x_fake)
    game.opt_D.zero_grad()
    loss.backward()
    game.opt_D.step()
    return loss


def loss_of_D(x, x_fake):
    return L_D(game.D, x, x_fake)


# %%
import logging
import signal  # of section 8

logging.disable(logging.WARNING)
both = (move_of_D, loss_of_D)
known = torch._dynamo.eval_frame.is_dynamo_supported()  # an older PyTorch does not know a newer Python
breaks = {f.__name__: torch._dynamo.explain(f)(x[:12], x_fake).graph_break_count for f in both if known}
logging.disable(logging.NOTSET)
torch._dynamo.reset()
compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
print("graph breaks:", breaks if known else "this PyTorch cannot compile for this Python")
print("C++ compiler, needed on a CPU:", "found" if compiler else "none: torch.compile would raise an error")
for row in cpu_ladder["compile"] if cpu_ladder else []:
    cost, gain = row["compile_seconds"], row["faster"][1]
    print(f"recorded: compiling the two losses took {cost:.0f} CPU seconds, and a round is then ×{gain:.2f}")
assert not known or breaks["loss_of_D"] == 0 < breaks["move_of_D"]

# %% [markdown]
# So compile the loss functions, which are pure arithmetic, and leave the loop in Python. On the recording machine that made the round a quarter *slower*: the generated kernels replace those of a tuned library, and launching was not the limit.
#
# A **CUDA graph** records all launches of a round and starts them with one call. Addresses, shapes and Python numbers are frozen: batches are copied into a fixed tensor, noise is drawn on the GPU, the optimiser counts its steps there (`capturable`), nothing may ask for a value (`.item()`), and the decay of a young average, which changes, stays outside.


# %% tags=["record-ladder"]
def graphed(moves, x):
    """`moves` for batches shaped as x, recorded as a CUDA graph: one launch a round. Plays three rounds."""
    still, side = x.clone(), torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            moves(still)  # libraries choose algorithms, optimisers make their state
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        moves(still)

    def replay(x):
        still.copy_(x)
        graph.replay()

    return replay

# %%
if device == "cuda":
    run = build(frozen=True, fused=True, there=True)
    replay = graphed(run.moves, x)
    spent = in_turns({"launch by launch": partial(run.moves, x), "graph": partial(replay, x)})
    print(f"a CUDA graph of the round: ×{faster(spent, 'graph', 'launch by launch')[1]:.1f}")
else:
    print("without a GPU nothing is recorded; a graph would replace some hundreds of launches by one")

# %% [markdown]
# ## 4 Memory
#
# A step holds parameters, gradients, Adam's two moments, the average; and **activations**: what each layer keeps of its way forward for the way back.


# %%
class Held(torch.autograd.graph.saved_tensors_hooks):
    """Counts the bytes put aside for the way back (not the parameters); over `limit`: the error of a full GPU."""

    def __init__(self, *nets, limit=math.inf):
        self.bytes, self.limit = 0, limit
        self.kept = {p.untyped_storage().data_ptr(): p for net in nets for p in net.parameters()}
        super().__init__(self.keep, lambda t: t)

    def __enter__(self):
        super().__enter__()
        return self

    def keep(self, t):
        place = t.untyped_storage().data_ptr()  # two looks at the same memory count once
        if place not in self.kept:
            self.kept[place] = t
            self.bytes += t.numel() * t.element_size()
            if self.bytes > self.limit:
                raise torch.cuda.OutOfMemoryError(f"pretended: over {self.limit / 1e6:.1f} MB held")
        return t


# %%
def gradient(D, parts, limit=math.inf):
    """Gradient of the mean of ζ(-D(x)) over all parts, accumulated part by part; and the bytes held at most."""
    D.zero_grad()
    most, n = 0, sum(len(part) for part in parts)
    for part in parts:
        with Held(D, limit=limit) as held:
            loss = F.softplus(-D(part)).sum() / n
        most = max(most, held.bytes)
        loss.backward()
    return torch.cat([p.grad.flatten() for p in D.parameters()]), most


# %%
D = dcgan_discriminator(seed=1).to(device)
fixed = {"parameters": 1, "gradients": 1, "Adam's moments": 2}
params = sum(p.numel() * p.element_size() for p in D.parameters())
print("D:", ", ".join(f"{name} {k * params / 1e6:.2f} MB" for name, k in fixed.items()))
for n in (16, 64, 256):
    print(f"   activations of {n:3} images {gradient(D, [x_fit[:n]])[1] / 1e6:5.1f} MB")
per_image = (gradient(D, [x_fit[:256]])[1] - gradient(D, [x_fit[:64]])[1]) / 192
assert abs(gradient(D, [x_fit[:64]])[1] / 64 / per_image - 1) < 0.05 and 64 * per_image > 4 * params

# %% [markdown]
# Activations grow with the batch, the rest does not. **Checkpointing** keeps only the input of each piece of a network and computes the piece once more on the way back: memory for arithmetic. **Predict first:** what does batch norm make of being computed twice?


# %%
def in_pieces(net, x, pieces, held):
    """net(x), of which only the inputs of the pieces are kept."""
    size = math.ceil(len(net) / pieces)
    for k in range(0, len(net), size):
        held.keep(x)
        x = checkpoint(net[k : k + size], x, use_reentrant=False)
    return x


def measured(pieces, batch=64):
    """Bytes held after the way forward, operations there and back, the gradient, and batch norm's running mean."""
    D, x = dcgan_discriminator(seed=1).to(device), x_fit[:batch].clone().requires_grad_()
    with FlopCounterMode(display=False) as flops:
        with Held(D) as held:
            scores = in_pieces(D, x, pieces, held) if pieces else D(x)
            loss = F.softplus(-scores).mean()
        loss.backward()
    grads = torch.cat([p.grad.flatten() for p in D.parameters()])
    return held.bytes, flops.get_total_flops(), grads, D[3].running_mean


# %%
def largest_piece(pieces, batch=64):
    """Bytes held on the way back at most: the inputs kept so far, and what the piece recomputed now holds."""
    D, x, kept, most = dcgan_discriminator(seed=1).to(device), x_fit[:batch], 0, 0
    for k in range(0, len(D), math.ceil(len(D) / pieces)):
        with Held(D) as held:
            after = D[k : k + math.ceil(len(D) / pieces)](x.requires_grad_())
        most, kept = max(most, kept + held.bytes), kept + x.nbytes
        x = after.detach()
    return most


# %%
results = {pieces: measured(pieces) for pieces in (0, 2, 4)}
for pieces, (held, flops, *_) in results.items():
    print(f"{pieces or 'no':>2} pieces: {held / 1e6:.1f} MB held, {flops / 1e9:.3f} GFLOP")
plain, two, four = results.values()

# %%
peak_2, peak_4 = largest_piece(2), largest_piece(4)
print(f"on the way back at most: {peak_2 / 1e6:.1f} MB with two pieces, {peak_4 / 1e6:.1f} MB with four")
print(f"largest difference of a gradient: {(plain[2] - four[2]).abs().max()}")
twice = 0.9 * plain[3] + plain[3]  # a running mean that starts at 0 and moves a tenth of the way, two times
print(f"running mean over that of one look: {(four[3] / plain[3]).mean():.3f}")
assert two[0] < plain[0] / 3 > four[0] and peak_4 < 0.6 * plain[0] < peak_2 < 0.9 * plain[0]
assert plain[1] < four[1] <= two[1] <= plain[1] * 4 / 3
assert torch.allclose(plain[2], four[2], atol=1e-6) and torch.allclose(four[3], twice, atol=1e-6)

# %% [markdown]
# After the way forward less than a third is held. On the way back each piece is recomputed and held: the peak is about 3 MB with two pieces, 1.8 MB with four, instead of 3.8. The price is at most one more pass forward; the gradient is the same. But batch norm's running mean has moved twice, and forgets twice as fast.
#
# **Accumulation** holds less, too: parts of a batch one after the other, gradients added up, one step. Is the sum the gradient of the whole batch? **Predict first**, for three kinds of $D$.


# %%
def with_norm(kind, seed):
    """D of notebook 06 in float64 with batch norm, none, or group norm (which looks at one image at a time)."""
    D = dcgan_discriminator(seed=seed, norm=kind == "batch norm", std=None)
    if kind == "group norm":
        norms = {
            k: [nn.GroupNorm(4, part.out_channels)] for k, part in enumerate(D) if isinstance(part, nn.Conv2d)
        }
        D = nn.Sequential(*(layer for k, part in enumerate(D) for layer in [part, *norms.get(k, [])]))
    return D.double().to(device)


# %%
for kind in ("no norm", "group norm", "batch norm"):
    apart = []
    for seed in range(5):
        D, x = with_norm(kind, seed), x_fit[64 * seed : 64 * seed + 64].double()
        whole, summed = gradient(D, [x])[0], gradient(D, x.split(16))[0]
        apart.append(((whole - summed).norm() / whole.norm()).item())
    print(f"{kind:10} four parts against the whole: gradients differ by {min(apart):.1e} to {max(apart):.1e}")
    assert min(apart) > 0.02 if kind == "batch norm" else max(apart) < 1e-12

# %% [markdown]
# Without a norm, or with one that looks at single images, the sum is the whole. With batch norm it is another gradient: each part is normalised by its own mean.
#
# And if memory runs out after all? Catch the error, halve the part, and play *the same* batch again. (Here the limit is pretended.)


# %%
def gradient_that_fits(D, x, limit):
    """The gradient of the whole batch, in parts as large as memory allows; and their size."""
    size = len(x)
    while True:
        try:
            return gradient(D, x.split(size), limit)[0], size
        except torch.cuda.OutOfMemoryError as error:
            print(f"parts of {size}: {error}")
            if size == 1:
                raise
        torch.cuda.empty_cache()  # outside of `except`: there the error still holds what filled the memory
        size = math.ceil(size / 2)


# %%
D, x = with_norm("no norm", 0), x_fit[:64].double()
whole, most = gradient(D, [x])
fitted, size = gradient_that_fits(D, x, limit=0.3 * most)
gap = ((fitted - whole).norm() / whole.norm()).item()
print(f"in parts of {size}: relative difference from the whole batch {gap:.1e}")
assert size == 16 and gap < 1e-12

# %% [markdown]
# ## 5 Many GANs at once
#
# Notebook 04 stacked sixteen 2-D games into one (`torch.func`): one launch serves all. **Predict first:** how do the rounds per second, summed over games, grow with the number of games, on one core?


# %% tags=["record-ladder"]
def adam(params):
    return torch.optim.Adam(params, lr=1e-3, betas=(0.0, 0.99))


def players(games):
    G = [mlp((2, 64, 64, 2), seed=2 * k).to(device) for k in range(games)]
    return G, [mlp((2, 64, 64, 1), seed=2 * k + 1).to(device) for k in range(games)]


def rate(loop, rounds):
    """Rounds per second of a training loop."""
    next(loop), next(loop)  # warm-up
    start = clock()
    for _ in itertools.islice(loop, rounds):
        pass
    return rounds / (clock() - start)


def loop_rate(rounds=150):
    """Rounds per second of one game (and so of many, one after the other)."""
    (G,), (D,) = players(1)
    fed = data.batches(data.ring(4096, seed=0, device=device), 64, seed=0)
    return rate(training.play(G, D, adam(G.parameters()), adam(D.parameters()), fed, 2), rounds)


def stack_rate(games):
    """Rounds per second, summed over games that are played as one stack; each game's batch is drawn alone."""
    G, D = map(training.stack, players(games))
    fed = [data.batches(data.ring(4096, seed=0, device=device), 64, seed=k) for k in range(games)]
    opts = adam(G.params.values()), adam(D.params.values())
    return games * rate(training.play_many(G, D, *opts, fed, 2, seeds=range(games)), 200 // games + 10)

# %%
SIZES = (1, 4, 16, 64) if device == "cpu" else (1, 4, 16, 64, 256, 1024)
alone_rate = max(loop_rate() for _ in range(2))  # before ...
rates = {n: stack_rate(n) for n in SIZES}
alone_rate = max(alone_rate, loop_rate())  # ... and after: other programs only slow it

# %%
gain = {n: value / alone_rate for n, value in rates.items()}
print("stack over one after the other:", "  ".join(f"{n} games ×{g:.1f}" for n, g in gain.items()))
assert device == "cuda" or gain[1] < 1 < 1.2 < gain[16]
if cpu_ladder:
    assert cpu_ladder["many"]["stack"]["256"] < 1.2 * cpu_ladder["many"]["stack"]["64"]
fig, ax = plt.subplots(figsize=(6.2, 2.8))
ax.axhline(1, color=plots.GREY, linewidth=1)
ax.plot(gain.keys(), gain.values(), "o-", color=plots.FAKE, label="here, live")
for ladder, color, name in ((cpu_ladder, plots.DISC, "CPU"), (gpu_ladder, plots.GREEN, "GPU")):
    if ladder:
        there, alone_there = ladder["many"]["stack"], ladder["many"]["loop"]
        values = [value / alone_there for value in there.values()]
        ax.plot([int(n) for n in there], values, "s--", color=color, label=f"{name}, recorded")
ax.set(xscale="log", xlabel="games in the stack", ylabel="speed-up over one by one")
ax.legend(fontsize=8)
plots.show(
    fig,
    alt="Speed-up of a stack over games one after the other, against the size of the stack: below 1 for a single game, above 1 for four, "
    "near 3 for sixteen, flattening towards 64 and 256.",
)

# %% [markdown]
# On the recording machine one game in a stack is slower than alone, sixteen are played about three times as fast, and from 64 to 256 (recorded) it hardly grows.
#
# ## 6 Several processes
#
# **DDP** (`DistributedDataParallel`) runs one process per GPU. Each holds a copy of the networks and computes on its own part of the batch; while the way back is running, gradients are averaged over the processes (*all-reduce*), so that all take the same step. On a CPU the same code runs with the `gloo` backend. Here is a whole training script:

# %% tags=["record-ladder", "record-script"]
SCRIPT = '''"""A GAN on several processes: torchrun --standalone --nproc-per-node 2 ddp_gan.py FOLDER"""
import argparse, os, signal, time
from pathlib import Path
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel as DDP
from gan_helpers.data import make_generator
from gan_helpers.networks import dcgan_discriminator, dcgan_generator
from gan_helpers.checkpoints import load_checkpoint, save_checkpoint
from gan_helpers.losses import L_D, L_G
from gan_helpers.training import averaged, ema_update


def new_game(device, dtype):
    """Everything that changes, named as in a checkpoint. No batch norm: it would see half a batch."""
    G, D = dcgan_generator(seed=0, norm=False, std=None), dcgan_discriminator(seed=1, norm=False, std=None)
    G, D = G.to(device, dtype), D.to(device, dtype)
    opt_G, opt_D = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.0, 0.99)) for net in (G, D))
    return {"G": G, "D": D, "opt_G": opt_G, "opt_D": opt_D, "average": averaged(G), "noise": make_generator(1)}


def one_round(game, all_G, all_D, x, batch, rank, world):
    """A round on this rank's rows of the batch; all_G and all_D average gradients over the ranks."""
    G, D, opt_G, opt_D, average, noise = game.values()
    own = slice(rank, None, world)  # every rank draws the same numbers, and takes rows that are its own
    index = torch.randint(len(x), (batch,), generator=noise)[own]
    z_D, z_G = torch.randn(2, batch, 32, generator=noise)[:, own].to(x)
    with torch.no_grad():
        x_fake = G(z_D)  # not all_G: nothing to average
    opt_D.zero_grad()
    L_D(all_D, x[index.to(x.device)], x_fake).backward()
    opt_D.step()
    D.requires_grad_(False)  # not all_D, and frozen: G's move sends no gradient of D around
    opt_G.zero_grad()
    L_G(D, None, all_G(z_G)).backward()
    opt_G.step()
    D.requires_grad_(True)
    if rank == 0:  # one average is enough
        ema_update(average, G, 0.9)
'''

# %% tags=["record-ladder", "record-script"]
SCRIPT += """
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="holds images.pt; receives the checkpoint and the results")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=32, help="of all ranks together")
    parser.add_argument("--every", type=int, default=3, help="rounds between two checkpoints")
    parser.add_argument("--die", type=int, help="in the first attempt, kill the last rank before this round")
    parser.add_argument("--dtype", default="float64")
    o = parser.parse_args()
    rank, world, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    cuda = torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])  # one GPU for each, or none
    device, dtype = torch.device("cuda", local) if cuda else torch.device("cpu"), getattr(torch, o.dtype)
    torch.cuda.set_device(device) if cuda else torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False
    dist.init_process_group("nccl" if cuda else "gloo")
    x, file = torch.load(o.folder / "images.pt").to(device, dtype), o.folder / "game.pt"
    game = new_game(device, dtype)
    start = load_checkpoint(file, game, settings={"batch": o.batch}) if file.exists() else 0
    all_G, all_D = (DDP(game[name], device_ids=[local] if cuda else None) for name in ("G", "D"))
    times = []
    for k in range(start, o.rounds):
        if k == o.die and rank == world - 1 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
            os.kill(os.getpid(), signal.SIGKILL)
        one_round(game, all_G, all_D, x, o.batch, rank, world)
        if k == 0:  # in a file of its own: a restarted worker begins later
            torch.save([[p.grad for p in game[n].parameters()] for n in ("G", "D")], o.folder / f"first{rank}.pt")
        if rank == 0 and (k + 1) % o.every == 0:
            save_checkpoint(file, game, step=k + 1, settings={"batch": o.batch})
        torch.cuda.synchronize() if cuda else None
        times.append((time.perf_counter(), time.process_time()))
    ms = [1000 * (b - a) / max(1, len(times) - 1) for a, b in zip(times[0], times[-1])]  # the first round warms up
    result = {"start": start, "ms": {"wall": ms[0], "cpu": ms[1]}} | {n: game[n].state_dict() for n in ("G", "D", "average")}
    torch.save(result, o.folder / f"rank{rank}.pt")
    dist.barrier()  # nobody leaves while another still talks
    dist.destroy_process_group()

if __name__ == "__main__":
    main()
"""


# %% [markdown]
# `torchrun` sets `RANK`, `WORLD_SIZE` and a meeting point, starts the workers and watches them.


# %% tags=["record-ladder", "record-script"]
def torchrun(folder, *options, processes=2):
    """Run SCRIPT in `folder` on so many processes; what each rank saved, and what was printed."""
    folder.mkdir()
    (folder / "ddp_gan.py").write_text(SCRIPT)
    torch.save(x_fit[:512].cpu(), folder / "images.pt")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
    command += [f"--nproc-per-node={processes}", "--max-restarts=1", str(folder / "ddp_gan.py"), str(folder)]
    setting = {"GLOO_SOCKET_IFNAME": "lo0" if sys.platform == "darwin" else "lo", "OMP_NUM_THREADS": "1"}
    setting["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # or a restarted worker may call a dead one's address
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, *options], env=os.environ | setting, **pipes) as run:
        try:
            _, log = run.communicate(timeout=200)
        except subprocess.TimeoutExpired:
            run.terminate()  # torchrun ends its workers, then itself
            log = "too slow\n" + run.communicate()[1]
    if run.returncode:
        raise RuntimeError(f"torchrun ended with {run.returncode}:\n{log}")
    load = partial(torch.load, map_location="cpu")
    ranks = [load(folder / f"rank{r}.pt") for r in range(processes)]
    for r, rank in enumerate(ranks):
        rank["first"] = dict(zip("GD", load(folder / f"first{r}.pt"), strict=True))
    return ranks, log


def largest_gap(a, b):
    """Largest absolute difference of two equal structures of tensors."""
    leaves = (torch.utils._pytree.tree_leaves(t) for t in (a, b))
    return max((u - v).abs().max().item() for u, v in zip(*leaves, strict=True))


# %% [markdown]
# **Predict first:** two processes with 16 images each against one with 32. How close are the gradients of the first round, and the weights after eight?

# %%
home = tempfile.TemporaryDirectory()
folder = Path(home.name)
ranks, _ = torchrun(folder / "whole")

# %% tags=["record-script"]
ddp_gan = {"__name__": "ddp_gan"}
exec(SCRIPT, ddp_gan)  # the same functions, in this process


def alone(dtype, rounds=8, batch=32):
    """The script's game in one process: the gradients of the first round, and the players at the end."""
    x, game, first = x_fit[:512].cpu().to(dtype), ddp_gan["new_game"]("cpu", dtype), None
    for _ in range(rounds):
        ddp_gan["one_round"](game, game["G"], game["D"], x, batch, rank=0, world=1)
        first = first or {name: [p.grad.clone() for p in game[name].parameters()] for name in ("G", "D")}
    return {"first": first, **{name: game[name].state_dict() for name in ("G", "D", "average")}}


# %%
single, single_32 = alone(torch.float64), alone(torch.float32)
largest = max(g.abs().max().item() for g in single["first"]["D"])
gap_gradient = max(largest_gap(rank["first"], single["first"]) for rank in ranks)
gap_weights = max(largest_gap(ranks[0][name], single[name]) for name in ("G", "D", "average"))
gap_ranks = max(largest_gap(ranks[0][name], ranks[1][name]) for name in ("G", "D"))
print(
    f"two processes against one: gradients {gap_gradient:.1e} (the largest is {largest:.2g}), weights {gap_weights:.1e}"
)
print(f"rank against rank, weights: {gap_ranks}")
print(
    f"for comparison, float32 against float64: gradients {largest_gap(single_32['first'], single['first']):.1e}"
)
assert gap_gradient < 1e-12 and gap_weights < 1e-9 and largest > 1e-3 and gap_ranks == 0

# %% [markdown]
# The two processes *are* the one process, to rounding: in float64 about fifteen digits. Three things had to be right: every rank its own part of the same draw, of images *and* of noise; equally long parts (DDP weighs ranks alike); no batch norm (section 4; GPUs have `nn.SyncBatchNorm`). Break each:


# %% tags=["record-script"]
def first_gradient(script, ranks=2, batch=32, images=None):
    """Gradient of D in the script's first round, in float64, averaged over ranks as DDP does."""
    space, found = {"__name__": "ddp_gan"}, []
    exec(script, space)
    x = (x_fit[:512] if images is None else images).cpu().double()
    for rank in range(ranks):
        game = space["new_game"]("cpu", torch.float64)
        space["one_round"](game, game["G"], game["D"], x, batch, rank, ranks)
        found.append(torch.cat([p.grad.flatten() for p in game["D"].parameters()]))
    return sum(found) / ranks


# %% tags=["record-script"]
def off(gradient, meant):
    """Relative difference of two gradients."""
    return ((gradient - meant).norm() / meant.norm()).item()


BROKEN = {"nothing broken": ("", ""), "the same noise for both": ("[:, own]", "[:, : batch // world]")}
BROKEN["20 and 12 images"] = (
    "slice(rank, None, world)",
    "slice(20 * rank, 20 if rank < world - 1 else batch)",
)
BROKEN["batch norm"] = ("norm=False", "norm=True")

# %%
for name, (right, other) in BROKEN.items():
    script = SCRIPT.replace(right, other)
    gap = off(first_gradient(script), first_gradient(script, ranks=1))
    print(f"{name:23} two ranks' gradient against that of one: {gap:.1e}")
    assert gap < 1e-12 if name == "nothing broken" else gap > 1e-3

# %% [markdown]
# Two more only save work: $G$'s move goes around DDP($D$), and one rank keeps the average. What does the first save? Count the bytes that DDP sends:


# %%
def bytes_sent(frozen):
    """Bytes of D's gradients that DDP averages in one move of G."""
    sent = []
    D = nn.parallel.DistributedDataParallel(dcgan_discriminator(seed=1, norm=False))

    def count(_, bucket):
        sent.append(bucket.buffer().numel() * bucket.buffer().element_size())
        future = torch.futures.Future()
        future.set_result(bucket.buffer())
        return future

    D.register_comm_hook(None, count)
    G = dcgan_generator(seed=0, norm=False)
    if frozen:
        D.module.requires_grad_(False)
    L_G(D.module if frozen else D, None, G(torch.randn(8, 32))).backward()
    return sum(sent)


os.environ |= {"GLOO_SOCKET_IFNAME": "lo0" if sys.platform == "darwin" else "lo"}
torch.distributed.init_process_group("gloo", init_method=f"file://{folder / 'meeting'}", rank=0, world_size=1)
wasted, none = bytes_sent(frozen=False), bytes_sent(frozen=True)
torch.distributed.destroy_process_group()
print(f"G's move through DDP(D): {wasted / 1e3:.0f} kB sent for nothing; through D, frozen: {none}")
params = sum(p.numel() for p in dcgan_discriminator(seed=1, norm=False).parameters())
assert wasted == 4 * params and none == 0

# %% [markdown]
# ### 6.1 A failure on purpose: one seed for all
#
# Suppose each rank sets the same seed and draws "its own" batch. Nothing complains. **Predict first:** what is the gradient of two such ranks?

# %%
one_seed = SCRIPT.replace("(batch,)", "(batch // world,)").replace(")[own]", ")")
one_seed = one_seed.replace("randn(2, batch,", "randn(2, batch // world,").replace("[:, own]", "")
for images in x_fit[:2048].split(512):
    both, whole = first_gradient(one_seed, images=images), first_gradient(SCRIPT, 1, images=images)
    half = first_gradient(SCRIPT, 1, batch=16, images=images)
    print(
        f"against the batch that was meant {off(both, whole):.0%}, against half of it {off(both, half):.0e}"
    )
    assert off(both, half) < 1e-12 and off(both, whole) > 0.05

# %% [markdown]
# That of one process with half the batch.
#
# ### 6.2 A worker is killed
#
# The same run once more; before round 5 (counted from 0) the last worker gets SIGKILL. `torchrun` ends the others, and with `--max-restarts=1` starts all again; each loads the last checkpoint, written after round 2.

# %%
resumed, log = torchrun(folder / "killed", "--die", "5")
named = "exitcode: -9" in log or "SIGKILL" in log  # torchrun looks now and then, and names one worker
print("torchrun's log names", "signal 9" if named else "the other worker, which lost its partner")
gap = max(largest_gap(a[p], b[p]) for a, b in zip(ranks, resumed, strict=True) for p in "GD")
gap = max(gap, largest_gap(ranks[0]["average"], resumed[0]["average"]))
start = resumed[0]["start"]
print(f"resumed at round {start}; largest difference of a weight from the undisturbed run: {gap}")
assert start == resumed[1]["start"] == 3 and (gap == 0 or device == "cuda")

# %% [markdown]
# Bit for bit.
#
# ### 6.3 When does it pay?
#
# In one recorded run each:

# %%
if cpu_ladder:
    print("recorded on two cores,", cpu_ladder["load"])
for ladder in filter(None, (cpu_ladder, gpu_ladder)):
    for row in ladder["processes"]:
        print(
            f"   batch {row['batch']:3}, {row['processes']} process(es): {row['wall']:6.1f} ms a round, ",
            end="",
        )
        print(f"{row['cpu']:6.1f} ms of CPU time in the busiest")
if cpu_ladder:
    small, small_2, large, large_2 = (row["wall"] for row in cpu_ladder["processes"])
    print(f"two processes, by the clock: ×{small / small_2:.2f} and ×{large / large_2:.2f}")
    assert 1 < small / small_2 < 1.3 < large / large_2 < 2

# %% [markdown]
# Splitting pays when the arithmetic of a rank is long against what stays: its own overhead, and the exchange of gradients, which does not shrink with the batch. So two processes gain more with 512 images than with 64.
#
# ## 7 Speedrun
#
# How many seconds to the quality at which notebook 06 ends? A change is kept only if it is faster *and* as good over seeds. Target is the Fréchet distance of notebook 06 after 1,200 rounds (geometric mean over seeds). Live, one seed and a short race; the whole race is recorded.


# %% tags=["record-speedrun"]
judge = digit_classifier(parts.select)  # from the cache, or a few seconds
real_features, _ = features_and_logits(judge, parts.report.images)
z_judge = torch.randn(2000, 32, generator=data.make_generator(10**6)).to(device)


def distance(G):
    """Fréchet distance of 2,000 samples from the report part."""
    with torch.no_grad():
        samples = torch.cat([G(z) for z in z_judge.split(500)])
    return metrics.frechet_distance(real=real_features, fake=features_and_logits(judge, samples)[0])


# %% tags=["record-speedrun"]
RUNGS = {"notebook 06": {}, "frozen, fused": {"frozen": True, "fused": True}}
RUNGS["+ bfloat16"] = RUNGS["frozen, fused"] | {"dtype": torch.bfloat16}
RUNGS["+ rate .006"] = RUNGS["+ bfloat16"] | {"lr": 6e-3}
RUNGS["+ shared fakes"] = RUNGS["+ rate .006"] | {"shared": True}
RUNGS["+ batch 128, rate .008"] = RUNGS["+ bfloat16"] | {"batch": 128, "lr": 8e-3}


def runner(seed, options):
    """A rung of the ladder that has not started: its game, its batches, its clock."""
    run = build(seed, **options)
    fed = data.batches(x_fit, run.batch, seed=seed)
    return SimpleNamespace(run=run, fed=fed, seconds=0.0, rounds=0)


def advance(r, rounds):
    """Play so many rounds of 64 images (half as many of 128)."""
    start = clock()
    for _ in range(rounds * 64 // r.run.batch):
        r.run.play(next(r.fed))
    r.seconds, r.rounds = r.seconds + clock() - start, r.rounds + rounds


# %% tags=["head-picture"]
fast = RUNGS["+ rate .006"] | ({} if pays else {"dtype": None})
both = {"notebook 06": runner(0, {}), "speedrun": runner(0, fast)}
for _ in progress(range(10), "race"):
    advance(both["speedrun"], 20)
    while both["notebook 06"].seconds < both["speedrun"].seconds:  # equal seconds, in turns
        advance(both["notebook 06"], 2)
for name, r in both.items():
    print(f"{name:12} {r.seconds:.1f} s, {r.rounds} rounds: distance {distance(r.run.game.average):.1f}")
with torch.no_grad():
    rows = torch.cat([r.run.game.average(z_judge[:12]) for r in both.values()])
ax = plots.image_grid(rows, columns=12, row_labels=list(both))
plots.show(
    ax.figure,
    alt="Two rows of twelve samples after equally many seconds, from the same noise: notebook 06, and the speedrun.",
)
assert device == "cuda" or not pays or both["speedrun"].rounds > 0.8 * both["notebook 06"].rounds

# %%
speedrun = recorded("nb20_speedrun")
if speedrun:
    target, base = speedrun["target"], speedrun["rungs"]["notebook 06"]
    print(f"target {target:.2f} (after {speedrun['rounds']} rounds of notebook 06)")
    for name, rung in speedrun["rungs"].items():
        print(f"{name:23} a round {rung['ms']:4.1f} ms, ", end="")
        if rung["seconds"] is None:
            print("target not reached" if speedrun["played"].get(name) else "not played")
        else:
            gain = base["seconds"] / rung["seconds"]
            guess = " (rounds assumed)" if name == "frozen, fused" else ""
            print(f"{rung['rounds_to_target']:4.0f} rounds, {rung['seconds']:4.1f} s: ×{gain:.2f}{guess}")
    ends = {
        name: [run["distance"][-1] for run in games.values()] for name, games in speedrun["played"].items()
    }
    for name, values in ends.items():
        print(f"{name:23} distances at the end", "  ".join(f"{d:.2f}" for d in values))
    for name in ("+ batch 128, rate .008", "+ shared fakes"):
        assert speedrun["rungs"][name]["seconds"] is None
    for name in ("+ bfloat16", "+ rate .006", "+ shared fakes"):
        mean = math.exp(sum(map(math.log, ends[name])) / len(ends[name]))
        assert len(ends[name]) >= 3 and mean < 1.1 * target
    best = speedrun["rungs"]["+ rate .006"]
    assert base["seconds"] / best["seconds"] > 1.4 and best["faster"][0] > 1.2


def crossing(rounds, distances):
    """The round at which a game first reaches the target, log distance interpolated; None if never."""
    ends = list(zip(rounds, distances, strict=True))
    for (r0, d0), (r1, d1) in itertools.pairwise(ends):
        if d1 <= target:
            return r0 + (r1 - r0) * math.log(d0 / target) / math.log(d0 / d1)
    return None


# %%
curves = recorded("nb06_distance_curves") if speedrun else None
if curves:
    lines = {
        name: [(run["rounds"], run["distance"]) for run in games.values()]
        for name, games in speedrun["played"].items()
        if name in ("notebook 06", "+ bfloat16", "+ rate .006")  # the rungs that count
    }
    lines["notebook 06"] = []  # of it the speedrun holds the ends only
    for seed in speedrun["played"]["notebook 06"]:
        points = [p for p in curves["games"][seed]["DCGAN"] if p["rounds"] >= 400]
        lines["notebook 06"].append(([p["rounds"] for p in points], [p["distance"] for p in points]))
    needed = {name: [crossing(*run) for run in runs] for name, runs in lines.items()}
    for name, rounds in needed.items():
        print(f"{name:11} rounds to the target:", "  ".join(f"{k:.0f}" if k else "never" for k in rounds))
    usual, larger = needed["notebook 06"], needed["+ rate .006"]
    assert usual.count(None) == 1 and sum(k and m > k for k, m in zip(usual, larger, strict=True) if k) == 2

# %%
if curves:
    fig, ax = plt.subplots(figsize=(6.8, 3.3))
    colors = (plots.GREY, plots.FAKE, plots.REAL)
    for (name, runs), color in zip(lines.items(), colors, strict=False):
        for k, (rounds, distances) in enumerate(runs):
            seconds = torch.tensor(rounds) * speedrun["rungs"][name]["ms"] / 1000
            ax.plot(seconds, distances, color=color, linewidth=1, label=None if k else name)
    ax.axhline(target, color=plots.DISC, linestyle=":", label="target")
    ax.set(yscale="log", xlabel="CPU seconds (rounds × median cost of a round)", ylabel="Fréchet distance")
    ax.set_yticks([3, 4, 6, 8, 12], ["3", "4", "6", "8", "12"])
    ax.minorticks_off()
    ax.legend(fontsize=8)
    plots.show(
        fig,
        alt="Distance against CPU seconds, one line per seed: all fall. Most of the ladder's lie left of notebook 06's and reach the dotted "
        "target earlier; one seed of notebook 06 is as fast.",
    )

# %% [markdown]
# In the mean over three seeds the ladder reaches the target 1.5 times sooner (CPU seconds of one core). A round is 1.3 times cheaper, turn by turn: that is sure. The rest is not: on two seeds the larger rate needed more rounds, on the third notebook 06 never got there. (The settings were chosen on two other seeds.) Shared fakes end a hair above the target: undecided, so not kept. Batches of 128 give the most images per second, and with half as many steps they end above the target. A cheaper round is no speed-up before games of full length are measured. A GPU's ladder, not recorded yet: `python benchmarks/nb20_speedrun.py --device cuda`.
#
# ## 8 Colab and cloud
#
# On Colab the machine is a loan: checkpoints belong on storage that stays (Drive, which asks for permission). A preempted cloud machine gets a warning, usually SIGTERM and some seconds; a lost connection gets none. So save every so often *and* when the warning comes.


# %%
def storage():
    """A folder that outlives this machine, where there is one."""
    if "google.colab" in sys.modules:
        from google.colab import drive

        drive.mount("/content/drive")
        return Path("/content/drive/MyDrive/gans")
    return folder / "storage"


def keep_training(file, rounds, every=60.0, each=lambda done: None):
    """Notebook 06's game up to so many rounds, saved every so many seconds and at SIGTERM: the game, rounds played."""
    game, settings, warned = dcgan_game(seed=0, device=device), {"batch": 64}, []
    file.parent.mkdir(parents=True, exist_ok=True)
    done = load_checkpoint(file, game._asdict(), settings=settings) if file.exists() else 0
    before, saved = signal.signal(signal.SIGTERM, lambda *_: warned.append(True)), time.monotonic()
    try:
        for _ in dcgan_rounds(game, x_fit, seed=0, rounds=rounds, start=done):
            done += 1
            each(done)
            if warned or done == rounds or time.monotonic() - saved > every:
                save_checkpoint(file, game._asdict(), step=done, settings=settings)
                saved = time.monotonic()
            if warned:
                break
    finally:
        signal.signal(signal.SIGTERM, before)
    return game, done


# %%
def preempted(done):
    if done == 5:
        signal.raise_signal(signal.SIGTERM)  # what the cloud would send


whole, _ = keep_training(folder / "undisturbed.pt", 12)
file = storage() / "game.pt"
file.unlink(missing_ok=True)  # of an earlier visit
_, first = keep_training(file, 12, each=preempted)
resumed, second = keep_training(file, 12)
gap = largest_gap(whole.average.state_dict(), resumed.average.state_dict())
print(f"stopped after round {first}, went on to {second}; largest difference of a weight: {gap}")
assert (first, second) == (5, 12) and (gap == 0 or device == "cuda")

# %% [markdown]
# A trained model costs seconds times price, with the seconds that are lost and repeated. If saving takes $c$ seconds, failures come every $M$ seconds on average, and you save every $\tau$, then the share $c/\tau+\tau/(2M)$ of the time is lost: saving, and half an interval per failure.

# %%
PRICE = 1.00  # per hour, in your currency: look it up
LOST_EVERY = 4 * 3600  # seconds between two failures, on average


def price_of(seconds, c, tau):
    """(price, share lost) of a training of so many seconds that saves for c seconds, every tau seconds."""
    lost = c / tau + tau / (2 * LOST_EVERY)
    return PRICE * seconds * (1 + lost) / 3600, lost


start = time.perf_counter()  # waiting for the disk is part of the price
save_checkpoint(file, whole._asdict(), step=12, settings={"batch": 64})
c = time.perf_counter() - start
seconds = 1.2 * live["notebook 06"].median().item()  # 1,200 rounds
for tau in (10, 60, 600):
    price, lost = price_of(seconds, c, tau)
    print(f"saving ({1000 * c:.0f} ms) every {tau:3} s loses {lost:.2%}: {price:.4f} a model")
home.cleanup()

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · Operations of a step
#
# ●○○ · 10 minutes · you need: section 1.1. A network is a list of convolutions `(c_in, kernel, c_out, side_out)`, square in every respect. How many floating-point operations are its way forward and back, for a batch, if the gradient of its very first input is not needed?


# %% tags=["exercise-1"]
def step_flops(layers, batch):
    """layers: list of (c_in, kernel, c_out, side_out). Returns a number."""
    return None  # <- your answer


# %% tags=["check-1"]
nb20.check_1(step_flops)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Count one convolution first: how many multiplications and additions does one output
# pixel cost? Then ask what the way back computes for each layer.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# One layer costs two operations for each of `c_in * kernel**2 * c_out * side_out**2`
# products. Going back costs this twice, for the input and for the weights, and the
# first layer does without the first of them.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def step_flops(layers, batch):
#     forward = [2 * c_in * k**2 * c_out * side**2 for c_in, k, c_out, side in layers]
#     return batch * (3 * sum(forward) - forward[0])
# ```
# `FlopCounterMode` counts the same; norms and activations are not in it.
# </details>
#
# ### Exercise 2 · Accumulate
#
# ●●○ · 10 minutes · you need: section 4. `parts` are pieces of a batch, *not all equally long*. Return the gradient of the mean loss over the whole batch, going through the net piece by piece.


# %% tags=["exercise-2"]
def accumulate(net, loss, parts):
    """loss(net, part): mean over a part, one number. Returns a list of gradients, one per parameter of net."""
    return None  # <- your answer


# %% tags=["check-2"]
nb20.check_2(accumulate)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# The mean over everything is a mean of the parts' means. With which weight does each
# part enter, if one is longer than another?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Weigh each part's loss by its share of the samples and call `backward` after each
# part, so that its graph is gone before the next. Zero the gradients once, before the
# loop.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def accumulate(net, loss, parts):
#     n = sum(len(part) for part in parts)
#     net.zero_grad()
#     for part in parts:
#         (loss(net, part) * len(part) / n).backward()
#     return [p.grad for p in net.parameters()]
# ```
# </details>
#
# ### Exercise 3 · Whose rows?
#
# ●●○ · 10 minutes · you need: section 6. All ranks hold the same permutation `order` of an epoch. Return the rows of one rank: no row twice, all ranks *equally many* (or one waits for ever in an all-reduce), and as few left out as possible.


# %% tags=["exercise-3"]
def rows_of(rank, world, order):
    """order: (n,) a permutation. Returns a tensor of indices, taken from order."""
    return None  # <- your answer


# %% tags=["check-3"]
nb20.check_3(rows_of)

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
# ### Exercise 4 · How often to save
#
# ●○○ · 5 minutes · you need: section 8. Which interval $\tau$ makes the lost share $c/\tau+\tau/(2M)$ smallest?


# %% tags=["exercise-4"]
def best_interval(save, between):
    """save: seconds c of a save; between: seconds M between failures. Returns seconds."""
    return None  # <- your answer


# %% tags=["check-4"]
nb20.check_4(best_interval)

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
# Young's rule (1974): both losses are equal there.
# </details>
#
# ## Recap
#
# 1. Let rivals take turns, wait for the work to end, and name the limit: on the recording machine a round reaches about half of the core's arithmetic; on a large GPU, on paper, it would wait for launches ([section 1](#1-Measure-first)).
# 2. On the recording machine feeding and optimiser are small change ([section 2](#2-Feeding)), of the changes that keep the batch fewer bits bring most, and compiling did not pay; freezing $D$ changes no bit and saves 7 % of the arithmetic, and after ten rounds rounding alone can change the losses ([section 3](#3-Arithmetic)).
# 3. Activations grow with the batch; checkpointing holds less of them for some arithmetic, and parts add up to the batch exactly, unless batch norm is between ([section 4](#4-Memory)).
# 4. Many small games in one stack share the cost of starting operations ([section 5](#5-Many-GANs-at-once)).
# 5. Two processes play the game of one to rounding, and a killed worker leaves no trace in the weights ([section 6](#6-Several-processes)); a speedrun counts only what is faster *and* as good ([section 7](#7-Speedrun)); a model's cost includes the seconds lost to interruptions ([section 8](#8-Colab-and-cloud)).
#
# **Further reading.** Williams, Waterman & Patterson 2009, *Roofline* (CACM) · Micikevicius et al. 2018 (arXiv:1710.03740), mixed precision · Chen et al. 2016 (1604.06174), checkpointing · Li et al. 2020 (2006.15704), DDP · Zhao et al. 2023 (2304.11277), FSDP, for networks that do not fit on one GPU · PyTorch's documentation of `torchrun` for several machines.
