// SPDX-License-Identifier: Apache-2.0
// What will be traded and when, as plain data: a function of the seed and quantiles.json only.
//
// Each token takes its class's recorded quantiles at a level between 0.4 and 0.6, so a pool of the
// market is a middling pool of its class: counts, volumes, first liquidity, the way the price goes,
// bursts at the start, and how long it has been idle.
import { readFileSync } from 'node:fs';

const BLOCK = 13.35; // seconds a block in FEATURES.md
const DAY_BLOCKS = 86400 / BLOCK;
const table = JSON.parse(readFileSync(new URL('./quantiles.json', import.meta.url), 'utf8'));

export const TOKENS = [
  { symbol: 'OAK', name: 'Oak Commons', kind: 'healthy', cls: 'healthy', decimals: 18 },
  { symbol: 'ELM', name: 'Elm Network', kind: 'healthy', cls: 'healthy', decimals: 8 },
  { symbol: 'ASH', name: 'Ash Burned', kind: 'lp_burned', cls: 'healthy', decimals: 18, lp: 'burn' },
  { symbol: 'FIR', name: 'Fir Locked', kind: 'lp_locked', cls: 'healthy', decimals: 18, lp: 'lock' },
  { symbol: 'TAX', name: 'Tax Cedar', kind: 'fee_on_transfer', cls: 'healthy', decimals: 9, feeBps: 300 },
  { symbol: 'WHOLE', name: 'Whole Numbers', kind: 'zero_decimals', cls: 'healthy', decimals: 0 },
  { symbol: 'MOON', name: 'Moon Larch', kind: 'pumped', cls: 'pumped', decimals: 18 },
  { symbol: 'PULL', name: 'Pulled Pine', kind: 'instant_rug', cls: 'rug', decimals: 18, rug: 'pull' },
  { symbol: 'DUMP', name: 'Dumped Yew', kind: 'dump_rug', cls: 'rug', decimals: 18, rug: 'dump' },
  { symbol: 'BLEED', name: 'Bleeding Birch', kind: 'slow_rug', cls: 'rug', decimals: 18, rug: 'slow' },
];

// A small seeded generator (splitmix32): the same stream on every machine.
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad) >>> 0;
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97) >>> 0;
    return ((z ^ (z >>> 15)) >>> 0) / 4294967296;
  };
}

function interpolate(levels, values, at) {
  const high = levels.findIndex((level) => level >= at);
  if (high <= 0) return values[Math.max(high, 0)];
  const part = (at - levels[high - 1]) / (levels[high] - levels[high - 1]);
  return values[high - 1] + part * (values[high] - values[high - 1]);
}

// Inside the 5 % tails: the recorded extremes are broken pools.
function shape(cls, name, random) {
  return interpolate(table.fine, table.classes[cls].shapes[name], 0.05 + 0.9 * random());
}

// n sizes of the recorded shape that add up to total.
function sizes(cls, name, n, total, random) {
  const raw = Array.from({ length: n }, () => shape(cls, name, random));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((x) => (x / sum) * total);
}

// Moments of n events after the first, in blocks since it, sorted.
function moments(n, age, column, random) {
  const last = (1 - Math.min(0.95, column('idle'))) * age;
  const in10 = Math.min(n, Math.max(0, Math.round(column('early10')) - 1));
  const in100 = Math.min(n - in10, Math.max(0, Math.round(column('early100') - column('early10'))));
  const late = last > 0.75 * age ? Math.min(n - in10 - in100, Math.round(column('late_share') * n)) : 0;
  const times = [];
  const spread = (count, from, to) => {
    // Uniform in the logarithm of time: trading thins out as recorded pools do.
    for (let i = 0; i < count; i++) times.push(from * Math.exp(random() * Math.log(to / from)));
  };
  spread(in10, 1, 10);
  spread(in100, 10, 100);
  spread(n - in10 - in100 - late, 100, Math.min(last, 0.75 * age));
  spread(late, 0.75 * age, Math.max(last, 0.75 * age));
  times.sort((a, b) => a - b);
  if (n > 0) times[n - 1] = last;
  for (let i = 1; i < n; i++) {
    if (random() < 1 - column('uniq_blk')) times[i - 1] = times[i];
  }
  return times.sort((a, b) => a - b);
}

// Buys and sells in the order that takes the reserve up to its peak and then to its end.
function order(buys, sells, start, peak, peakAt, random) {
  const total = buys.length + sells.length;
  const end = start + buys.reduce((a, b) => a + b, 0) - sells.reduce((a, b) => a + b, 0);
  const out = [];
  let w = start;
  for (let i = 0; i < total; i++) {
    const at = (i + 1) / total;
    const target = at < peakAt ? start + (peak - start) * (at / peakAt)
      : peak + (end - peak) * ((at - peakAt) / Math.max(1e-9, 1 - peakAt));
    let buy = random() < (w < target ? 0.85 : 0.15);
    if (sells.length === 0 || (sells.length > 0 && sells[0] > 0.35 * w)) buy = true;
    if (buys.length === 0) buy = false;
    if (buy) {
      w += buys[0];
      out.push({ type: 'buy', weth: buys.shift() });
    } else {
      const weth = Math.min(sells.shift(), 0.35 * w);
      w -= weth;
      out.push({ type: 'sell', weth });
    }
  }
  return out;
}

// The history of one token up to the common moment B; times are seconds before B.
export function tokenPlan(seed, index) {
  const token = TOKENS[index];
  const { cls } = token;
  const random = generator(seed * 1009 + index * 7919 + 17);
  const columns = table.classes[cls].columns;
  const level = 0.4 + 0.2 * random();
  const column = (name) => interpolate(table.levels, columns[name], level);

  const age = (24 + 6 * random()) * 3600;
  const wInit = column('w_init');
  const buyVolume = column('buy_vol');
  const netRatio = interpolate(table.levels, columns.net_ratio, 0.5);
  const sellVolume = (buyVolume * (1 - netRatio)) / (1 + netRatio);
  const nBuy = Math.max(4, Math.round(column('n_buy')));
  const share = interpolate(table.levels, columns.buy_share, 0.5);
  const nSell = Math.max(1, Math.round((nBuy * (1 - share)) / share));
  const end = wInit + buyVolume - sellVolume;
  const peak = Math.max(end, wInit * Math.exp(column('p_up') / 2));
  const trades = order(sizes(cls, 'buy_size', nBuy, buyVolume, random), sizes(cls, 'sell_size', nSell, sellVolume, random),
                       wInit, peak, Math.max(0.05, shape(cls, 'peak_at', () => level)), random);
  for (const [type, name] of [['mint', 'n_mint'], ['burn', 'n_burn']]) {
    for (let i = Math.round(column(name)); i > 0; i--) {
      const at = Math.floor(trades.length * (0.2 + 0.7 * random()));
      trades.splice(at, 0, { type, share: Math.min(0.5, shape(cls, `${type}_frac`, random)) });
    }
  }
  const times = moments(trades.length, age / BLOCK, column, random);
  const events = trades.map((trade, i) => ({ ...trade, actor: random(), before: age - times[i] * BLOCK }));
  return { ...token, index, age, wInit, tokens: 10 ** column('t_init_log'), events };
}

// What happens after B: rugs, and the others trading on. Seconds after B.
export function afterPlan(seed) {
  const random = generator(seed * 2003 + 5);
  const slow = Math.round(table.rug_events.slow.events[3]);
  const out = [];
  const living = TOKENS.map((t, i) => i).filter((i) => !TOKENS[i].rug);
  for (let step = 1; step <= slow; step++) {
    const at = step * 2;
    TOKENS.forEach((token, index) => {
      if (token.rug === 'pull' && step === 3) out.push({ at, index, type: 'pull' });
      if (token.rug === 'dump' && step >= 5 && step < 8) out.push({ at, index, type: 'dump', first: step === 5, left: 8 - step });
      if (token.rug === 'slow') out.push({ at, index, type: 'bleed', left: slow + 1 - step });
    });
    const index = living[Math.floor(random() * living.length)];
    const pumped = TOKENS[index].cls === 'pumped';
    out.push({ at, index, type: pumped || random() < 0.5 ? 'buy' : 'sell', share: 0.02 + 0.06 * random(), actor: random() });
  }
  return out;
}
