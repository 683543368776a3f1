// Puts the page together.
import { makeAbout } from "./about.js";
import { askJson, key } from "./api.js";
import { Chat } from "./chat.js";
import { Cluster } from "./cluster.js";
import { makeCompare } from "./compare.js";
import { sentenceOf } from "./generation.js";
import { makeInfill } from "./infill.js";
import { makeReplay } from "./replay.js";

const $ = (id) => document.getElementById(id);
let cluster = null;

function select(tab) {
  for (const other of $("tabs").children) {
    const isChosen = other === tab;
    other.setAttribute("aria-selected", String(isChosen));
    other.tabIndex = isChosen ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !isChosen;
  }
  cluster?.show(tab.id === "tab-cluster");
}

function makeTabs() {
  const tabs = [...$("tabs").children];
  for (const tab of tabs) tab.addEventListener("click", () => select(tab));
  $("tabs").addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    const next = tabs[(to + tabs.length) % tabs.length];
    next.focus();
    select(next);
    event.preventDefault();
  });
}

function makeTheme() {
  $("theme").value = document.documentElement.dataset.theme ?? "system";
  $("theme").addEventListener("change", () => {
    const theme = $("theme").value;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem("unmask.theme", theme);
  });
}

function makeKeyForm() {
  document.addEventListener("needs-key", () => { $("key-form").hidden = false; });
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    key.set($("key").value);
    $("key").value = "";
    $("key-form").hidden = true;
    start();
  });
}

async function start() {
  try {
    const [models, parameters, version] = await Promise.all([
      askJson("GET", "/v1/models"), askJson("GET", "/v1/parameters"), askJson("GET", "/version")]);
    const served = { model: models.data[0].id, parameters, version: version.version };
    $("problem").textContent = "";
    $("served").textContent = `${served.model} · unmask ${served.version}`;
    makeCompare($("compare"), parameters);
    makeInfill($("infill"), parameters);
    makeReplay($("replay"));
    makeAbout($("about"), served);
    cluster ??= new Cluster($("cluster"));
    await new Chat($("chat"), served).load();
    document.body.dataset.ready = "true";
  } catch (error) {
    $("problem").textContent = sentenceOf(error);
  }
}

makeTabs();
makeTheme();
makeKeyForm();
start();
