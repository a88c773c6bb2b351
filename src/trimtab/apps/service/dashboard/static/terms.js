/* Margin arithmetic on an account's terms, in doubles, so that a slider answers at once.

The engine's own sums decide; this is the same formula for the eye (engine/margin.py):
health = (weighted collateral + gains) / (weighted debt + losses + requirement). */

const sum = (rows, value) => rows.reduce((total, row) => total + value(row), 0);

/** Prices of all assets when those of `shocks` (asset -> fraction) have moved; the quote never does.

 A yield-bearing asset follows what it is quoted in (`underlying`). */
export function shocked(terms, shocks) {
  const moved = {};
  for (const [asset, at] of Object.entries(terms.prices)) {
    const root = terms.roots?.[asset] ?? asset;
    moved[asset] = Number(at) * (asset === terms.quote ? 1 : 1 + (shocks[root] ?? 0));
  }
  return moved;
}

/** An account's sums at the maintenance level at given prices, in the quote. */
export function sums(terms, prices) {
  const found = {
    collateral: sum(terms.collateral, (row) => row.amount * prices[row.asset]),
    weighted: sum(terms.collateral, (row) => row.amount * prices[row.asset] * row.weight),
    debt: sum(terms.debt, (row) => row.amount * prices[row.asset]),
    weightedDebt: sum(terms.debt, (row) => row.amount * prices[row.asset] * row.weight),
    gains: 0, weightedGains: 0, losses: 0, requirement: 0, notional: 0,
  };
  for (const row of terms.positions) addPosition(found, row, prices);
  found.liabilities = found.weightedDebt + found.losses + found.requirement;
  found.excess = found.weighted + found.weightedGains - found.liabilities;
  found.equity = found.collateral + found.gains - found.losses - found.debt;
  found.health = found.liabilities > 0 ? (found.weighted + found.weightedGains) / found.liabilities : null;
  found.leverage = found.equity > 0 ? ((found.debt || !found.notional ? found.collateral : 0) + found.notional) / found.equity : null;
  return found;
}

function addPosition(found, row, prices) {
  const move = prices[row.asset] / row.index;
  const mark = row.mark * move;
  // An inverse contract is one unit of the quote, and its pnl is paid in the asset.
  const value = row.inverse ? -row.size / mark * prices[row.asset] : row.size * mark;
  const cost = row.inverse ? row.cost * prices[row.asset] : row.cost;
  const pnl = value - cost;
  found.gains += Math.max(0, pnl);
  found.weightedGains += Math.max(0, pnl) * row.gain_weight;
  found.losses += Math.max(0, -pnl);
  // Tiers make the rate the average one at today's notional; the engine's answer follows.
  const notional = Math.abs(row.size) * (row.inverse ? 1 : mark);
  found.notional += notional;
  found.requirement += notional * row.rate + Number(row.flat);
}

/** What moves an account: base assets with a price, the quote left out. */
export function movers(terms) {
  const held = [...terms.collateral, ...terms.debt, ...terms.positions].map((row) => terms.roots?.[row.asset] ?? row.asset);
  return [...new Set(held)].filter((asset) => asset !== terms.quote).sort();
}

/** The price of one asset at which the maintenance excess is zero, the other shocks as they are.

 Returns `{ price, side }`, or null where no price of it does that. Bisection, since positions bend the sum. */
export function liquidationPrice(terms, shocks, asset, { most = 20 } = {}) {
  const now = 1 + (shocks[asset] ?? 0);
  const excess = (factor) => sums(terms, shocked(terms, { ...shocks, [asset]: factor - 1 })).excess;
  const safe = excess(now) >= 0;
  const below = crossing(excess, now, 1e-9, safe);
  const above = crossing(excess, now, most, safe);
  const at = nearer(below, above, now);
  if (at === null) return null;
  return { price: Number(terms.prices[asset]) * at, side: (at < now) === safe ? "below" : "above" };
}

function nearer(below, above, now) {
  if (below === null || above === null) return below ?? above;
  return now - below <= above - now ? below : above;
}

function crossing(excess, from, to, safe) {
  const steps = 48;
  let near = from;
  for (let step = 1; step <= steps; step += 1) {
    const far = from * (to / from) ** (step / steps);
    if (excess(far) >= 0 !== safe) return bisect(excess, near, far, safe);
    near = far;
  }
  return null;
}

function bisect(excess, near, far, safe) {
  let [left, right] = [near, far];
  for (let round = 0; round < 60; round += 1) {
    const middle = (left + right) / 2;
    if (excess(middle) >= 0 === safe) left = middle;
    else right = middle;
  }
  return (left + right) / 2;
}

/** Health at each of `moves` of `assets` together, from where the shocks stand. */
export function curve(terms, shocks, { moves, assets }) {
  const moved = (move) => ({ ...shocks, ...Object.fromEntries(assets.map((asset) => [asset, (1 + (shocks[asset] ?? 0)) * (1 + move) - 1])) });
  return moves.map((move) => sums(terms, shocked(terms, moved(move))).health);
}
