// Recordings from files.
import { element, labelled } from "./dom.js";
import { Player } from "./player.js";
import { fromFile, kMaxFileBytes, RecordingError } from "./recording.js";

async function readRecording(file) {
  if (file.size > kMaxFileBytes) throw new RecordingError("The file is too long for a recording.");
  return fromFile(await file.text());
}

function described(recording) {
  const values = Object.entries(recording.parameters).filter(([name]) => name !== "stream");
  const rows = [["Prompt", recording.prompt], ["Answer", recording.answer], ["Model", recording.model], ["Recorded", recording.created],
                ["Parameters", values.length ? values.map(([name, value]) => `${name} = ${value}`).join(", ") : "the server's defaults"]];
  return rows.map(([name, text]) => element("tr", {}, element("th", { scope: "row", text: name }), element("td", { text })));
}

export function makeReplay(node) {
  const player = new Player("Recording");
  const problem = element("p", { class: "problem", role: "alert" });
  const rows = element("tbody");
  const file = element("input", { type: "file", accept: ".json,application/json", on: { change: async () => {
    problem.textContent = "";
    if (!file.files.length) return;
    try {
      const recording = await readRecording(file.files[0]);
      player.load(recording);
      rows.replaceChildren(...described(recording));
    } catch (error) {
      problem.textContent = error instanceof RecordingError ? error.message : "The file cannot be read.";
    }
  } } });
  node.replaceChildren(element("p", { text: "A recording is what “Export recording” saves under a canvas." }),
                       labelled("Open a recording", file), problem,
                       element("div", { class: "scrolls" }, element("table", {}, rows)), player.node);
}
