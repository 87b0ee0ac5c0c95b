# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Gradient descent in games
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/03_gradient_descent_in_games.ipynb)
#
# ![A film: on the left two balls come to rest at the bottom of a bowl, on the right the arrows of a game run around in a ring, and a ball waits beside a question mark](images/03_gradient_descent_in_games.gif)
#
# **In one sentence:** two players who each go downhill can circle for ever, and one number says whether they will.
#
# **After this lesson you can**
#
# - **explain** why the best optimiser for a loss can fail in a game;
# - **compute** one number, an eigenvalue's size, that tells whether a training rule arrives, circles or leaves;
# - **answer** three questions that everyone asks: which learning rate, with or without decay, and why $\beta_1$ is not 0.9.
#
# *Before:* [01](01_the_minimax_game.ipynb), [02](02_losses_and_gradients.ipynb), and a matrix times a vector. *Study:* 42 minutes, and 23 for the exercises. *Run time:* about 20 seconds on one CPU core. *Deeper:* [the second notebook](deeper/03_gradient_descent_in_games.ipynb) has more rules and games, and the eigenvalues of a network's game.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import ipywidgets as widgets
import matplotlib.pyplot as plt
import torch
from torch.autograd.functional import jacobian
from torch.nn import functional as F

from gan_helpers import plots, seeds
from gan_helpers.checks import nb03
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.notebook import predict

plots.use_course_style()
torch.set_num_threads(1)  # two parameters: a second thread costs more than it brings

# %% [markdown]
# ## 1 A bowl (6 min)
#
# Near its minimum a smooth loss looks like a bowl. Ours is 25 times as steep in one direction as in the other:
#
# $$\ell(w)=\tfrac12\,(w_1^2+25\,w_2^2).$$
#
# Each parameter wants to go where minus its gradient points. We call this the **field**. A plain step follows it with a learning rate $h$. **Momentum** follows a running sum instead: in each step it halves the old sum and adds the new field. So its state has four numbers, the place and the sum.


# %%
def bowl(w):
    return -torch.tensor([1.0, 25.0]) * w  # minus the gradient of the loss


def plain(w, field, h):
    return w + h * field(w)


def momentum(state, field, h):
    w, direction = state.chunk(2, dim=-1)  # (..., 4): the place and the sum
    direction = 0.5 * direction + field(w)
    return torch.cat([w + h * direction, direction], dim=-1)


def trail(rule, field, h, start, steps):
    """All positions of many runs side by side: (steps + 1, runs, 2)."""
    state = start
    if rule is momentum:
        state = F.pad(start, (0, 2))  # append two zeros
    path = [state]
    for _ in range(steps):
        path.append(rule(path[-1], field, h))
    return torch.stack(path)[..., :2]


# %% [markdown]
# Each rule gets a learning rate that suits it, and sixteen random starts.

# %%
random = torch.Generator().manual_seed(seeds.one())
starts = torch.randn(16, 2, generator=random)
in_bowl = {
    "plain": trail(plain, bowl, 0.077, starts, 200),
    "momentum": trail(momentum, bowl, 0.1, starts, 200),
}
needed = {}
for name, path in in_bowl.items():
    needed[name] = (path.norm(dim=-1) > 1e-3).sum(0)  # steps spent farther away
table("steps until within 0.001 of the bottom", needed)


# %% tags=["hide-input", "head-picture"]
def arrows_of(field, ax, limit=2.2, color="#c8c8c8", **options):
    mesh = plots.plane(limit, 11)
    ax.quiver(*mesh.unbind(-1), *field(mesh).unbind(-1), color=color, width=0.006, **options)


w1, w2 = plots.plane(2.4, 80).unbind(-1)
fig, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.3), dpi=80)
left.contour(w1, w2, w1**2 + 25 * w2**2, levels=[0.5, 4, 14, 34, 62, 100], colors="#c8c8c8", linewidths=1)
balls = {}
for name, rule, h, color in (("plain", plain, 0.077, plots.SKY), ("momentum", momentum, 0.1, plots.GREEN)):
    path = trail(rule, bowl, h, torch.tensor([[-2.0, 1.6]]), 26)[:, 0]
    balls[name] = path, left.plot([], [], color=color, linewidth=1.2)[0], left.plot([], [], "o", color=color, label=name)[0]
left.legend(loc="lower right")
left.set(title="a loss: down we go", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), xticks=[], yticks=[])
mesh = plots.plane(2.2, 11)
right.quiver(*mesh.unbind(-1), mesh[..., 1], -mesh[..., 0], color="#c8c8c8", scale=40, width=0.006)
right.plot(1, -1, "o", color=plots.GREEN)
right.text(1.2, -1.1, "?", color=plots.DISC, fontsize=22)
right.set(title="a game: where to?", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), xticks=[], yticks=[])


def draw(k):
    for path, line, ball in balls.values():
        line.set_data(*path[: k + 1].T)
        ball.set_data(*path[k : k + 1].T)


alt = "Left: the narrow oval contours of a bowl. Two balls start at the same point. Both zigzag at first; the one with momentum is at rest in the middle while the plain one still creeps along the valley. Right: arrows that run around a centre in a ring, and a ball at rest with a question mark."
plots.gif(fig, draw, 27, fps=6, alt=alt)

# %%
claim(
    "Momentum needs less than half the steps of the plain rule.",
    needed["momentum"] / needed["plain"], below=0.5,
)

# %% [markdown]
# So in this bowl every start leads to the bottom, and momentum is the better optimiser. A plain step multiplies $w_1$ by $1-h$ and $w_2$ by $1-25h$. Both factors must lie between $-1$ and 1, so $h$ must stay below $2/25$. In general it must stay below $2/L$, where $L$ is the largest curvature.
#
# ## 2 Two players, two parameters (4 min)
#
# In a GAN each player has a loss of its own. Take the smallest GAN there is. All data lie at the point 0. The generator has one parameter and makes one fake, $x=\theta$. The discriminator has one parameter, too: its score is $D(x)=\psi x$, a straight line through 0. The simplest losses use the score itself (lesson 09 does): $L_D=D(\theta)-D(0)=\psi\theta$ and $L_G=-D(\theta)=-\psi\theta$. The best fake is $\theta=0$, and then $D$ should be flat, $\psi=0$. There nobody wants to move. It is the **equilibrium** of the game.
#
# Each player owns one parameter and descends its own loss in it. So the field is $-\partial L_G/\partial\theta=\psi$ and $-\partial L_D/\partial\psi=-\theta$.


# %%
def game(w):
    theta, psi = w.unbind(-1)
    return torch.stack([psi, -theta], dim=-1)


# %%
predict(
    "Plain steps, h = 0.2, from θ = 1 and ψ = −1. Where does the pair go?",
    [
        ("To (0, 0), since each player goes downhill", False, "Each does. But each step of one tilts the other's hill."),
        ("It circles at the same distance", False, "The arrows circle, but a step along a circle ends outside it."),
        ("It leaves on a growing spiral", True, "Every step makes the distance 2 % larger."),
    ],
)

# %%
corner = torch.tensor([[1.0, -1.0]])
path = trail(plain, game, 0.2, corner, 40)[:, 0]

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(3.6, 3.6))
arrows_of(game, ax, scale=40)
ax.plot(*path.T, ".-", color=plots.DISC, linewidth=1)
ax.plot(*path[0], "o", color=plots.GREEN, markersize=8)
ax.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal", xlabel="generator $\\theta$", ylabel="discriminator $\\psi$", title="The plain step spirals out")
alt = "Arrows run clockwise around the origin. The run starts at the green dot (1, -1) and goes around clockwise, a little farther out with every step."
plots.show(fig, alt=alt)

# %%
sizes = trail(plain, game, 0.2, starts, 1).norm(dim=-1)
claim(
    "One plain step multiplies every distance by √(1 + h²).",
    sizes[1] / sizes[0], near=(1 + 0.2**2) ** 0.5, within=1e-5, exact=True,
)

# %% [markdown]
# Why does it not stop at the data? Here is half a turn, seen at the data.

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.4), sharey=True)
moments = ((-1.0, 0.0, "1 $D$ is flat, the fake waits"), (-0.7, 0.7, "2 $D$ tilts, the fake moves"), (0.0, 1.0, "3 on the data, $D$ steepest"), (1.0, 0.0, "4 on the other side"))
for ax, (theta, psi, title) in zip(axes, moments, strict=True):
    ax.plot([-1.6, 1.6], [-1.6 * psi, 1.6 * psi], color=plots.DISC)
    ax.plot(0, 0, "o", color=plots.REAL, markersize=13)
    ax.plot(theta, psi * theta, "o", color=plots.FAKE, markersize=8)
    if psi:
        ax.annotate("", (theta + 0.9 * psi, psi * theta - 0.7), (theta, psi * theta - 0.7), arrowprops={"arrowstyle": "-|>", "color": plots.FAKE, "lw": 2})
    ax.set(xlim=(-1.6, 1.6), ylim=(-1.7, 1.7), title=title, xlabel="$x$", yticks=[])
axes[0].set_ylabel("score $D(x)$")
alt = "Four panels: data as a blue dot at 0, one orange fake, and the black line of D. 1: the fake is left of the data and the line is flat. 2: the line has tilted upwards, the fake is nearer. 3: the fake is on the data and the line is steepest. 4: the fake is on the other side of the data, and the line is flat again."
plots.show(fig, alt=alt)

# %% [markdown]
# In the third panel the fake is perfect. But now $D$ is at its steepest, and the fake runs straight on.
#
# ## 3 One number (3 min)
#
# In section 2 one factor told everything. Has every rule such a number?
#
# **The bowl.** At $h=0.077$ a plain step multiplies $w_1$ by $0.923$ and $w_2$ by $-0.925$. These two factors are the **eigenvalues** of the step. After $n$ steps $w_1$ was multiplied by $0.923^n$ and $w_2$ by $(-0.925)^n$. The minus sign only makes $w_2$ jump from side to side. In the end the larger size counts, 0.925.
#
# **The game.** Here each step turns. With $h=0.2$ it leads from $(1,0)$ to $(1,-0.2)$, and from $(0,1)$ to $(0.2,1)$. As arrows from 0 both become $\sqrt{1^2+0.2^2}=1.02$ times as long, and both turn clockwise by 11°. So a step is one turn and one stretch, and one complex number holds both. Write the pair as $\theta+i\psi$. A step multiplies it by $1-ih$:
#
# $$(1-ih)(\theta+i\psi)=(\theta+h\psi)+i(\psi-h\theta).$$
#
# This number is an eigenvalue, too. The **size** of $\mu=p+iq$ is $|\mu|=\sqrt{p^2+q^2}$, and it is the stretch. For $1-0.2i$ it is 1.02, and the pair spirals out. For $0.9-0.2i$ it would be 0.92, and the pair would spiral in.
#
# **Any rule.** Near an equilibrium one update multiplies the state by a matrix, the *Jacobian* $J$ of the update. (The plain step in the game has the rows $(1,h)$ and $(-h,1)$.) PyTorch computes $J$ and its eigenvalues. For a turn it returns two eigenvalues of the same size, here $1-ih$ and its mirror image $1+ih$. The largest size counts in the end. It is the **spectral radius** $\rho$. Below 1 the rule arrives, and above 1 it leaves.


# %%
def rho(rule, field, h):
    """Largest |eigenvalue| of one update at the equilibrium 0."""

    def update(state):
        return rule(state, field, h)

    size = 4 if rule is momentum else 2
    J = jacobian(update, torch.zeros(size, dtype=torch.float64))
    return torch.linalg.eigvals(J).abs().max().item()


# %% [markdown]
# Does an $h$ that is a hundred times smaller help in the game?

# %%
table(
    "ρ - 1, the change of the distance per step",
    {
        "game, h = 0.2": rho(plain, game, 0.2) - 1,
        "game, h = 0.002": rho(plain, game, 0.002) - 1,
    },
    unit="%",
)

# %% [markdown]
# It still leaves, only more slowly.
#
# ## 4 Four rules (6 min)
#
# In **alternating** steps $D$ moves first, and $G$ answers the new $D$; GAN code nearly always does this. **Extragradient** reads the field one step ahead, and walks from here with it.

# %%
G_MOVES = torch.tensor([1.0, 0.0])
D_MOVES = torch.tensor([0.0, 1.0])


def alternating(w, field, h):
    w = w + h * field(w) * D_MOVES
    return w + h * field(w) * G_MOVES


def extragradient(w, field, h):
    ahead = w + h * field(w)
    return w + h * field(ahead)


# %%
predict(
    "Which rule brings the game to (0, 0)?",
    [
        ("Momentum, the best one in the bowl", False, "It leaves fastest, even with half the learning rate."),
        ("Alternating, since G answers the newest D", False, "It does not leave, but it does not arrive either."),
        ("Extragradient, since it looks ahead", True, "The field ahead has turned towards the centre."),
    ],
)

# %%
RULES = {
    "plain": plain,
    "alternating": alternating,
    "momentum": momentum,
    "extragradient": extragradient,
}
trails = {}
predicted = {}
gaps = []
for name, rule in RULES.items():
    trails[name] = trail(rule, game, 0.2, corner, 120)[:, 0]
    predicted[name] = rho(rule, game, 0.2)
    distance = trail(rule, game, 0.2, starts, 300).norm(dim=-1)
    measured = (distance[300] / distance[100]) ** (1 / 200)  # mean per step
    gaps.append((measured - predicted[name]).abs().max())
growth = {}
for name, value in predicted.items():
    growth[name] = value - 1
table("ρ − 1, growth per step, h = 0.2", growth, unit="%")

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.9), sharex=True, sharey=True)
for ax, (name, path) in zip(axes, trails.items(), strict=True):
    arrows_of(game, ax, scale=40)
    ax.plot(*path[:31].T, ".-", color=plots.SKY, linewidth=1, markersize=3)
    ax.plot(*path[30:].T, color=plots.DISC, linewidth=1)
    ax.plot(*path[0], "o", color=plots.GREEN)
    ax.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal", xlabel="$\\theta$", title=name)
axes[0].set_ylabel("$\\psi$")
alt = "Four runs of the game: the first 30 steps in light blue, steps 31 to 120 in black, the start in green. Plain and momentum leave, alternating stays on an oval, extragradient ends near the centre."
plots.show(fig, alt=alt)

# %%
claim("Each run's measured factor is ρ, up to a thousandth.", gaps, below=1e-3, exact=True)
arrive = [name for name in RULES if predicted[name] < 1 - 1e-9]
claim("Extragradient is the only one below 1.", arrive == ["extragradient"], exact=True)
claim(
    "Even with half the learning rate momentum leaves faster than plain steps.",
    rho(momentum, game, 0.1), above=predicted["plain"], exact=True,
)

# %% [markdown]
# The winner of the bowl loses most clearly here. Its sum contains old arrows, and one step back the field pointed further outwards. (As a reason we have not tested it.) And the usual rule of GAN code, alternating, has $\rho=1$: it circles on an oval for ever.
#
# Why does extragradient arrive? At $w=(1,-1)$ the field is $(\psi,-\theta)=(-1,-1)$. One step of $h=0.2$ ahead, at $(0.8,-1.2)$, it is $(-1.2,-0.8)$. That is the field here, minus $0.2\,w$. So each step goes a little towards the centre, too. It costs two gradients.

# %%
claim("Alternating has ρ = 1.", predicted["alternating"], near=1, within=1e-9, exact=True)
pulled = plain(starts, game, 0.2) - 0.2**2 * starts
claim(
    "Extragradient is the plain step minus h² w.",
    (extragradient(starts, game, 0.2) - pulled).abs().max(), below=1e-6, exact=True,
)

# %% [markdown]
# ## 5 R1: change the game (8 min)
#
# We can also change the game. When the fake is perfect, $D$ is at its steepest. So let us punish $D$ for being steep at the data. This penalty is called **R1** (Mescheder et al. 2018):
#
# $$L_D+\frac\gamma2\,\mathbb E_{x\sim p_d}\big[\lVert\nabla_xD(x)\rVert^2\big],\qquad\text{here } \nabla_xD=\psi .$$
#
# It adds $-\gamma\psi$ to the field of $D$, which pulls $\psi$ to 0. We also put the sigmoid of lesson 01 back, for the minimax GAN. It only multiplies both players' gradients by $P=\sigma(D(\theta))=\sigma(\psi\theta)$. At the equilibrium $P=\tfrac12$.


# %%
def gan(gamma):
    """The field of the minimax GAN with R1."""

    def field(w):
        theta, psi = w.unbind(-1)
        P = torch.sigmoid(psi * theta)
        return torch.stack([psi * P, -theta * P - gamma * psi], dim=-1)

    return field


# %%
predict(
    "A penalty of γ = 1 makes the GAN arrive. What does γ = 5 do, at the same h = 0.2?",
    [
        ("It arrives faster, since D is damped more", False, "D is. But G moves only as D tilts."),
        ("It arrives much more slowly", True, "D stays nearly flat, so G gets hardly any gradient."),
        ("It leaves", False, "This h is small enough; a larger one would."),
    ],
)

# %%
GAMMAS = (0.0, 0.3, 1.0, 5.0)
one_run = {}
with_r1 = {}
for gamma in GAMMAS:
    one_run[gamma] = trail(plain, gan(gamma), 0.2, corner, 300)[:, 0]
    path = trail(plain, gan(gamma), 0.2, starts, 300)
    with_r1[f"γ = {gamma:g}"] = path[-1].norm(dim=-1)
table("distance after 300 steps", with_r1)
claim("γ = 1 is better than 0.3 from every start.", with_r1["γ = 1"], below=with_r1["γ = 0.3"])
claim("γ = 1 is better than 5 from every start.", with_r1["γ = 1"], below=with_r1["γ = 5"])
theta, psi = path[-1].T  # of the last γ, 5
claim("With γ = 5 the slope of D is a tenth of θ.", psi / theta, near=-0.1, within=0.02)

# %% [markdown]
# Compare the directions of the arrows: their scale differs.

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.9), sharex=True, sharey=True)
for ax, (gamma, path) in zip(axes, one_run.items(), strict=True):
    arrows_of(gan(gamma), ax, scale=None)
    ax.plot(*path.T, ".-", color=plots.DISC, linewidth=1, markersize=3)
    ax.plot(*path[0], "o", color=plots.GREEN)
    ax.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal", xlabel="$\\theta$", title=f"$\\gamma$ = {gamma:g}")
axes[0].set_ylabel("$\\psi$")
alt = "Four runs of 300 steps from the green dot (1, -1). Without penalty the run spirals out. With 0.3 it spirals into the centre, with 1 it goes there in one bend. With 5 it jumps to the horizontal axis and creeps along it, and is not yet at the centre."
plots.show(fig, alt=alt)

# %% [markdown]
# R1 bends the arrows inwards. With $\gamma=5$, $D$ is nearly flat, so the fake gets little gradient and creeps.
#
# Must the penalty ask for slope *zero*? The penalty of WGAN-GP (lesson 09), $\tfrac\gamma2(|\psi|-1)^2$, asks for slope 1. Minus its derivative is $-\gamma\psi$, as with R1, plus a push of constant size $\gamma$ away from a flat $D$.


# %%
def asks_for_1(gamma):
    def field(w):
        push = gamma * w.sign() * D_MOVES
        return gan(gamma)(w) + push

    return field


fields = {
    "slope 0 (R1), γ = 0.3": gan(0.3),
    "slope 1, γ = 0.3": asks_for_1(0.3),
    "slope 1, γ = 1": asks_for_1(1.0),
}
nearest = {}
for name, field in fields.items():
    path = trail(plain, field, 0.2, starts, 500)
    nearest[name] = path[300:].norm(dim=-1).amin(0)
table("smallest distance in steps 300 to 500", nearest)
theta, psi = path[-1].T  # of the last field, γ = 1

# %%
claim("With R1 every start arrives.", nearest["slope 0 (R1), γ = 0.3"], below=0.01)
claim("With slope 1 and γ = 0.3 no start does.", nearest["slope 1, γ = 0.3"], above=1)
claim("With γ = 1 it stops at θ = ±2,", theta.abs(), near=2, within=0.01, exact=True)
claim("and D is flat there.", psi.abs(), below=1e-4)

# %% [markdown]
# With $\gamma=0.3$ the pair circles. With $\gamma=1$ it stops in the wrong place: at $\theta=2$ the push, 1, and the gradient of $D$, $\theta P=2\cdot\tfrac12$, cancel. This penalty fails because it does not let $D$ be flat at the data.


# %% tags=["hide-input"]
def drive(rule, h, gamma):
    path = trail(RULES[rule], gan(gamma), h, corner, 300)[:, 0].clamp(-50, 50)
    fig, ax = plt.subplots(figsize=(3.8, 3.8))
    arrows_of(gan(gamma), ax)
    ax.plot(*path.T, ".-", color=plots.DISC, linewidth=1, markersize=3)
    ax.plot(*path[0], "o", color=plots.GREEN)
    ax.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal", xlabel="$\\theta$", ylabel="$\\psi$")
    ax.set_title(f"{rule}: ρ = {rho(RULES[rule], gan(gamma), h):.4f}")
    plots.show(fig, alt=f"A run of the rule {rule} with learning rate {h:.2f} and penalty {gamma:.1f}")


h_slider = widgets.FloatSlider(value=0.2, min=0.02, max=2, step=0.02, description="h")
gamma_slider = widgets.FloatSlider(value=0, min=0, max=10, step=0.1, description="γ")
_ = widgets.interact(drive, rule=list(RULES), h=h_slider, gamma=gamma_slider)

# %% [markdown]
# <details><summary>Two missions for the sliders</summary>
#
# At $h=1$ let the plain rule arrive with as little $\gamma$ as possible, and let $\gamma=3$ explode.
# </details>
#
# <details><summary>Answers</summary>
#
# At $h=1$ the slider's first $\gamma$ that arrives is 0.3 (the limit is ¼). With $\gamma=3$ the run explodes from $h=0.62$ on. Section 6 tells the rule behind both.
# </details>
#
# ## 6 Three questions people ask (11 min)
#
# ### Which learning rate?
#
# In a bowl the limit is $2/L$. In the GAN we try 499 learning rates for each $\gamma$. Recall that $\rho$ speaks of places near the equilibrium.

# %%
largest = {}
for gamma in GAMMAS:
    best = 0.0
    for k in range(1, 500):
        if rho(plain, gan(gamma), k / 100) < 1:
            best = k / 100
    largest[f"γ = {gamma:g}"] = best
table("largest learning rate that arrives from nearby (0: none)", largest)
claim("Without R1 no learning rate arrives.", largest["γ = 0"] == 0, exact=True)

# %%
def arriving(h, places):
    """How many of 16 runs with γ = 1 are near the equilibrium after 500 plain steps."""
    end = trail(plain, gan(1.0), h, places, 500)[-1]
    return (end.norm(dim=-1) < 0.1).sum().item()


from_afar = arriving(2.0, starts)
table("of 16 starts arrive, γ = 1", {
    "h = 1": arriving(1.0, starts),
    "h = 2": from_afar,
    "h = 2, starts a hundredth as far": arriving(2.0, starts / 100),
})
claim("At half the limit some of 16 starts explode.", from_afar, below=16)

# %% [markdown]
# With plain steps a *weak* penalty ($\gamma<1$) bears $h$ up to $4\gamma$ (exercise 2 derives it). A *strong* one multiplies $\psi$ by about $1-h\gamma$, so $h$ must stay below $2/\gamma$. Above that $\psi$ jumps from side to side. Then a smaller $h$ or a *smaller* $\gamma$ helps.
#
# **That surprised us:** far from the equilibrium the limit is lower. With $\gamma=1$ it is 4, but at $h=2$ many of our starts explode, and only those nearby arrive.
#
# ### Should it decay?
#
# Gradients of batches are noisy. We add noise to every step, with and without R1, and let the learning rate fall to a hundredth.


# %%
def noisy(field, decay):
    """Distance of each run at each of 2,000 noisy steps."""
    random = torch.Generator().manual_seed(1 + seeds.one())
    w = starts
    distances = []
    for k in range(2000):
        h = 0.2 * 20 / (20 + k) if decay else 0.2
        noise = 0.5 * torch.randn(16, 2, generator=random)
        w = w + h * (field(w) + noise)
        distances.append(w.norm(dim=-1))
    return torch.stack(distances)  # (2000, 16)


histories = {
    "no R1": noisy(gan(0.0), decay=False),
    "no R1, decay": noisy(gan(0.0), decay=True),
    "R1": noisy(gan(1.0), decay=False),
    "R1, decay": noisy(gan(1.0), decay=True),
}
late = {}
for name, history in histories.items():
    late[name] = history[-400:].mean(0)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7.4, 3.2))
colors = (plots.PINK, plots.GREY, plots.GREEN, plots.SKY)
smooth = {name: history.view(40, 50, 16).mean(1).T for name, history in histories.items()}
plots.lines(torch.arange(25, 2000, 50), {name: (smooth[name], c) for name, c in zip(smooth, colors, strict=True)}, log="y", ax=ax)
ax.set(xlabel="step", ylabel="distance", title="Decay stills the noise, not the circling")
alt = "Distance from the equilibrium over 2,000 noisy steps, medians of 16 runs with bands. Without R1 it grows. Without R1 but with decay it stays where it was. With R1 it stays at a floor of about 0.4. With R1 and decay it falls to below 0.1."
plots.show(fig, alt=alt)

# %%
table("mean distance in the last 400 steps", late)
halved = late["R1, decay"] < 0.5 * late["R1"]
claim("With R1, decay halves the distance of nearly every run, or more.", halved, in_at_least=13)
inwards = -(starts * gan(0.0)(starts)).sum(-1)
claim("Without R1 the field has no part inwards.", inwards.abs(), below=1e-6, exact=True)

# %% [markdown]
# With R1 the noise makes a floor: without it the game came to $10^{-12}$ in section 5. Decay lowers the floor. Without R1 no arrow points inwards, so on average smaller steps bring nobody nearer. Decay answers noise, not a missing penalty.
#
# ### Why not β₁ = 0.9?
#
# Adam's default momentum is $\beta_1=0.9$, but GAN code often sets 0.5 or 0. Adam divides each gradient by its usual size, so no fixed $J$ describes it. We run it, with learning rate 0.03.


# %%
def adam(field, beta1):
    """Mean distance of each run over the last 300 of 3,000 steps."""
    w = starts.clone()
    optimiser = torch.optim.Adam([w], lr=0.03, betas=(beta1, 0.999))
    distances = []
    for _ in range(3000):
        w.grad = -field(w)
        optimiser.step()
        distances.append(w.norm(dim=-1))
    return torch.stack(distances[-300:]).mean(0)


# %%
predict(
    "Adam plays the GAN without R1. What are the distances after 3,000 steps with β₁ = 0, 0.5 and 0.9?",
    [
        ("The same, since Adam divides by the size", False, "The size, but not the direction."),
        ("Smallest with 0.9, because it smooths", False, "It smooths a direction that turns."),
        ("The larger β₁, the farther out", True, "About 2, 3 and 5 by then."),
    ],
)

# %%
no_r1 = {}
for beta1 in (0.0, 0.5, 0.9):
    name = f"β₁ = {beta1:g}"
    no_r1[name] = adam(gan(0.0), beta1)
table("Adam in the GAN without R1", no_r1)

# %%
claim("In the GAN β₁ = 0 is nearer than 0.5,", no_r1["β₁ = 0"], below=no_r1["β₁ = 0.5"])
claim("and 0.5 is nearer than 0.9, from every start.", no_r1["β₁ = 0.5"], below=no_r1["β₁ = 0.9"])

# %% [markdown]
# Does R1 repair that?

# %%
repaired = {"γ = 0.3, β₁ = 0": adam(gan(0.3), 0.0)}
for gamma in (0.3, 1.0, 2.0):
    repaired[f"γ = {gamma:g}, β₁ = 0.9"] = adam(gan(gamma), 0.9)
table("Adam in the GAN with R1", repaired)

# %%
claim("With γ = 0.3, β₁ = 0 comes near.", repaired["γ = 0.3, β₁ = 0"], below=0.2)
claim("β₁ = 0.9 stays away.", repaired["γ = 0.3, β₁ = 0.9"], above=0.8)
claim(
    "With γ = 1 it comes nearer.",
    repaired["γ = 1, β₁ = 0.9"], below=repaired["γ = 0.3, β₁ = 0.9"],
)
claim("With γ = 2 it comes near, too.", repaired["γ = 2, β₁ = 0.9"], below=0.05)

# %% [markdown]
# With $\gamma=0.3$ plain steps arrive, and $\beta_1=0$ comes near. But $\beta_1=0.9$ stays at a distance of about 1. **That surprised us.** It needs more R1: with $\gamma=1$ it comes nearer, and with $\gamma=2$ near. Momentum of 0.9 without Adam does the same (deeper notebook).
#
# ## 7 What to take (1 min)
#
# | what you see | what it can be | what helps |
# |---|---|---|
# | it goes in circles, slowly outwards | the players turn around each other, $\rho$ above 1 ([3](#3-One-number-(3-min))) | more R1 ([5](#5-R1:-change-the-game-(8-min))), a look ahead ([4](#4-Four-rules-(6-min))); a smaller $h$ only if there is R1 |
# | it explodes, from side to side | $h$ above the limit of the penalty ([6](#6-Three-questions-people-ask-(11-min))) | smaller $h$ or smaller $\gamma$ |
# | it hardly moves | $D$ nearly flat from too much R1 ([5](#5-R1:-change-the-game-(8-min))) | smaller $\gamma$ |
# | it arrives and then trembles | noise of the batches ([6](#6-Three-questions-people-ask-(11-min))) | decay |
# | it moves on and on with Adam | no R1, or too little for a large $\beta_1$ ([6](#6-Three-questions-people-ask-(11-min))) | $\beta_1=0$, or more R1 |
#
# *What this does not show:* anything far from the equilibrium, or networks. Lesson 04 tries $\beta_1=0.9$ there. In the deeper notebook's network a small $h$ arrives even without R1.

# %%
how_sure()

# %% [markdown]
# ## Exercises (23 min)
#
# ### Exercise 1 · From the field's eigenvalues to the update
#
# ●○○ · 5 minutes · you need: section 3. The field has a Jacobian of its own, with eigenvalues $\lambda$ (in the game $\pm i$). From them, return the spectral radius of one *plain* step of size `h`.


# %% tags=["exercise-1"]
def step_radius(eigenvalues, h):
    """Spectral radius of w ← w + h v(w); eigenvalues: complex tensor (n,)."""
    return None  # ← your answer


# %% tags=["check-1"]
nb03.check_1(step_radius)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# What does one step make of an eigenvector of the field's Jacobian? Write $w+h\,v(w)$
# for such a vector, with the field $v$.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# An eigenvector is multiplied by $1+h\lambda$. The radius is the largest size $|\mu|$ of
# these numbers, over all eigenvalues.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def step_radius(eigenvalues, h):
#     return (1 + h * eigenvalues).abs().max()
# ```
# A purely imaginary $\lambda$ makes this larger than 1 for every $h>0$.
# </details>
#
# ### Exercise 2 · The largest learning rate
#
# ●●○ · 10 minutes · you need: section 6, exercise 1. Return the learning rate below which plain steps arrive, and 0 if no learning rate does. A formula is asked for: trying many $h$ is not exact enough.


# %% tags=["exercise-2"]
def step_limit(eigenvalues):
    """The h (a number) below which |1 + hλ| < 1 for every λ; 0 if there is none.

    eigenvalues: complex tensor (n,).
    """
    return None  # ← your answer


# %% tags=["check-2"]
nb03.check_2(step_limit)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# A step shrinks a direction if the size from exercise 1 is below 1. Square it and
# write it with the real and the imaginary part of $\lambda$.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# With $\lambda=a+ib$ the condition is $2ha+h^2(a^2+b^2)<0$. Divide by $h$ and solve for
# $h$, take the smallest limit over all eigenvalues, and return 0 if some $a$ is not
# negative.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def step_limit(eigenvalues):
#     if (eigenvalues.real >= 0).any():
#         return 0.0
#     return (-2 * eigenvalues.real / eigenvalues.abs().square()).min()
# ```
# For a real $\lambda=-L$ this is $2/L$. In the GAN with R1, $\lambda^2+\gamma\lambda+\tfrac14=0$. For $\gamma<1$ both
# roots have real part $-\tfrac\gamma2$ and $|\lambda|^2=\tfrac14$, so the limit is $4\gamma$, as in section 6.
# </details>
#
# ### Exercise 3 · Break it: look only half as far
#
# ●●○ · 8 minutes · you need: section 4. Change extragradient: look *half* a step ahead, read the field there, and take the whole step from here. This is the *midpoint rule*, and it follows the arrows much more accurately. Predict first: does it still arrive? Then write it, and print `rho(midpoint, game, 0.2)`.


# %% tags=["exercise-3"]
def midpoint(w, field, h):
    """One midpoint step of size h of both players at once."""
    return None  # ← your answer


# %% tags=["check-3"]
nb03.check_3(midpoint)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Start from the function `extragradient` of section 4. How far does it look ahead, and
# from where does it step?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Only one number changes: the field is read at `w + h / 2 * field(w)`. The whole step
# still starts from `w`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def midpoint(w, field, h):
#     return w + h * field(w + h / 2 * field(w))
# ```
# It does not arrive: $|1+ih-\tfrac{h^2}2|^2=1+\tfrac{h^4}4$, so $\rho=1.0002$ at $h=0.2$. It follows the arrows
# nearly perfectly, and the arrows circle. Extragradient arrives because it does *not* follow them.
# </details>
#
# ## Recap (1 min)
#
# 1. In a bowl plain steps arrive as long as $h<2/L$, and in ours momentum arrives sooner ([section 1](#1-A-bowl-(6-min))).
# 2. In a game each player tilts the other's hill, so plain steps go around and outwards ([section 2](#2-Two-players,-two-parameters-(4-min))).
# 3. The largest size of an eigenvalue is the factor per step: below 1 a rule arrives, above 1 it leaves ([section 3](#3-One-number-(3-min)), [section 4](#4-Four-rules-(6-min))).
# 4. R1 wants $D$ flat at the data, and the game arrives; asking for slope 1 fails, and too much R1 is slow or explodes ([section 5](#5-R1:-change-the-game-(8-min))).
# 5. Without a penalty neither a smaller learning rate nor decay helps plain steps, and Adam needs more R1 with $\beta_1=0.9$ than with 0 ([section 6](#6-Three-questions-people-ask-(11-min))).
#
# **Further reading.** Mescheder, Geiger and Nowozin 2018, *Which Training Methods for GANs do actually Converge?* (arXiv:1801.04406) · Gidel et al. 2019, *A Variational Inequality Perspective on GANs* (1802.10551). Next: [04 · The 2-D laboratory](04_gan_laboratory_2d.ipynb).
