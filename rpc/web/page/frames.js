// A canvas from the frames of an answer. Nothing here touches the page.

export const kStates = ["hole", "guess", "committed", "remasked", "edited"];
export const kUnsure = 0.3; // below: hardly more than a guess
export const kSure = 0.7;

/** What is known before the first frame. Blocks are in the order of the canvas. */
export function emptyCanvas() {
  return { blocks: [], step: 0 };
}

function emptyCell() {
  return { text: null, state: "hole", confidence: null, token: null, step: 0 };
}

function blockOf(canvas, frame) {
  const found = canvas.blocks.find((block) => block.index === frame.block);
  if (found) return found;
  const block = { index: frame.block, base: frame.base, length: frame.length, step: frame.step, masked: frame.length,
                  cells: Array.from({ length: frame.length }, emptyCell) };
  canvas.blocks.push(block);
  canvas.blocks.sort((one, other) => one.index - other.index);
  return block;
}

/** Changes the canvas to what it is after the frame; gives the block and the offsets that changed. */
export function fold(canvas, frame) {
  const block = blockOf(canvas, frame);
  const offsets = [];
  for (const [offset, text, state, confidence, token] of frame.changes) {
    const cell = block.cells[offset];
    if (!cell) continue;
    Object.assign(cell, { text, state, confidence, token: token ?? null, step: frame.step });
    offsets.push(offset);
  }
  block.masked = frame.masked;
  block.step = canvas.step = Math.max(canvas.step, frame.step);
  return { block, offsets };
}

export function isHole(cell) {
  return cell.state === "hole" || cell.state === "guess" || cell.state === "remasked";
}

/** Which colour a cell has: `hole`, `old`, `unsure`, `doubtful`, `sure`. isAll: old tokens show how sure they were. */
export function shadeOf(cell, step, isAll) {
  if (isHole(cell)) return "hole";
  if (!isAll && cell.step < step) return "old";
  if (cell.confidence === null) return isAll ? "old" : "sure";
  if (cell.confidence < kUnsure) return "unsure";
  return cell.confidence < kSure ? "doubtful" : "sure";
}

/** Of each block: its number, forwards, tokens decided, and tokens per forward. */
export function blockFigures(canvas) {
  let before = 0;
  return canvas.blocks.map((block) => {
    const steps = Math.max(block.step - before, 0);
    before = Math.max(before, block.step);
    const tokens = block.cells.filter((cell) => !isHole(cell)).length;
    return { index: block.index, steps, tokens, length: block.length, perForward: steps > 0 ? tokens / steps : 0 };
  });
}

/** `<|endoftext|>` and its like: no text. */
function isSpecial(text) {
  return /^<\|.*\|>$/.test(text ?? "");
}

/** The text of a block up to its first hole: what would stay if the answer ended here. */
export function decidedPrefix(block) {
  const end = block.cells.findIndex((cell) => isHole(cell) || isSpecial(cell.text));
  return block.cells.slice(0, end < 0 ? undefined : end).map((cell) => cell.text ?? "").join("");
}

/** A sentence for who does not see the canvas. */
export function summaryOf(canvas) {
  const block = canvas.blocks.at(-1);
  if (!block) return "No step has been seen yet.";
  const decided = block.cells.filter((cell) => !isHole(cell)).length;
  return `Step ${canvas.step}: ${decided} of ${block.length} positions of block ${block.index + 1} are decided.`;
}
