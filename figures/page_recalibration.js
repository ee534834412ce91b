/* Two columns of one's own: the arithmetic of `unskew` (shift, smoother, pricing, intervals) in the page, step by step in the same order. A test sets the two
   beside each other. No page is needed to run it. */
const columns = (() => {
  "use strict";
  const STRETCHES = 20, CELLS = 256, SAMPLED = 1 << 16, FEWEST = 30, LEAST = 10, FLAT = 1e-10, LARGEST_LEVERAGE = 0.999, AGAINST = 2;
  const SHARES = [1 / 64, 1 / 45, 1 / 32, 1 / 23, 1 / 16, 1 / 11, 1 / 8, 1 / 5.7, 1 / 4, 1 / 2.8, 1 / 2, 1 / 1.4, 1, 1.4, 2, 8];
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const zeros = (count) => new Float64Array(count);
  const range = (count) => Array.from({ length: count }, (_, i) => i);
  const extent = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  class Refusal extends Error {}

  /* How many keys are below a value, or not above it (`right`); keys increase. */
  function search(keys, value, right = false) {
    let low = 0, high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (right ? keys[middle] <= value : keys[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  function interpolate(x, xs, ys) {
    if (x <= xs[0]) return ys[0];
    if (x >= xs[xs.length - 1]) return ys[ys.length - 1];
    const i = search(xs, x, true) - 1;
    return ys[i] + ((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i])) * (x - xs[i]);
  }

  /* The label law on stretches beside the even one: `unskew.LabelShift(y)`. */
  function shift(y) {
    if (y.length < 2) throw new Refusal(`${y.length} labels: give at least two.`);
    const [least, largest] = extent(y);
    if (least === largest) throw new Refusal("All labels are equal: give labels that differ.");
    const points = new Set();
    for (const value of y) if (points.add(value).size > STRETCHES) break;
    let edges = range(STRETCHES + 1).map((i) => (i === STRETCHES ? largest : least + i * ((largest - least) / STRETCHES)));
    if (points.size <= STRETCHES) {
      const sorted = [...points].sort((a, b) => a - b);
      edges = [least, ...sorted.slice(1).map((point, i) => (point + sorted[i]) / 2), largest];
    }
    const inner = edges.slice(1, -1), stretch = Int32Array.from(y, (value) => search(inner, value, true)), counts = zeros(edges.length - 1);
    for (const s of stretch) counts[s] += 1;
    const filled = counts.filter((count) => count > 0).length, p = counts.map((count) => count / y.length), q = counts.map((count) => (count > 0) / filled);
    const inverse = q.map((mass, s) => (p[s] > 0 ? mass / p[s] : 0)), kl = Math.max(0, sum(q.map((mass, s) => (mass > 0 ? mass * Math.log(mass / p[s]) : 0))));
    const ratios = p.filter((mass) => mass > 0);
    return { n: y.length, edges, stretch, counts, p, q, inverse, kl, effective: y.length / sum(q.map((mass, s) => mass * inverse[s])), ratio: Math.max(...ratios) / Math.min(...ratios) };
  }

  /* W of K classes of equal width: KL of the stretches less that of the classes, both laws even within a stretch (`LabelShift.masses`). */
  function remainder(law, count) {
    const { edges } = law, ends = range(count + 1).map((i) => edges[0] + ((edges[edges.length - 1] - edges[0]) * i) / count);
    const [q, p] = [law.q, law.p].map((masses) => {
      const running = [0];
      masses.forEach((mass) => running.push(running[running.length - 1] + mass));
      return ends.slice(1).map((end, i) => interpolate(end, edges, running) - interpolate(ends[i], edges, running));
    });
    return Math.max(0, law.kl - sum(q.map((mass, c) => (mass > 0 ? mass * Math.log(mass / p[c]) : 0))));
  }

  /* Pairs counted by cells of the prediction and stretches of the label, with their moments: `smoother.table`. */
  function table(y, t, law) {
    const n = t.length, step = Math.ceil(n / SAMPLED), width = law.q.length, some = [];
    for (let i = 0; i < n; i += step) some.push(i);
    const tiny = 2 ** -1022, worth = Math.max(sum(some.map((i) => law.inverse[law.stretch[i]])), tiny), order = some.slice().sort((a, b) => t[a] - t[b] || a - b);
    let running = 0;
    const mass = order.map((i) => (running += 1 / some.length + law.inverse[law.stretch[i]] / worth)).map((value) => value / 2);
    const ends = [];
    for (let k = 1; k < CELLS; k++) {
      const at = Math.min(search(mass, k / CELLS), order.length - 2), end = (t[order[at]] + t[order[at + 1]]) / 2;
      if (!ends.length || end > ends[ends.length - 1]) ends.push(end);
    }
    const [least, largest] = extent(t);
    if (!(ends[0] < largest && ends[ends.length - 1] >= least)) ends.splice(0, ends.length, (least + largest) / 2);
    const moment = (values) => {
      const mean = sum(some.map((i) => values[i])) / some.length;
      return [mean, Math.sqrt(sum(some.map((i) => (values[i] - mean) ** 2)) / some.length) || 1];
    };
    const [centreT, scaleT] = moment(t), [centreY, scaleY] = moment(y), cell = Int32Array.from(t, (value) => search(ends, value));
    const held = zeros(ends.length + 1);
    for (const c of cell) held[c] += 1;
    const place = [];
    let size = 0;
    held.forEach((count, c) => { place[c] = count > 0 ? size++ : -1; });
    const moments = range(6).map(() => zeros(size * width));
    for (let i = 0; i < n; i++) {
      cell[i] = place[cell[i]];
      const a = (t[i] - centreT) / scaleT, b = (y[i] - centreY) / scaleY, entry = cell[i] * width + law.stretch[i];
      [1, a, a * a, b, a * b, b * b].forEach((value, m) => { moments[m][entry] += value; });
    }
    const weighed = (m, weights) => Float64Array.from(range(size), (c) => { let total = 0; for (let s = 0; s < width; s++) total += moments[m][c * width + s] * weights[s]; return total; });
    const ones = zeros(width).fill(1), rows = weighed(0, ones), balanced = weighed(0, law.inverse), all = Math.max(sum(balanced), tiny);
    const share = rows.map((count, c) => (count / n + balanced[c] / all) / 2), whole = sum(share);
    running = 0;
    const position = share.map((part) => { running += part; return (running - part / 2) / whole; });
    const middle = weighed(1, ones).map((total, c) => total / rows[c]);
    return { cell, size, width, moments, weighed, position, middle, knots: middle.map((value) => centreT + scaleT * value), centreT, scaleT, centreY, scaleY };
  }

  /* Weighted local straight lines at each cell: value, slope, leverage of a row of weight one. */
  function lines(pairs, sums, share) {
    const { size, position, middle } = pairs, value = zeros(size), slope = zeros(size), leverage = zeros(size);
    for (let c = 0; c < size; c++) {
      const reach = Math.max(share / 2, share - Math.min(position[c], 1 - position[c]));
      let s0 = 0, s1 = 0, s2 = 0, t0 = 0, t1 = 0;
      for (let d = 0; d < size; d++) {
        const away = Math.abs(position[c] - position[d]) / reach;
        if (away >= 1) continue;
        const w = (1 - away ** 3) ** 3;
        s0 += w * sums[0][d]; s1 += w * sums[1][d]; s2 += w * sums[2][d]; t0 += w * sums[3][d]; t1 += w * sums[4][d];
      }
      const mean = s1 / s0, spread = Math.max(s2 / s0 - mean ** 2, 0), level = t0 / s0, away = middle[c] - mean, sloped = spread > FLAT;
      slope[c] = sloped ? (t1 / s0 - mean * level) / spread : 0;
      leverage[c] = 1 / s0 + (sloped ? away ** 2 / (s0 * spread) : 0);
      value[c] = level + slope[c] * away;
    }
    return { value, slope, leverage };
  }

  /* The weighted leave-one-out squared error of lines. */
  function loss(pairs, weights, fit) {
    const [n, t, tt, y, ty, yy] = pairs.moments;
    let total = 0, mass = 0;
    for (let c = 0; c < pairs.size; c++) {
      const g = fit.value[c], b = fit.slope[c], m = pairs.middle[c];
      for (let s = 0; s < pairs.width; s++) {
        const e = c * pairs.width + s, w = weights[s];
        if (!(n[e] > 0 && w > 0)) continue;
        const squares = yy[e] - 2 * g * y[e] - 2 * b * (ty[e] - m * y[e]) + g * g * n[e] + 2 * g * b * (t[e] - m * n[e]) + b * b * (tt[e] - 2 * m * t[e] + m * m * n[e]);
        const own = fit.leverage[c] * w;
        total += w * Math.max(squares, 0) * (own < LARGEST_LEVERAGE ? 1 / (1 - own) ** 2 : Infinity);
        mass += w * n[e];
      }
    }
    return Number.isFinite(total) ? total / mass : Infinity;
  }

  /* The nearest increasing values, by pooling neighbours. */
  function isotonic(values, weights) {
    const blocks = [];
    values.forEach((value, i) => {
      blocks.push([value, weights[i], 1]);
      while (blocks.length > 1 && blocks[blocks.length - 2][0] >= blocks[blocks.length - 1][0]) {
        const [high, w, count] = blocks.pop(), last = blocks[blocks.length - 1];
        last[0] = (last[0] * last[1] + high * w) / (last[1] + w);
        last[1] += w;
        last[2] += count;
      }
    });
    return blocks.flatMap(([value, , count]) => Array(count).fill(value));
  }

  /* The regression of y on t under weights of the stretches, at its best window, increasing unless the data speak against it: `smoother.curve`. */
  function curve(pairs, y, t, law, weights) {
    const sums = range(5).map((m) => pairs.weighed(m, weights));
    let best = null, least = Infinity;
    for (const share of SHARES) {
      const fit = lines(pairs, sums, share), error = loss(pairs, weights, fit);
      if (error < least) [best, least] = [fit, error];
    }
    best = best || lines(pairs, sums, SHARES[SHARES.length - 1]);
    const good = range(pairs.size).filter((c) => sums[0][c] > 0 && Number.isFinite(best.value[c]));
    const values = range(pairs.size).map((c) => interpolate(c, good, good.map((at) => best.value[at])));
    let final = values;
    if (values.some((value, c) => c && value < values[c - 1])) {
      const most = Math.max(...sums[0]), increasing = isotonic(values, sums[0].map((mass) => Math.max(mass, 1e-12 * most)));
      let total = 0, squares = 0;
      for (let i = 0; i < t.length; i++) {
        const c = pairs.cell[i], step = increasing[c] - values[c], w = weights[law.stretch[i]];
        if (step === 0) continue;
        const residual = (y[i] - pairs.centreY) / pairs.scaleY - values[c] - best.slope[c] * ((t[i] - pairs.centreT) / pairs.scaleT - pairs.middle[c]), own = best.leverage[c] * w;
        const growth = own < LARGEST_LEVERAGE ? 1 / (1 - own) ** 2 : 1 / (1 - LARGEST_LEVERAGE) ** 2, term = w * growth * (step ** 2 - 2 * residual * step);
        total += term;
        squares += term * term;
      }
      if (!(total > AGAINST * Math.sqrt(squares))) final = increasing;
    }
    const [low, high] = [law.edges[0], law.edges[law.edges.length - 1]];
    return { knots: pairs.knots, leverage: best.leverage, values: Float64Array.from(final, (value) => Math.min(high, Math.max(low, pairs.centreY + pairs.scaleY * value))) };
  }
  const predict = (map, t) => Float64Array.from(t, (value) => interpolate(value, map.knots, map.values));

  /* The group of each stretch: neighbours joined until each group holds LEAST rows. */
  function groups(counts) {
    let current = 0, rows = 0;
    const number = Array.from(counts, (count) => {
      if (rows >= LEAST) [current, rows] = [current + 1, 0];
      rows += count;
      return current;
    });
    return rows < LEAST ? number.map((group) => (group === current ? Math.max(current - 1, 0) : group)) : number;
  }

  /* What imbalance costs this model and what one map of its predictions gives back: `unskew.price(LabelShift(y), y, t)`. `deviation` is that of the rows alone. */
  function price(y, t) {
    if (y.length !== t.length) throw new Refusal(`${y.length} labels and ${t.length} predictions: give one for each.`);
    if (y.length < FEWEST) throw new Refusal(`${y.length} pairs: give at least ${FEWEST}.`);
    const [low, high] = extent(t);
    if (low === high) throw new Refusal("All predictions are equal: a constant says nothing.");
    const law = shift(y), pairs = table(y, t, law), ones = zeros(law.q.length).fill(1);
    const corrected = curve(pairs, y, t, law, law.inverse), plain = curve(pairs, y, t, law, ones);
    const held = (map, weights) => {
      const values = predict(map, t);
      // A left-out prediction stays within the labels, as every map does.
      return Float64Array.from(y, (label, i) => {
        const away = (label - values[i]) / (1 - Math.min(map.leverage[pairs.cell[i]] * weights[law.stretch[i]], LARGEST_LEVERAGE));
        return (label - Math.min(law.edges[law.edges.length - 1], Math.max(law.edges[0], label - away))) ** 2;
      });
    };
    const losses = { before: Float64Array.from(y, (label, i) => (label - t[i]) ** 2), after: held(corrected, law.inverse), plain: held(plain, ones) };
    losses.saving = losses.before.map((value, i) => value - losses.after[i]);
    losses.cost = losses.plain.map((value, i) => value - losses.after[i]);
    const group = groups(law.counts), count = Math.max(...group) + 1, mass = zeros(count);
    law.q.forEach((q, s) => { mass[group[s]] += q; });
    const found = { law, corrected, plain, means: {}, deviation: {}, stretches: {} };
    for (const name in losses) {
      const worth = zeros(count), total = zeros(count), rows = zeros(count), spread = zeros(count), each = zeros(law.q.length);
      const visit = (one) => law.stretch.forEach((s, i) => one(group[s], law.inverse[s], losses[name][i], s));
      visit((g, w, value, s) => { worth[g] += w; total[g] += w * value; rows[g] += 1; each[s] += value; });
      const means = total.map((value, g) => value / worth[g]);
      visit((g, w, value) => { spread[g] += (w * (value - means[g])) ** 2; });
      found.means[name] = sum(means.map((mean, g) => mass[g] * mean));
      found.deviation[name] = Math.sqrt(sum(spread.map((value, g) => ((mass[g] / worth[g]) ** 2 * value * rows[g]) / (rows[g] - 1))));
      found.stretches[name] = Array.from(each, (value, s) => (law.counts[s] >= LEAST ? value / law.counts[s] : null));
    }
    return found;
  }

  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  /* A table from pasted or dropped text: names of the columns and their cells. */
  function read(text) {
    const rows = text.replace(/^\uFEFF/, "").split(/\r\n?|\n/).filter((row) => row.trim());
    if (!rows.length) throw new Refusal("There is nothing in it: give a column of labels, or labels and predictions.");
    const delimiter = ["\t", ";", ",", /\s+/].find((mark) => rows[0].trim().split(mark).length > 1) || ",";
    const cut = (row) => (typeof delimiter === "string" && row.includes('"') ? quoted(row, delimiter) : row.trim().split(delimiter)).map((cell) => cell.trim());
    const cells = rows.map(cut), header = !cells[0].some((cell) => NUMBER.test(cell));
    const names = header ? cells[0] : cells[0].map((_, i) => `column ${i + 1}`), body = header ? cells.slice(1) : cells;
    const ragged = body.findIndex((row) => row.length !== names.length);
    if (ragged >= 0) throw new Refusal(`Line ${ragged + 1 + header} has ${body[ragged].length} cells, the first line ${names.length}.`);
    if (!body.length) throw new Refusal("It has a header and no rows.");
    return { names, body, header, delimiter: typeof delimiter === "string" ? delimiter : "," };
  }
  function quoted(row, delimiter) {
    const cells = [""];
    let inside = false;
    for (let i = 0; i < row.length; i++) {
      if (row[i] === '"' && inside && row[i + 1] === '"') { cells[cells.length - 1] += '"'; i++; }
      else if (row[i] === '"') inside = !inside;
      else if (row[i] === delimiter && !inside) cells.push("");
      else cells[cells.length - 1] += row[i];
    }
    return cells;
  }
  /* One column as numbers; the first cell that is none is named by its line. */
  function numbers(read, column) {
    return Float64Array.from(read.body, (row, i) => {
      if (!NUMBER.test(row[column])) throw new Refusal(`Line ${i + 1 + read.header}, ${read.names[column]}: “${row[column].slice(0, 20)}” is no number. Leave that row out.`);
      return Number(row[column]);
    });
  }
  const numeric = (read) => range(read.names.length).filter((column) => read.body.slice(0, 50).some((row) => NUMBER.test(row[column])));

  /* The same table with one more column, as text. */
  function extended(read, values) {
    const cell = (text) => (/[",;\t\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
    const rows = read.body.map((row, i) => [...row.map(cell), String(values[i])].join(read.delimiter));
    return `${[[...read.names.map(cell), "corrected"].join(read.delimiter), ...rows].join("\n")}\n`;
  }

  return { Refusal, shift, remainder, price, predict, read, numbers, numeric, extended };
})();
