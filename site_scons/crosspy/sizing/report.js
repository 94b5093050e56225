"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const root = grow(data.of === "root" ? "root/" : data.of, data.tree, []);
const by = id => document.getElementById(id);
const NAMELESS = "(without a name)";
const HUES = [212, 28, 140, 285, 350, 190, 55, 320, 95, 250, 10, 165];
const hues = new Map(root.children.map((kind, index) => [kind.name, HUES[index % HUES.length]]));
const state = { node: root, left: null, sort: 0, descending: true, shown: 200 };
const exact = size => size.toLocaleString("en").replace(/,/g, "\u202f");
const short = size => size >= 1e6 ? `${(size / 1e6).toFixed(2)} MB` : size >= 1e4 ? `${Math.round(size / 1e3)} K` : `${exact(size)} B`;
const share = size => `${(100 * size / Math.max(root.size, 1)).toFixed(size * 1000 < root.size ? 2 : 1)} %`;
const named = name => name === "" ? NAMELESS : name;

function make(tag, words = {}, ...inside) {
  const element = Object.assign(document.createElement(tag), words);
  element.append(...inside);
  return element;
}

// The node at a path, or the last one on the way to it.
function find(path) {
  let node = root;
  for (const name of path) node = node.children.find(child => child.name === name) || node;
  return node;
}

// What is worth showing of a node: a chain of only children is one step.
function unfold(node) {
  while (node.children.length === 1 && node.children[0].children.length) node = node.children[0];
  return node;
}

function parent(node) {
  do node = find(node.path.slice(0, -1)); while (node.path.length && node.children.length === 1);
  return node;
}

// ---- the map ----
let tiles = [];

function tile(box, hue, inside) {
  const deep = box.node.children.length > 0;
  const element = make(inside ? "div" : "button", { className: `tile${deep ? " deep" : ""}${inside ? " inside" : ""}` });
  Object.assign(element.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` });
  element.style.setProperty("--hue", hue);
  const size = make("small", {}, short(box.node.size));
  if (box.width > 34 && box.height > 13) element.append(make("span", {}, named(box.node.name), " ", size));
  element.addEventListener("mouseenter", () => tell(box.node));
  element.addEventListener("focus", () => tell(box.node));
  element.addEventListener("click", event => { event.stopPropagation(); if (deep) zoom(unfold(box.node)); });
  if (inside) element.setAttribute("aria-hidden", "true");
  else element.setAttribute("aria-label", `${named(box.node.name)}, ${short(box.node.size)}, ${share(box.node.size)}`);
  return element;
}

function draw() {
  const map = by("map"), { clientWidth: width, clientHeight: height } = map;
  const focused = map.contains(document.activeElement);
  const node = state.node.children.length ? state.node : { ...state.node, children: [state.node] };
  tiles = squarify(worthy(node, width * height, 90), 0, 0, width, height);
  map.replaceChildren();
  tiles.forEach((box, index) => {
    const hue = hues.get((box.node.path || state.node.path)[0] || box.node.name) ?? 0;
    const element = tile(box, hue, false);
    element.tabIndex = index ? -1 : 0;
    box.element = element;
    map.append(element);
    const within = unfold(box.node);
    if (box.width > 60 && box.height > 50 && within.children.length > 1) {
      const [wide, high] = [box.width - 6, box.height - 25];
      const inner = squarify(worthy(within, wide * high, 120), box.x + 3, box.y + 22, wide, high);
      for (const one of inner) map.append(tile(one, hue, true));
    }
  });
  crumbs();
  tell(state.node);
  if (focused && tiles.length) focus(state.left || tiles[0].node);
}

// Make a node's tile, or that of what it lies in, the one that has the keyboard.
function focus(node) {
  const holds = path => path && node.path && path.every((name, index) => name === node.path[index]);
  const box = tiles.find(box => box.node === node || holds(box.node.path)) || tiles[0];
  for (const each of tiles) each.element.tabIndex = each === box ? 0 : -1;
  box.element.focus();
}

function crumbs() {
  const steps = [[], ...state.node.path.map((_, index) => state.node.path.slice(0, index + 1))];
  by("crumbs").replaceChildren(...steps.map((path, index) => {
    const node = find(path), button = make("button", { className: "crumb", type: "button" }, index ? named(node.name) : root.name);
    if (index === steps.length - 1) button.setAttribute("aria-current", "location");
    button.addEventListener("click", () => zoom(node));
    return button;
  }));
}

function tell(node) {
  const path = node.path ? [root.name, ...node.path.map(named)] : [...state.node.path.map(named), node.name];
  by("told").textContent = `${path.join(" › ")}: ${exact(node.size)} bytes, ${share(node.size)}`;
}

function zoom(node, remember = true) {
  state.left = state.node.path.length > node.path.length ? state.node : null;
  state.node = node;
  state.shown = 200;
  if (remember) history.pushState(null, "", `#${node.path.map(encodeURIComponent).join("/")}`);
  draw();
  list();
}

by("map").addEventListener("keydown", event => {
  const at = tiles.findIndex(box => box.element === document.activeElement);
  if (event.key === "Escape" || event.key === "Backspace") {
    zoom(parent(state.node));
  } else if (at >= 0 && event.key.startsWith("Arrow")) {
    focus(tiles[neighbour(tiles, at, event.key)].node);
  } else return;
  event.preventDefault();
});

// ---- the table ----
const COLUMNS = ["Bytes", "Share", "Kind", "Module", "Section", "Symbol"];

function below(node, level) {
  if (node.path.length >= level || !node.children.length) return [node];
  return node.children.flatMap(child => below(child, level));
}

function list() {
  const level = Math.max(Number(by("level").value), Math.min(state.node.path.length + 1, 4));
  const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = below(state.node, level).filter(row => words.every(word => row.path.join(" ").toLowerCase().includes(word)));
  const key = row => state.sort < 2 ? row.size : named(row.path[state.sort - 2] ?? "");
  const order = (a, b) => state.sort < 2 ? key(a) - key(b) : key(a).localeCompare(key(b), "en");
  rows.sort((a, b) => (state.descending ? -1 : 1) * order(a, b) || b.size - a.size);
  by("rows").tHead.replaceChildren(make("tr", {}, ...COLUMNS.slice(0, 2 + level).map(header)));
  by("rows").tBodies[0].replaceChildren(...rows.slice(0, state.shown).map(row => line(row, level)));
  const size = rows.reduce((sum, row) => sum + row.size, 0);
  by("count").textContent = `${exact(rows.length)} ${rows.length === 1 ? "row" : "rows"}, ${exact(size)} bytes, ${share(size)}`;
  by("more").hidden = rows.length <= state.shown;
}

function header(name, index) {
  const cell = make("th", { scope: "col", className: index < 2 ? "number" : "" }), button = make("button", { type: "button" }, name);
  if (index === state.sort) cell.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
  button.addEventListener("click", () => {
    state.descending = index === state.sort ? !state.descending : index < 2;
    state.sort = index;
    list();
    by("rows").tHead.rows[0].cells[index].firstChild.focus();
  });
  cell.append(button);
  return cell;
}

function line(row, level) {
  const cells = [make("td", { className: "number" }, exact(row.size)), make("td", { className: "number" }, share(row.size))];
  for (let index = 0; index < level; index++) {
    const name = row.path[index] === undefined ? "" : named(row.path[index]);
    const cell = make("td", { className: "name" }, index === level - 1 ? "" : name);
    if (index === level - 1 && name) {
      const button = make("button", { type: "button", title: "Show it in the map" }, name);
      button.addEventListener("click", () => {
        zoom(row.children.length ? unfold(row) : find(row.path.slice(0, -1)));
        by("map").scrollIntoView({ block: "center" });
        focus(row);
      });
      cell.append(button);
    }
    cells.push(cell);
  }
  return make("tr", {}, ...cells);
}

// ---- what leaving it out saves ----
function saves() {
  by("saves-section").hidden = !data.saves.length;
  by("saves").tHead.replaceChildren(make("tr", {}, ...["Saves", "Share", "Module", "How", "With it go"].map((name, index) =>
    make("th", { scope: "col", className: index < 2 ? "number" : "" }, name))));
  by("saves").tBodies[0].replaceChildren(...data.saves.map(row => make("tr", {},
    make("td", { className: "number" }, exact(row.bytes)), make("td", { className: "number" }, share(row.bytes)),
    make("td", { className: "name" }, row.module), make("td", {}, make("code", {}, row.how)),
    make("td", {}, row.parts.filter(part => part[1] !== row.module).map(part => `${part[1]} (${part[0]})`).join(", ")))));
}

document.title = `${data.target}: ${short(data.total)}`;
by("title").textContent = `${data.target}, ${root.name}: ${short(data.total)}`;
by("summary").textContent = `CPython ${data.release}. ${exact(data.total)} bytes, every one of them below. K is 1000 bytes, MB a million.`;
by("legend").replaceChildren(...root.children.map(kind => {
  const entry = make("span", {}, `${kind.name} ${short(kind.size)}`);
  entry.style.setProperty("--hue", hues.get(kind.name));
  return entry;
}));
by("level").addEventListener("change", () => { state.shown = 200; list(); });
by("search").addEventListener("input", () => { state.shown = 200; list(); });
by("more").addEventListener("click", () => { state.shown += 1000; list(); });
addEventListener("popstate", () => zoom(find(location.hash.slice(1).split("/").filter(Boolean).map(decodeURIComponent)), false));
new ResizeObserver(draw).observe(by("map"));
saves();
zoom(find(location.hash.slice(1).split("/").filter(Boolean).map(decodeURIComponent)), false);
