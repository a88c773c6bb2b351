// Reads users from standard input, writes what @aave/math-utils makes of each: one batch.
// The first argument is the folder that node_modules stands in.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");

const { formatUserSummary } = createRequire(`${process.argv[2]}/`)("@aave/math-utils");

const summary = ({ reserves, holdings }) => {
  const found = formatUserSummary({
    currentTimestamp: 1,
    marketReferencePriceInUsd: "100000000",
    marketReferenceCurrencyDecimals: 8,
    userEmodeCategoryId: 0,
    userReserves: holdings,
    formattedReserves: reserves.map((reserve) => ({
      ...reserve,
      liquidityRate: "0",
      variableBorrowRate: "0",
      lastUpdateTimestamp: 1,
      debtCeiling: "0",
      eModes: [],
    })),
  });
  return {
    health: found.healthFactor,
    balances: found.userReservesData.map((held) => [held.underlyingBalance, held.variableBorrows]),
  };
};

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(summary)));
