"use strict";
// The scorecard: sorting by buttons in its head, filtering by source, verdict, kind and text.
const table = document.getElementById("rows");
const rows = [...table.tBodies[0].rows];
const filters = { source: "source", judged: "verdict", of: "kind" };
const choice = (name) => document.getElementById("by-" + name);
const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
const heads = [...table.tHead.rows[0].cells];
const sortedBy = document.getElementById("sorted-by");

function filter() {
  const wanted = choice("text").value.toLowerCase().split(/\s+/);
  let count = 0;
  for (const row of rows) {
    const chosen = Object.entries(filters).every(([key, name]) => !choice(name).value || row.dataset[key] === choice(name).value);
    row.hidden = !(chosen && wanted.every((word) => words.get(row).includes(word)));
    count += !row.hidden;
  }
  document.getElementById("count").textContent = `${count} of ${rows.length} rows`;
}

function compare(first, second) {
  if (first === "" || second === "") return (first === "") - (second === "");
  return isNaN(first) || isNaN(second) ? first.localeCompare(second) : first - second;
}

function sort(key, descending) {
  const sign = descending ? -1 : 1;
  const order = (one, other) => {
    const [first, second] = [one.dataset[key], other.dataset[key]];
    return first === "" || second === "" ? compare(first, second) : sign * compare(first, second);
  };
  table.tBodies[0].append(...[...rows].sort(order));
  for (const head of heads) {
    head.setAttribute("aria-sort", head.dataset.key === key ? (descending ? "descending" : "ascending") : "none");
  }
  sortedBy.value = key;
}

for (const head of heads) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  button.addEventListener("click", () => sort(head.dataset.key, head.getAttribute("aria-sort") === "ascending"));
  head.replaceChildren(button);
}
for (const name of ["source", "verdict", "kind", "text"]) choice(name).addEventListener("input", filter);
sortedBy.addEventListener("input", () => sort(sortedBy.value, false));

// What more seeds would tell: all primary claims, or undecided ones alone.
const undecided = document.getElementById("undecided");
if (undecided) {
  const claims = [...document.getElementById("needs").tBodies[0].rows];
  undecided.addEventListener("input", () => {
    for (const claim of claims) claim.hidden = undecided.checked && claim.dataset.judged !== "undecided";
  });
  document.getElementById("power-filter").hidden = false;
}

// Sliders: the numbers of a figure at the value that is chosen, each cell filled as far as its share of 100.
for (const sweep of document.querySelectorAll(".sweep")) {
  const slider = sweep.querySelector("input");
  const stops = slider.dataset.stops.split("|");
  const show = () => {
    const stop = Number(slider.value);
    sweep.querySelector("output").textContent = stops[stop];
    slider.setAttribute("aria-valuetext", stops[stop]);
    for (const cell of sweep.querySelectorAll("[data-values]")) {
      cell.textContent = cell.dataset.values.split("|")[stop];
      cell.style.setProperty("--share", `${Number(cell.textContent) || 0}%`);
    }
  };
  slider.addEventListener("input", show);
  sweep.hidden = false;
  show();
}

// A link to a row shows it, whatever is filtered, and how it was judged.
function showTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target || !table.contains(target)) return;
  if (target.hidden) {
    for (const name of ["source", "verdict", "kind", "text"]) choice(name).value = "";
    filter();
  }
  target.querySelector("details").open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", showTarget);
document.getElementById("filters").hidden = false;
filter();
showTarget();
