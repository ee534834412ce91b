/* The arithmetic of the explorable: no page is needed to run it, so that a test can set it beside the certified numbers.
   Labels on [0, 1], balanced law q uniform, x = y + s e with e Gaussian. */
const explorable = (() => {
  "use strict";
  const CELLS = 96, LABELS = 400, INPUTS = 400, KNOTS = 33, REACH = 7;
  // Divisors of CELLS: no class edge cuts a cell.
  const COUNTS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 96];
  const window = (half) => ({ shape: (y) => 6144 + (Math.abs(y - 0.4) < half ? 58971 / (2 * half) : 0), jumps: [0.4 - half, 0.4 + half] });
  const smooth = (shape) => ({ shape, jumps: [] });
  const SHAPES = {
    skewed: smooth((y) => 0.05 + 56 * y * (1 - y) ** 6),
    longtail: smooth((y) => 1 / (y + 0.05) ** 2),
    bimodal: smooth((y) => 0.05 + Math.exp(-50 * (y - 0.25) ** 2) + 0.5 * Math.exp(-50 * (y - 0.75) ** 2)),
    mild: window(0.3),
    moderate: window(0.1),
    severe: window(0.03),
  };

  /* A drawn density: straight between its values at KNOTS even knots. */
  const drawn = (values) => smooth((y) => {
    const at = Math.min(Math.floor(y * (KNOTS - 1)), KNOTS - 2), part = y * (KNOTS - 1) - at;
    return values[at] * (1 - part) + values[at + 1] * part;
  });

  const NODES = [[-Math.sqrt(0.6), 5 / 18], [0, 4 / 9], [Math.sqrt(0.6), 5 / 18]];
  const gauss = (low, high, f) => NODES.reduce((sum, [at, weight]) => sum + weight * f((low + high + at * (high - low)) / 2), 0) * (high - low);

  /* Both label laws on at most 400 nodes, three a cell (Gauss): a share of the labels follows the shape, the others are even. The cells where halving changes
     the integrals of p and of log p most are halved, as many times as nodes are left. */
  function laws({ shape, jumps }, share) {
    const ends = Array.from({ length: CELLS + 1 }, (_, i) => i / CELLS).concat(jumps).sort((a, b) => a - b);
    let total = 0;
    for (let i = 0; i + 1 < ends.length; i++) total += gauss(ends[i], ends[i + 1], shape);
    const ratio = (y) => 1 - share + (share * shape(y)) / total, log = (y) => Math.log(ratio(y));
    const rough = (low, high) => {
      const middle = (low + high) / 2, change = (f) => Math.abs(gauss(low, high, f) - gauss(low, middle, f) - gauss(middle, high, f));
      return { low, high, error: high - low < 1e-12 ? 0 : change(ratio) + change(log) };
    };
    const cells = ends.slice(1).map((high, i) => rough(ends[i], high)).filter((one) => one.high > one.low);
    while (cells.length < Math.floor(LABELS / 3)) {
      const worst = cells.reduce((best, one, i) => (one.error > cells[best].error ? i : best), 0), { low, high } = cells[worst];
      cells.splice(worst, 1, rough(low, (low + high) / 2), rough((low + high) / 2, high));
    }
    const y = [], q = [], cell = [];
    for (const { low, high } of cells) {
      for (const [at, weight] of NODES) {
        y.push((low + high + at * (high - low)) / 2);
        q.push(weight * (high - low));
        cell.push(Math.min(Math.floor(((low + high) / 2) * CELLS), CELLS - 1));
      }
    }
    const height = y.map(shape), mass = height.reduce((sum, value, j) => sum + q[j] * value, 0);
    const r = Float64Array.from(height, (value) => 1 - share + (share * value) / mass);
    return { y: Float64Array.from(y), q: Float64Array.from(q), r, l: r.map(Math.log), cell };
  }

  /* Masses of K equal classes under p, and W = sum_c q_c KL(q(y|c) || p(y|c)). */
  function classes(law, count) {
    const mass = new Float64Array(count);
    law.q.forEach((q, j) => { mass[Math.floor((law.cell[j] * count) / CELLS)] += q * law.r[j]; });
    const level = Float64Array.from(mass, (p) => Math.log(p * count));
    let remainder = 0;
    law.q.forEach((q, j) => { remainder += q * (level[Math.floor((law.cell[j] * count) / CELLS)] - law.l[j]); });
    return { count, mass, level, remainder: Math.max(remainder, 0) };
  }

  /* Price and, for each K, what is left after the correction, in both losses. Sums over x reach REACH noises beyond the labels; what is beyond is below 1e-11. */
  function prices(law, noise) {
    const rows = COUNTS.map((count) => classes(law, count));
    const level = rows.map((row) => Float64Array.from({ length: CELLS }, (_, i) => row.level[Math.floor((i * row.count) / CELLS)]));
    const lift = level.map((values) => values.map((value) => Math.exp(-value)));
    const step = (1 + 2 * REACH * noise) / INPUTS, scale = 1 / (noise * Math.sqrt(2 * Math.PI));
    const sums = Array.from({ length: 5 }, () => new Float64Array(CELLS)), [a, al, b, ay, by] = sums;
    let price = 0, squared = 0, risk = 0, divergence = 0;
    const excess = COUNTS.map(() => 0), excessSquared = COUNTS.map(() => 0);
    for (let i = 0; i < INPUTS; i++) {
      const x = -REACH * noise + step * (i + 0.5), reach = Math.max(-x, x - 1, 0) + 9 * noise;
      for (const sum of sums) sum.fill(0);
      let A = 0, AL = 0, B = 0, AY = 0, BY = 0, AYY = 0, first = CELLS, last = 0;
      for (let j = 0; j < law.y.length; j++) {
        const y = law.y[j], away = (x - y) / noise;
        if (Math.abs(x - y) > reach) continue;
        const c = law.cell[j], k = scale * Math.exp((-away * away) / 2) * law.q[j], p = k * law.r[j];
        a[c] += k; al[c] += k * law.l[j]; b[c] += p; ay[c] += k * y; by[c] += p * y; AYY += k * y * y;
        if (c < first) first = c;
        if (c > last) last = c;
      }
      for (let c = first; c <= last; c++) { A += a[c]; AL += al[c]; B += b[c]; AY += ay[c]; BY += by[c]; }
      const mean = AY / A;
      price += step * (A * Math.log(B / A) - AL);
      squared += step * A * (BY / B - mean) ** 2;
      risk += step * (AYY - mean * AY);
      for (let k = 0; k < COUNTS.length; k++) {
        const up = lift[k], flat = level[k];
        let P = 0, PY = 0, F = 0;
        for (let c = first; c <= last; c++) { P += b[c] * up[c]; PY += by[c] * up[c]; F += a[c] * flat[c]; }
        excess[k] += step * (A * Math.log(P / A) - AL + F);
        excessSquared[k] += step * A * (PY / P - mean) ** 2;
      }
    }
    law.q.forEach((q, j) => { divergence -= q * law.l[j]; });
    return {
      price: Math.max(price, 0), squared, risk, divergence,
      rows: rows.map((row, k) => ({ ...row, excess: Math.max(excess[k], 0), squared: excessSquared[k] })),
    };
  }

  /* The posteriors of the label at one input, as densities at the nodes, and their means. With capacity to spare a plain term gives the imbalanced one. */
  function posteriors(law, noise, x, row) {
    const ratios = { balanced: () => 1, imbalanced: (j) => law.r[j], corrected: (j) => law.r[j] * Math.exp(-row.level[Math.floor((law.cell[j] * row.count) / CELLS)]) };
    const nearest = Math.max(-x, x - 1, 0) / noise, found = {};
    for (const name in ratios) {
      const values = law.y.map((y, j) => Math.exp((nearest ** 2 - ((x - y) / noise) ** 2) / 2) * ratios[name](j));
      let total = 0, mean = 0;
      values.forEach((value, j) => { total += law.q[j] * value; mean += law.q[j] * value * law.y[j]; });
      found[name] = { values: values.map((value) => value / total), mean: mean / total };
    }
    return found;
  }

  return { COUNTS, KNOTS, SHAPES, drawn, laws, prices, posteriors };
})();
