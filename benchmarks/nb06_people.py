"""People in colour, notebook 06: which settings make them (CPU, about half an hour, one thread).

    python benchmarks/nb06_people.py --only main        our game, five seeds, a minute each
    python benchmarks/nb06_people.py --only settings    one thing changed, half a minute each, two seeds
    python benchmarks/nb06_people.py --only long        ten minutes: the generator of games.trained_people

Every look measures 2,000 samples of the average: the squared Fréchet distance in the features of the
reader of people, the share of each yes/no factor beside that of real people, and which part of the range of
each factor they reach (`judge.factor_coverage`, the mean over factors). "settings" are compared at equal
CPU time: each plays as many rounds as it can in half a minute, and its rates fall over just these.
"""

from __future__ import annotations

import io
import itertools
import time
from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import recorder
import torch
from torch import Tensor, nn

from gan_helpers import data, plots
from gan_helpers._files import whole
from gan_helpers.data.people import SHARES
from gan_helpers.games import TRAINED, Game, dcgan_game, dcgan_rounds, people_game, people_rounds
from gan_helpers.judge import PeopleJudge, make_people_judge
from gan_helpers.networks import Choice, people_discriminator, people_generator

LOOKS = (150, 300, 600, 1200, 2000)  # rounds of the main game
LONG = (150, 2000, 5000, 10_000, 20_000)
SECONDS = 30
PICTURES = recorder.ROOT / "notebooks" / "images"


def digits_settings(seed: int) -> Game:
    """What notebook 06 found for digits: batch norm in D, 20 kinds of noise, rate 4e-3."""
    G = nn.Sequential(Choice(20), *people_generator(seed=2 * seed))
    return dcgan_game(seed=seed, G=G, D=people_discriminator(seed=2 * seed + 1, norm=True))


def wide(seed: int) -> Game:
    G = people_generator(seed=2 * seed, channels=(96, 72, 36))
    return people_game(seed=seed, G=G, D=people_discriminator(seed=2 * seed + 1, channels=(36, 72, 96)))


def kinds(seed: int) -> Game:
    return people_game(seed=seed, G=nn.Sequential(Choice(20), *people_generator(seed=2 * seed)))


def normed(seed: int) -> Game:
    return people_game(seed=seed, D=people_discriminator(seed=2 * seed + 1, norm=True))


def rough(seed: int) -> Game:
    return people_game(seed=seed, G=people_generator(seed=2 * seed, smooth=False))


def ours(seed: int) -> Game:
    return people_game(seed=seed)


SETTINGS = {  # the game, and what its rounds are told
    "ours": (ours, {}),
    "rate 2e-3 to 2e-4": (ours, {"rates": (2e-3, 2e-4)}),
    "rate 1e-3, not falling": (ours, {"rates": (1e-3, 1e-3)}),
    "rate 4e-3, not falling": (ours, {"rates": (4e-3, 4e-3)}),
    "batches of 64": (ours, {"batch": 64}),
    "R1 with a fifth of the weight": (ours, {"gamma": 1.0}),
    "R1 in every round": (ours, {"every": 1}),
    "batch norm in D, no R1": (normed, {"gamma": 0.0}),
    "20 kinds of noise": (kinds, {}),
    "no smoothing": (rough, {}),
    "wider players": (wide, {}),
}


def look(judge: PeopleJudge, game: Game) -> dict:
    """What is measured of the average."""
    x = judge.generate(game.average, 32)
    read, covered = judge.read(x), judge.coverage(x)
    return {
        "distance": round(judge.distance(x), 2),
        "coverage": round(sum(covered.values()) / len(covered), 3),
        **{name: round(getattr(read, name).float().mean().item(), 3) for name in SHARES},
    }


def played(judge: PeopleJudge, game: Game, rounds: Iterator, looks: tuple[int, ...]) -> list[dict]:
    """One dict for each look, with the CPU seconds that the rounds so far have taken."""
    found, seconds, past = [], 0.0, 0
    for upto in looks:
        start = time.process_time()
        for _ in itertools.islice(rounds, upto - past):
            pass
        seconds, past = seconds + time.process_time() - start, upto
        found.append({"rounds": upto, "seconds": round(seconds, 1)} | look(judge, game))
    return found


def rounds_in(seconds: float, game: Game, images: Tensor, told: dict) -> int:
    """How many rounds this game plays in so many CPU seconds, by its first 40."""
    rounds = people_rounds(game, images, seed=0, rounds=50, **told)
    for _ in itertools.islice(rounds, 10):
        pass
    start = time.process_time()
    for _ in rounds:
        pass
    return round(seconds / (time.process_time() - start) * 40)


def save(game: Game, found: dict, begun: dict) -> None:
    """The average's weights, in half precision, with what they are and what made them."""
    state = {name: value.half() if value.is_floating_point() else value
             for name, value in game.average.state_dict().items()}  # fmt: skip
    recipe = {key: begun[key] for key in ("command", "commit", "date", "machine", "stamp")} | found
    buffer = io.BytesIO()
    torch.save({"recipe": recipe, "state": state}, buffer)
    with whole(TRAINED) as file:
        file.write(buffer.getvalue())


def samples(game: Game, n: int, seed: int) -> Tensor:
    with torch.no_grad():
        return game.average(torch.randn(n, 32, generator=torch.Generator().manual_seed(seed)))


def poster(game: Game) -> None:
    """A hundred people that nobody drew."""
    ax = plots.image_grid(samples(game, 98, seed=5), columns=14)
    ax.figure.savefig(PICTURES / "people.png", dpi=130, bbox_inches="tight", pad_inches=0.02)
    plt.close(ax.figure)


def strip(name: str, images: Tensor) -> None:
    """A row of images for the lesson."""
    ax = plots.image_grid(images, columns=14)
    ax.figure.savefig(PICTURES / f"06_people_{name}.png", dpi=100, bbox_inches="tight", pad_inches=0.02)
    plt.close(ax.figure)


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace | None) -> Iterator[str]:
    judge = make_people_judge(data.people(20_000, seed=0))
    images = judge.parts.fit.images
    recorder.same(record, floor=round(judge.floor, 2), looks=list(LOOKS))
    real = {name: round(getattr(judge.people, name).float().mean().item(), 3) for name in SHARES}
    recorder.same(record, real=real)
    if "main" in options.only:
        kept = record.setdefault("main", [])
        for seed in range(len(kept), options.seeds):
            game = ours(seed)
            kept.append(played(judge, game, people_rounds(game, images, seed=seed), LOOKS))
            if seed == 0:
                strip("ours", samples(game, 28, seed=1))
            yield f"main, seed {seed}: {kept[-1][-1]}"
    if "long" in options.only and "long" not in record:
        game = ours(0)
        rounds = people_rounds(game, images, seed=0, rounds=LONG[-1])
        record["long"] = played(judge, game, rounds, LONG)
        save(game, record["long"][-1], record)
        poster(game)
        strip("long", samples(game, 28, seed=1))
        strip("data", images[:28])
        yield f"long: {record['long'][-1]}"
    if "settings" in options.only:
        kept = record.setdefault("settings", {})
        for seed in range(2):
            for name, (make, told) in SETTINGS.items():
                if len(kept.get(name, [])) <= seed:
                    rounds = rounds_in(SECONDS, make(seed), images, told)
                    game = make(seed)
                    rows = played(
                        judge, game, people_rounds(game, images, seed=seed, rounds=rounds, **told), (rounds,)
                    )
                    kept.setdefault(name, []).append(rows[-1])
                    yield f"{name}, seed {seed}: {rows[-1]}"
        kept = record.setdefault("digits", [])
        for seed in range(len(kept), 2):
            game = digits_settings(seed)
            rows = played(judge, game, dcgan_rounds(game, images, seed=seed), (600,))
            kept.append(rows[-1])
            if seed == 0:
                strip("digits", samples(game, 28, seed=1))
            yield f"the settings of the digits, seed {seed}: {rows[-1]}"


if __name__ == "__main__":
    recorder.run(
        __file__,
        "people in colour: distance, coverage, shares over rounds, five seeds; other settings at equal time",
        jobs,
        parts=("main", "long", "settings"),
        seeds=5,
    )
