/* Your own two columns: a file or pasted text, answered in the page. The policy of the page forbids every request, so nothing can leave it. */
(() => {
  "use strict";
  const box = document.getElementById("columns");
  if (!box) return;
  const find = (name) => box.querySelector(`[data-part="${name}"]`), WIDTH = 340, HEIGHT = 240, LEFT = 52, RIGHT = 10, TOP = 12, BOTTOM = 30;
  let table = null, answer = null, values = null;

  const make = (parent, tag, given, text) => {
    const node = document.createElementNS(tag === "svg" || parent.namespaceURI.endsWith("svg") ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", tag);
    for (const name in given) node.setAttribute(name, given[name]);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const digits = (value) => Number(value.toPrecision(3)).toString();
  const percent = (part) => `${Math.round(100 * part)} %`;

  /* A chart with its title: series of [x, y] points, by kind; y from `low` to `high`. */
  function chart(title, words, xs, ys, series, named) {
    const figure = make(find("charts"), "figure", {});
    make(make(figure, "figcaption", {}), "strong", {}, title);
    const svg = make(figure, "svg", { class: "panel", role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-label": `${title}. ${words}` });
    const x = (value) => LEFT + ((value - xs[0]) / (xs[1] - xs[0])) * (WIDTH - LEFT - RIGHT), y = (value) => HEIGHT - BOTTOM - ((value - ys[0]) / (ys[1] - ys[0])) * (HEIGHT - TOP - BOTTOM);
    make(svg, "path", { class: "axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` });
    const even = (ends) => [0, 0.5, 1].map((part) => ends[0] + part * (ends[1] - ends[0]));
    for (const u of named.ticks || even(xs)) make(svg, "text", { x: x(u), y: HEIGHT - BOTTOM + 12, class: u === xs[0] ? "start" : u === xs[1] ? "end" : "middle" }, digits(u));
    for (const v of even(ys)) make(svg, "text", { x: LEFT - 5, y: y(v) + 3.5, class: "end" }, digits(v));
    make(svg, "text", { x: x((xs[0] + xs[1]) / 2), y: HEIGHT - 2, class: "middle" }, named.x);
    for (const [kind, points] of series) make(svg, "path", { class: kind, d: points.map((point, i) => (point ? `${i && points[i - 1] ? "L" : "M"}${x(point[0]).toFixed(1)} ${y(point[1]).toFixed(1)}` : "")).join("") });
    make(figure, "p", { class: "muted" }, words);
  }
  /* Steps over the stretches; a stretch without a value is left out. */
  const steps = (edges, heights) => heights.flatMap((height, s) => (height === null ? [null] : [[edges[s], height], [edges[s + 1], height]]));

  function rows(caption, head, body) {
    const frame = make(find("tables"), "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }), node = make(frame, "table", {});
    make(node, "caption", {}, caption);
    const first = make(make(node, "thead", {}), "tr", {}), rest = make(node, "tbody", {});
    head.forEach((name) => make(first, "th", { scope: "col" }, name));
    body.forEach((cells) => { const line = make(rest, "tr", {}); cells.forEach((cell, i) => make(line, "td", { "data-name": head[i] }, cell)); });
  }

  function ofLabels(law) {
    const counts = [...Array(20).keys()].map((k) => k + 1), left = counts.map((count) => columns.remainder(law, count));
    chart("What the labels promise", `W against the number of equal classes K: what a prior correction leaves is never more. It starts at ${digits(law.kl)} nats, the most that imbalance can cost.`, [1, 20], [0, Math.max(law.kl, 1e-9)], [["w", counts.map((count, k) => [count, left[k]])]], { x: "classes K", ticks: [1, 5, 10, 15, 20] });
    rows("W by the number of classes, nats", ["K", "W"], counts.filter((count) => [1, 2, 3, 4, 5, 8, 10, 16, 20].includes(count)).map((count) => [String(count), digits(left[count - 1])]));
    return `${law.n} labels are worth ${digits(law.effective)} balanced ones (n_eff); the most frequent stretch holds ${digits(law.ratio)} times the labels of the rarest. In log-loss imbalance costs at most ${digits(law.kl)} nats.`;
  }

  function ofPairs(found) {
    const { law, means, deviation, stretches } = found, sure = Math.abs(means.saving) > 2 * deviation.saving;
    const text = `Averaged over the labels evenly, the squared error of this model is ${digits(means.before)} ± ${digits(2 * deviation.before)}. One map of its predictions makes it ${digits(means.after)}: ` +
      (means.saving > 0 ? `${percent(means.saving / means.before)} less${sure ? "." : ", which these rows do not tell from nothing."}` : "no gain, so leave the model as it is.") + ` Imbalance alone costs ${digits(means.cost)} ± ${digits(2 * deviation.cost)}.`;
    const [low, high] = [law.edges[0], law.edges[law.edges.length - 1]], knots = [found.corrected.knots[0], found.corrected.knots[found.corrected.knots.length - 1]];
    chart("The map of the predictions", "Green: the prediction that the even score wants. Orange: the best under the labels as they come. Dashed: the prediction as it is.", knots, [low, high], [["w", [[Math.max(knots[0], low), Math.max(knots[0], low)], [Math.min(knots[1], high), Math.min(knots[1], high)]]], ["p", [...found.plain.knots].map((knot, i) => [knot, found.plain.values[i]])], ["c", [...found.corrected.knots].map((knot, i) => [knot, found.corrected.values[i]])]], { x: "prediction" });
    const most = Math.max(...stretches.before.concat(stretches.after).filter((value) => value !== null));
    chart("Squared error by label", "Orange: before. Green: after. Stretches with fewer than ten rows are left out.", [low, high], [0, most], [["p", steps(law.edges, stretches.before)], ["c", steps(law.edges, stretches.after)]], { x: "label" });
    rows("Squared error by stretch of the label", ["label", "rows", "before", "after"], stretches.before.map((before, s) => [`${digits(law.edges[s])} to ${digits(law.edges[s + 1])}`, String(law.counts[s]), before === null ? "fewer than ten rows" : digits(before), before === null ? "" : digits(stretches.after[s])]));
    return text;
  }

  function refuse(problem) {
    if (!(problem instanceof columns.Refusal)) throw problem;
    answer = null;
    find("answer").textContent = problem.message;
  }
  function clear() {
    find("charts").replaceChildren();
    find("tables").replaceChildren();
    find("save").hidden = find("more").hidden = true;
    find("command").textContent = "";
  }
  function work() {
    clear();
    if (!table) return;
    try {
      const label = Number(find("label").value), prediction = find("prediction").value;
      const y = columns.numbers(table, label);
      if (prediction === "") {
        find("answer").textContent = ofLabels(columns.shift(y));
      } else {
        values = columns.numbers(table, Number(prediction));
        answer = columns.price(y, values);
        find("answer").textContent = `${ofPairs(answer)} ${ofLabels(answer.law)}`;
        find("save").hidden = false;
        find("command").textContent = `The same numbers with full intervals and the other remedies: unskew advise FILE --label ${table.names[label]} --prediction ${table.names[Number(prediction)]}`;
      }
      find("more").hidden = false;
    } catch (problem) { clear(); refuse(problem); }
  }
  function take(text) {
    clear();
    table = null;
    find("chosen").hidden = true;
    try {
      table = columns.read(text);
      const able = columns.numeric(table), guess = able.find((column) => /pred|hat|output/i.test(table.names[column])), second = guess === undefined ? able[1] : guess;
      if (!able.length) throw new columns.Refusal("No column holds numbers.");
      const first = able.find((column) => column !== second && /label|true|target|^y$|age|score/i.test(table.names[column]));
      for (const name of ["label", "prediction"]) {
        find(name).replaceChildren();
        if (name === "prediction") make(find(name), "option", { value: "" }, "none: labels alone");
        able.forEach((column) => make(find(name), "option", { value: column }, table.names[column]));
      }
      find("label").value = first === undefined ? able.find((column) => column !== second) : first;
      find("prediction").value = second === undefined ? "" : second;
      find("chosen").hidden = false;
      work();
    } catch (problem) { table = null; refuse(problem); }
  }

  /* An example whose numbers anybody can make again: long-tailed labels, and the best prediction under them. */
  function example() {
    let seed = 1;
    const random = () => { seed = (seed * 48271) % 2147483647; return seed / 2147483647; };
    const law = explorable.laws(explorable.SHAPES.longtail, 1), row = { count: 1, level: [0] }, lines = ["label,prediction"];
    for (let i = 0; i < 2000; i++) {
      const y = 0.05 / (1 - random() / 1.05) - 0.05, x = y + 0.15 * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
      lines.push(`${y.toFixed(5)},${explorable.posteriors(law, 0.15, x, row).imbalanced.mean.toFixed(5)}`);
    }
    return `${lines.join("\n")}\n`;
  }

  find("text").addEventListener("input", (event) => take(event.target.value));
  const open = async (file) => { if (file) take(await file.text()); };
  find("file").addEventListener("change", (event) => open(event.target.files[0]));
  for (const name of ["dragover", "drop"]) box.addEventListener(name, (event) => { event.preventDefault(); if (name === "drop") open(event.dataTransfer.files[0]); });
  for (const name of ["label", "prediction"]) find(name).addEventListener("input", work);
  find("example").addEventListener("click", () => { find("text").value = example(); take(find("text").value); });
  find("save").addEventListener("click", () => {
    const link = make(box, "a", { download: "corrected.csv", href: URL.createObjectURL(new Blob([columns.extended(table, columns.predict(answer.corrected, values))], { type: "text/csv" })) });
    link.click();
    setTimeout(() => { URL.revokeObjectURL(link.href); link.remove(); }, 1000);
  });
  box.hidden = false;
})();
