"""Two CPU-minutes: the modern GAN of notebook 10 against the DCGAN of notebook 06 (CPU, 45 minutes).

An earlier race on seeds 0 to 7 was undecided, so these are new seeds, added after that look. Both games of a
seed play in turns, so that a busy machine slows both. Rounds are fixed: about as many as 120 CPU-seconds
bought of each in the earlier race, 3,240 and 5,360; what they cost here stands beside them.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace

from recorder import run, same

from gan_helpers.games import dcgan_game, dcgan_rounds

CELLS = ("10_a_modern_gan", "record-race")
FIRST = 8
ROUNDS = {"modern": 3240, "DCGAN": 5360}
NOMINAL = (2, 5, 10, 20, 30, 40, 50, 60, 75, 90, 105, 120)  # seconds, of 120


def race(notebook: SimpleNamespace, seed: int) -> dict[str, list[tuple[float, float]]]:
    """Both games of a seed in turns; (CPU-seconds, distance) at each look."""
    games = {"modern": notebook.modern_game(seed), "DCGAN": dcgan_game(seed=seed)}
    playing = {
        "modern": notebook.modern_rounds(games["modern"], seed, ROUNDS["modern"]),
        "DCGAN": dcgan_rounds(games["DCGAN"], notebook.x_fit, seed=seed),
    }
    seconds, played = dict.fromkeys(games, 0.0), dict.fromkeys(games, 0)
    seen = {name: [] for name in games}
    for look in NOMINAL:
        for name, game in games.items():
            start = time.process_time()
            while played[name] < round(look / NOMINAL[-1] * ROUNDS[name]):
                next(playing[name])
                played[name] += 1
            seconds[name] += time.process_time() - start
            fakes = notebook.judge.generate(game.average, 32)
            seen[name].append((seconds[name], notebook.judge.distance(fakes)))
    return seen


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """One seed after the other: (seconds, distance) at each look."""
    judge = notebook.judge
    same(record, images=judge.parts.fit.name, first_seed=FIRST, rounds=ROUNDS, nominal=list(NOMINAL))
    record["floor"] = round(judge.floor, 3)
    races = record.setdefault("races", {})
    for seed in range(FIRST, FIRST + options.seeds):
        if str(seed) in races:
            continue
        seen = race(notebook, seed)
        races[str(seed)] = {
            name: {
                "seconds": [round(second, 2) for second, _ in looks],
                "distance": [round(distance, 3) for _, distance in looks],
            }
            for name, looks in seen.items()
        }
        ends = {name: looks[-1] for name, looks in seen.items()}
        yield f"seed {seed}: " + ", ".join(f"{n} {d:.2f} after {s:.0f} s" for n, (s, d) in ends.items())


if __name__ == "__main__":
    what = "Frechet distance of the modern GAN and the DCGAN at two CPU-minutes, new seeds"
    run(__file__, what, jobs, CELLS, seeds=11)
