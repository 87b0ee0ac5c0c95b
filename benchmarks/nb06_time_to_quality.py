"""Race GAN recipes for CPU-seconds (hours; see --help).

All recipes get the same budget, images, seeds and metric, one thread, and take turns in short slices of one
process, so that whatever else the machine does hits all of them alike. Time is the process's CPU time while
a recipe plays; measuring is not counted. The players, the judge and the report get images that had another
part when settings were chosen, and seeds from 100 on, which no setting has seen; `--images rendered` races
on digits drawn from fonts. `--factors` sets one property of our recipe at a time to that of PyTorch-GAN's
`dcgan`, on the usual parts and seeds. The command can be stopped and repeated: it goes on where it was.
"""

from __future__ import annotations

import argparse
import base64
import copy
import hashlib
import math
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from nb06_recipes import (
    CHANGES,
    FACTORS,
    Game,
    enlarge,
    factor,
    mlp_averaged,
    ours,
    pytorch_gan,
    pytorch_gan_wgan_gp,
    shrink,
    tuned,
    tutorial,
)
from recorder import RECORDS, code_of, head, same, write
from torch import Tensor

from gan_helpers import data, metrics, plots, records
from gan_helpers._files import cache_folder, whole
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.notebook import progress

SAMPLES, SHOWN, NOISE_SEED = 2000, 10, 10**6
MARKS = (10, 20, 30)  # seconds at which the summary compares
FIRST_SEED = 100

RECIPES: dict[str, Callable[[], Game]] = {
    "ours": ours,
    "PyTorch-GAN dcgan": lambda: pytorch_gan("dcgan"),
    "PyTorch-GAN gan": lambda: pytorch_gan("gan"),
    "PyTorch-GAN wgan_gp": pytorch_gan_wgan_gp,
    "tutorial, tuned": tuned,
    "MLP of 05, noise and average": mlp_averaged,
    "tutorial, 32x32": tutorial,
}
COSTLY = {"PyTorch-GAN dcgan", *FACTORS}  # sampling takes seconds: fewer looks


@dataclass
class Run:
    """One recipe and seed: its game, its clock, and what was seen of it."""

    name: str
    seed: int
    game: Game
    feed: Iterator[Tensor]
    random: Tensor  # state of torch's global source, which only this run draws from
    seconds: float = 0.0
    rounds: int = 0
    curve: list[dict] = field(default_factory=list)
    shown: str = ""

    def finished(self) -> bool:
        return self.game.rounds is not None and self.rounds >= self.game.rounds


def clock(device: str) -> float:
    """CPU seconds of this process; on a GPU, where they are no measure, wall seconds, all work done."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def start(name: str, build: Callable[[], Game], seed: int, x_fit: Tensor) -> Run:
    """A new run of a recipe: its parameters and all later random numbers come from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        game = build()
        random = torch.get_rng_state()
    for net in (game.G, game.D, *([] if game.average is None else [game.average])):
        net.to(x_fit.device)
    x = enlarge(x_fit, game.side)
    feed = game.feed(x, game.batch, seed) if game.feed else data.batches(x, game.batch, seed=seed)
    return Run(name, seed, game, feed, random)


def advance(run: Run, until: float, device: str = "cpu") -> None:
    """Play rounds until the run's own clock reads `until` seconds (a round is not cut) or it is finished."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(run.random)
        begin = clock(device) - run.seconds
        while run.seconds < until and not run.finished():
            run.game.play(next(run.feed), run.rounds)
            run.rounds += 1
            run.seconds = clock(device) - begin
        run.random = torch.get_rng_state()


# ---------------------------------------------------------------- measuring


@dataclass
class Judge:
    """The digit classifier and the features of the report part."""

    classifier: torch.nn.Sequential
    real: Tensor

    def distance(self, images: Tensor) -> float:
        """Fréchet distance of images (n, 1, 28, 28); infinite if there is a NaN among them."""
        if not images.isfinite().all():
            return math.inf
        fake = features_and_logits(self.classifier, images)[0]
        return metrics.frechet_distance(real=self.real, fake=fake)


def sample(game: Game, n: int, mode: str, device: str = "cpu") -> Tensor:
    """n images (n, 1, 28, 28) of a copy of the generator (or its average), the same noise at every look.

    In mode "train" batch norm uses the statistics of each batch of the recipe's size, as while training.
    """
    net = copy.deepcopy(game.average or game.G).train(mode == "train")
    z = torch.randn(n, game.z_dim, generator=data.make_generator(NOISE_SEED)).to(device)
    with torch.no_grad():
        return torch.cat([shrink(net(part)) for part in z.split(game.batch)])


def look(run: Run, judge: Judge, device: str = "cpu") -> None:
    """Measure a run in every mode, and keep the better distance (in the recipe's favour) and samples."""
    images = {mode: sample(run.game, SAMPLES, mode, device) for mode in run.game.modes}
    distances = {mode: judge.distance(x) for mode, x in images.items()}
    best = min(distances, key=distances.get)
    run.curve.append(
        {"seconds": run.seconds, "rounds": run.rounds, "distance": distances[best], "mode": best}
    )
    run.shown = pack(images[best][:SHOWN])


def pack(images: Tensor) -> str:
    """Images in [-1, 1] as text: bytes 0 to 255, compressed, in base64."""
    pixels = (images.nan_to_num(-1.0).clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).cpu()
    return base64.b64encode(zlib.compress(pixels.numpy().tobytes(), 9)).decode()


def unpack(text: str) -> Tensor:
    """What `pack` has packed, as (n, 1, 28, 28) in [-1, 1]."""
    pixels = torch.frombuffer(bytearray(zlib.decompress(base64.b64decode(text))), dtype=torch.uint8)
    return pixels.view(-1, 1, 28, 28).float() / 127.5 - 1


# ---------------------------------------------------------------- turns, states, results


def marks(budget: float, costly: bool) -> list[float]:
    """The clock readings at which a run is looked at: few for the costly ones; the last is the budget."""
    early = (5, 10, 20) if costly else (1, 2, 3, 4, 5, 7, 10, 15, 20)
    late = range(60, math.ceil(budget), 60) if costly else range(30, math.ceil(budget), 10)
    return [*(float(t) for t in (*early, *late) if t < budget), budget]


def turns(names: Sequence[str], seeds: Sequence[int], budget: float, slice_: float) -> Iterator[tuple]:
    """(seed, recipe, clock reading to play up to), recipes alternate slice by slice within a seed."""
    for seed in seeds:
        for k in range(math.ceil(budget / slice_ - 1e-9)):
            for name in names:
                yield seed, name, min(slice_ * (k + 1), budget)


def at(run: dict, seconds: float) -> float | None:
    """A recorded run's distance at a clock reading, log distance interpolated; None outside what was seen.

    A recipe that has ended by itself keeps its last distance.
    """
    t, d = run["seconds"], [math.inf if v is None else v for v in run["distance"]]
    if not t or seconds < t[0]:  # a look waits for the end of its round
        return d[0] if t and t[0] <= 1.05 * seconds else None
    if seconds > t[-1]:
        return d[-1] if run["ended"] else None
    for (t0, d0), (t1, d1) in zip(zip(t, d, strict=True), zip(t[1:], d[1:], strict=True), strict=False):
        if t0 <= seconds <= t1:
            if seconds in (t0, t1) or math.isinf(d0 + d1):
                return d0 if seconds == t0 else d1 if seconds == t1 else math.inf
            return math.exp(math.log(d0) + (math.log(d1) - math.log(d0)) * (seconds - t0) / (t1 - t0))
    return d[0]


def state_folder(out: Path, settings: dict, stamp: str) -> Path:
    """Where unfinished runs of this record wait: for the same settings and code only."""
    key = hashlib.sha256(repr((str(out.resolve()), sorted(settings.items()), stamp)).encode()).hexdigest()
    return cache_folder() / "time_to_quality" / f"{out.stem}-{key[:12]}"


def save(run: Run, path: Path) -> None:
    """Write everything a run needs to go on, all or nothing."""
    game = run.game
    state = {
        "G": game.G.state_dict(), "D": game.D.state_dict(), "opt_G": game.opt_G.state_dict(),
        "opt_D": game.opt_D.state_dict(), "random": run.random, "seconds": run.seconds, "rounds": run.rounds,
        "curve": run.curve, "shown": run.shown,
    }  # fmt: skip
    if game.average is not None:
        state["average"] = game.average.state_dict()
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as file:
        torch.save(state, file)


def resume(run: Run, path: Path) -> Run:
    """Put a new run into the state of the file, if there is one; the data continue where they were."""
    if not path.exists():
        return run
    state = torch.load(path, weights_only=True)
    game = run.game
    for part in ("G", "D", "opt_G", "opt_D", *(["average"] if game.average is not None else [])):
        getattr(game, part).load_state_dict(state[part])
    run.random, run.seconds, run.rounds = state["random"], state["seconds"], state["rounds"]
    run.curve, run.shown = state["curve"], state["shown"]
    for _ in range(run.rounds):
        next(run.feed)
    return run


def entry(run: Run) -> dict:
    """A run as the record holds it; a distance that is not finite becomes null."""
    columns = {key: [row[key] for row in run.curve] for key in ("seconds", "rounds", "distance", "mode")}
    columns["seconds"] = [round(t, 3) for t in columns["seconds"]]
    columns["distance"] = [round(d, 3) if math.isfinite(d) else None for d in columns["distance"]]
    return {"recipe": run.name, "seed": run.seed, **columns, "ended": run.finished()}


# ---------------------------------------------------------------- the race


def exchanged(parts: data.Splits) -> data.Splits:
    """The same images in other parts: the report is on half of the judge's old images.

    Settings were chosen by distances to the old report part, with players that saw the old fit part.
    """
    count, cut = len(parts.select.images), len(parts.report.images)
    unseen = data.take(parts.select, torch.arange(cut))
    rest = data.take(parts.select, torch.arange(cut, count))
    pieces = zip(parts.report[:2], rest[:2], strict=True)
    fit = data.Images(*(torch.cat(pair) for pair in pieces), name=parts.fit.name)
    return data.Splits(fit=fit, select=parts.fit, report=unseen)


def race(builds: dict[str, Callable[[], Game]], record: dict, write: Callable, state: Path,
         parts: data.Splits, judge: Judge, *, seeds: Sequence[int], budget: float, slice_: float, device: str,
         minutes: float) -> bool:  # fmt: skip
    """Play all turns that are not yet in the record, for at most `minutes` of wall time; True when done."""
    fit = parts.fit.images
    round_trips = {side: shrink(enlarge(fit[:SAMPLES], side)) for side in (28, 32)}
    record["floor"] = {str(side): round(judge.distance(x), 3) for side, x in round_trips.items()}
    stop, runs, current = time.monotonic() + 60 * minutes, {}, None
    plan = list(turns(list(builds), seeds, budget, slice_))
    complete = {(r["recipe"], r["seed"]) for r in record["runs"] if r["ended"] or r["seconds"][-1] >= budget}
    for seed, name, until in progress(plan, "turns"):
        if (name, seed) in complete:
            continue
        if seed != current:
            runs, current = {}, seed
        path = state / f"{name.replace(' ', '-')}-{seed}.pt"
        new = name not in runs
        if new:
            runs[name] = resume(start(name, builds[name], seed, fit), path)
        played = turn(runs[name], until, marks(budget, name in COSTLY), judge, device)
        if played or new:
            save(runs[name], path)
            keep(record, runs[name])
            record |= {"summary": summary(record), "overtaking": overtaking(record)}
            write(record)
        if played and time.monotonic() > stop:
            return False
    return True


def turn(run: Run, until: float, looks: Sequence[float], judge: Judge, device: str = "cpu") -> bool:
    """Play a run up to `until` with the looks that are due on the way; False if there was nothing to do."""
    before = (run.rounds, len(run.curve))
    for mark in looks:
        if mark <= until and not any(row["seconds"] >= mark for row in run.curve):
            advance(run, mark, device)
            if not run.curve or run.curve[-1]["rounds"] < run.rounds:
                look(run, judge, device)
    advance(run, until, device)
    return (run.rounds, len(run.curve)) != before


def keep(record: dict, run: Run) -> None:
    """Put a run's curve into the record, in the place of what was there of it."""
    if not run.curve:
        return
    new = entry(run)
    others = [r for r in record["runs"] if (r["recipe"], r["seed"]) != (run.name, run.seed)]
    record["runs"] = sorted([*others, new], key=lambda r: (r["seed"], r["recipe"]))
    record.setdefault("recipes", {})[run.name] = describe(run.game)
    if run.seed == min(r["seed"] for r in record["runs"]):
        record.setdefault("samples", {})[run.name] = run.shown


def describe(game: Game) -> dict:
    count = {name: sum(p.numel() for p in getattr(game, name).parameters()) for name in "GD"}
    return {
        "parameters": count,
        "batch": game.batch,
        "side": game.side,
        "z_dim": game.z_dim,
        "modes": game.modes,
    }


def summary(record: dict) -> list[dict]:
    """Per recipe: distances at the `MARKS` that its seeds have reached, and seconds per round."""
    rows = []
    for name in record.get("recipes", {}):
        runs = [r for r in record["runs"] if r["recipe"] == name]
        seen = {str(t): [at(r, t) for r in runs if r["ended"] or r["seconds"][-1] >= t] for t in MARKS}
        seen = {
            t: [None if d is None or math.isinf(d) else round(d, 3) for d in v] for t, v in seen.items() if v
        }
        pace = [round(r["seconds"][-1] / r["rounds"][-1], 5) for r in runs]
        rows.append({"recipe": name, "distance": seen, "seconds_per_round": pace})
    return rows


def overtaking(record: dict) -> list[dict]:
    """When each seed of ours reaches the median of what the best other recipe has at each of the `MARKS`."""
    mine, rows = [r for r in record["runs"] if r["recipe"] == "ours"], []
    for mark in map(str, MARKS):
        others = [row for row in summary(record) if row["recipe"] != "ours" and mark in row["distance"]]
        if mine and others:
            best = min(others, key=lambda row: middle(row["distance"][mark]))
            target = middle(best["distance"][mark])
            curves = [(r["seconds"], [math.inf if d is None else d for d in r["distance"]]) for r in mine]
            times = [crossing(*curve, target) for curve in curves]
            rows.append({"at": float(mark), "recipe": best["recipe"], "distance": target, "seconds": times})
    return rows


def spread(values: Sequence[float | None]) -> str:
    """Median, smallest and largest, or a dash where a run has none."""
    if not values or any(v is None for v in values):
        return "–"
    return f"{middle(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def middle(values: Sequence[float | None]) -> float:
    """The median; a distance that is not known or not finite counts as infinite."""
    ordered = sorted(math.inf if v is None else v for v in values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def table(record: dict) -> str:
    """The summary as text, with the times at which ours reaches the best other recipe's quality."""
    head = "".join(f"{f'at {t} s':>23}" for t in MARKS)
    lines = [f"{'recipe':21}{'seeds':>5}{head}{'s/round':>9}"]
    for row in summary(record):
        columns = "".join(f"{spread(row['distance'].get(str(t), [])):>23}" for t in MARKS)
        pace = row["seconds_per_round"]
        lines.append(f"{row['recipe']:21}{len(pace):5}{columns}{middle(pace):9.4f}")
    for goal in overtaking(record):
        times = ", ".join("never" if t is None else f"{t:.1f}" for t in goal["seconds"])
        what = f"the best other at {goal['at']:g} s, {goal['recipe']} ({goal['distance']:.1f}),"
        lines.append(f"{what} is reached by ours after {times} s (one number per seed)")
    return "\n".join(lines)


def crossing(at: Sequence[float], distances: Sequence[float], target: float) -> float | None:
    """When a curve first reaches `target`, log distance interpolated between looks; None if it never does.

    A curve that starts at or below the target has crossed at its first look at the latest: that is returned.
    """
    pairs = list(zip(at, distances, strict=True))
    if pairs and pairs[0][1] <= target:
        return pairs[0][0]
    for (t0, d0), (t1, d1) in zip(pairs, pairs[1:], strict=False):
        if d1 <= target < d0:
            if math.isinf(d0):
                return t1
            return t0 + (t1 - t0) * math.log(d0 / target) / math.log(d0 / d1)
    return None


# ---------------------------------------------------------------- the figure


COLOURS = {
    "ours": plots.FAKE, "tutorial, tuned": plots.GREEN, "MLP of 05, noise and average": plots.SKY,
    "PyTorch-GAN dcgan": plots.DISC, "PyTorch-GAN gan": plots.GREY, "PyTorch-GAN wgan_gp": plots.PINK,
    "tutorial, 32x32": plots.GREEN,
}  # fmt: skip
DASHES = {"PyTorch-GAN gan": "--", "PyTorch-GAN wgan_gp": ":", "tutorial, 32x32": "--"}
FEWEST = 100  # rounds: a run of fewer has no curve worth drawing


def draw(record: dict, real: Tensor) -> plt.Figure:
    """Distance against seconds, median and full spread over seeds, beside samples at the end."""
    plots.use_course_style()
    rows = [(row, list(row["distance"].items())[-1]) for row in summary(record) if row["distance"]]
    long = {r["recipe"] for r in record["runs"] if r["rounds"][-1] >= FEWEST}
    rows = sorted((pair for pair in rows if pair[0]["recipe"] in long), key=lambda pair: middle(pair[1][1]))
    fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.6), width_ratios=(1, 1.15))
    for row, _ in rows:
        name, runs = row["recipe"], [r for r in record["runs"] if r["recipe"] == row["recipe"]]
        first, last = max(r["seconds"][0] for r in runs), min(r["seconds"][-1] for r in runs)
        grid = torch.logspace(math.log10(first), math.log10(last), 60, dtype=torch.float64)
        grid = grid.clamp(first, last).tolist()
        curves = [[at(r, t) for t in grid] for r in runs]
        style = {"color": COLOURS.get(name), "linestyle": DASHES.get(name, "-")}
        plots.curves(grid, curves, label=name, ax=left, **style)
    budget = max(r["seconds"][-1] for r in record["runs"])
    left.axhline(record["floor"]["28"], color=plots.REAL, linewidth=1)
    left.text(
        budget, record["floor"]["28"] * 1.08, "real against real", color=plots.REAL, ha="right", fontsize=9
    )
    ticks = [t for t in (1, 2, 5, 10, 30, 60, 120, 300) if t <= budget]
    left.set(xscale="log", yscale="log", xlabel="CPU seconds, one thread", ylabel="Fréchet distance",
             xticks=ticks, ylim=(1, None))  # fmt: skip
    left.get_xaxis().set_major_formatter("{x:g}")
    left.get_xaxis().set_minor_formatter("")
    left.set_title("In equal time ours is nearer to the data, tuned rivals follow", fontsize=10)
    left.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 0.07))
    images = torch.cat([*(unpack(record["samples"][row["recipe"]]) for row, _ in rows), real[:SHOWN]])
    labels = [f"{row['recipe']}\n{middle(d):.3g} at {t} s" for row, (t, d) in rows] + ["real"]
    plots.image_grid(images, columns=SHOWN, row_labels=labels, ax=right)
    right.tick_params(labelsize=8)
    right.set_title("last samples of the first seed; median distance over the seeds", fontsize=10)
    return fig


# ---------------------------------------------------------------- threads


def threads(parts: data.Splits, seconds: float = 3.0, times: int = 4) -> list[dict]:
    """Rounds of our recipe per CPU second and per wall second, with 1 and 2 threads in turn."""
    rows, before = [], torch.get_num_threads()
    run = start("ours", ours, 0, parts.fit.images)
    try:
        for count in [1, 2] * times:
            torch.set_num_threads(count)
            rounds, cpu_0, wall_0 = run.rounds, time.process_time(), time.perf_counter()
            advance(run, run.seconds + seconds * count)
            rounds, wall = run.rounds - rounds, time.perf_counter() - wall_0
            rows.append({"threads": count, "rounds": rounds, "wall": round(wall, 3),
                         "cpu": round(time.process_time() - cpu_0, 3)})  # fmt: skip
    finally:
        torch.set_num_threads(before)
    return rows


# ---------------------------------------------------------------- command line


def arguments(args: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", metavar="NAME",
                        help=f"some of {', '.join(RECIPES)}; factors: {', '.join(FACTORS)}")  # fmt: skip
    parser.add_argument("--seeds", type=int, default=5, help=f"this many, from {FIRST_SEED} (factors from 0)")
    parser.add_argument(
        "--budget", type=float, help="play each run up to so many CPU seconds (30; factors 20)"
    )
    parser.add_argument(
        "--slice", type=float, default=5.0, help="seconds that a recipe plays before the next's turn"
    )
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="cuda is timed by the wall clock"
    )
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop after so many; go on at the next call"
    )
    parser.add_argument("--factors", action="store_true", help="change one property of our recipe at a time")
    parser.add_argument(
        "--images", default="auto", metavar="NAME", help="race on other images: auto (MNIST), rendered"
    )
    parser.add_argument(
        "--threads", action="store_true", help="add a comparison of 1 and 2 threads to the factors"
    )
    parser.add_argument(
        "--draw", action="store_true", help="record nothing: summarise and draw what there is"
    )
    parser.add_argument(
        "--out", type=Path, help="results file; unfinished runs are kept in the course's cache"
    )
    options = parser.parse_args(args)
    known = list(FACTORS if options.factors else RECIPES)
    options.recipes = options.recipes or known
    if unknown := set(options.recipes) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    name = "nb06_time_to_quality" + ("_factors" if options.factors or options.threads else "")
    name += "" if options.images == "auto" else f"_{options.images}"
    options.out = options.out or RECORDS / f"{name}.json"
    options.budget = options.budget or (20.0 if options.factors or options.threads else 30.0)
    if min(options.budget, options.slice, options.seeds) <= 0:
        parser.error("--budget, --slice and --seeds must be positive")
    return options


def header(options: argparse.Namespace, code: str) -> dict:
    """The head of the record, its command with what it was not given by default."""
    what = (
        "our recipe with one property of PyTorch-GAN's dcgan at a time" if options.factors else "GAN recipes"
    )
    what = f"{what}: Fréchet distance (64 features, {SAMPLES} samples against the report part)"
    command = ["python benchmarks/nb06_time_to_quality.py", *(["--factors"] if options.factors else [])]
    command += [f"--seeds {options.seeds} --budget {options.budget:g} --slice {options.slice:g}"]
    command += ["--device cuda"] if options.device == "cuda" else []
    command += [] if options.images == "auto" else [f"--images {options.images}"]
    if options.recipes != list(FACTORS if options.factors else RECIPES):
        command += ["--recipes", *(f'"{name}"' for name in options.recipes)]
    made = head(what, " ".join(command), code) | {"changes": CHANGES, "seeds": options.seeds}
    return made | ({"machine": torch.cuda.get_device_name()} if options.device == "cuda" else {})


def jobs(options: argparse.Namespace, record: dict, parts: data.Splits, write: Callable, state: Path) -> bool:
    """The race, or the comparison of threads; True when it is done."""
    if options.threads:
        record["threads"] = threads(parts)
        return True
    known = {name: partial(factor, name) for name in FACTORS} if options.factors else RECIPES
    first = 0 if options.factors else FIRST_SEED
    classifier = digit_classifier(parts.select)
    judge = Judge(classifier, features_and_logits(classifier, parts.report.images)[0])
    builds = {name: known[name] for name in options.recipes}
    seeds = range(first, first + options.seeds)
    return race(builds, record, write, state, parts, judge, seeds=seeds, budget=options.budget,
                slice_=options.slice, device=options.device, minutes=options.minutes)  # fmt: skip


def main(args: Sequence[str] | None = None) -> None:
    options = arguments(args)
    torch.set_num_threads(1)
    images = data.load_images(options.images, device=options.device)
    parts = data.split(images, seed=0, fit=0.4, select=0.4, report=0.2)
    if not options.factors and not options.threads:
        parts = exchanged(parts)
    record = records.read(options.out.stem, options.out.parent) or {"runs": []}
    if not options.draw:
        code = code_of(Path(__file__).stem)
        new, old = header(options, code), record.get("command")
        settings = {
            "slice": options.slice, "device": options.device, "threads": 1,
            "samples": SAMPLES, "data": f"{images.name}, {len(images.images)}", "torch": torch.__version__,
        }  # fmt: skip
        same(record, stamp=new["stamp"], settings=settings)
        if old and new["command"] not in old.split(" && "):
            new["command"] = f"{old} && {new['command']}"  # what made the record, in order
        elif old:
            new["command"] = old
        record = new | {key: value for key, value in record.items() if key not in new}
        state = state_folder(options.out, settings, new["stamp"])
        if not options.out.exists():  # whoever deletes the record wants to start anew
            shutil.rmtree(state, ignore_errors=True)
        done = jobs(options, record, parts, lambda record: write(options.out, record, code), state)
        record |= {"summary": summary(record), "overtaking": overtaking(record)}
        write(options.out, record, code)
        print("complete" if done else "stopped: the same command goes on")
    print(table(record))
    if not options.factors and not options.threads and summary(record):
        folder = Path(__file__).parent if options.out.parent == RECORDS else options.out.parent
        figure = draw(record, parts.report.images.cpu())
        figure.savefig(folder / f"{options.out.stem}.png", dpi=110)


if __name__ == "__main__":
    main()
