// The pages work without this file; with it they take fewer clicks.

const find = (selector, within = document) => within.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];

document.documentElement.classList.add("scripted");

// a choice counts as soon as it is made
for (const form of all("form[data-auto]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  });
}

for (const button of all("[data-print]")) button.addEventListener("click", () => print());

// a menu closes when another opens, at a click beside it, and with Escape
document.addEventListener("click", ({ target }) => {
  for (const menu of all("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
});

// j and k move along the rows, Enter opens, / finds
const rows = all("[data-rows] [data-row]");
let at = -1;

function move(step) {
  if (!rows.length) return;
  rows[at]?.classList.remove("at");
  at = Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[at].classList.add("at");
  rows[at].scrollIntoView({ block: "nearest" });
  find("[data-open]", rows[at])?.focus({ preventScroll: true });
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => find("[data-find]")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of all("details.menu[open]")) menu.open = false;
    if (event.target.matches("[data-find]")) event.target.blur();
  }
  if (event.target.matches("input, select, textarea") || event.metaKey || event.ctrlKey || event.altKey) return;
  const act = keys[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
