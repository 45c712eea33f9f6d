// Sorting and searching of tables, the way from a category into the matrix, and the list of contents.
(() => {
  const NEIGHBOURS = 9; // categories shown on either side of one that is looked up in the matrix
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));

  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const sort = () => {
        const ascending = heading.getAttribute("aria-sort") !== "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const rows = [...body.rows].sort((a, b) => compare(value(a, column), value(b, column)));
        body.append(...(ascending ? rows : rows.reverse()));
      };
      heading.tabIndex = 0;
      heading.addEventListener("click", sort);
      heading.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
    });
  }

  for (const field of document.querySelectorAll("input[data-filter]")) {
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      for (const row of document.getElementById(field.dataset.filter).tBodies[0].rows) {
        row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
      }
    });
  }

  const matrix = document.getElementById("chart-confusion");
  if (matrix) {
    const look = (place) => {
      matrix.scrollIntoView({ block: "center" });
      charts.zoom(matrix, place, NEIGHBOURS + 0.5);
    };
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => look(button.dataset.zoom === "all" ? null : Number(button.dataset.zoom)));
    }
    const field = document.querySelector("[data-zoom-search]");
    const places = new Map([...document.querySelectorAll("#matrix-names option")].map((option) => [option.value.toLowerCase(), Number(option.dataset.place)]));
    field?.addEventListener("input", () => {
      const place = places.get(field.value.trim().toLowerCase());
      if (place !== undefined) look(place);
    });
  }

  // A link to something folded opens it.
  const unfold = (hash) => {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  for (const link of document.querySelectorAll("main a[href^='#']")) link.addEventListener("click", () => unfold(link.hash));
  unfold(location.hash);

  const links = [...document.querySelectorAll("nav a")];
  const sections = links.map((link) => document.querySelector(link.getAttribute("href")));
  const mark = () => {
    const here = sections.filter((section) => section.getBoundingClientRect().top < innerHeight / 3).length - 1;
    links.forEach((link, position) => link.classList.toggle("here", position === Math.max(here, 0)));
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
})();
