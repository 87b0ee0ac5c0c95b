"""Games and generators that can be touched: widgets for JupyterLab, VS Code and Colab (anywidget, no CDN).

`laboratory` plays the learner's own loop in the plane, and everything about the game can be changed while it
runs. `explore` walks through a generator's noise. The browser draws and asks; Python answers each question
with one frame of a few kB, and does all the mathematics. Both show a static picture below, which is what
remains without a kernel, and return an object with the same verbs as the widget's buttons:

    def players(seed):
        G, D = make_players(seed)
        return G, D, adam(G.parameters(), 3e-3), adam(D.parameters(), 5e-3)

    lab = live.laboratory(play, players, {"ring": x_all}, centres={"ring": data.ring_centres()})
    lab.rate("D", 5e-4)              # as the slider does; then lab.next(100), lab.reset(seed=1) …
    live.laboratory()                # the course's own players, loop and data sets
    live.explore(G, 32, read=reader) # reader(images) -> {"smile": values (16,), …}

In `laboratory.js`, `explore.js` and `kit.js` nobody trains and nobody counts: they only draw.
"""

from gan_helpers.live.latent import Explorer, explore, slerp
from gan_helpers.live.plane import Laboratory, laboratory, slow_motion

__all__ = ["Explorer", "Laboratory", "explore", "laboratory", "slerp", "slow_motion"]
