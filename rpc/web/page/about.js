// What this page is made of.
import { button, element } from "./dom.js";

const kLibraries = [["marked", "node-marked", "MIT"], ["DOMPurify", "node-dompurify", "Apache-2.0 or MPL-2.0"],
                    ["highlight.js", "libjs-highlight.js", "BSD-3-Clause"], ["Chart.js", "libjs-chart.js", "MIT"]];

async function showLicence(place, name) {
  const response = await fetch(`/web/${name}.copyright.txt`);
  place.replaceChildren(element("pre", { class: "licence", tabindex: "0", text: await response.text() }));
}

export function makeAbout(node, served) {
  const rows = kLibraries.map(([library, name, licence]) => {
    const place = element("div");
    return element("li", {}, `${library} (Debian's ${name}), ${licence} `,
                   button("Show licence", () => showLicence(place, name), { class: "small", "aria-label": `Show licence of ${library}` }), place);
  });
  node.replaceChildren(
    element("h2", { text: "About" }),
    element("p", { text: `unmask ${served.version} serves diffusion language models: every position of a block is a hole at first, and ` +
                         "each step fills those that the model is sure enough of. This page shows the steps." }),
    element("p", { text: "Conversations, presets and recordings stay in this browser. The page loads nothing from elsewhere." }),
    element("h3", { text: "Libraries" }), element("ul", {}, ...rows));
}
