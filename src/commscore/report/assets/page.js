// The page: tables are made when they are first seen, statements are looked up by interaction.

const NAMED_IN = ["interaction", "interactions", "strongest", "cut", "remaining"];
const LISTED_IN = "interactions"; // a JSON list in every cell
const cited = JSON.parse(document.getElementById("cited").textContent);
let statements = null;

function payloadOf(identifier) {
  return JSON.parse(document.getElementById(`data-${identifier}`).textContent);
}

// Rows of the statements by interaction; made at the first question.
function index() {
  if (statements) return statements;
  statements = { rows: new Map(), columns: new Map() };
  if (!document.getElementById("data-evidence")) return statements;
  const payload = payloadOf("evidence");
  for (const col of decode(payload)) statements.columns.set(col.name, col);
  const names = statements.columns.get("interaction");
  for (let row = 0; row < payload.n; row += 1) {
    const name = names.levels[names.codes[row]];
    if (!statements.rows.has(name)) statements.rows.set(name, []);
    statements.rows.get(name).push(row);
  }
  return statements;
}

function link(doi, text, title) {
  return doi ? el("a", { href: `https://doi.org/${doi}`, title, rel: "noreferrer", target: "_blank" }, text) : el("span", { title }, text);
}

function marksOf(text) {
  const inside = /^\[([\d\s,–-]+)\]$/.exec(text);
  if (!inside) return text ? [text] : [];
  const made = [];
  for (const part of inside[1].replaceAll(" ", "").replaceAll("–", "-").split(",")) {
    const [first, last] = part.split("-");
    if (!/^\d+$/.test(first) || (last !== undefined && !/^\d+$/.test(last)) || Number(last || first) - Number(first) > 200) return [text];
    for (let i = Number(first); i <= Number(last || first); i += 1) made.push(`[${i}]`);
  }
  return made;
}

function references(source, text) {
  const known = cited.references[source] || {};
  return marksOf(text).flatMap((mark) => [" ", known[mark] ? link(known[mark][1], mark, known[mark][0]) : mark]);
}

function statement(value) {
  const source = value("source_review") || value("source");
  const [publication, doi] = cited.sources[source] || ["", ""];
  const between = value("sender") || value("receiver") ? `${value("sender") || "any cell"} → ${value("receiver") || "any cell"}` : "";
  const facts = [between, value("mode"), value("direction"), value("context").replaceAll(";", ", "), value("change") ? `changes: ${value("change")}` : ""];
  const inferred = value("inferred_from") ? [el("br"), el("small", {}, `Inferred: ${value("inferred_from")}`)] : [];
  return el("li", {}, el("span", { class: "statement" }, value("statement") || "(no statement)"), ...references(source, value("cited")),
    el("br"), el("small", {}, link(doi, cited.names[source] || `Source ${source}`, publication), publication ? `: ${publication}${doi ? `, doi:${doi}` : ""}` : "",
      value("section") ? `, section “${value("section")}”` : "",
      ` (source ${source}${value("lines") ? `, lines ${value("lines")} of its text` : ""})`,
      value("stated") ? `; names ${({ both: "both partners", inferred: "neither partner" })[value("stated")] || `the ${value("stated")}`}` : "",
      ...facts.filter(Boolean).map((fact) => `; ${fact}`)), ...inferred);
}

function reader(columns, row) {
  return (name) => {
    const col = columns.get(name);
    if (!col || (col.codes && col.codes[row] < 0)) return "";
    return shown(col, row);
  };
}

// The statement that a row holds itself, then what the resource says of the interactions that it names.
function statementsOf(table, row) {
  const value = reader(table.byName, row);
  const made = value("statement") ? [el("ol", { class: "statements" }, statement(value))] : [];
  if (table.id === "evidence") return made;
  const said = index();
  const names = NAMED_IN.flatMap((name) => (name === LISTED_IN && value(name) ? JSON.parse(value(name)) : [value(name)])).filter(Boolean);
  for (const name of new Set(names)) {
    const rows = said.rows.get(name) || [];
    const items = rows.map((one) => statement(reader(said.columns, one)));
    made.push(el("h4", {}, `${name}: ${rows.length ? `${rows.length} statement${rows.length > 1 ? "s" : ""}` : "no statement in the resource"}`));
    if (items.length) made.push(el("ol", { class: "statements" }, ...items));
  }
  return made;
}

function start(holder) {
  const view = holder.querySelector(".view");
  if (view.table) return;
  view.table = new Table(view, holder.dataset.table, payloadOf(holder.dataset.table));
}

for (const holder of document.querySelectorAll(".data")) {
  if (holder.tagName === "DETAILS") holder.addEventListener("toggle", () => { if (holder.open) start(holder); });
  else start(holder);
}

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", () => {
    const box = document.getElementById(button.dataset.copy);
    const told = button.parentElement.querySelector(".copied");
    getSelection().selectAllChildren(box);
    const text = Array.from(box.children, (p) => p.textContent).join("\n\n");
    const done = navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject(new Error("no clipboard"));
    done.then(() => { told.textContent = "Copied."; }, () => { told.textContent = "Selected: copy it with Ctrl+C or ⌘C."; });
  });
}
document.documentElement.dataset.ready = "yes";
