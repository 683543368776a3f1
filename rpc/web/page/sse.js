// Server-sent events, as far as this server sends them: `data:` lines, a blank line behind each event.

/** Takes text in any pieces; `push` gives the data of the events that are complete. */
export class EventParser {
  #rest = "";

  push(text) {
    // A lone CR at the end may be the first half of a line end.
    const all = this.#rest + text;
    const isHalf = all.endsWith("\r");
    const lines = (isHalf ? all.slice(0, -1) : all).replace(/\r\n?/g, "\n");
    const events = lines.split("\n\n");
    this.#rest = events.pop() + (isHalf ? "\r" : "");
    return events.map(dataOf).filter((data) => data !== null);
  }
}

function dataOf(event) {
  const lines = event.split("\n").filter((line) => line.startsWith("data:"));
  if (lines.length === 0) return null;
  return lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n");
}
