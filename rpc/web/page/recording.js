// A recording: the frames of an answer and what it was made with. As a file it is JSON.
import { emptyCanvas, fold, kStates } from "./frames.js";

export const kKind = "unmask.recording";
export const kVersion = 1;
export const kMaxFileBytes = 32 << 20;
const kMaxFrames = 50_000;
const kMaxPositions = 1 << 16;
const kMaxTokenText = 400;
const kMaxText = 1 << 20;

/** What a file has that is no recording; the message is a sentence for people. */
export class RecordingError extends Error {}

export function newRecording(prompt, parameters) {
  return { kind: kKind, version: kVersion, created: new Date().toISOString(), model: "", prompt, parameters,
           answer: "", figures: null, frames: [] };
}

/** The canvas after the first `count` frames. */
export function canvasAt(recording, count) {
  const canvas = emptyCanvas();
  for (const entry of recording.frames.slice(0, count)) fold(canvas, entry);
  return canvas;
}

export function toFile(recording) {
  return JSON.stringify(recording);
}

function check(isRight, sentence) {
  if (!isRight) throw new RecordingError(sentence);
}

function isCount(value, most) {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

function isText(value, most) {
  return typeof value === "string" && value.length <= most;
}

function readChange(change, length, where) {
  check(Array.isArray(change) && change.length >= 4, `${where} has a change that is no list of values.`);
  const [offset, text, state, confidence, token = null] = change;
  check(isCount(offset, length - 1), `${where} changes a position that is not in its block.`);
  check(text === null || isText(text, kMaxTokenText), `${where} has a token whose text is none, or too long.`);
  check(kStates.includes(state), `${where} has a state that is not known here.`);
  check(confidence === null || (typeof confidence === "number" && confidence >= 0 && confidence <= 1),
        `${where} has a confidence that is not between 0 and 1.`);
  check(token === null || Number.isInteger(token), `${where} has a token that is no number.`);
  return [offset, text, state, confidence, token];
}

function readFrame(frame, number) {
  const where = `Frame ${number + 1} of the file`;
  check(frame !== null && typeof frame === "object" && Array.isArray(frame.changes), `${where} is no frame.`);
  const { t, block, step, base, length, masked, full, changes } = frame;
  check(typeof t === "number" && t >= 0 && Number.isFinite(t), `${where} has no time.`);
  check([block, step, base].every((value) => isCount(value, 1 << 30)), `${where} has no place.`);
  check(isCount(length, kMaxPositions) && length > 0, `${where} has a block of no possible length.`);
  check(isCount(masked, length), `${where} counts more holes than it has positions.`);
  check(changes.length <= length, `${where} has more changes than positions.`);
  return { t, block, step, base, length, masked, full: full === true,
           changes: changes.map((change) => readChange(change, length, where)) };
}

function readFrames(frames) {
  check(Array.isArray(frames) && frames.length <= kMaxFrames, "The file has no list of frames, or one that is too long.");
  const lengths = new Map();
  let positions = 0;
  return frames.map((entry, number) => {
    const frame = readFrame(entry, number);
    const before = lengths.get(frame.block);
    if (before === undefined) positions += frame.length;
    check(before === undefined || before === frame.length, `Frame ${number + 1} of the file changes the length of its block.`);
    check(positions <= kMaxPositions, "The file has more positions than can be shown.");
    lengths.set(frame.block, frame.length);
    return frame;
  });
}

/** Plain names and values; whatever else a file has is left out. */
function readValues(object) {
  const values = {};
  if (object === null || typeof object !== "object" || Array.isArray(object)) return values;
  for (const [name, value] of Object.entries(object)) {
    const isPlain = ["number", "boolean"].includes(typeof value) || isText(value, kMaxTokenText);
    if (/^[a-z_]{1,64}$/.test(name) && name !== "__proto__" && isPlain) values[name] = value;
  }
  return values;
}

/** The recording that a file holds. Throws RecordingError. */
export function fromFile(text) {
  check(text.length <= kMaxFileBytes, "The file is too long for a recording.");
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new RecordingError("The file is no JSON, so it is no recording.");
  }
  check(file !== null && typeof file === "object" && file.kind === kKind, "The file is JSON, but no recording of unmask.");
  check(file.version === kVersion, `The recording has version ${Number(file.version)}; this page reads version ${kVersion}.`);
  for (const name of ["prompt", "answer", "model", "created"]) {
    check(isText(file[name], kMaxText), `The recording's ${name} is no text, or too long.`);
  }
  return { kind: kKind, version: kVersion, created: file.created, model: file.model, prompt: file.prompt,
           parameters: readValues(file.parameters), answer: file.answer,
           figures: file.figures ? readValues(file.figures) : null, frames: readFrames(file.frames) };
}
