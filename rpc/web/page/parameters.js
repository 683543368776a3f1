// Which parameters a job is given: decisions on the server's own table. Nothing here touches the page.

/** Rows that are read, given the values that are set: those whose choice is made. */
export function rowsInEffect(table, values) {
  const chosen = (name) => values[name] ?? table.find((row) => row.name === name)?.default ?? null;
  const isRead = (row) => {
    if (!row.applies_to) return true;
    const owner = table.find((other) => other.name === row.applies_to.parameter);
    return row.applies_to.values.includes(String(chosen(row.applies_to.parameter))) && (!owner || isRead(owner));
  };
  return table.filter(isRead);
}

/** What a row is at if nobody sets it, under the choices made. */
export function defaultOf(row, table, values) {
  if (!row.applies_to) return row.default;
  const name = row.applies_to.parameter;
  const choice = String(values[name] ?? table.find((other) => other.name === name)?.default ?? "");
  return row.other_defaults.find((other) => other.for.includes(choice))?.value ?? row.default;
}

/** What a control holds, as the value of its row. Throws an Error with a sentence. */
export function readValue(row, text) {
  if (text === "") return null;
  if (row.type === "boolean") return text === "true";
  if (row.type === "choice") return text;
  const number = Number(text);
  const isInside = number >= row.min && number <= row.max && (row.type === "number" || Number.isInteger(number));
  if (!isInside) throw new Error(`${row.name} is ${row.type === "integer" ? "a whole number" : "a number"} from ${row.min} to ${row.max}.`);
  return number;
}

/** The values that the server would take notice of: those set, of rows in effect. */
export function valuesToSend(table, values) {
  const sent = {};
  for (const row of rowsInEffect(table, values)) {
    if (values[row.name] !== undefined && values[row.name] !== null) sent[row.name] = values[row.name];
  }
  return sent;
}

/** Of what was stored, or of a file: only values that the table knows. */
export function knownValues(table, values) {
  const known = {};
  for (const row of table) {
    const value = values?.[row.name];
    if (value === undefined || value === null) continue;
    try {
      known[row.name] = readValue(row, String(value));
    } catch {
      // From another version of the server.
    }
  }
  return known;
}
