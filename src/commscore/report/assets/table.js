// One table: search, filters, order, pages, rows that open. Texts enter the page as text, never as HTML.

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Long texts are cut to a few lines; the opened row has them whole.
function cell(col, row) {
  const text = shown(col, row);
  const long = !col.values && text.length > 110;
  return el("td", { class: col.values ? "number" : "text" }, ...(long ? [el("div", { class: "long" }, ...breakable(text))] : breakable(text)));
}

// Long names may break after their joints.
function breakable(text) {
  return text.split(/(?<=[\^_;])/).flatMap((part, i) => (i ? [el("wbr"), part] : [part]));
}

class Table {
  constructor(host, identifier, payload) {
    this.id = identifier;
    this.host = host;
    this.title = host.dataset.title;
    this.n = payload.n;
    this.columns = decode(payload);
    this.byName = new Map(this.columns.map((col) => [col.name, col]));
    this.visible = new Set(payload.shown);
    this.order = payload.shown.concat(this.columns.map((col) => col.name).filter((name) => !this.visible.has(name)));
    this.page = 0;
    this.size = 25;
    this.open = new Set();
    this.sort = payload.sort.length ? { name: payload.sort[0][0], down: payload.sort[0][1] === "descending" } : null;
    this.all = Uint32Array.from({ length: this.n }, (_, i) => i);
    for (const [name, way] of payload.sort.slice().reverse()) {
      this.all = sorted(this.all, this.byName.get(name), way === "descending");
    }
    this.build(payload.filters);
    this.update();
  }

  build(filters) {
    this.search = el("input", { type: "search", name: "q", autocomplete: "off", spellcheck: "false" });
    this.selects = filters.map((name) => this.select(name));
    const limited = this.columns.filter((col) => col.values && /^padj(_|$)/.test(col.name)).slice(0, 1);
    this.limits = limited.map((col) => [col, el("input", { type: "number", name: `max-${col.name}`, min: 0, max: 1, step: "any", inputmode: "decimal" })]);
    this.form = el("form", { class: "filters", role: "search", "aria-label": `Filter: ${this.title}`,
      onsubmit: (event) => event.preventDefault(),
      oninput: () => this.wait(),
      onreset: () => setTimeout(() => this.update()) },
      el("label", {}, "Search words", this.search),
      ...this.selects.map(([name, box]) => el("label", {}, name, box)),
      ...this.limits.map(([col, box]) => el("label", {}, `${col.name} at most`, box)),
      el("button", { type: "reset" }, "Clear"));
    this.status = el("p", { class: "status", role: "status" });
    this.head = el("tr");
    this.body = el("tbody");
    this.host.replaceChildren(this.form, this.chooser(), this.status,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": this.title },
        el("table", { class: "grid" }, el("caption", {}, this.title), el("thead", {}, this.head), this.body)),
      this.pages());
    this.drawHead();
  }

  select(name) {
    const col = this.byName.get(name);
    const ranks = ranksOf(col);
    const levels = col.levels.slice().sort((a, b) => ranks[col.levels.indexOf(a)] - ranks[col.levels.indexOf(b)]);
    const options = levels.map((level) => { const o = el("option", {}, level); o.value = level; return o; });
    const any = el("option", {}, "any");
    any.value = "\u0000";
    return [name, el("select", { name }, any, ...options)];
  }

  chooser() {
    const boxes = this.order.map((name) => {
      const box = el("input", { type: "checkbox", onchange: () => this.toggleColumn(name, box.checked) });
      box.checked = this.visible.has(name);
      return el("label", { title: this.byName.get(name).doc }, box, name);
    });
    return el("details", { class: "chooser" }, el("summary", {}, `Columns (${this.order.length})`), el("div", {}, ...boxes));
  }

  toggleColumn(name, on) {
    if (on) this.visible.add(name);
    else if (this.visible.size > 1) this.visible.delete(name);
    this.drawHead();
    this.draw();
  }

  pages() {
    const step = (by, text) => el("button", { type: "button", class: by < 0 ? "previous" : "next", onclick: () => this.turn(by) }, text);
    this.previous = step(-1, "Previous");
    this.next = step(1, "Next");
    this.where = el("span");
    const sizes = el("select", { onchange: () => { this.size = Number(sizes.value); this.page = 0; this.draw(); } },
      ...[25, 50, 100, 250].map((size) => el("option", { value: size }, String(size))));
    return el("div", { class: "pages" }, this.previous, this.where, this.next, el("label", {}, "Rows per page ", sizes),
      el("button", { type: "button", class: "download", onclick: () => this.download() }, "Download these rows (CSV)"));
  }

  turn(by) {
    this.page += by;
    this.draw();
    this.host.querySelector(".scroll").focus({ preventScroll: true });
    this.status.scrollIntoView({ block: "nearest" });
  }

  shownColumns() {
    return this.order.filter((name) => this.visible.has(name)).map((name) => this.byName.get(name));
  }

  drawHead() {
    this.head.replaceChildren(...this.shownColumns().map((col) => {
      const way = this.sort && this.sort.name === col.name ? (this.sort.down ? "descending" : "ascending") : null;
      return el("th", { scope: "col", "aria-sort": way, class: col.values ? "number" : "text", "data-name": col.name },
        el("button", { type: "button", title: col.doc, onclick: () => this.sortBy(col.name) }, col.name));
    }));
  }

  sortBy(name) {
    const down = Boolean(this.sort && this.sort.name === name && !this.sort.down);
    this.sort = { name, down };
    this.all = sorted(this.all, this.byName.get(name), down);
    this.drawHead();
    this.update();
    const header = Array.from(this.head.cells).find((cell) => cell.dataset.name === name);
    if (header) header.firstChild.focus();
  }

  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(), this.n > 20000 ? 200 : 60);
  }

  update() {
    const wanted = {
      words: this.search.value.toLowerCase().split(/\s+/).filter(Boolean),
      values: this.selects.filter(([, box]) => box.value !== "\u0000").map(([name, box]) => [this.byName.get(name), box.value]),
      limits: this.limits.filter(([, box]) => box.value !== "").map(([col, box]) => [col, Number(box.value)]),
    };
    const keep = matching(this.columns, this.n, wanted);
    this.rows = this.all.filter((row) => keep[row]);
    this.page = 0;
    this.draw();
  }

  draw() {
    const last = Math.max(0, Math.ceil(this.rows.length / this.size) - 1);
    this.page = Math.min(Math.max(this.page, 0), last);
    const from = this.page * this.size;
    const rows = this.rows.subarray(from, from + this.size);
    const count = (n) => n.toLocaleString("en");
    const range = rows.length ? `Rows ${count(from + 1)} to ${count(from + rows.length)} of ${count(this.rows.length)}` : "No row matches";
    const match = rows.length ? " that match" : "";
    this.status.textContent = this.rows.length < this.n ? `${range}${match}, of ${count(this.n)}` : range;
    this.where.textContent = `Page ${count(this.page + 1)} of ${count(last + 1)}`;
    this.previous.disabled = this.page === 0;
    this.next.disabled = this.page === last;
    this.body.replaceChildren(...Array.from(rows, (row) => this.drawRow(row, this.shownColumns())).flat());
  }

  drawRow(row, columns) {
    const name = `${this.id}-row-${row}`;
    const opener = el("button", { type: "button", class: "open", "aria-expanded": String(this.open.has(row)),
      "aria-controls": name, onclick: () => this.toggle(row, opener, detail) }, ...breakable(shown(columns[0], row)));
    const cells = columns.slice(1).map((col) => cell(col, row));
    const detail = el("tr", { class: "detail", id: name, hidden: !this.open.has(row) }, el("td", { colspan: columns.length }));
    if (this.open.has(row)) detail.firstChild.append(this.detail(row));
    return [el("tr", { class: "row" }, el("th", { scope: "row" }, opener), ...cells), detail];
  }

  toggle(row, opener, detail) {
    const open = !this.open.has(row);
    if (open) this.open.add(row);
    else this.open.delete(row);
    detail.firstChild.replaceChildren(...(open ? [this.detail(row)] : []));
    detail.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
  }

  detail(row) {
    const facts = this.columns.flatMap((col) => [el("dt", {}, col.name), el("dd", {}, shown(col, row)), el("dd", { class: "meaning" }, col.doc)]);
    const all = el("details", {}, el("summary", {}, `All ${this.columns.length} columns of this row`), el("dl", {}, ...facts));
    const said = statementsOf(this, row);
    if (!said.length) all.open = true;
    return el("div", { class: "within" }, ...said, all);
  }

  download() {
    const link = el("a", { download: `${this.title.toLowerCase().replaceAll(/\W+/g, "-")}.csv` });
    link.href = URL.createObjectURL(new Blob([csv(this.columns, this.rows)], { type: "text/csv" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}
