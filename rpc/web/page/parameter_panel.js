// Controls for the server's table of parameters.
import { button, element, labelled, tell } from "./dom.js";
import { defaultOf, knownValues, readValue, rowsInEffect, valuesToSend } from "./parameters.js";

const kPresetsName = "unmask.presets";

function storedPresets() {
  try {
    const presets = JSON.parse(localStorage.getItem(kPresetsName) ?? "{}");
    return presets !== null && typeof presets === "object" ? new Map(Object.entries(presets)) : new Map();
  } catch {
    return new Map();
  }
}

function storePresets(presets) {
  localStorage.setItem(kPresetsName, JSON.stringify(Object.fromEntries(presets)));
  document.dispatchEvent(new CustomEvent("presets-changed"));
}

export class ParameterPanel {
  #table;
  #presets;
  #values;
  #storedAs;
  #rows = element("div", { class: "rows" });
  #problem = element("p", { class: "problem", role: "alert" });
  #preset = element("select", { on: { change: () => this.#take() } });
  #name = element("input", { type: "text", maxlength: "60", autocomplete: "off" });

  /** served: the server's parameters and presets. storedAs: where the values are kept for the next visit. */
  constructor(served, storedAs) {
    this.#table = served.data;
    this.#presets = new Map(served.presets.map((preset) => [preset.name, preset]));
    this.#storedAs = `unmask.parameters.${storedAs}`;
    try {
      this.#values = knownValues(this.#table, JSON.parse(localStorage.getItem(this.#storedAs) ?? "{}"));
    } catch {
      this.#values = {};
    }
    this.node = element("div", { class: "parameters" },
      element("div", { class: "presets" }, labelled("Preset", this.#preset),
              button("Reset all", () => this.set({})), labelled("Save as", this.#name),
              button("Save preset", () => this.#save()), button("Delete preset", () => this.#delete())),
      this.#problem, this.#rows);
    document.addEventListener("presets-changed", () => this.#drawPresets());
    this.#drawPresets();
    this.#draw();
  }

  get values() { return valuesToSend(this.#table, this.#values); }

  set(values) {
    this.#values = knownValues(this.#table, values);
    this.#problem.textContent = "";
    this.#keep();
    this.#draw();
  }

  #keep() {
    localStorage.setItem(this.#storedAs, JSON.stringify(this.#values));
    this.node.dispatchEvent(new CustomEvent("change-values"));
  }

  #change(row, control) {
    const text = control.type === "checkbox" ? String(control.checked) : control.value.trim();
    try {
      const value = readValue(row, text);
      if (value === null || value === defaultOf(row, this.#table, this.#values)) delete this.#values[row.name];
      else this.#values[row.name] = value;
      control.removeAttribute("aria-invalid");
      this.#problem.textContent = "";
    } catch (error) {
      control.setAttribute("aria-invalid", "true");
      this.#problem.textContent = error.message;
      return;
    }
    this.#keep();
    if (row.type === "choice" || row.type === "boolean") this.#draw(row.name);
  }

  /** focused: the row whose control the user is at. */
  #draw(focused) {
    const rows = rowsInEffect(this.#table, this.#values);
    this.#rows.replaceChildren(...rows.map((row) => this.#rowOf(row)));
    if (focused) this.#rows.querySelector(`[data-row="${focused}"]`)?.focus();
  }

  #rowOf(row) {
    const isSet = this.#values[row.name] !== undefined;
    const help = element("small", { text: row.help + this.#rangeOf(row) });
    const control = this.#controlOf(row);
    help.id = `${control.id = `${this.#storedAs}.${row.name}`}.help`;
    control.setAttribute("aria-describedby", help.id);
    control.dataset.row = row.name;
    const name = row.name.replaceAll("_", " ");
    const reset = button("Reset", () => { delete this.#values[row.name]; this.#keep(); this.#draw(row.name); },
                         { class: "small", "aria-label": `Reset ${name}`, hidden: !isSet });
    return element("div", { class: isSet ? "row is-set" : "row" }, labelled(name, control), reset, help);
  }

  #rangeOf(row) {
    if (row.min === undefined) return "";
    return ` (${row.min} to ${row.max}${row.unit ? " " + row.unit : ""})`;
  }

  #controlOf(row) {
    const byDefault = defaultOf(row, this.#table, this.#values);
    const value = this.#values[row.name] ?? byDefault;
    const on = { change: (event) => this.#change(row, event.target) };
    if (row.type === "boolean") return element("input", { type: "checkbox", checked: value === true, on });
    if (row.type === "choice") {
      const none = byDefault === null ? [element("option", { value: "", text: "none" })] : [];
      return element("select", { on }, ...none, ...row.choices.filter((choice) => byDefault !== null || choice !== "none").map((choice) =>
        element("option", { value: choice, text: choice, selected: choice === value })));
    }
    return element("input", { type: "text", inputmode: "decimal", autocomplete: "off", size: "10",
                              value: this.#values[row.name] ?? "", placeholder: byDefault === null ? "not set" : String(byDefault), on });
  }

  #drawPresets() {
    const chosen = this.#preset.value;
    this.#preset.replaceChildren(element("option", { value: "", text: "the server's defaults" }),
      ...[...this.#presets.values()].map(({ name, help }) =>
        element("option", { value: name, text: `${name}: ${help}`, selected: name === chosen })),
      ...[...storedPresets().keys()].filter((name) => !this.#presets.has(name)).map((name) =>
        element("option", { value: name, text: name, selected: name === chosen })));
  }

  #take() {
    const name = this.#preset.value;
    this.set(this.#presets.get(name)?.values ?? storedPresets().get(name) ?? {});
  }

  #save() {
    const name = this.#name.value.trim();
    if (!name) return tell("A preset needs a name.");
    if (this.#presets.has(name)) return tell("The server has a preset of this name: choose another.");
    const presets = storedPresets();
    presets.set(name, this.values);
    storePresets(presets);
    this.#preset.value = name;
    this.#name.value = "";
    tell(`The preset ${name} was saved in this browser.`);
  }

  #delete() {
    const presets = storedPresets();
    if (!presets.delete(this.#preset.value)) return tell("Choose one of your own presets first.");
    storePresets(presets);
    tell("The preset was deleted.");
  }
}
