// Requests to the server that sent this page. What goes wrong is an ApiError, whose message is a sentence.
import { EventParser } from "./sse.js";

const kKeyName = "unmask.key";

export class ApiError extends Error {
  constructor(sentence, status = 0, param = null) {
    super(sentence);
    this.status = status;
    this.param = param;
  }
}

export const key = {
  get: () => sessionStorage.getItem(kKeyName) ?? "",
  set: (value) => sessionStorage.setItem(kKeyName, value),
};

function asSentence(text) {
  const trimmed = text.trim();
  const start = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(start) ? start : start + ".";
}

async function errorOf(response) {
  let error = null;
  try {
    error = (await response.json()).error;
  } catch {
    // What is no JSON is not shown.
  }
  if (response.status === 401) document.dispatchEvent(new CustomEvent("needs-key"));
  const fallback = `The server answered with status ${response.status}.`;
  return new ApiError(error?.message ? asSentence(error.message) : fallback, response.status, error?.param ?? null);
}

/** The response, if its status says that all is well. */
export async function ask(method, path, body, signal) {
  const headers = {};
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached. Is it still running?");
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

export async function askJson(method, path, body, signal) {
  return (await ask(method, path, body, signal)).json();
}

/** Calls onEvent with each object of a stream, until it says that it is done. */
export async function stream(path, body, signal, onEvent) {
  const response = await ask("POST", path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError("The connection broke before the answer was complete.");
    }
    if (piece.done) throw new ApiError("The answer ended before it was complete.");
    for (const data of parser.push(piece.value)) {
      if (data === "[DONE]") return;
      const object = JSON.parse(data);
      if (object.error) throw new ApiError(asSentence(object.error.message ?? "The answer failed."));
      onEvent(object);
    }
  }
}
