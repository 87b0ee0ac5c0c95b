// What the widgets are made of: the course's colours, elements, binary parts, curves, a talk with Python.

const REAL = "#0072B2", FAKE = "#E66101", DISC = "#1A1A1A", GREEN = "#009E73";

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

const button = (text, label, onclick, more = {}) =>
  make("button", { type: "button", "aria-label": label, title: label, onclick, ...more }, text);

const row = (...children) => make("div", { className: "gl-row" }, ...children);

const field = (label, ...inputs) => make("label", { className: "gl-field" }, label, ...inputs);

const choice = (label, options, onchange) =>
  make("select", { "aria-label": label, onchange: (e) => onchange(e.target.value) },
    ...options.map((option) => make("option", { value: option }, option)));

const slider = (label, range, oninput) =>
  make("input", { type: "range", "aria-label": label, ...range, oninput: (e) => oninput(Number(e.target.value)) });

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// Where the pointer is on a canvas, from -1 to 1 to the right and upwards.
const pointed = (event, canvas) => {
  const box = canvas.getBoundingClientRect(), inside = (v) => Math.max(-1, Math.min(1, v));
  return [inside((2 * (event.clientX - box.left)) / box.width - 1), inside(1 - (2 * (event.clientY - box.top)) / box.height)];
};

const numbers = (Type, view) => // a copy: the part may start at an odd byte
  new Type(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

// A canvas of CSS size width × height, sharp on any screen.
const sheet = (width, height, attributes) => {
  const scale = Math.max(1, window.devicePixelRatio || 1);
  const canvas = make("canvas", { width: width * scale, height: height * scale, ...attributes });
  canvas.style.aspectRatio = `${width} / ${height}`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  return [canvas, pen];
};

const stroke = (pen, color, width) => { pen.strokeStyle = color; pen.lineWidth = width; pen.stroke(); };

const write = (pen, words, x, y, color = DISC, align = "left", font = "12px") => {
  pen.font = `${font} system-ui, sans-serif`; pen.textAlign = align; pen.fillStyle = color;
  pen.fillText(words, x, y);
};

const blank = (pen, width, height) => { pen.fillStyle = "#fff"; pen.fillRect(0, 0, width, height); };

const caption = (pen, words) => { // on a light ground, in the upper left corner
  write(pen, words, 14, 24, DISC, "left", "600 15px");
  pen.fillStyle = "#ffffffd8"; pen.fillRect(6, 6, pen.measureText(words).width + 16, 26);
  write(pen, words, 14, 24, DISC, "left", "600 15px");
};

const arrow = (pen, x, y, u, v) => {
  const turn = Math.atan2(v - y, u - x), tip = Math.min(6, Math.hypot(u - x, v - y));
  pen.beginPath(); pen.moveTo(x, y); pen.lineTo(u, v);
  for (const a of [turn + 2.7, turn - 2.7]) { pen.moveTo(u, v); pen.lineTo(u + tip * Math.cos(a), v + tip * Math.sin(a)); }
  stroke(pen, DISC, 1.3);
};

// Curves of rows (column 0 is x) in a box, each line [column, color, label] named at its end.
const chart = (pen, rows, [left, top, right, bottom], title, [from, to], lines) => {
  const first = rows[0]?.[0] ?? 0, last = rows.at(-1) ?? [1], span = Math.max(1, last[0] - first);
  const x = (v) => left + ((v - first) / span) * (right - left);
  const y = (v) => Math.min(bottom + 3, Math.max(top - 3, bottom + ((v - from) / (to - from)) * (top - bottom)));
  write(pen, title, left, top - 12, DISC, "left", "600 13px");
  for (const value of [from, (from + to) / 2, to]) {
    pen.beginPath(); pen.moveTo(left, y(value)); pen.lineTo(right, y(value)); stroke(pen, "#e4e4e4", 1);
    write(pen, +value.toFixed(2), left - 6, y(value) + 4, "#555", "right");
  }
  const ends = lines.map(([column, color, label]) => {
    pen.beginPath();
    for (const row of rows) if (Number.isFinite(row[column])) pen.lineTo(x(row[0]), y(row[column]));
    stroke(pen, color, 1.8);
    return [y(last[column]), color, label || last[column]];
  }).filter(([at]) => Number.isFinite(at)).sort((a, b) => a[0] - b[0]);
  if (ends.length > 1 && ends[1][0] - ends[0][0] < 14) { ends[0][0] -= 7; ends[1][0] += 7; }
  for (const [at, color, label] of ends) write(pen, label, right + 5, at + 4, color, "left", "600 12px");
};

// Where a grid of values (n × n, the first row below) crosses a level, cell by cell ("marching squares").
const contour = (pen, values, n, level, size) => {
  const step = size / (n - 1), at = ([i, j]) => values[i * n + j] - level;
  pen.beginPath();
  for (let i = 0; i < n - 1; i++) for (let j = 0; j < n - 1; j++) {
    const corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]], ends = [];
    corners.forEach((a, k) => {
      const b = corners[(k + 1) % 4], p = at(a), q = at(b), t = p / (p - q);
      if (p * q < 0) ends.push([(a[1] + (b[1] - a[1]) * t) * step, size - (a[0] + (b[0] - a[0]) * t) * step]);
    });
    for (let k = 0; k < ends.length; k += 2) { pen.moveTo(...ends[k]); pen.lineTo(...ends[k + 1]); }
  }
};

// One question at a time; of those that wait, a later one of the same kind replaces the earlier.
const talk = (model, told) => {
  const waiting = new Map();
  let asked = 0; // when the open question was sent; 0: none is open
  const send = (message) => { asked = Date.now(); model.send(message); };
  const ask = (message) => {
    if (!asked || Date.now() - asked > 10000) return send(message);
    waiting.set(message.do + (message.player || ""), message);
  };
  const answer = (head, buffers) => {
    asked = 0;
    const [first] = waiting;
    if (first) { waiting.delete(first[0]); send(first[1]); }
    told(head, buffers);
  };
  model.on("msg:custom", answer);
  return [ask, () => model.off("msg:custom", answer)];
};

const board = (el, label, ...children) => {
  const root = make("div", { className: "gl", role: "group", "aria-label": label }, ...children);
  // JupyterLab would take arrow keys, space and enter away from the controls.
  for (const control of root.querySelectorAll("button, input, select, canvas")) control.dataset.lmSuppressShortcuts = "true";
  el.append(root);
};
