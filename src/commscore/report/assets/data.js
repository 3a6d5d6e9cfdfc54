"use strict";
// Columns out of the JSON (see report/_encode.py), and the rows that match.

function decode(payload) {
  const columns = new Array(payload.columns.length);
  const make = (determined) => payload.columns.forEach((given, i) => {
    if ((given.of !== undefined) === determined) columns[i] = column(given, payload.n, columns[given.of]);
  });
  make(false);
  make(true);
  return columns;
}

function column(given, n, parent) {
  const made = { name: given.name, kind: given.kind, doc: given.doc };
  if (given.values) {
    made.values = Float64Array.from(given.values, number);
    return made;
  }
  const codes = codesOf(given, n, parent);
  if (given.kind === "number") {
    const levels = given.levels.map(number);
    made.values = Float64Array.from(codes, (code) => (code < 0 ? NaN : levels[code]));
  } else {
    made.levels = given.levels.map((level) => (level === true ? "yes" : level === false ? "no" : level));
    made.codes = codes;
  }
  return made;
}

function number(value) {
  return value === null ? NaN : Number(value);
}

function codesOf(given, n, parent) {
  if (parent) return parent.codes.map((code) => given.codes[code]);
  if (!given.runs) return Int32Array.from(given.codes);
  const codes = new Int32Array(n);
  let at = 0;
  given.runs[0].forEach((code, i) => {
    codes.fill(code, at, at + given.runs[1][i]);
    at += given.runs[1][i];
  });
  return codes;
}

function shown(col, row) {
  if (col.values) return formatted(col.values[row]);
  return col.codes[row] < 0 ? "–" : col.levels[col.codes[row]];
}

function formatted(value) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e6 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", "−").replace("e+", "e");
}

// Position of each level in the order for reading: as numbers where they are numbers, else by letters.
function ranksOf(col) {
  const order = col.levels.map((_, i) => i);
  const collator = new Intl.Collator("en", { numeric: true });
  order.sort((a, b) => collator.compare(col.levels[a], col.levels[b]));
  const ranks = new Float64Array(order.length);
  order.forEach((level, i) => { ranks[level] = i; });
  return ranks;
}

// Rows in the order of one column; ties as they were, missing values last.
function sorted(rows, col, down) {
  let key = col.values;
  if (!key) {
    col.ranks = col.ranks || ranksOf(col);
    key = Float64Array.from(col.codes, (code) => (code < 0 ? NaN : col.ranks[code]));
  }
  const sign = down ? -1 : 1;
  return rows.slice().sort((a, b) => {
    const x = key[a];
    const y = key[b];
    if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
    if (Number.isNaN(y)) return -1;
    return sign * (x - y);
  });
}

// Rows whose texts hold every word, whose columns have the wanted values, whose numbers are at most the limits.
function matching(columns, n, wanted) {
  const keep = new Uint8Array(n).fill(1);
  const texts = columns.filter((col) => col.codes && col.kind === "text");
  for (const word of wanted.words) {
    const hits = texts.map((col) => Uint8Array.from(col.levels, (level) => (level.toLowerCase().includes(word) ? 1 : 0)));
    for (let row = 0; row < n; row += 1) {
      if (keep[row] && !texts.some((col, i) => col.codes[row] >= 0 && hits[i][col.codes[row]])) keep[row] = 0;
    }
  }
  for (const [col, value] of wanted.values) {
    const code = col.levels.indexOf(value);
    for (let row = 0; row < n; row += 1) if (col.codes[row] !== code) keep[row] = 0;
  }
  for (const [col, limit] of wanted.limits) {
    for (let row = 0; row < n; row += 1) if (!(col.values[row] <= limit)) keep[row] = 0;
  }
  return keep;
}

function quoted(text) {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Comma-separated values; what a spreadsheet would take for a formula becomes text.
function csv(columns, rows) {
  const cell = (col, row) => {
    if (col.values) return Number.isNaN(col.values[row]) ? "" : String(col.values[row]);
    const text = col.codes[row] < 0 ? "" : col.levels[col.codes[row]];
    return quoted(/^[=+\-@\t]/.test(text) ? `'${text}` : text);
  };
  const lines = [columns.map((col) => quoted(col.name)).join(",")];
  for (const row of rows) lines.push(columns.map((col) => cell(col, row)).join(","));
  return `${lines.join("\n")}\n`;
}
