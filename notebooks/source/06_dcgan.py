# %% [markdown]
# # 06 · DCGAN
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/06_dcgan.ipynb)
#
# ![Ten rows of ten white digits on black, about nine in ten of them easy to read, drawn by the generator that this notebook trains in half a minute](images/06_dcgan.png)
#
# **After this notebook you can**
#
# - **build** convolutional players, and say what each part of them is for;
# - **test** a rule of thumb by switching it off, over seeds, at equal rounds;
# - **stop** a game, go on later bit for bit, and refuse a file that does not belong to it.
#
# *Before:* [05](05_mlp_gan.ipynb). *Run time:* about 75 s on two CPU cores; a GPU is used if there is one, none is needed.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy
import itertools
import math
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from gan_helpers import data, metrics, networks, plots
from gan_helpers.checkpoints import load_checkpoint, save_checkpoint
from gan_helpers.checks import nb06
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.networks import Choice, dcgan_discriminator, dcgan_generator, even_start, initialise, mlp
from gan_helpers.notebook import progress, recorded
from gan_helpers.training import ema_update, play

plots.use_course_style()
torch.set_num_threads(1)  # small images, small batches: a second thread brings little
device = "cuda" if torch.cuda.is_available() else "cpu"

# %% [markdown]
# ## 1 Neighbours
#
# Notebook 05 shuffled the pixels of all images and got the same game: an MLP sees a list of 784 numbers. A **convolution** looks at small windows, with the same weights in each: neighbours belong together, and a stroke is a stroke wherever it lies.
#
# Data, ruler and judge are those of notebook 05, section 2: `fit` trains the game, `select` trained the judge, `report` is what samples are compared with.

# %%
parts = data.split(data.load_images("auto", device=device), seed=0, fit=0.4, select=0.4, report=0.2)
x_fit, x_report = parts.fit.images, parts.report.images  # (n, 1, 28, 28): rows and columns stay
judge = digit_classifier(parts.select)  # a few seconds; the next time from the cache
real_features, real_logits = features_and_logits(judge, x_report)
z_judge = torch.randn(2000, 32, generator=data.make_generator(10**6)).to(device)


def generate(G, z=z_judge):
    with torch.no_grad():
        return torch.cat([G(part) for part in z.split(500)])


def distance(x):
    """Fréchet distance of images (n, 1, 28, 28) from the report part."""
    return metrics.frechet_distance(real=real_features, fake=features_and_logits(judge, x)[0])


floor = distance(x_fit[:2000])
print(f"real against real {floor:.1f}")
assert 0 < floor < 5

# %% [markdown]
# **DCGAN** stands for the guidelines of Radford, Metz & Chintala (2016, Section 3): strided convolutions instead of pooling in $D$, transposed ones in $G$; batch norm in both players; no fully connected hidden layers; ReLU in $G$, with tanh at its output; LeakyReLU in $D$. (*Stride* 2: the window moves by two pixels, so the image halves. *Pooling* keeps one number of each block, the largest for example. *Batch norm*: section 5.) Ours departs from them in four places: `Choice`, sub-pixel up-sampling, its even start, and the hidden layer of 64.


# %%
def generator(seed):
    layers = [
        Choice(20),
        nn.Linear(32, 32 * 49, bias=False),
        nn.Unflatten(1, (32, 7, 7)),
    ]  # Choice: section 3
    layers += [nn.BatchNorm2d(32), nn.ReLU()]
    layers += [*networks.upsample(32, 16, "subpixel", bias=False), nn.BatchNorm2d(16), nn.ReLU()]  # 14 x 14
    layers += [*networks.upsample(16, 1, "subpixel"), nn.Tanh()]  # 28 x 28, no batch norm at the output
    net = initialise(nn.Sequential(*layers), seed=seed, std=0.05)
    return even_start(net)  # section 2


def discriminator(seed):
    layers = [
        nn.Conv2d(1, 16, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
    ]  # 14 x 14, no batch norm at the input
    layers += [nn.Conv2d(16, 32, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(64), nn.LeakyReLU(0.2)]
    layers += [nn.Flatten(), nn.Linear(64 * 16, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)]  # 64: section 7
    return initialise(nn.Sequential(*layers), seed=seed, std=0.05)


# %% [markdown]
# The package holds the same two, with arguments for what we shall change. **Predict first:** which layers have the most parameters, the convolutions?

# %%
for mine, package, x in (
    (generator(0), dcgan_generator(seed=0), z_judge[:2].cpu()),
    (discriminator(1), dcgan_discriminator(seed=1), x_fit[:2].cpu()),
):
    pairs = zip(mine.state_dict().values(), package.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    print(f"{sum(p.numel() for p in mine.parameters()):,} parameters")
    for layer in mine:
        x, count = layer(x), sum(p.numel() for p in layer.parameters())
        if count:
            print(f"   {type(layer).__name__:12} -> {'×'.join(map(str, x.shape[1:])):10} {count:7,}")

# %% [markdown]
# Both have fewer parameters than the MLPs of notebook 05, most of them in the linear layers: a convolution uses the same few in every window.
#
# Now the test of notebook 05: shuffle the pixels of all images, by one permutation. If the players use neighbourhood, the game must get worse. The loop is `play` of notebook 04, but after each round an average of $G$'s weights moves (section 6), from which samples are drawn.


# %%
def rounds_of(game, x, seed, rounds, start=0, batch=64, decay=0.998):
    """As `dcgan_rounds` of the package: one `play`, and after each round the average moves."""
    fed = itertools.islice(data.batches(x, batch, seed=seed), start, rounds)
    for k, losses in enumerate(play(*game[:4], fed, 32, seed=game.noise), start=start):
        ema_update(game.average, game.G, min(decay, (1 + k) / (10 + k)))
        yield losses


a, b = dcgan_game(seed=0, device=device), dcgan_game(seed=0, device=device)
assert list(rounds_of(a, x_fit, 0, 3)) == list(dcgan_rounds(b, x_fit, seed=0, rounds=3))

# %%
SHORT = 80
order = torch.randperm(784, generator=data.make_generator(7)).to(device)
back = order.argsort()


def short_game(seed, x=x_fit, **players):
    game = dcgan_game(seed=seed, device=device, **players)
    for _ in progress(dcgan_rounds(game, x, seed=seed, rounds=SHORT), f"seed {seed}", SHORT):
        pass
    return game


# %%
SEEDS = range(3)
shorts = [short_game(seed) for seed in SEEDS]
shuffled = [short_game(seed, x_fit.flatten(1)[:, order].view_as(x_fit)) for seed in SEEDS[:2]]
in_order = [distance(generate(game.average)) for game in shorts]
# the judge sees the shuffled game's samples in the right order again
x_back = [generate(game.average).flatten(1)[:, back].view(-1, 1, 28, 28) for game in shuffled]
out_of_order = [distance(x) for x in x_back]
print(f"after {SHORT} rounds, pixels in order: ", "  ".join(f"{v:3.0f}" for v in in_order))
print(f"after {SHORT} rounds, pixels shuffled: ", "  ".join(f"{v:3.0f}" for v in out_of_order))
assert min(out_of_order) > 1.4 * max(in_order)

# %% [markdown]
# In both seeds that we shuffled the game is far behind even the worst of the three in order, after 80 rounds.
#
# ## 2 Three ways to double an image
#
# $G$ has to get from $7\times7$ to $28\times28$ pixels. **Transposed convolution**: every pixel paints a patch as large as the kernel, patches start `stride` pixels apart, and where they overlap they add up. **Resize**: copy each pixel to $2\times2$, then convolve. **Sub-pixel**: convolve to four times as many channels, then lay each four out as $2\times2$ pixels (Shi et al. 2016).
#
# Odena et al. (2016) noticed that patches may overlap unevenly. Count how often each output pixel is painted:

# %%
fig, axes = plt.subplots(1, 2, figsize=(6.4, 2.9))
for ax, (kernel, extra) in zip(axes, ((3, 1), (4, 0)), strict=True):
    ones = torch.ones(1, 1, kernel, kernel)
    painted = F.conv_transpose2d(torch.ones(1, 1, 5, 5), ones, stride=2, padding=1, output_padding=extra)[
        0, 0
    ]
    ax.imshow(painted, vmin=0, vmax=4)
    for i, j in itertools.product(range(10), repeat=2):
        count = int(painted[i, j])
        ax.text(j, i, count, ha="center", va="center", fontsize=8, color="black" if count > 2 else "white")
    ax.set(title=f"kernel {kernel}, stride 2", xticks=[], yticks=[])
    inside = set(painted[1:-1, 1:-1].flatten().tolist())
    assert inside == ({1, 2, 4} if kernel == 3 else {4})
plots.show(
    fig,
    alt="Two tables of ten by ten counts. Kernel 3 at stride 2: ones, twos and fours alternate like a checkerboard. "
    "Kernel 4 at stride 2: four everywhere except at the border.",
)

# %% [markdown]
# A kernel of 3 paints some pixels once, others four times: a checkerboard. A kernel of 4, a multiple of the stride, paints all inside equally often. **Predict first:** which of the three ways start without a checkerboard?
#
# Remove each image's mean, take the power $|\hat x(u,v)|^2$ of its Fourier transform, averaged over images. Frequency 14 of 28 is the fastest there is, one pixel up, one down: what a stride of 2 leaves behind. Let $c$ be the share of the power on the two lines $u=14$ and $v=14$. Of 784 frequencies 55 lie there, so white noise has $c=55/784=7.0\,\%$.


# %%
def spectrum(x):
    """Mean power (28, 28) of images (n, 1, 28, 28), their means removed; sums to 1."""
    power = torch.fft.fft2(x - x.mean((2, 3), keepdim=True)).abs().square().mean((0, 1))
    return power / power.sum()


def checkerboard(x):
    power = spectrum(x)
    return (power[14].sum() + power[:, 14].sum() - power[14, 14]).item()


WAYS = {"transposed": {"upsampling": "transposed"}, "resize": {"upsampling": "resize"}}
WAYS |= {"sub-pixel": {"even": False}, "sub-pixel, even": {}}
white = checkerboard(torch.randn(2000, 1, 28, 28, generator=data.make_generator(0)))
real_c = checkerboard(x_report)
print(f"white noise {white:.1%}, real images {real_c:.2%}")
new_c = {}
for name, way in WAYS.items():
    new_c[name] = [checkerboard(generate(dcgan_generator(seed=k, **way).to(device))) for k in range(5)]
    print(f"{name:16} new", "  ".join(f"{c:5.1%}" for c in new_c[name]))
assert abs(white - 55 / 784) < 0.002 and real_c < 0.02
assert min(new_c["transposed"] + new_c["sub-pixel"]) > 0.2
assert max(new_c["resize"] + new_c["sub-pixel, even"]) < white / 5

# %% [markdown]
# Even overlap is not enough. Transposed convolution with kernel 4 and plain sub-pixel convolution both begin with a fifth to a half of their power in the checkerboard: each of the four pixels of a $2\times2$ block is computed by *other random weights*, and as the ReLU's outputs have a positive mean, the difference repeats in every block. Take that mean out behind each ReLU, and $c$ falls to about that of white noise:


# %%
class Centre(nn.Module):
    def forward(self, x):
        return x - x.mean((0, 2, 3), keepdim=True)


for name in ("transposed", "sub-pixel"):
    centred_c = []
    for k in range(5):
        net = dcgan_generator(seed=k, **WAYS[name])
        layers = [(layer, Centre()) if isinstance(layer, nn.ReLU) else (layer,) for layer in net]
        centred = nn.Sequential(*itertools.chain.from_iterable(layers)).to(device)
        centred_c.append(checkerboard(generate(centred)))
    print(f"{name:16} new, means taken out", "  ".join(f"{c:5.1%}" for c in centred_c))
    assert max(centred_c) < 0.15

# %% [markdown]
# Resize begins with a $c$ as small as that of real images. So does `even_start`, which copies one kernel into all four places (Aitken et al. 2017): at first the layer computes what resize *behind* the convolution would; training may move the four apart. Does the start matter later? Short games:


# %%
def milliseconds(net, repeats=15):
    """CPU time of a forward and a backward pass on 64 noise vectors, the best of `repeats`."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        net(z_judge[:64]).sum().backward()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def multiplications(net):
    """Of one forward pass on one noise vector, in the convolutions and the linear layer."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(z_judge[:1])
    return counter.get_total_flops() // 2  # it counts additions, too


# %%
by_way = {"sub-pixel, even": shorts}
for name, seeds in (("transposed", SEEDS[:1]), ("resize", SEEDS[:2]), ("sub-pixel", SEEDS)):  # time
    players = [dcgan_generator(seed=2 * seed, **WAYS[name]) for seed in seeds]
    by_way[name] = [short_game(seed, G=G) for seed, G in zip(seeds, players, strict=True)]
short_d, short_c, cost, count = {"sub-pixel, even": in_order}, {}, {}, {}
for name in WAYS:
    samples = [generate(game.average) for game in by_way[name]]
    if name not in short_d:
        short_d[name] = [distance(x) for x in samples]
    short_c[name] = [checkerboard(x) for x in samples]
    net = dcgan_generator(seed=0, **WAYS[name]).to(device)
    cost[name], count[name] = milliseconds(net), multiplications(net.eval())
    print(f"{name:16} {count[name]:,} multiplications, {cost[name]:4.1f} ms", end="")
    print("   distance", " ".join(f"{v:3.0f}" for v in short_d[name]), end="   c ")
    print(" ".join(f"{v:.1%}" for v in short_c[name]))

# %%
resize, even = short_d["resize"], short_d["sub-pixel, even"]
gain = [math.log(e / p) for e, p in zip(even, short_d["sub-pixel"], strict=True)]
assert sum(g < 0 for g in gain) >= 2 and sum(gain) / 3 < -0.1
assert max(resize) < min(short_d["sub-pixel"]) and resize[0] < short_d["transposed"][0]
ahead = [math.log(r / e) for r, e in zip(resize, even, strict=False)]  # resize: two seeds
assert sum(ahead) / 2 < -0.1 and max(map(max, short_c.values())) < 0.02
assert count["resize"] == count["sub-pixel"] > 2 * count["transposed"]
if device == "cpu":
    assert cost["resize"] > 1.2 * cost["sub-pixel"]

# %%
fig, axes = plt.subplots(2, 4, figsize=(8.4, 4.4))
pictures = {"real": spectrum(x_report)}
for name, way in WAYS.items():
    pictures[f"{name}, new"] = spectrum(generate(dcgan_generator(seed=0, **way).to(device)))
for name in ("transposed", "sub-pixel", "sub-pixel, even"):
    pictures[f"{name}, {SHORT} rounds"] = spectrum(generate(by_way[name][0].average))
for ax, (name, power) in zip(axes.flat, pictures.items(), strict=True):
    shown = ax.imshow(torch.fft.fftshift(power).log10().cpu(), vmin=-5, vmax=-1.5, cmap="viridis")
    ax.set_title(name, fontsize=9)
    ax.set(xticks=[], yticks=[])
fig.colorbar(shown, ax=axes, label="log10 of the share of power")
plots.show(
    fig,
    alt="Power spectra, frequency zero in the middle. New transposed and sub-pixel generators are bright at the border, where the "
    "fastest frequencies lie; resize, the even start and real images are dark there. After 80 rounds the borders are darker.",
)

# %% [markdown]
# Bright spots at the border are the checkerboard, those half-way a pattern of period 4, from the first doubling. Eighty rounds remove nearly all of it, however a game began: $c$ falls below 2 %. After them resize leads on average. The even start beats the plain one in at least two of three seeds, as a coin does every second time; longer games (section 7) do not decide it. But $G$'s pass by resize took about twice as long on this machine, with the same number of multiplications, and after equal time resize was behind in all three seeds (section 7; interval .99 to 2.22).
#
# ## 3 Noise that can choose
#
# The first layer of our generator is `Choice(20)`; DCGAN has none. Normal noise is *connected*: between any two vectors runs a path of others, and a continuous $G$ draws every image on it. Suppose the digits lie in separate pieces, as clusters do. Then $G$ **must** draw some non-digits, if it reaches more than one piece (Tanielian et al. 2020 bound their share from below).
#
# `Choice(20)` takes the first 20 of the 32 coordinates, and replaces them by 4 at the place of the largest and 0 elsewhere: each sample picks one of 20 categories, all equally likely. No label is used; `play` still draws the same normal noise. **Predict first**, for two clusters in one dimension: what share of samples lies between them, with and without a choice?


# %%
def between(choose, seed, rounds=300):
    """Share of samples between two clusters, over 5 standard deviations from each; nan if one is missed."""
    centre = 2.0 * torch.randint(0, 2, (4000, 1), generator=data.make_generator(seed)) - 1
    x = centre + 0.05 * torch.randn(4000, 1, generator=data.make_generator(seed + 100))
    G, D = mlp((3, 32, 32, 1), seed=2 * seed), mlp((1, 32, 32, 1), seed=2 * seed + 1)
    G = nn.Sequential(Choice(2), G) if choose else G
    opts = [torch.optim.Adam(player.parameters(), lr=2e-3, betas=(0.0, 0.99)) for player in (G, D)]
    for _ in play(G, D, *opts, data.batches(x, 128, seed=seed, steps=rounds), 3, seed=1000 + seed):
        pass
    samples = generate(G, torch.randn(4000, 3, generator=data.make_generator(10**6)))
    both = min((samples > 0.75).float().mean(), (samples < -0.75).float().mean()) > 0.1
    return (samples.abs() < 0.75).float().mean().item() if both else math.nan


# %%
lost = {choose: [between(choose, seed) for seed in SEEDS] for choose in (False, True)}
for choose, values in lost.items():
    print("with a choice:   " if choose else "connected noise: ", "  ".join(f"{v:.2%}" for v in values))
assert all(v > 0.01 for v in lost[False]) and all(v < 0.001 for v in lost[True])  # nan fails

# %% [markdown]
# The continuous $G$ reaches both clusters (else: nan) and drops samples between them, in every seed. With a choice there is no path, and no sample on it.
#
# ## 4 The game
#
# Now a long game (five seeds: below). **Predict first:** how far above the floor will it end, and what share of its samples will the judge read with confidence?

# %%
ROUNDS, LOOKS = 1200, (100, 200, 400, 800, 1200)
main = dcgan_game(seed=0, device=device)
z_film = torch.randn(12, 32, generator=data.make_generator(5)).to(device)
path, spent = [], 0.0
start = time.process_time()
game = dcgan_rounds(main, x_fit, seed=0, rounds=ROUNDS)
for step, _losses in enumerate(progress(game, "main game", ROUNDS), start=1):
    if step in LOOKS:
        spent += time.process_time() - start
        path.append((step, spent, distance(generate(main.average))))
        start = time.process_time()
print("  ".join(f"round {step}: {d:.1f}" for step, _, d in path), f"  {spent:.0f} CPU seconds")

# %% tags=["head-picture"]
samples = generate(main.average)
ax = plots.image_grid(samples[:100], columns=10, title="the first hundred samples of seed 0, none left out")
plots.show(
    ax.figure,
    alt="A hundred samples, ten by ten, white strokes on black, about nine in ten of them easy to read.",
)


# %%
def report(x):
    """Share of images read with confidence over .9, smallest and largest share of a class."""
    P = features_and_logits(judge, x)[1].softmax(1)
    shares = torch.bincount(P.argmax(1), minlength=10) / len(x)
    return (P.max(1).values > 0.9).float().mean().item(), shares.min().item(), shares.max().item()


for name, x in (("real", x_report), ("samples", samples)):
    confident, rarest, commonest = report(x)
    print(
        f"{name:8} read with confidence over .9: {confident:.1%}   classes from {rarest:.1%} to {commonest:.1%}"
    )
assert confident > 0.8 and rarest > 0.04 and commonest < 0.18 and path[-1][2] < 10 * floor


# %%
def mlp_game(seed, seconds):
    """The game of notebook 05 for so many CPU-seconds; returns 2,000 samples."""
    G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh()).to(device)
    D = mlp((784, 128, 64, 1), seed=2 * seed + 1).to(device)
    opts = [torch.optim.Adam(player.parameters(), lr=3e-3, betas=(0.0, 0.9)) for player in (G, D)]
    stop = time.process_time() + seconds
    for _ in play(G, D, *opts, data.batches(x_fit.flatten(1), 64, seed=seed), 64, seed=1000 + seed):
        if time.process_time() > stop:
            break
    z = torch.randn(2000, 64, generator=data.make_generator(10**6)).to(device)
    return generate(G, z).view(-1, 1, 28, 28)


step, seconds, reached = path[1]
rival = distance(mlp_game(0, seconds))
print(f"{seconds:.1f} CPU-seconds: DCGAN, round {step}: {reached:.0f}   MLP of notebook 05: {rival:.0f}")
assert rival > 1.3 * reached

# %% [markdown]
# Look at the hundred: how many can you not read?
#
# A recorded run: five seeds of this game, and of notebook 05's MLP for the same CPU-seconds:


# %%
race = recorded("nb06_distance_curves")
if race:
    fig, ax = plt.subplots(figsize=(6.8, 3.4))
    for name, color in (("MLP of notebook 05", plots.GREY), ("DCGAN", plots.FAKE)):
        for seed, both in race["games"].items():
            seconds, values = zip(*((p["seconds"], p["distance"]) for p in both[name]), strict=True)
            ax.plot(seconds, values, color=color, linewidth=1, label=name if seed == "0" else None)
    ax.plot(
        *zip(*((s, d) for _, s, d in path), strict=True),
        "o",
        color=plots.DISC,
        markersize=4,
        label="this notebook, seed 0",
    )
    ax.axhline(race["floor"], color=plots.REAL, linestyle=":", label="real against real")
    ax.set(xscale="log", yscale="log", xlabel="CPU seconds of training", ylabel="Fréchet distance")
    ax.legend()
    plots.show(
        fig,
        alt="Distance against CPU seconds on logarithmic axes, five seeds each. Both fall; the MLP's curves flatten, the DCGAN's "
        "cross them early and end far lower, a few times above the dotted floor of real images.",
    )

# %%
if race:
    for both in race["games"].values():
        for ours, theirs in zip(both["DCGAN"], both["MLP of notebook 05"], strict=False):
            assert ours["seconds"] < 3 or ours["distance"] < theirs["distance"]
    ends = {
        name: [both[name][-1] for both in race["games"].values()] for name in ("MLP of notebook 05", "DCGAN")
    }
    for name, last in ends.items():
        print(f"{name:18} distance", " ".join(f"{p['distance']:6.1f}" for p in last), end="   confident ")
        print(" ".join(f"{p['confident']:.0%}" for p in last))
    for mlp_end, dcgan_end in zip(*ends.values(), strict=True):
        assert mlp_end["distance"] > 5 * dcgan_end["distance"] and dcgan_end["distance"] < 6 * race["floor"]
        assert (
            dcgan_end["confident"] > 0.85 > mlp_end["confident"] and mlp_end["distance"] > 30 * race["floor"]
        )
        assert dcgan_end["rarest"] > 0.05 and dcgan_end["commonest"] < 0.16

# %% [markdown]
# In the first second or two neither is ahead: a DCGAN round costs about six of the MLP's. From the third on the DCGAN is, in every seed; at the end it lies a few times above the floor, the MLP more than thirty times. In all five seeds over 85 % of samples are read with confidence over .9, and every class has between 5 and 16 %. (Another MLP may do better: notebook 05's was made to explain.) The DCGAN's settings were searched on this report part and some of these seeds, so its numbers are a little too good; two of the five pass the 85 % by about one point, hardly more than the error of 2,000 samples.
#
# How much does the choice bring? A recorded run (section 7) played 300 rounds with plain noise.

# %%
ablation = recorded("nb06_ablation")
if ablation:  # only seeds in which every variant was played
    games = ablation["games"]
    complete = [seed for seed in games["main game"] if all(seed in game for game in games.values())]
    ablation["games"] = {name: {seed: game[seed] for seed in complete} for name, game in games.items()}
    print(f"complete in {len(complete)} seeds")
    assert len(complete) >= 3


def of(variant, key="distance"):
    """One number per seed of a recorded variant."""
    return torch.tensor([game[key] for game in ablation["games"][variant].values()])


if ablation:
    print(f"{ablation['rounds']} rounds, samples read with confidence over .9:")
    for name in ("main game", "plain noise"):
        print(f"   {name:12}", "  ".join(f"{v:.1%}" for v in of(name, "confident")))
    assert (of("main game", "confident") - of("plain noise", "confident")).min() > 0.05

# %% [markdown]
# Without the choice fewer samples are read with confidence, by 7 to 24 points, in every seed.
#
# Do the categories become classes? For each of the twenty, the samples that pick it, read by the judge. **Predict first.**

# %%
chosen = z_judge[:, :20].argmax(1)
digit = features_and_logits(judge, samples)[1].argmax(1)
table = torch.zeros(20, 10, device=device).index_put_(
    (chosen, digit), torch.ones(2000, device=device), accumulate=True
)
purity = table.max(1).values / table.sum(1)
print("share of the commonest digit in each category:", " ".join(f"{p:.0%}" for p in purity.sort().values))
assert (purity > 0.9).sum() >= 5 and purity.min() < 0.8
assert purity.median() > 0.6 and purity.median() > 3 * (table.sum(0) / 2000).max()
print("if categories meant nothing:", f"{(table.sum(0) / 2000).max():.0%}")
order_c = table.argmax(1).argsort()
z_grid = z_judge[:10].repeat(10, 1)
z_grid[:, :20] = F.one_hot(order_c[::2], 20).repeat_interleave(10, 0).to(z_grid)
ax = plots.image_grid(
    generate(main.average, z_grid),
    columns=10,
    row_labels=[str(int(c)) for c in order_c[::2]],
    title="every second category (its number), ten vectors of the other coordinates",
)
plots.show(
    ax.figure,
    alt="Ten rows, one per category, ten columns, one per vector of the other coordinates. Within a row the images are mostly one or "
    "two digits in different hands.",
)

# %% [markdown]
# In this seed several categories hold one digit in over nine samples of ten; others are shared. Nothing asks for purity: $D$ sees images, no categories, no classes.
#
# ## 5 Batch norm and first weights
#
# Batch norm subtracts a mean and divides by a standard deviation, per channel. In **train** mode these are those of the batch at hand; in **eval** mode, running averages of the batches seen so far. Same $z$, other company:

# %%
G = copy.deepcopy(main.G)
one, others = z_judge[:1], z_judge[1:].split(63)
apart = {}
for mode in (True, False):
    images = [generate(G.train(mode), torch.cat([one, company]))[:1] for company in others[:20]]
    apart[mode] = max((x - images[0]).abs().max().item() for x in images)
    print(f"{'train' if mode else 'eval':5} mode: the same z differs by up to {apart[mode]:.2f} in a pixel")
moved = (copy.deepcopy(main.G.train())[3].running_mean - G[3].running_mean).abs().max()
print(f"and sampling in train mode moved the running mean by {moved:.3f}, in spite of no_grad")
assert apart[False] < 1e-4 and apart[True] > 0.1 and moved > 1e-3

# %% [markdown]
# So sample in eval mode. $D$ has batch norm, too, and `play` shows it real and fake images in *separate* batches. What if both came in *one*? Take one feature, real values around 2, fake ones around -2, and a new batch norm before the score:

# %%
norm = nn.BatchNorm1d(1, affine=False)
noise = 0.1 * torch.randn(2, 256, 1, generator=data.make_generator(0))
feature_real, feature_fake = noise[0] + 2, noise[1] - 2
separate = norm(feature_real).mean() - norm(feature_fake).mean()
both = norm(torch.cat([feature_real, feature_fake]))
print(f"difference of scores: separate {separate:.3f}, mixed {both[:256].mean() - both[256:].mean():.3f}")
assert abs(separate) < 1e-4 and abs(both[:256].mean() - both[256:].mean() - 2) < 0.01

# %% [markdown]
# Behind a batch norm, separate batches no longer show a shift of a feature that all fakes share; mixed ones do. Section 7 tries both.
#
# Batch norm also decides how much the first weights matter. DCGAN drew them from a normal distribution with standard deviation .02; ours have .05, PyTorch's own law depends on each layer's size. **Predict first:** by what factor do the outputs of $G$'s last hidden layer grow from .02 to .05?

# %%
spread = {}
for std in (0.02, 0.05, None):
    G, D = dcgan_generator(seed=0, std=std).to(device), dcgan_discriminator(seed=1, std=std).to(device)
    with torch.no_grad():
        spread[std] = [t.std().item() for t in (G[:9](z_judge), G(z_judge), D(x_fit[:2000]))]
    print(f"std {std or 'of PyTorch':10}  last hidden layer of G {spread[std][0]:.3f}", end="")
    print(f"   images {spread[std][1]:.4f}   scores {spread[std][2]:.5f}")
assert abs(spread[0.02][0] / spread[0.05][0] - 1) < 0.01
assert abs(spread[0.05][2] / spread[0.02][2] / 6.25 - 1) < 0.05

# %% [markdown]
# By none: batch norm divides it out again, as for $D$'s convolutions. No batch norm lies behind $D$'s two fully connected layers: the first scores differ by $(.05/.02)^2=6.25$; nor behind $G$'s last convolution: its first images are fainter.
#
# ## 6 An average of the weights
#
# $G$'s last weights are an accident of the last batches: the game circles (notebook 03). So we keep an **exponential moving average** (EMA), which `ema_update` moves after each round:
#
# $$\bar\theta\leftarrow\beta\,\bar\theta+(1-\beta)\,\theta,\qquad\beta=\min\left(.998,\tfrac{1+k}{10+k}\right)\text{ in round }k.$$
#
# The fraction makes a young average forget its first, random weights; the .998 acts only after 4,490 rounds:

# %%
decays = [min(0.998, (1 + k) / (10 + k)) for k in range(ROUNDS)]
older = torch.tensor(decays).flip(0).cumprod(0)  # [n - 1]: the weight of all before the last n rounds
last_half = int((older > 0.5).sum()) + 1
print(
    f"β of round {ROUNDS}: {decays[-1]:.4f}; half of the average's weight lies on the last {last_half} rounds"
)
assert max(decays) < 0.998 and (1 + 4489) / (10 + 4489) < 0.998 <= (1 + 4490) / (10 + 4490)

# %% [markdown]
# Samples come from $\bar\theta$; the game never sees it. A trap: batch norm's running means and variances are **buffers**, not parameters. **Predict first:** what happens to an average that leaves them out?


# %%
def without_buffers(average):
    """The average as it would be if only parameters had been averaged: buffers as new, mean 0, variance 1."""
    forgetful = copy.deepcopy(average)
    for value, new in zip(forgetful.buffers(), dcgan_generator(seed=0).buffers(), strict=True):
        value.copy_(new)
    return forgetful


KINDS = {
    "last weights": lambda game: copy.deepcopy(game.G).eval(),
    "average": lambda game: game.average,
    "average, no buffers": lambda game: without_buffers(game.average),
}
found = {("short games", "average"): in_order, ("main game", "average"): [path[-1][2]]}  # known already
for name, games in (("short games", shorts), ("main game", [main])):
    for kind, pick in KINDS.items():
        if (name, kind) not in found:
            found[name, kind] = [distance(generate(pick(game))) for game in games]
        print(f"{name:12} {kind:20}", "  ".join(f"{v:5.1f}" for v in found[name, kind]))
last, good, stale = (found["main game", kind][0] for kind in KINDS)
assert stale > 1.2 * good and last > good
for good, stale in zip(in_order, found["short games", "average, no buffers"], strict=True):
    assert stale > 2 * good

# %%
pair = [generate(shorts[0].average, z_film), generate(without_buffers(shorts[0].average), z_film)]
ax = plots.image_grid(torch.cat(pair), columns=12, row_labels=["average", "no buffers"])
plots.show(
    ax.figure,
    alt="Twelve noise vectors after 80 rounds. The average draws rough white digits on black; without buffers "
    "the same shapes are faint, grey on grey.",
)

# %% [markdown]
# At the end of the main game the average beats the last weights. (After 80 rounds it need not: it still looks back on worse weights.) The trap is quiet: the parameters are right, but with stale buffers each batch norm subtracts and divides by the wrong numbers. In the short games the distance more than doubles. (PyTorch's `AveragedModel` averages them only with `use_buffers=True`.)
#
# ## 7 One thing at a time
#
# A recorded run changes one thing in the main game and plays 300 rounds. Six of its nineteen rows, starred, go back to DCGAN's own advice. Within a seed all variants see the same batches and noise, so we compare seed by seed: the distance, divided by the main game's. Bars are 95 % intervals for the mean logarithm of that ratio. **Predict first:** which change hurts most, which not at all?

# %%
T95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # Student's t for so many seeds
PAPER = ("transposed", "plain noise", "no hidden layer in D", "weights .02", "beta1 = .5", "rate 2e-4")
if ablation:
    names = [name for name in ablation["games"] if name != "main game"]
    ratio = {name: (of(name) / of("main game")).log2() for name in names}
    half = {name: T95[len(r)] * r.std() / len(r) ** 0.5 for name, r in ratio.items()}
    names.sort(key=lambda name: ratio[name].mean())
    fig, ax = plt.subplots(figsize=(7.4, 5.4))
    for y, name in enumerate(names):
        r, h = ratio[name], half[name]
        color = plots.GREY if r.mean().abs() < h else plots.FAKE if r.mean() > 0 else plots.REAL
        ax.plot(r, [y] * len(r), "o", color=color, markersize=3.5, alpha=0.6)
        ax.plot([r.mean() - h, r.mean() + h], [y, y], color=color, linewidth=2.5)
    ax.axvline(0, color=plots.DISC, linewidth=1)
    ax.set_yticks(range(len(names)), [name + " *" * (name in PAPER) for name in names])
    ax.set(xlabel="distance, relative to the main game of the same seed", xticks=range(-1, 7))
    ax.set_xticklabels([f"×{2.0**k:g}" for k in ax.get_xticks()])
    plots.show(
        fig,
        alt="One row per change of the main game: one dot per seed, and an interval for the mean ratio of distances. "
        "Intervals right of 1 are worse, those across 1 undecided.",
    )

# %%
if ablation:
    print(f"{'change':22} ratio, 95 % interval    ms a round   last weights ÷ average")
    for name in ["main game", *names]:
        r, h = ratio.get(name, torch.zeros(2)), half.get(name, torch.zeros(()))
        low, middle, high = (2 ** (r.mean() + k * h) for k in (-1, 0, 1))
        last = [game["last_weights"]["distance"] for game in ablation["games"][name].values()]
        ms = 1000 * of(name, "seconds").mean() / ablation["rounds"]
        print(
            f"{name + ' *' * (name in PAPER):22} {middle:6.2f}  ({low:5.2f} to {high:6.2f})  {ms:8.0f}",
            end="",
        )
        print(f"   {(torch.tensor(last) / of(name)).log2().mean().exp2():14.2f}")
    above = [name for name in names if ratio[name].mean() > half[name]]
    print("interval above 1:", ", ".join(above))

# %%
T_LOOKS = 9.30  # Student's t for 4 seeds and 19 intervals that together miss in 5 %
if ablation:
    corrected = {n for n in names if ratio[n].mean() > half[n] / T95[4] * T_LOOKS}
    print("and after a correction for nineteen looks:", ", ".join(sorted(corrected)))
    assert len(complete) == 4 and len(names) == 19 and len(above) == 12
    assert corrected == {"no tanh", "beta1 = .9", "rate 2e-4"}
    assert all(ratio[name].min() > 1 for name in corrected)  # over twice, each seed
    assert all(ratio[name].min() > 0 for name in PAPER) and set(PAPER) <= set(above)
    assert names[-1] == "beta1 = .9" and set(names[:2]) == {"resize", "no batch norm in D"}
    assert not any(ratio[name].mean() < -half[name] for name in names)
    for name, sign in (("main game", 1), ("rate 2e-4", -1)):  # the average against the last weights
        for game in ablation["games"][name].values():
            assert sign * (game["last_weights"]["distance"] - game["distance"]) > 0

# %% [markdown]
# Adam's memory at its usual .9 hurts most (×28), resize and $D$ without batch norm least. DCGAN's six own settings are all worse *here*, in every seed: in a game tuned without them, after 300 rounds. Section 5's questions: mixed batches undecided, first weights of .02 ×1.38. Section 6's, the last column: in the main game the average was better in all four seeds (1.2 to 1.5 times), at the small rate worse in all four.
#
# Does the record, which noted round 80 too, agree with section 2?

# %%
if ablation:
    for live, name in (("resize", "resize"), ("sub-pixel", "uneven start")):
        k = len(short_d[live])
        there, main_there = (
            torch.tensor([game["at_round"][str(SHORT)] for game in list(ablation["games"][n].values())[:k]])
            for n in (name, "main game")
        )
        here = (torch.tensor(short_d[live]) / torch.tensor(short_d["sub-pixel, even"][:k])).log2().mean()
        there = (there / main_there).log2().mean()
        print(f"{name:13} after {SHORT} rounds: here ×{2**here:.2f}, recorded ×{2**there:.2f}")
        assert (here > 0) == (there > 0)

# %% [markdown]
# ### What this record decides
#
# No interval lies below 1, twelve above it. But of nineteen 95 % intervals about one misses by chance, and five of the twelve begin between 1.03 and 1.10. Allow for nineteen looks, and three remain: beta1 = .9, the rate 2e-4, no tanh. The others are likely, not decided. An interval that holds 1 decides nothing, not even that the guideline does not matter. 300 rounds are a quarter of the game, and its settings were chosen on some of these seeds: a ratio near 1 may be home advantage.
#
# ### What buys the speed
#
# A second record gives every game 20 CPU-seconds. Each takes one property from a much-copied recipe, rebuilt (PyTorch-GAN's `dcgan`: resize, 100 plain noise numbers). Batch 128 is the paper's; "uneven start" is our up-sampling without its start. "Noise" changes length and choice at once; "generator" and "both players" bring it along. The rows "all but" keep one group of ours: both players (with noise and first weights), Adam's rate and memory, or the average.

# %%
factors = recorded("nb06_time_to_quality_factors")
if factors:
    ends, rounds = {}, {}
    for run in sorted(factors["runs"], key=lambda run: run["seed"]):
        ends.setdefault(run["recipe"], []).append(run["distance"][-1])
        rounds.setdefault(run["recipe"], []).append(run["rounds"][-1])
    ends = {name: torch.tensor(values) for name, values in ends.items()}
    worse = {name: values / ends["nothing"] for name, values in ends.items()}  # seed by seed
    times = {name: v.log().mean().exp() for name, v in worse.items()}
    wide = {name: (T95[len(v)] * v.log().std() / len(v) ** 0.5).exp() for name, v in worse.items()}
    print("taken over             distance of each seed     times ours (95 %)         rounds")
    for name in sorted(ends, key=lambda name: ("all" in name, times[name])):
        values, title = "".join(f"{v:8.1f}" for v in ends[name]), name.replace("nothing", "nothing (ours)")
        low, high = times[name] / wide[name], times[name] * wide[name]
        print(f"{title:20}{values}   ×{times[name]:6.2f} ({low:5.2f} to {high:6.2f}) ", end="")
        print(f"{sorted(rounds[name])[1]:7}")

# %%
if factors:
    far = {name for name in worse if name in ("generator", "both players", "rate") or "all" in name}
    assert len(far) == 7 and all(worse[name].min() > 10 for name in far)
    better = {name for name in worse if times[name] > wide[name]} - far  # our side, beyond the interval
    assert better == {"discriminator", "noise", "betas"} and worse["discriminator"].min() > 2
    assert all(worse[name].min() > 1.2 for name in ("betas", "noise", "up-sampling", "no EMA"))
    assert all(worse[name].min() > 1 for name in ("uneven start", "weights", "batch 128"))
    assert worse["data path"].min() < 1 < worse["data path"].max()

# %% [markdown]
# Two things decide: the small generator (theirs plays a fifteenth of the rounds) and the rate, twenty times theirs; without either the distance is more than ten times ours, in every seed. The discriminator buys a factor of nearly three, the noise 1.7, Adam's memory 1.6; their intervals, too, exclude 1. Average, sub-pixel instead of resize, even start, first weights and batch 64 were better in each of the three seeds, by 1.2 to 2 times, but their intervals contain 1. The DataLoader is not even of one sign. And none of the three groups alone saves the other recipe. (Threads: notebook 20.)
#
# ## 8 Stop, and go on
#
# To go on after an interruption *as if nothing had happened*, the file must hold all that changes: both players (with buffers), both optimisers (Adam's moments and step count), the average, the state of the noise, and how many rounds were played: the place in the order of the batches. A short game, interrupted after 7 of 12 rounds:

# %%
SETTINGS = {"batch": 64, "lr": 4e-3, "images": parts.fit.name}
folder = tempfile.TemporaryDirectory()
file = Path(folder.name) / "game.pt"


def played(game, rounds, start=0):
    return list(dcgan_rounds(game, x_fit, seed=0, rounds=rounds, start=start))


def all_numbers(game):
    states = [p.get_state() if isinstance(p, torch.Generator) else p.state_dict() for p in game]
    return [t.clone() for t in torch.utils._pytree.tree_leaves(states) if isinstance(t, torch.Tensor)]


def identical(a, b):
    return all(torch.equal(x, y) for x, y in zip(all_numbers(a), all_numbers(b), strict=True))


whole = dcgan_game(seed=0, device=device)
losses_whole = played(whole, 12)
first = dcgan_game(seed=0, device=device)
played(first, 7)
save_checkpoint(file, first._asdict(), step=7, settings=SETTINGS)

# %%
resumed = dcgan_game(seed=99, device=device)  # other weights, other noise: all must come from the file
step = load_checkpoint(file, resumed._asdict(), settings=SETTINGS)
losses_resumed = played(resumed, 12, start=step)
print(f"resumed after round {step}; losses equal: {losses_resumed == losses_whole[7:]}")
print(f"all {sum(t.numel() for t in all_numbers(whole)):,} numbers equal: {identical(whole, resumed)}")
if device == "cpu":  # on a GPU some sums are taken in an order that may change
    assert losses_resumed == losses_whole[7:] and identical(whole, resumed)

# %% [markdown]
# Equal, bit for bit. What if a part is forgotten? **Predict first:** which one does the least harm?

# %%
gaps = {}
for forgotten in ("opt_G", "opt_D", "noise", "average", "the order of batches"):
    kept = {name: part for name, part in first._asdict().items() if name != forgotten}
    partial = file.with_name(f"without {forgotten}.pt")
    save_checkpoint(partial, kept, step=7, settings=SETTINGS)
    game = dcgan_game(seed=0, device=device)
    load_checkpoint(partial, {n: p for n, p in game._asdict().items() if n in kept}, settings=SETTINGS)
    start = 0 if forgotten == "the order of batches" else 7
    played(game, start + 5, start)
    gaps[forgotten] = max(
        (a - b).abs().max().item()
        for a, b in zip(whole.average.parameters(), game.average.parameters(), strict=True)
    )
    print(f"{forgotten:21} largest difference of a weight of the average: {gaps[forgotten]:.3f}")
assert 1e-5 < gaps["average"] < min(v for k, v in gaps.items() if k != "average") / 3
young, old = math.prod(decays[7:12]), math.prod(decays[-5:])  # the weight of an average lost five rounds ago
print(f"five rounds later {young:.0%} of a lost average is left; had it been lost late, {old:.0%}")
assert young < 0.05 and old > 0.95

# %% [markdown]
# Each part was left out both when saving and when loading: none of the five crashes, none says a word. The average does least harm: it never acts on the game, and it is young; lost at round 1,195, 96 % of it would be missing at the end. What can be checked, `load_checkpoint` checks *before* it touches anything: a hash of the content, the settings, names and shapes. It reads with `weights_only=True`: a checkpoint is a pickle, and a stranger's pickle can run code.


# %%
def attempt(path, settings=SETTINGS, **players):
    game = dcgan_game(seed=1, device=device, **players)
    before = copy.deepcopy(all_numbers(game))
    try:
        load_checkpoint(path, game._asdict(), settings=settings)
        print("loaded")
    except ValueError as error:
        print("refused:", str(error).replace(folder.name, "…"))
    assert all(
        torch.equal(a, b) for a, b in zip(before, all_numbers(game), strict=True)
    )  # nothing was changed


damaged = file.with_name("damaged.pt")
damaged.write_bytes(file.read_bytes()[:-1000])
attempt(damaged)
attempt(file.with_name("without opt_G.pt"))  # left out when saving only
attempt(file, SETTINGS | {"lr": 2e-4})
attempt(file, D=dcgan_discriminator(seed=1, hidden=()))
folder.cleanup()

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · How large does it get?
#
# ●○○ · 10 minutes · you need: section 2. A transposed convolution gets `side` pixels. How many does it return?


# %% tags=["exercise-1"]
def side_out(side, kernel, stride, padding, output_padding):
    """Five whole numbers. Returns the side of the result."""
    return None  # <- your answer


# %% tags=["check-1"]
nb06.check_1(side_out)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Draw three input pixels and the patches that they write, for stride 2 and kernel 4.
# Where does the last patch begin, and where does it end?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The patches begin at 0, stride, 2·stride and so on. The last one therefore begins at
# `(side - 1) * stride`, and it is `kernel` long. `padding` is cut off at both ends,
# `output_padding` is added at one.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def side_out(side, kernel, stride, padding, output_padding):
#     return (side - 1) * stride + kernel - 2 * padding + output_padding
# ```
# With kernel 4, stride 2, padding 1 this is 2·side: the doubling of section 2.
# </details>
#
# ### Exercise 2 · How long does an average remember?
#
# ●○○ · 5 minutes · you need: section 6. After how many updates has a sudden change of $\theta$ reached $\bar\theta$ by half, for a fixed decay $\beta$?


# %% tags=["exercise-2"]
def half_life(decay):
    """decay between 0 and 1. Returns a number of updates (it need not be whole)."""
    return None  # <- your answer


# %% tags=["check-2"]
nb06.check_2(half_life)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# How much weight does the old value of $\theta$ still have after one update, after two,
# after $n$?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# After $n$ updates the old value has the weight $\beta^n$. Set this to one half and
# solve for $n$ with logarithms. The result need not be whole.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def half_life(decay):
#     return math.log(0.5) / math.log(decay)
# ```
# 346 rounds for .998. With .998 from the start, 9 % of the average would still be random first weights at round 1,200; section 6's fraction is .9926 there: 93 rounds.
# </details>
#
# ### Exercise 3 · The bug in a resume
#
# ●●○ · 10 minutes · you need: section 8. This code resumes a game, and every later batch is another than it should be. Return the right ones.
#
# ```python
# step = load_checkpoint(file, game._asdict(), settings=SETTINGS)
# fed = data.batches(x, batch, seed=seed + step)
# ```


# %% tags=["exercise-3"]
def rest_of_batches(x, batch, seed, step):
    """x (n, ...), `step` batches of this seed were played. Returns an iterator over those that follow, without end."""
    return None  # <- your answer


# %% tags=["check-3"]
nb06.check_3(rest_of_batches)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# The same seed shuffles in the same way. So which stream did the interrupted game read
# from, and how far had it come?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Make the stream with the game's own `seed`, and skip what was played:
# `itertools.islice(iterator, start, None)` leaves out the first `start` items and has
# no end.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def rest_of_batches(x, batch, seed, step):
#     return itertools.islice(data.batches(x, batch, seed=seed), step, None)
# ```
# </details>
#
# ### Exercise 4 · A pure checkerboard
#
# ●○○ · 5 minutes · you need: section 2. Make an image of -1 and 1 whose whole power lies at one frequency, the fastest along both axes.


# %% tags=["exercise-4"]
def pure_checkerboard(side):
    """side: an even number. Returns a float tensor (side, side)."""
    return None  # <- your answer


# %% tags=["check-4"]
nb06.check_4(pure_checkerboard)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Go from one pixel to its neighbour, to the right and then down. What must happen to
# the sign each time?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The sign at row $i$, column $j$ depends on whether $i+j$ is even. `i[:, None] + i`
# holds all the sums, and $(-1)$ can be raised to a tensor of whole numbers.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def pure_checkerboard(side):
#     i = torch.arange(side)
#     return (-1.0) ** (i[:, None] + i)
# ```
# Its $c$ is 1, and so is that of stripes one pixel wide: $c$ counts both lines.
# </details>
#
# ## Recap
#
# 1. Convolutions assume that neighbours belong together; shuffled pixels, which an MLP does not notice, left a DCGAN far behind after 80 rounds ([section 1](#1-Neighbours)).
# 2. Even overlap does not prevent checkerboards: a new transposed or sub-pixel generator holds a fifth or more of its power in them, resize and an even start hardly any, and training removes them ([section 2](#2-Three-ways-to-double-an-image)).
# 3. A continuous generator on connected noise must draw bridges between clusters, one with a choice need not ([section 3](#3-Noise-that-can-choose)), and at equal CPU-seconds the DCGAN ends many times nearer to real digits than the MLP, in five seeds ([section 4](#4-The-game)).
# 4. Samples depend on their company unless batch norm is in eval mode, and an average of the weights without batch norm's buffers is not the average of anything ([section 5](#5-Batch-norm-and-first-weights), [section 6](#6-An-average-of-the-weights)); of nineteen changes three are decidedly worse after 300 rounds ([section 7](#7-One-thing-at-a-time)).
# 5. A resumed game is the uninterrupted one, bit for bit, only if both players, both optimisers, average, noise and place in the data are restored; leave one out on both sides, and nothing complains ([section 8](#8-Stop,-and-go-on)).
#
# **Further reading.** Radford, Metz & Chintala 2016 (arXiv:1511.06434), Section 3 · Odena, Dumoulin & Olah 2016, *Deconvolution and checkerboard artifacts* (Distill) · Shi et al. 2016 (1609.05158) · Aitken et al. 2017 (1707.02937) · Tanielian et al. 2020 (2006.04596). Next: 07, where the ruler itself is measured.
