// The explorer: sixteen images of a generator that follow the hand through its noise.

const PAD = 240;

const paintImage = (canvas, { channels, height, width }, pixels) => {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d"), image = pen.createImageData(width, height);
  for (let k = 0; k < width * height; k++) {
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = pixels[channels * k + (channels === 3 ? c : 0)];
    image.data[4 * k + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
};

function render({ model, el }) {
  const { sliders, reach, images } = model.get("settings");
  const [pad, pen] = sheet(PAD, PAD, { className: "gl-pad", tabIndex: 0, role: "img" });
  const words = make("div", { className: "gl-words", "aria-live": "polite" });
  let step = Array(sliders).fill(0), chosen = 0, head = null;

  const [ask, hangUp] = talk(model, (answer, buffers) => {
    words.classList.toggle("gl-wrong", Boolean(answer.error));
    words.textContent = answer.error || answer.words;
    if (answer.error) return;
    head = answer;
    const size = head.channels * head.height * head.width;
    buffers.forEach((buffer, part) => {
      const pixels = numbers(Uint8Array, buffer);
      (part ? kept : pictures).forEach((canvas, k) => paintImage(canvas, head, pixels.subarray(k * size, (k + 1) * size)));
    });
    if (document.activeElement?.type !== "range") step = [...head.step];
    reflect();
  });
  const move = (change) => {
    step = step.map((v, k) => Math.max(-reach, Math.min(reach, change[k] ?? v)));
    ask({ do: "move", step });
    reflect();
  };
  const reflect = () => { // the controls show what Python has
    const x = PAD / 2 + (step[0] / reach) * (PAD / 2), y = PAD / 2 - ((step[1] ?? 0) / reach) * (PAD / 2);
    pen.fillStyle = "#f7f7f7"; pen.fillRect(0, 0, PAD, PAD);
    pen.beginPath(); pen.moveTo(0, PAD / 2); pen.lineTo(PAD, PAD / 2); pen.moveTo(PAD / 2, 0); pen.lineTo(PAD / 2, PAD); stroke(pen, "#cfcfcf", 1);
    for (const r of [1, 2]) { pen.beginPath(); pen.arc(PAD / 2, PAD / 2, (r / reach) * (PAD / 2), 0, 7); stroke(pen, "#dddddd", 1); }
    pen.beginPath(); pen.arc(x, y, 8, 0, 7); pen.fillStyle = FAKE; pen.fill(); stroke(pen, "#fff", 2);
    write(pen, "direction 1 →", PAD - 6, PAD / 2 - 6, "#555", "right");
    if (sliders > 1) write(pen, "direction 2 ↑", PAD / 2 + 6, 14, "#555");
    pad.setAttribute("aria-label", `Pad: direction 1 at ${step[0].toFixed(1)}, direction 2 at ${(step[1] ?? 0).toFixed(1)}. Arrow keys move.`);
    knobs.forEach((knob, k) => { knob.value = step[k]; knob.nextSibling.value = step[k].toFixed(1); });
    if (!head) return;
    truncation.value = head.truncation; truncation.nextSibling.value = head.truncation.toFixed(2);
    next.textContent = `Click an image: it becomes ${head.next}.`;
    for (const way of ["lerp", "slerp"]) ways[way].setAttribute("aria-pressed", head.line === way);
    const line = (tag, first, ...others) =>
      make("tr", {}, make("th", {}, first), ...others.map((text) => make(tag, {}, text)));
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    const lines = Object.entries(head.read).map(([name, values]) =>
      line("td", name, values[chosen].toFixed(2), mean(values).toFixed(2)));
    read.replaceChildren(...(lines.length ? [line("th", "read", `image ${chosen + 1}`, "mean of 16"), ...lines] : []));
    frames.forEach((frame, k) => { frame.style.borderColor = lines.length && k === chosen ? REAL : ""; });
  };

  const drag = (e) => move(pointed(e, pad).map((v) => v * reach));
  pad.onpointerdown = (e) => { pad.setPointerCapture(e.pointerId); pad.focus(); drag(e); };
  pad.onpointermove = (e) => { if (e.buttons) drag(e); };
  pad.onkeydown = (e) => {
    if (!ARROWS[e.key]) return;
    e.preventDefault();
    move(ARROWS[e.key].map((v, k) => (step[k] ?? 0) + 0.2 * v));
  };
  const pictures = Array.from({ length: images }, () => make("canvas"));
  const frames = pictures.map((canvas, k) => {
    const frame = button("", `Image ${k + 1}: keep as favourite`, () => { chosen = k; ask({ do: "pick", image: k }); });
    frame.append(canvas);
    frame.onfocus = frame.onpointerenter = () => { chosen = k; reflect(); };
    return frame;
  });
  const kept = ["A", "B"].map((name) => make("canvas", { role: "img", "aria-label": `Favourite ${name}` }));
  const next = make("span", { className: "gl-hint" }), read = make("table");
  const knobs = step.map((_, k) =>
    slider(`Direction ${k + 1}`, { min: -reach, max: reach, step: 0.1 }, (v) => move(Object.assign([], { [k]: v }))));
  const truncation = slider("Truncation: noise times", { min: 0, max: 1.5, step: 0.05 }, (value) => ask({ do: "truncate", value }));
  const way = (kind) => button(`${kind} A → B`, `Sixteen steps from A to B by ${kind}`, () => ask({ do: "path", kind }));
  const ways = { lerp: way("lerp"), slerp: way("slerp") };
  board(el, "Explorer: images of a generator",
    row(button("new images", "Sixteen other images", () => ask({ do: "start" })),
      button("new directions", "Other directions for pad and sliders", () => ask({ do: "directions" })),
      button("back to the middle", "All directions at 0", () => move(step.map(() => 0))), ways.lerp, ways.slerp),
    make("div", { className: "gl-stage" },
      make("div", { className: "gl-side" }, pad, ...knobs.map((knob, k) => row(field(`${k + 1}`, knob, make("output")))),
        row(field("truncation", truncation, make("output")))),
      make("div", { className: "gl-images", role: "group", "aria-label": "Sixteen images" }, ...frames),
      make("div", {}, make("div", { className: "gl-kept" }, "A", kept[0], "B", kept[1]), row(next), read)),
    row(words));
  reflect();
  ask({ do: "show" });
  return hangUp;
}

export default { render };
