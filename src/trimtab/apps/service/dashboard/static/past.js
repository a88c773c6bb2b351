/* The past as it was asked for once, and then only what is newer. */

const MOST = 720;

/** Rows that grow: `grown(rows)` adds newer ones; every second one goes where there are too many. */
export function past() {
  let rows = [];
  return {
    get rows() { return rows; },
    get last() { return rows.at(-1)?.as_of ?? ""; },
    grown(newer) {
      rows = rows.concat(newer);
      if (rows.length > MOST) rows = rows.filter((_, at) => at % 2 === 0 || at === rows.length - 1);
      return rows;
    },
  };
}
