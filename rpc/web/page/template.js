// A text with holes `{{name:N}}`, as people type it. Nothing here touches the page.

const kHole = /\{\{([A-Za-z_][\w-]*):(\d+)\}\}/g;

/** Parts in order: {text} or {name, length}. */
export function partsOf(template) {
  const parts = [];
  let end = 0;
  for (const found of template.matchAll(kHole)) {
    if (found.index > end) parts.push({ text: template.slice(end, found.index) });
    parts.push({ name: found[1], length: Number(found[2]) });
    end = found.index + found[0].length;
  }
  if (end < template.length) parts.push({ text: template.slice(end) });
  return parts;
}

/** The parts with what fills them: fills in the order of the holes. */
export function filledParts(template, fills) {
  let next = 0;
  return partsOf(template).map((part) => (part.text === undefined ? { ...part, fill: fills[next++]?.text ?? null } : part));
}
