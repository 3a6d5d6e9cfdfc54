// Search, filter, sort and fold the table of interactions. No library, no network.
(function () {
  "use strict";
  const root = document.querySelector(".cs-resource");
  if (!root) return;
  const table = root.querySelector(".cs-table");
  const form = root.querySelector(".cs-form");
  const count = root.querySelector(".cs-count output");
  const bodies = Array.from(table.tBodies);
  const textOf = (body) => Array.from(body.querySelectorAll("td"), (cell) => cell.textContent).join(" ");
  const texts = new Map(bodies.map((body) => [body, textOf(body).toLowerCase()]));
  const filters = ["mode", "direction", "kind", "basis", "source"];

  function fold(body, open) {
    body.querySelector(".cs-evidence").hidden = !open;
    body.querySelector(".cs-more").setAttribute("aria-expanded", String(open));
  }

  function matches(body, words) {
    return (
      words.every((word) => texts.get(body).includes(word)) &&
      filters.every((name) => {
        const wanted = form.elements[name].value;
        return !wanted || body.dataset[name].split(";").includes(wanted);
      })
    );
  }

  function update() {
    const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const body of bodies) {
      body.hidden = !matches(body, words);
      shown += body.hidden ? 0 : 1;
    }
    count.textContent = String(shown);
  }

  function sortBy(header) {
    const column = header.cellIndex;
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (body) => body.rows[0].cells[column].textContent;
    const compare = (a, b) => value(a).localeCompare(value(b), "en", { numeric: true });
    const order = bodies.slice().sort(down ? (a, b) => compare(b, a) : compare);
    table.append(...order);
  }

  // #LIGAND^RECEPTOR opens that interaction
  function follow() {
    let name = location.hash.slice(1);
    try {
      name = decodeURIComponent(name);
    } catch {
      return;
    }
    const body = bodies.find((one) => one.id === name);
    if (!body) return;
    body.hidden = false;
    fold(body, true);
    body.scrollIntoView();
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", update);
  form.elements.open.addEventListener("change", (event) => {
    bodies.forEach((body) => fold(body, event.target.checked));
  });
  form.addEventListener("reset", () => setTimeout(() => {
    update();
    bodies.forEach((body) => fold(body, false));
  }));
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const header = button.closest("th");
    if (header) sortBy(header);
    else fold(button.closest("tbody"), button.getAttribute("aria-expanded") === "false");
  });
  window.addEventListener("hashchange", follow);

  // ?q=...&mode=... so that a search can be sent to somebody
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name === "q" || filters.includes(name)) form.elements[name].value = value;
  }
  bodies.forEach((body) => fold(body, false));
  update();
  follow();
})();
