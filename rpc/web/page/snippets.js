// The same request for other programs.

function shellQuoted(text) {
  return "'" + text.replaceAll("'", "'\\''") + "'";
}

/** origin: of this server, `http://127.0.0.1:8080`. hasKey: the key itself is never written. */
export function curlOf(origin, messages, parameters, hasKey) {
  const body = JSON.stringify({ messages, diffusion: parameters }, null, 2);
  const key = hasKey ? ` \\\n  -H "Authorization: Bearer $UNMASK_API_KEY"` : "";
  return `curl ${origin}/v1/chat/completions \\\n  -H 'Content-Type: application/json'${key} \\\n  -d ${shellQuoted(body)}\n`;
}

/** A value in Python's own words. */
function pythonOf(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, entry]) => `${JSON.stringify(name)}: ${pythonOf(entry)}`).join(", ")}}`;
}

export function pythonSnippetOf(origin, model, messages, parameters, hasKey) {
  const key = hasKey ? `os.environ["UNMASK_API_KEY"]` : `"none"`;
  return `${hasKey ? "import os\n\n" : ""}from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key=${key})
answer = client.chat.completions.create(
    model=${JSON.stringify(model)},
    messages=${pythonOf(messages)},
    extra_body={"diffusion": ${pythonOf(parameters)}},
)
print(answer.choices[0].message.content)
`;
}
