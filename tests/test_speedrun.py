"""What the recorder of notebook 20's speedrun makes of its measurements, and what is recorded."""

import json
import math
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
import nb20_speedrun as speedrun  # noqa: E402

from gan_helpers import records  # noqa: E402


def test_summary_of_two_seeds():
    def run(*distance):
        return {"rounds": [100, 200], "distance": list(distance)}

    played = {
        "notebook 06": {"0": run(8.0, 2.0), "1": run(8.0, 8.0)},
        "twice": {"0": run(2.0, 1.0), "1": run(8.0, 1.0)},
        "never": {"0": run(9.0, 8.0)},
    }
    costs = {
        "notebook 06": [20.0, 40.0, 30.0],
        "frozen, fused": [16.0, 32.0, 24.0],
        "twice": [10.0, 20.0, 15.0],
    }
    found = speedrun.summary(played, costs | {"never": costs["notebook 06"]})
    assert found["target"] == 4.0  # the geometric mean of 2 and 8
    base, same, twice, never = found["rungs"].values()
    assert base["rounds_to_target"] == same["rounds_to_target"] == 200 and twice["rounds_to_target"] == 100
    assert twice["faster"] == [2.0, 2.0, 2.0]  # turn by turn: the load that doubled both is gone
    assert (base["seconds"], same["seconds"], twice["seconds"]) == pytest.approx((6.0, 4.8, 1.5))
    assert never["seconds"] is None


@pytest.mark.parametrize("path", sorted(records.FOLDER.glob("nb20_speedrun*.json")), ids=lambda p: p.stem)
def test_the_record_is_consistent(path):
    record = json.loads(path.read_text())
    again = speedrun.summary(record["played"], record["costs"])
    assert again["target"] == record["target"] and again["rungs"] == record["rungs"]
    for games in record["played"].values():
        assert len(games) >= 3
        assert all(run["rounds"][-1] == record["rounds"] for run in games.values())
        assert all(0 < d < math.inf for run in games.values() for d in run["distance"])
