// How long @aave/math-utils takes for users of some positions each; only the call is timed.
// Arguments: the folder that node_modules stands in, users, positions.
const { createRequire } = require("node:module");

const [, , folder, users, positions] = process.argv;
const { formatUserSummary } = createRequire(`${folder}/`)("@aave/math-utils");

const reserves = Array.from({ length: Number(positions) }, (_, place) => ({
  id: `r${place}`,
  underlyingAsset: `0x${String(place).padStart(40, "0")}`,
  symbol: `A${place}`,
  name: `A${place}`,
  decimals: 18,
  usageAsCollateralEnabled: true,
  reserveLiquidationThreshold: "8000",
  baseLTVasCollateral: "7500",
  reserveLiquidationBonus: "10500",
  formattedReserveLiquidationBonus: "0.05",
  liquidityIndex: "1000000000000000000000000000",
  variableBorrowIndex: "1000000000000000000000000000",
  priceInMarketReferenceCurrency: String(100000000 * (place + 1)),
  formattedPriceInMarketReferenceCurrency: String(place + 1),
  priceInUSD: String(place + 1),
  liquidityRate: "0",
  variableBorrowRate: "0",
  lastUpdateTimestamp: 1,
  debtCeiling: "0",
  eModes: [],
}));
const holdings = reserves.map((reserve, place) => ({
  underlyingAsset: reserve.underlyingAsset,
  scaledATokenBalance: place < 3 ? "1000000000000000000000" : "0",
  usageAsCollateralEnabledOnUser: place < 3,
  scaledVariableDebt: place < 3 ? "0" : "100000000000000000000",
}));
const question = {
  currentTimestamp: 1,
  marketReferencePriceInUsd: "100000000",
  marketReferenceCurrencyDecimals: 8,
  userEmodeCategoryId: 0,
  userReserves: holdings,
  formattedReserves: reserves,
};

const ask = (count) => {
  const begun = process.cpuUsage();
  let sum = 0;
  for (let user = 0; user < count; user += 1) {
    sum += Number(formatUserSummary(question).healthFactor);
  }
  const spent = process.cpuUsage(begun);
  return { seconds: (spent.user + spent.system) / 1e6, health: sum / count };
};

ask(200);
process.stdout.write(JSON.stringify(ask(Number(users))));
