// The laboratory: draws frames of a game in the plane, and asks Python for the next.

const SIZE = 480, WIDE = 330, N = 48, UNIT = 16384, FASTEST = 50; // pixels; field; steps a limit; ms a frame
const LAYERS = { field: "D's field", real: "data", fake: "fakes", net: "G's net", arrows: "arrows" };
const X = (v) => (1 + v / UNIT) * (SIZE / 2), Y = (v) => (1 - v / UNIT) * (SIZE / 2);
const shade = (t) => (t < 0 ? [244, 177, 131] : [143, 190, 221]).map((c) => 255 + (c - 255) * Math.abs(t));
const heat = make("canvas", { width: N, height: N });

const paintField = (pen, P) => { // blue where D says real, orange where it says fake, black where P = 1/2
  const step = SIZE / (N - 1), view = heat.getContext("2d"), image = view.createImageData(N, N);
  P.forEach((p, k) => image.data.set([...shade(p / 127.5 - 1), 255], 4 * ((N - 1 - Math.floor(k / N)) * N + (k % N))));
  view.putImageData(image, 0, 0);
  pen.drawImage(heat, -step / 2, -step / 2, SIZE + step, SIZE + step); // the outer points lie on the edge
  contour(pen, P, N, 127.5, SIZE);
  stroke(pen, DISC, 1.4);
};
const dots = (pen, points, color, radius) => {
  pen.fillStyle = color;
  for (let k = 0; k < points.length; k += 2) {
    pen.beginPath(); pen.arc(X(points[k]), Y(points[k + 1]), radius, 0, 7); pen.fill();
  }
};
const paintNet = (pen, net) => {
  pen.beginPath(); // 41 points a line
  for (let k = 0; k < net.length; k += 2) pen[k % 82 ? "lineTo" : "moveTo"](X(net[k]), Y(net[k + 1]));
  stroke(pen, FAKE, 1);
};
const paintArrows = (pen, ends) => {
  for (let k = 0; k < ends.length; k += 4) arrow(pen, X(ends[k]), Y(ends[k + 1]), X(ends[k + 2]), Y(ends[k + 3]));
};
const paintCurves = (pen, rows, head) => {
  const box = (k) => [34, (k * SIZE) / 3 + 28, WIDE - 42, ((k + 1) * SIZE) / 3 - 18];
  const losses = rows.flatMap((row) => [row[1], row[2]]).filter(Number.isFinite).sort((a, b) => a - b);
  const [low, high] = [0.02, 0.98].map((share) => losses[Math.floor(share * losses.length)] ?? 1);
  const air = 0.15 * (high - low) + 0.05;
  blank(pen, WIDE, SIZE);
  chart(pen, rows, box(0), "losses", [low - air, high + air], [[1, DISC, "D"], [2, FAKE, "G"]]);
  chart(pen, rows, box(1), `covered ${head.clusters_name}, of ${head.clusters}`, [0, head.clusters], [[3, GREEN, ""]]);
  chart(pen, rows, box(2), "D's mean P of “real”", [0, 1], [[4, REAL, "data"], [5, FAKE, "fakes"]]);
  if (rows.length) write(pen, `rounds ${rows[0][0]} to ${rows.at(-1)[0]}`, 34, SIZE - 3, "#555");
};

function render({ model, el }) {
  const { limit, running, ...lists } = model.get("settings");
  const on = Object.fromEntries(Object.keys(LAYERS).map((name) => [name, true]));
  const [canvas, pen] = sheet(SIZE, SIZE, { className: "gl-plane", tabIndex: 0, role: "img" });
  const [side, ink] = sheet(WIDE, SIZE, { className: "gl-curves", role: "img", "aria-label": "Curves of the losses, of what is covered and of P" });
  let playing = false, seen = false, last = null, rows = [], drawn = [], given = 0, cursor = null, sent = 0;

  const [ask, hangUp] = talk(model, (head, buffers) => {
    if (head.error || head.diverged) play(false);
    if (head.error) return say(head.error, true);
    const parts = Object.keys(LAYERS).map((name, k) => [name, numbers(k ? Int16Array : Uint8Array, buffers[k])]);
    const values = numbers(Float32Array, buffers[5]);
    last = { head, layers: Object.fromEntries(parts) };
    rows = head.fresh ? [] : rows.slice(-600);
    for (let k = 0; k < values.length; k += 6) if (!(values[k] <= rows.at(-1)?.[0])) rows.push(values.slice(k, k + 6));
    again(); paint(); paintCurves(ink, rows, head); reflect(head);
  });
  const again = () => playing && setTimeout(() => {
    if (!playing || !seen || performance.now() - sent < FASTEST) return;
    sent = performance.now();
    ask({ do: "next", rounds: Number(speed.value) });
  }, Math.max(0, sent + FASTEST - performance.now()) + 1);
  const play = (value) => {
    playing = value;
    main.textContent = playing ? "❚❚ pause" : "▶ play";
    words.setAttribute("aria-live", playing ? "off" : "polite"); // twenty lines a second are no help
    again();
  };
  const say = (text, wrong) => { words.textContent = text; words.classList.toggle("gl-wrong", Boolean(wrong)); };
  const paint = () => {
    if (!last) return;
    const { head, layers } = last, show = (name) => layers[name].length && (head.stage || on[name]);
    blank(pen, SIZE, SIZE);
    if (show("field")) paintField(pen, layers.field);
    if (show("real")) dots(pen, layers.real, REAL + "B0", head.stage ? 3.2 : 2.2);
    if (show("net")) paintNet(pen, layers.net);
    if (show("fake")) dots(pen, layers.fake, "#8C3A00", head.stage ? 3.2 : 2.2);
    if (show("arrows")) paintArrows(pen, layers.arrows);
    caption(pen, head.stage || `round ${head.round}`);
    dots(pen, drawn.slice(given).flat().map((v) => v * UNIT), REAL, 4); // the stroke under the hand
    if (cursor) { pen.beginPath(); pen.arc(X(cursor[0] * UNIT), Y(cursor[1] * UNIT), 7, 0, 7); stroke(pen, DISC, 2); }
  };
  const reflect = ({ words, diverged, rates, steps, ...head }) => { // the controls show what Python has
    say(words, diverged);
    canvas.setAttribute("aria-label", `The plane. ${words} Draw data with the mouse, or with arrow keys and space.`);
    data.value = head.data; loss.value = head.loss;
    if (document.activeElement !== seed) seed.value = head.seed;
    for (const player of ["G", "D"]) {
      if (document.activeElement !== rate[player]) rate[player].value = Math.log10(rates[player]);
      rate[player].nextSibling.value = Number(rates[player].toPrecision(2)); moves[player].value = steps[player];
    }
  };

  // Data drawn by hand, with mouse or finger, or with arrow keys and space; a new stroke is added to the last.
  const add = (point) => { if (drawn.length < 3000) drawn.push(point); paint(); };
  const hand = () => { given = drawn.length; ask({ do: "data", points: drawn.map((point) => point.map((v) => v * limit)) }); };
  const clear = () => { drawn = []; given = 0; paint(); };
  canvas.onpointerdown = (e) => { canvas.setPointerCapture(e.pointerId); add(pointed(e, canvas)); };
  canvas.onpointermove = (e) => { if (e.buttons) add(pointed(e, canvas)); };
  canvas.onpointerup = hand;
  canvas.onblur = () => { cursor = null; paint(); };
  canvas.onkeydown = (e) => {
    const way = ARROWS[e.key], step = e.shiftKey ? 0.2 : 0.04;
    if (!way && e.key !== " ") return;
    e.preventDefault();
    cursor = (cursor ?? [0, 0]).map((v, k) => Math.max(-1, Math.min(1, v + step * (way?.[k] ?? 0))));
    if (way) paint(); else { add(cursor); hand(); }
  };

  const main = button("▶ play", "Play or pause", () => play(!playing), { className: "gl-main" });
  const once = (message) => () => { play(false); ask(message); };
  const seed = make("input", { type: "number", min: 0, value: 0, "aria-label": "Seed", onchange: () => restart() });
  const restart = () => ask({ do: "reset", seed: Number(seed.value) });
  const speed = choice("Rounds a picture", [1, 2, 5, 10, 25, 100], () => {});
  const data = choice("Data", [...lists.data, "drawn"], (name) => {
    if (name === "drawn") return reflect(last.head); // nothing is drawn before it is drawn
    clear();
    ask({ do: "data", name });
  });
  const loss = choice("Losses", lists.losses, (name) => ask({ do: "loss", name }));
  const rate = {}, moves = {}, words = make("div", { className: "gl-words" });
  const player = (name) => {
    const change = (kind, value) => ask({ do: kind, player: name, value });
    const power = { min: -5, max: 0, step: 0.1 };
    rate[name] = slider(`Learning rate of ${name}, logarithm`, power, (v) => change("rate", Number((10 ** v).toPrecision(2))));
    moves[name] = choice(`Moves of ${name} a round`, [1, 2, 3, 4, 5], (v) => change("steps", Number(v)));
    return [make("b", { className: `gl-${name}` }, name), field("rate", rate[name], make("output")), field("moves", moves[name])];
  };
  const layer = ([name, label]) =>
    field("", make("input", { type: "checkbox", checked: true, onchange: (e) => { on[name] = e.target.checked; paint(); } }), label);
  speed.value = 5;
  board(el, "Laboratory: a GAN in the plane",
    row(main, button("one round", "Play one round", once({ do: "next", rounds: 1 })),
      button("slow motion", "Next of the six stages of a round", once({ do: "slow" })),
      button("reset", "New players of this seed", restart), field("seed", seed), field("rounds a picture", speed)),
    make("div", { className: "gl-stage" }, canvas, side), row(words),
    row(field("data", data), button("new drawing", "Begin a new drawing", clear),
      make("span", { className: "gl-hint" }, "Draw on the picture: the game goes on with your data.")),
    row(...player("G"), ...player("D")), row(field("losses", loss), "show", ...Object.entries(LAYERS).map(layer)));
  const watcher = new IntersectionObserver(([entry]) => { seen = entry.isIntersecting; again(); });
  watcher.observe(canvas);
  play(running && !matchMedia("(prefers-reduced-motion: reduce)").matches);
  ask({ do: "show" });
  return () => { play(false); watcher.disconnect(); hangUp(); };
}

export default { render };
