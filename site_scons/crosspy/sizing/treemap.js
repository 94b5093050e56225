"use strict";
// Squarified treemaps: M. Bruls, K. Huizing, J. J. van Wijk, "Squarified Treemaps", 2000. Pure functions: no document here.

// Return a tree of {name, size, children, path} from nested objects whose leaves are numbers; children are sorted, largest first.
function grow(name, value, path) {
  if (typeof value === "number") return { name, size: value, children: [], path };
  const children = Object.entries(value).map(([inner, below]) => grow(inner, below, [...path, inner]));
  children.sort((a, b) => b.size - a.size);
  return { name, size: children.reduce((sum, child) => sum + child.size, 0), children, path };
}

// Return [{node, x, y, width, height}] that fill a rectangle, each with an area in proportion to node.size.
function squarify(nodes, x, y, width, height) {
  const placed = [];
  let rest = nodes.reduce((sum, node) => sum + node.size, 0);
  let at = 0;
  while (at < nodes.length && rest > 0 && width > 0 && height > 0) {
    const scale = width * height / rest, side = Math.min(width, height);
    let end = at, sum = 0, worst = Infinity;
    while (end < nodes.length) {
      const grown = sum + nodes[end].size;
      const most = nodes[at].size * scale, least = nodes[end].size * scale, area = grown * scale;
      const ratio = Math.max(side * side * most / (area * area), area * area / (side * side * least));
      if (ratio > worst) break;
      [worst, sum, end] = [ratio, grown, end + 1];
    }
    const thick = sum * scale / side;
    let along = 0;
    for (const node of nodes.slice(at, end)) {
      const length = node.size * scale / thick;
      placed.push(width >= height ? { node, x, y: y + along, width: thick, height: length }
        : { node, x: x + along, y, width: length, height: thick });
      along += length;
    }
    if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    rest -= sum;
    at = end;
  }
  return placed;
}

// Return the children that are worth a tile in an area, and one node that stands for all others.
function worthy(node, area, least) {
  const scale = area / Math.max(node.size, 1);
  const large = node.children.filter(child => child.size * scale >= least);
  const small = node.children.slice(large.length);
  if (!small.length) return large;
  const size = small.reduce((sum, child) => sum + child.size, 0);
  return size * scale < 1 ? large : [...large, { name: `${small.length} smaller ones`, size, children: [], path: null }];
}

// Return the index of the tile that an arrow key leads to from another one: the nearest in that direction.
function neighbour(tiles, from, key) {
  const middle = tile => [tile.x + tile.width / 2, tile.y + tile.height / 2];
  const [x, y] = middle(tiles[from]);
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  let best = from, shortest = Infinity;
  tiles.forEach((tile, index) => {
    const [dx, dy] = [middle(tile)[0] - x, middle(tile)[1] - y];
    const ahead = dx * step[0] + dy * step[1], aside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
    if (index !== from && ahead > 0.5 && ahead + 2 * aside < shortest) [best, shortest] = [index, ahead + 2 * aside];
  });
  return best;
}
