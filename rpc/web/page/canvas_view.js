// Every position of an answer as a cell. Only what changed is drawn again.
import { element } from "./dom.js";
import { isHole, shadeOf } from "./frames.js";

const kShownFor = { "\n": "⏎", "\t": "⇥", "": "∅" };

function shownText(cell) {
  if (cell.text === null) return "·";
  return kShownFor[cell.text] ?? cell.text.replaceAll("\n", "⏎").replaceAll("\t", "⇥");
}

function titleOf(cell, position) {
  const confidence = cell.confidence === null ? "" : `, confidence ${cell.confidence.toFixed(2)}`;
  const token = cell.token === null ? "" : `, token ${cell.token}`;
  const text = cell.text === null ? "" : ` ${JSON.stringify(cell.text)}`;
  return `position ${position}: ${cell.state}${text}${confidence}${token}`;
}

export class CanvasView {
  #blocks = new Map(); // by index: the nodes of the cells
  #fresh = new Set(); // cells drawn as of the last step
  showsAll = false; // old tokens show how sure they were, too

  /** title: of the answer that it shows */
  constructor(title) {
    this.grid = element("div", { class: "cells", "aria-hidden": "true" });
    this.node = element("div", { class: "canvas", tabindex: "0", role: "region", "aria-label": `Canvas: ${title}` }, this.grid);
  }

  clear() {
    this.#blocks.clear();
    this.#fresh.clear();
    this.grid.replaceChildren();
  }

  /** After fold(): change is what it gave. */
  update(canvas, change) {
    const nodes = this.#nodesOf(change.block);
    for (const [node, cell] of this.#fresh) {
      if (cell.step < canvas.step) this.#shade(node, cell, canvas.step);
    }
    this.#fresh = new Set([...this.#fresh].filter(([, cell]) => cell.step === canvas.step));
    for (const offset of change.offsets) this.#draw(nodes[offset], change.block, offset, canvas.step, true);
    this.#follow(nodes[0]);
  }

  /** Anew, as it is. */
  draw(canvas) {
    this.clear();
    for (const block of canvas.blocks) {
      this.#nodesOf(block).forEach((node, offset) => this.#draw(node, block, offset, canvas.step, false));
    }
  }

  #nodesOf(block) {
    let nodes = this.#blocks.get(block.index);
    if (!nodes) {
      nodes = block.cells.map((cell, offset) =>
        element("span", { class: "cell hole", text: "·", title: titleOf(cell, block.base + offset) }));
      this.#blocks.set(block.index, nodes);
      const isOdd = block.index % 2 === 1;
      this.grid.append(element("div", { class: isOdd ? "block odd" : "block" }, ...nodes));
    }
    return nodes;
  }

  #draw(node, block, offset, step, mayFlash) {
    const cell = block.cells[offset];
    node.textContent = shownText(cell);
    node.title = titleOf(cell, block.base + offset);
    this.#shade(node, cell, step);
    if (cell.step === step) this.#fresh.add([node, cell]);
    if (mayFlash && (cell.state === "edited" || cell.state === "remasked")) {
      node.getAnimations().forEach((animation) => animation.cancel());
      node.classList.add(`flash-${cell.state}`);
      node.addEventListener("animationend", () => node.classList.remove(`flash-${cell.state}`), { once: true });
    }
  }

  #shade(node, cell, step) {
    node.className = `cell ${shadeOf(cell, step, this.showsAll)}`;
    if (cell.state === "guess") node.classList.add("guess");
    if (!isHole(cell) && cell.state === "edited") node.classList.add("edited");
  }

  /** Keeps the running block in sight, without moving the page. */
  #follow(node) {
    const bottom = node.offsetTop + node.offsetHeight;
    if (bottom > this.node.scrollTop + this.node.clientHeight) this.node.scrollTop = node.offsetTop - 8;
  }
}
