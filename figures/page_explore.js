/* The explorable, over the arithmetic of page_numbers.js. */
(() => {
  "use strict";
  const box = document.getElementById("explorable");
  if (!box) return;
  const { COUNTS, KNOTS, SHAPES } = explorable, WIDTH = 340, HEIGHT = 240, LEFT = 44, RIGHT = 8, TOP = 12, BOTTOM = 30;
  const find = (name) => box.querySelector(`[data-part="${name}"]`);
  const state = { shape: "skewed", share: 1, noise: 0.15, count: 5, x: 0.75, loss: "log", drawn: Array(KNOTS).fill(0).map((_, i) => 0.15 + Math.exp(-0.02 * (i - 8) ** 2)), knot: 8 };
  let law, shown, ceiling = 0, stale = true, waiting = 0, speaking = 0;

  const make = (parent, tag, given, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in given) node.setAttribute(name, given[name]);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const across = (u) => LEFT + u * (WIDTH - LEFT - RIGHT);
  const up = (v) => HEIGHT - BOTTOM - v * (HEIGHT - TOP - BOTTOM);
  const line = (points) => points.map(([u, v], i) => `${i ? "L" : "M"}${across(u).toFixed(1)} ${up(v).toFixed(1)}`).join("");
  const digits = (value) => (value === 0 ? "0" : Math.abs(value) < 1e-3 ? value.toExponential(1).replace("e-", " × 10⁻").replace(/\d+$/, (n) => [...n].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join("")) : String(Number(value.toPrecision(3))));

  /* A panel's frame, and what is redrawn in it. */
  const panels = {};
  for (const [name, title] of [["laws", "label"], ["posterior", "label, at the input that you drag"], ["classes", "number of classes K"]]) {
    const svg = find(name);
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    make(svg, "path", { class: "axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` });
    make(svg, "text", { x: across(0.5), y: HEIGHT - 2, class: "middle" }, title);
    panels[name] = { svg, moving: make(svg, "g", {}) };
  }
  const ticks = (group, values, place, words, side) => values.forEach((value) => {
    const at = place(value);
    if (side) make(group, "text", { x: LEFT - 5, y: up(at) + 3.5, class: "end" }, words(value));
    else make(group, "text", { x: across(at), y: HEIGHT - BOTTOM + 12, class: "middle" }, words(value));
  });
  const fresh = (name) => { const group = panels[name].moving; group.replaceChildren(); return group; };
  const label = (group, u, v, words, kind, side = "start") => make(group, "text", { x: across(u), y: up(v) - 3, class: `${kind} ${side}` }, words);
  const steps = (top) => [0, 0.5, 1].map((part) => Number((part * top).toPrecision(2)));

  function drawLaws() {
    const group = fresh("laws"), most = Math.max(1.25, ...law.r) * 1.12, row = shown.rows[state.count];
    const top = ceiling || most;
    for (let c = 1; c < row.count; c++) make(group, "path", { class: "edge", d: line([[c / row.count, 0], [c / row.count, 1]]) });
    const mass = [];
    row.mass.forEach((p, c) => mass.push([c / row.count, Math.min(1, (p * row.count) / top)], [(c + 1) / row.count, Math.min(1, (p * row.count) / top)]));
    make(group, "path", { class: "mass", d: `${line([[0, 0], ...mass, [1, 0]])}Z` });
    make(group, "path", { class: "q", d: line([[0, 1 / top], [1, 1 / top]]) });
    make(group, "path", { class: "p", d: line([...law.y].map((y, j) => [y, Math.min(1, law.r[j] / top)])) });
    label(group, 0.99, 1 / top, "balanced", "q-text", "end");
    const high = law.r.indexOf(Math.max(...law.r)), right = law.y[high] > 0.5;
    label(group, law.y[high] + (right ? -0.03 : 0.03), Math.min(0.93, law.r[high] / top), "imbalanced", "p-text", right ? "end" : "start");
    if (state.shape === "drawn") make(group, "circle", { class: "knot", cx: across(state.knot / (KNOTS - 1)), cy: up(Math.min(1, law.r[law.y.findIndex((y) => y > 0.99 * state.knot / (KNOTS - 1))] / top)), r: 4 });
    ticks(group, [0, 0.5, 1], (u) => u, String);
    ticks(group, steps(top / 1.12), (value) => value / top, String, true);
  }
  function drawPosterior() {
    const group = fresh("posterior"), found = explorable.posteriors(law, state.noise, state.x, shown.rows[state.count]);
    const top = 1.15 * Math.max(...Object.values(found).map((one) => Math.max(...one.values)));
    make(group, "path", { class: "edge strong", d: line([[state.x, 0], [state.x, 1]]) });
    label(group, state.x + (state.x > 0.7 ? -0.015 : 0.015), 0.93, `x = ${state.x.toFixed(2)}`, "muted-text", state.x > 0.7 ? "end" : "start");
    const curve = (name, kind) => {
      make(group, "path", { class: kind, d: line([...law.y].map((y, j) => [y, found[name].values[j] / top])) });
      make(group, "path", { class: `${kind} mean`, d: line([[found[name].mean, -0.035], [found[name].mean, 0.05]]) });
    };
    curve("imbalanced", "p");
    curve("imbalanced", "plain");
    curve("corrected", "c");
    curve("balanced", "q");
    ticks(group, [0, 0.5, 1], (u) => u, String);
    ticks(group, steps(top / 1.15), (value) => value / top, String, true);
    find("means").textContent = `Means: balanced ${digits(found.balanced.mean)}, imbalanced ${digits(found.imbalanced.mean)} (with a plain term the same), corrected ${digits(found.corrected.mean)}.`;
  }

  function drawClasses() {
    const group = fresh("classes"), squares = state.loss === "squared", price = squares ? shown.squared : shown.price;
    const left = shown.rows.map((row) => (squares ? row.squared : row.excess)), bound = shown.rows.map((row) => (squares ? row.remainder / 2 : row.remainder));
    const high = Math.max(price, ...left, ...bound, 1e-9) * 1.6, low = Math.max(Math.min(price || high, ...left.filter((v) => v > 0)) / 2, high * 1e-7);
    const place = (value) => Math.max(-0.02, Math.log(Math.max(value, low / 2) / low) / Math.log(high / low)), wide = (count) => Math.log(count) / Math.log(COUNTS[COUNTS.length - 1]);
    make(group, "path", { class: "edge strong", d: line([[wide(COUNTS[state.count]), 0], [wide(COUNTS[state.count]), 1]]) });
    const decades = [];
    for (let power = Math.ceil(Math.log10(low)); 10 ** power <= high; power++) decades.push(power);
    ticks(group, decades.filter((_, i) => i % Math.ceil(decades.length / 5) === 0), (power) => place(10 ** power), (power) => (power > -3 ? String(Number((10 ** power).toPrecision(1))) : `10⁻${"⁰¹²³⁴⁵⁶⁷⁸⁹"[-power]}`), true);
    ticks(group, [1, 2, 4, 8, 16, 32, 96], wide, String);
    make(group, "path", { class: "w", d: line(COUNTS.map((count, k) => [wide(count), place(bound[k])])) });
    make(group, "path", { class: "p", d: line([[0, place(price)], [1, place(price)]]) });
    make(group, "path", { class: "plain", d: line([[0, place(price)], [1, place(price)]]) });
    make(group, "path", { class: "c", d: line(COUNTS.map((count, k) => [wide(count), place(left[k])])) });
    COUNTS.forEach((count, k) => make(group, "circle", { class: "c-dot", cx: across(wide(count)), cy: up(place(left[k])), r: k === state.count ? 5 : 2.4 }));
  }

  function words() {
    const squares = state.loss === "squared", unit = squares ? "of squared error" : "nats", row = shown.rows[state.count];
    const price = squares ? shown.squared : shown.price, left = squares ? row.squared : row.excess, bound = squares ? row.remainder / 2 : row.remainder;
    if (price < 1e-12) return "Balanced labels: imbalance costs nothing.";
    const start = `Imbalance costs ${digits(price)} ${unit}${squares ? `, on top of ${digits(shown.risk)} that nobody can avoid` : ""}. A plain classification term leaves that as it is. `;
    if (row.count === 1) return `${start}One class is no correction: take more.`;
    const back = left > price ? "more than without the correction: such wide classes harm" : `${Math.round(100 * (1 - left / price))} % is given back`;
    return `${start}Corrected with ${row.count} classes, ${digits(left)} is left: ${back}. The labels alone promise at most ${digits(bound)} (${squares ? "half of W" : "W"}).`;
  }

  function update() {
    waiting = 0;
    if (stale || !law) {
      law = explorable.laws(state.shape === "drawn" ? explorable.drawn(state.drawn) : SHAPES[state.shape], state.share);
      shown = null;
    }
    stale = false;
    if (!shown || shown.noise !== state.noise) shown = { ...explorable.prices(law, state.noise), noise: state.noise };
    drawLaws();
    drawPosterior();
    drawClasses();
    const text = words(), ratio = Math.max(...law.r) / Math.min(...law.r);
    find("words").textContent = text;
    find("noise-value").textContent = digits(state.noise);
    find("share-value").textContent = `${Math.round(100 * state.share)} %, ${digits(ratio)} to 1`;
    find("count-value").textContent = COUNTS[state.count];
    find("x-value").textContent = state.x.toFixed(2);
    for (const name of ["noise", "share", "count"]) find(name).setAttribute("aria-valuetext", find(`${name}-value`).textContent);
    clearTimeout(speaking);
    speaking = setTimeout(() => {
      find("spoken").textContent = text;
      const said = { laws: `Two label laws: even, and imbalanced up to ${digits(Math.max(...law.r))} times as dense, in ${COUNTS[state.count]} classes.`, posterior: `Posterior at input ${state.x.toFixed(2)}. ${find("means").textContent}`, classes: text };
      for (const name in said) panels[name].svg.setAttribute("aria-label", said[name]);
    }, 400);
  }
  const change = (given, lawChanges) => {
    Object.assign(state, given);
    stale = stale || Boolean(lawChanges);
    if (!waiting) waiting = requestAnimationFrame(update);
  };
  function controls() {
    find("shape").value = state.shape;
    find("noise").value = Math.log2(state.noise);
    find("share").value = state.share;
    find("count").value = state.count;
    find("x").value = state.x;
    find("loss").value = state.loss;
    const drawing = state.shape === "drawn";
    panels.laws.svg.classList.toggle("drawing-on", drawing);
    panels.laws.svg.setAttribute("tabindex", drawing ? "0" : "-1");
    find("draw-words").hidden = !drawing;
  }
  const typed = { shape: String, loss: String, share: Number, x: Number, noise: (text) => 2 ** Number(text), count: Number };
  for (const name in typed) {
    find(name).addEventListener("input", (event) => {
      change({ [name]: typed[name](event.target.value) }, name === "shape" || name === "share");
      controls();
    });
  }
  const STORIES = {
    costs: [{ shape: "skewed", share: 1, noise: 0.15, count: 0, x: 0.75, loss: "log" }, "At this input the imbalanced posterior leans towards the labels that are many.."],
    gives: [{ shape: "skewed", share: 1, noise: 0.15, count: 5, x: 0.75, loss: "log" }, "Each class divided by how often it occurs: only the lean inside the classes is left. Move K."],
    hurts: [{ shape: "mild", share: 1, noise: 0.02, count: 3, x: 0.68, loss: "log" }, "The input shows the label almost exactly, so imbalance costs little, and wide classes correct what was right. Narrow ones do not."],
  };
  box.querySelectorAll("[data-story]").forEach((button) => button.addEventListener("click", () => {
    const [given, text] = STORIES[button.dataset.story];
    find("story").textContent = text;
    change(given, true);
    controls();
  }));

  const place = (svg, event) => {
    const frame = svg.getBoundingClientRect(), scale = WIDTH / frame.width;
    return [((event.clientX - frame.left) * scale - LEFT) / (WIDTH - LEFT - RIGHT), (HEIGHT - BOTTOM - (event.clientY - frame.top) * scale) / (HEIGHT - TOP - BOTTOM)];
  };
  const within = (value, low, high) => Math.min(high, Math.max(low, value));
  const drag = (svg, move, end) => {
    svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); move(event, true); });
    svg.addEventListener("pointermove", (event) => { if (svg.hasPointerCapture(event.pointerId)) move(event, false); });
    for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, end);
  };
  drag(panels.posterior.svg, (event) => { change({ x: within(place(panels.posterior.svg, event)[0], -0.2, 1.2) }); controls(); }, () => {});
  drag(panels.laws.svg, (event, first) => {
    if (state.shape !== "drawn") return;
    const [u, v] = place(panels.laws.svg, event), knot = Math.round(within(u, 0, 1) * (KNOTS - 1)), from = first ? knot : state.knot;
    if (first) {
      const mean = state.drawn.reduce((sum, value) => sum + value / KNOTS, 0);
      state.drawn = state.drawn.map((value) => value / mean);
      ceiling = Math.max(1.25, ...law.r) * 1.12;
    }
    const height = Math.max(0.02, (within(v, 0, 1) * ceiling - 1 + state.share) / Math.max(state.share, 0.01)), before = state.drawn[from];
    for (let k = Math.min(from, knot); k <= Math.max(from, knot); k++) state.drawn[k] = knot === from ? height : before + ((height - before) * (k - from)) / (knot - from);
    change({ knot }, true);
  }, () => { ceiling = 0; change({}); });
  panels.laws.svg.addEventListener("keydown", (event) => {
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key], lift = { ArrowUp: 1.15, ArrowDown: 1 / 1.15 }[event.key];
    if (state.shape !== "drawn" || !(side || lift)) return;
    event.preventDefault();
    if (lift) state.drawn[state.knot] = within(state.drawn[state.knot] * lift, 0.005, 5);
    change({ knot: within(state.knot + (side || 0), 0, KNOTS - 1) }, true);
  });
  box.hidden = false;
  controls();
  update();
})();
