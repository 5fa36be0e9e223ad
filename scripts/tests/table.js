'use strict';

/** The lines of a table whose first row are its headings. Cells are texts. */
function table(rows, { alignRight = () => false } = {}) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const padded = (cell, column) =>
    alignRight(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  return rows.map((row) => row.map(padded).join('  ').trimEnd());
}

module.exports = { table };
