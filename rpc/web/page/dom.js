// Making parts of the page.

/** properties: `class`, `text`, `on` (handlers by event), everything else an attribute; false and null leave it out. */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function button(text, onClick, properties = {}) {
  return element("button", { type: "button", text, on: { click: onClick }, ...properties });
}

let lastId = 0;

/** A label in front of a control. */
export function labelled(text, control) {
  control.id ||= `control-${++lastId}`;
  return element("span", { class: "field" }, element("label", { for: control.id, text }), control);
}

const kLoaded = new Map();

/** Runs one of the libraries that are no modules, once. */
export function loadScript(name) {
  if (!kLoaded.has(name)) {
    kLoaded.set(name, new Promise((resolve, reject) => {
      const script = element("script", { src: `/web/${name}`, on: { load: resolve, error: () => reject(new Error(`${name} could not be loaded.`)) } });
      document.head.append(script);
    }));
  }
  return kLoaded.get(name);
}

export function saveFile(name, text, type = "application/json") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

let toldUntil = 0;

/** A short note at the edge of the page, which screen readers say. */
export function tell(sentence) {
  const place = document.getElementById("note");
  place.textContent = sentence;
  place.hidden = false;
  clearTimeout(toldUntil);
  toldUntil = setTimeout(() => { place.hidden = true; }, 4000);
}

export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    tell(`${what} was copied.`);
  } catch {
    tell("The browser does not let this page copy.");
  }
}
