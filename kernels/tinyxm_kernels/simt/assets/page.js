"use strict";
// The stepper: one warp's statements, forward and back. What is shown is a function of the step's number alone, so that
// going back needs no undoing; the address holds that number.
const LANES = 32, SECTOR = 32, WORD = 4, BANKS = 32;
const data = JSON.parse(document.getElementById("data").textContent);

function el(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
const active = (mask, lane) => (mask >>> lane & 1) === 1;
const lanesOf = (mask) => [...Array(LANES).keys()].filter((lane) => active(mask, lane));
const point = (xyz) => `(${xyz.join(", ")})`;
const count = (value) => value.toLocaleString("en");
const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

// A number in the width of a cell; whole numbers as they are, others to two or three digits.
function brief(value) {
  if (value === null || value === undefined) return "·";
  if (typeof value !== "number") return String(value).replace("Infinity", "∞");
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e5) return String(value);
  if (size >= 1e4 || size < 1e-2) return value.toExponential(0).replace("e+", "e");
  return String(Number(value.toPrecision(size < 1 ? 2 : 3))).replace(/^(-?)0\./, "$1.");
}
const whole = (value) => (value === null || value === undefined ? "no value" : Array.isArray(value) ? `(${value.join(", ")})` : String(value));
const rounded = (value) => Number(value.toFixed(1));
const perRequest = (taken, ideal) => (taken > ideal ? `${rounded(taken)} where ${rounded(ideal)} would do` : `${rounded(taken)}, the fewest`);

// "0-7, 12": runs of neighbouring lanes.
function runs(lanes) {
  const parts = [];
  for (const lane of lanes) {
    const last = parts[parts.length - 1];
    if (last && last[1] === lane - 1) last[1] = lane;
    else parts.push([lane, lane]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}
const laneLabel = (lanes) => (lanes.length === 1 ? String(lanes[0]) : `×${lanes.length}`);

// Every 4-byte word that these lanes of an access touch, with the lanes that touch it, in the order of addresses.
function wordsOf(access, from = 0, to = LANES) {
  const words = new Map();
  for (let lane = from; lane < to; lane++) {
    const index = access.indices[lane];
    if (index === null || index === undefined) continue;
    const byte = index * access.element_bytes;
    for (let word = Math.floor(byte / WORD); word <= Math.floor((byte + access.bytes - 1) / WORD); word++) {
      if (!words.has(word)) words.set(word, []);
      words.get(word).push(lane);
    }
  }
  return [...words].sort((a, b) => a[0] - b[0]);
}

class Stepper {
  constructor(root, kernel, number) {
    Object.assign(this, { root, kernel, number, trace: kernel.trace, steps: kernel.trace.steps, step: 0, lane: null, timer: null });
    this.opened = new Set();  // arrays whose elements are shown
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.alive = this.trace.threads.filter((thread) => thread).length;
    this.slider = this.part("slider");
    this.slider.max = this.steps.length - 1;
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    root.querySelectorAll("[data-go]").forEach((button) => button.addEventListener("click", () => this.move(button.dataset.go)));
    root.querySelectorAll("tr[data-line]").forEach((row) => row.addEventListener("click", () => {
      if (getSelection().isCollapsed) this.goToLine(Number(row.dataset.line));
    }));
  }

  move(where) {
    if (where === "play") return this.timer ? this.stop() : this.play();
    this.stop();
    const to = { first: 0, back: this.step - 1, forward: this.step + 1, last: this.steps.length - 1 };
    this.go(to[where]);
  }

  play() {
    if (this.step >= this.steps.length - 1) this.go(0);
    const tick = () => {
      this.go(this.step + 1);
      if (this.step >= this.steps.length - 1) this.stop();
      else this.timer = setTimeout(tick, 1000 / Number(this.part("speed").value));
    };
    this.timer = setTimeout(tick, 1000 / Number(this.part("speed").value));
    this.part("play").textContent = "❚❚ pause";
    this.part("count").setAttribute("aria-live", "off");
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.part("play").textContent = "▶ play";
    this.part("count").setAttribute("aria-live", "polite");
  }

  go(step) {
    this.step = Math.max(0, Math.min(this.steps.length - 1, step));
    this.draw();
    clearTimeout(this.naming);  // browsers refuse an address that changes too often, as it would while playing fast
    this.naming = setTimeout(() => {
      const hash = (this.number ? `kernel=${this.number + 1}&` : "") + `step=${this.step + 1}`;
      history.replaceState(null, "", `#${hash}`);
    }, 150);
  }

  goToLine(line) {
    this.stop();
    const next = [...this.steps.keys()].filter((step) => this.steps[step].line === line);
    if (next.length) this.go(next.find((step) => step > this.step) ?? next[0]);
    else this.showLine(line);
  }

  goToFinding(index) {
    const step = this.steps.findIndex((each) => each.findings.includes(index));
    if (step >= 0) this.go(step);
    else this.goToLine(this.kernel.findings[index].line);
  }

  // The variables after this step: what each lane was last given.
  state() {
    const variables = new Map();
    for (let step = 0; step <= this.step; step++) {
      for (const { name, type, values } of this.steps[step].changes) {
        if (!variables.has(name)) variables.set(name, { type, values: Array(LANES).fill(null) });
        const kept = variables.get(name);
        kept.type = type;
        values.forEach((value, lane) => { if (value !== null || active(this.steps[step].mask, lane)) kept.values[lane] = value; });
      }
    }
    return variables;
  }

  draw() {
    const now = this.steps[this.step], lanes = lanesOf(now.mask), cut = this.trace.truncated && this.step === this.steps.length - 1;
    this.slider.value = this.step;
    const told = `step ${count(this.step + 1)} of ${count(this.steps.length)}${this.trace.truncated ? "+" : ""}`;
    this.part("count").textContent = told;
    this.slider.setAttribute("aria-valuetext", `${told}, line ${now.line}`);
    const whose = lanes.length === this.alive ? "all lanes" : `${plural(lanes.length, "lane")}: ${runs(lanes)}`;
    this.part("where").textContent = `line ${now.line}, ${now.kind}; block ${point(this.trace.block)}, warp ${this.trace.warp}; ${whose}${cut ? "; the record ends here, the warp goes on" : ""}`;
    const text = this.kernel.source[now.line - 1], before = text.slice(0, now.column - 1).trimStart();
    this.part("statement").replaceChildren(el("span", {}, before), text.slice(now.column - 1).trimEnd());
    this.part("alarms").replaceChildren(...now.findings.map((index) => {
      const { kind, message } = this.kernel.findings[index];
      return el("p", { className: "alarm" }, el("strong", {}, `▲ ${kind}: `), message);
    }));
    const state = this.state();
    this.drawLanes(now);
    this.part("changed").replaceChildren(...now.changes.map((change) => this.variable(change.name, state.get(change.name), now.mask, true)));
    if (!now.changes.length) this.part("changed").append(el("p", { className: "where" }, this.idle(now)));
    const memory = now.memory.map((access) => this.access(access));
    this.part("memory").replaceChildren(...(memory.length ? [el("h3", {}, "What it asked of memory")] : []), ...memory);
    const changed = new Set(now.changes.map((change) => change.name));
    const others = [...state].filter(([name]) => !changed.has(name)).reverse();
    this.part("others").replaceChildren(...this.grouped(others, now.mask));
    this.part("others").closest("details").hidden = others.length === 0;
    this.drawLane(state, now);
    this.showLine(now.line);
    this.root.querySelectorAll("tr.now").forEach((row) => { row.classList.remove("now"); row.removeAttribute("aria-current"); });
    const row = this.root.querySelector(`tr[data-line="${now.line}"]`);
    row.classList.add("now");
    row.setAttribute("aria-current", "step");
    const box = this.part("source"), head = box.querySelector("thead").offsetHeight;
    const above = row.offsetTop - head - 40, below = row.offsetTop + row.offsetHeight + 40 - box.clientHeight;
    if (box.scrollTop > above) box.scrollTop = above;
    else if (box.scrollTop < below) box.scrollTop = Math.min(above, row.offsetTop - box.clientHeight / 2);
  }

  idle(now) {
    const words = {
      barrier: "No variable changes: the warp waits here for every other warp of its block.",
      branch: "No variable changes: each lane decides which way it goes.",
      loop: "No variable changes: each lane decides whether it goes round again.",
      return: "No variable changes: these lanes are done.",
    };
    return words[now.kind] || "No variable changes.";
  }

  drawLanes(now) {
    this.part("lanes").replaceChildren(...[...Array(LANES).keys()].map((lane) => {
      const thread = this.trace.threads[lane];
      if (!thread) return el("span", { className: "off", title: `lane ${lane}: the block has no such thread` }, "");
      const on = active(now.mask, lane), chosen = lane === this.lane;
      const label = `lane ${lane}, thread ${point(thread)}: ${on ? "active" : "idle"}`;
      const button = el("button", { type: "button", className: `${on ? "on" : "off"}${chosen ? " chosen" : ""}`, title: label, "aria-label": label, "aria-pressed": String(chosen) }, String(lane));
      button.addEventListener("click", () => {
        this.lane = chosen ? null : lane;
        this.draw();
        this.part("lanes").children[lane].focus();
      });
      return button;
    }));
  }

  // Variables as they are; the elements of an array behind its name, opened on demand.
  grouped(variables, mask) {
    const groups = new Map();
    for (const [name, variable] of variables) {
      const whole = name.split(/[.[]/)[0];
      groups.set(whole, [...(groups.get(whole) || []), [name, variable]]);
    }
    return [...groups].map(([whole, elements]) => {
      const shown = () => elements.map(([name, variable]) => this.variable(name, variable, mask, false));
      if (elements.length < 4) return el("div", {}, ...shown());
      const box = el("details", { className: "group", open: this.opened.has(whole) }, el("summary", {}, el("span", { className: "mono" }, whole), `: ${plural(elements.length, "element")}`));
      if (box.open) box.append(...shown());
      box.addEventListener("toggle", () => {
        if (box.open) this.opened.add(whole);
        else this.opened.delete(whole);
        if (box.open && box.children.length === 1) box.append(...shown());
      });
      return box;
    });
  }

  variable(name, { type, values }, mask, changed) {
    const held = values.filter((value) => value !== null), same = held.length > 1 && held.every((value) => value === held[0]);
    const title = el("p", {}, el("b", { className: "mono" }, name), el("span", { className: "type" }, ` ${type}`));
    const box = el("div", { className: `variable${changed ? " changed" : ""}` }, title);
    if (same && held.length === this.alive) {
      title.append(` = ${brief(held[0])} in every lane`);
      title.title = whole(held[0]);
      return box;
    }
    box.append(this.cells(values, (lane) => (values[lane] === null ? "off" : active(mask, lane) ? "" : "stale"), `${name} in each lane`));
    return box;
  }

  cells(values, kind, label) {
    return el("div", { className: "grid", role: "list", "aria-label": label }, ...values.map((value, lane) =>
      el("span", { className: `${kind(lane)}${lane === this.lane ? " chosen" : ""}`, role: "listitem", title: `lane ${lane}: ${whole(value)}` }, brief(value))));
  }

  access(access) {
    const global = access.space === "global", lanes = access.indices.filter((index) => index !== null).length;
    const noun = global ? "sector" : "bank pass", many = global ? "sectors" : "bank passes";
    const wasteful = access.transactions > access.ideal;
    const taken = `${access.transactions} ${access.transactions === 1 ? noun : many}`;
    const verdict = wasteful ? `${taken} where ${access.ideal} would do` : taken;
    const box = el("div", { className: "access" }, el("p", {},
      `${access.operation} ${access.space} `, el("b", { className: "mono" }, access.array), ` by ${plural(lanes, "lane")}: `,
      el("span", { className: wasteful ? "waste" : "" }, verdict + (wasteful ? ` (×${rounded(access.transactions / access.ideal)})` : ", the fewest there can be"))));
    box.append(global ? this.sectors(access) : this.banks(access));
    const moved = { load: "what was read", store: "what was written", atomic: "what was there before" }[access.operation];
    const held = access.values.filter((value) => value !== null);
    if (held.some(Array.isArray)) return box;  // vectors: a lane's parts are told where the lane is
    if (held.length > 1 && held.every((value) => value === held[0])) {
      box.append(el("p", { className: "moved", title: whole(held[0]) }, `${moved}: ${brief(held[0])} in each lane`));
    } else {
      const kind = (lane) => (access.values[lane] === null ? "off" : "");
      box.append(el("p", { className: "moved" }, moved), this.cells(access.values, kind, `${moved}, by lane`));
    }
    return box;
  }

  // Each 32-byte sector that is fetched, in words of 4 bytes; a blank word travels for nothing.
  sectors(access) {
    const boxes = new Map();
    for (const [word, lanes] of wordsOf(access)) {
      const sector = Math.floor(word * WORD / SECTOR);
      if (!boxes.has(sector)) boxes.set(sector, new Map());
      boxes.get(sector).set(word - sector * SECTOR / WORD, lanes);
    }
    const items = [...boxes].map(([sector, words]) => {
      const touched = [...words].map(([word, lanes]) => `word ${word}: ${lanes.length === 1 ? "lane" : "lanes"} ${runs(lanes)}`).join("; ");
      const cells = [...Array(SECTOR / WORD).keys()].map((word) => this.hit(words.get(word), `byte ${sector * SECTOR + word * WORD}`));
      return el("div", { className: "sector", role: "listitem", "aria-label": `bytes from ${sector * SECTOR}: ${touched}` }, el("span", {}, `byte ${count(sector * SECTOR)}`), el("div", { className: "words" }, ...cells));
    });
    return el("div", { className: "sectors", role: "list", "aria-label": `sectors of ${access.array}, 32 bytes each` }, ...items);
  }

  // Words stacked upon their banks, in as many rows as passes: a bank serves one word in a pass; accesses of 8 and 16
  // bytes go by half and quarter warps.
  banks(access) {
    const group = access.bytes <= WORD ? LANES : LANES * WORD / access.bytes;
    const cells = [...Array(BANKS).keys()].map((bank) => el("b", { title: `bank ${bank}` }, String(bank)));
    let rows = 0, deepest = 0, busiest = 0;
    for (let from = 0; from < LANES; from += group) {
      const stacks = Array.from({ length: BANKS }, () => []);
      for (const [word, lanes] of wordsOf(access, from, from + group)) stacks[(word % BANKS + BANKS) % BANKS].push([word, lanes]);
      const depth = Math.max(...stacks.map((stack) => stack.length));
      if (depth > deepest) [deepest, busiest] = [depth, stacks.findIndex((stack) => stack.length === depth)];
      for (let row = 0; row < depth; row++) {
        stacks.forEach((stack, bank) => cells.push(this.hit(stack[row] && stack[row][1], `bank ${bank}${stack[row] ? `, word ${stack[row][0]}` : ""}`)));
      }
      rows += depth;
    }
    const label = `32 banks in ${rows} passes; the fullest, bank ${busiest}, is asked for ${plural(deepest, "different word")}`;
    return el("div", { className: `banks${rows > 8 ? " deep" : ""}`, role: "img", "aria-label": label }, ...cells);
  }

  hit(lanes, where) {
    if (!lanes) return el("i", { title: `${where}: nobody` });
    const chosen = lanes.includes(this.lane) ? " chosen" : "";
    return el("i", { className: `hit${chosen}`, title: `${where}: ${lanes.length === 1 ? "lane" : "lanes"} ${runs(lanes)}` }, laneLabel(lanes));
  }

  drawLane(state, now) {
    const box = this.part("lane");
    if (this.lane === null) return box.replaceChildren();
    const rows = [...state].filter(([, { values }]) => values[this.lane] !== null).map(([name, { type, values }]) => [name, type, whole(values[this.lane])]);
    for (const access of now.memory) {
      if (access.indices[this.lane] !== null) rows.push([`${access.array}[${access.indices[this.lane]}]`, `${access.operation}, ${access.space}`, whole(access.values[this.lane])]);
    }
    const table = el("table", {}, el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell))))));
    box.replaceChildren(el("h3", {}, `Lane ${this.lane}, thread ${point(this.trace.threads[this.lane])}`), table);
  }

  // What a line did over the whole launch, not in this step alone.
  showLine(line) {
    const found = this.kernel.lines.find((each) => each.line === line), box = this.part("line");
    if (!found) return box.replaceChildren(el("p", {}, `Line ${line}: no warp ran it.`));
    const parts = [`run by a warp ${plural(found.executions, "time")}`, `${plural(rounded(found.active_lanes), "lane")} active on average`];
    if (found.branches) parts.push(`${count(found.divergent)} of ${plural(found.branches, "branch").replace("branchs", "branches")} divergent`);
    if (found.flops) parts.push(plural(found.flops, "flop"));
    const accesses = found.accesses.filter((access) => access.requests).map((access) => {
      const unit = access.space === "global" ? "sectors" : "bank passes";
      const each = [access.transactions / access.requests, access.ideal / access.requests];
      const extra = access.conflicts ? `; ${count(access.conflicts)} extra rounds of atomics` : "";
      return el("p", {}, `${access.operation} ${access.space} `, el("b", { className: "mono" }, access.array), `: ${plural(access.requests, "request")}, ${unit} for each: ${perRequest(...each)}${extra}`);
    });
    box.replaceChildren(el("p", {}, el("strong", {}, `Line ${line}, in the whole launch: `), parts.join(", "), "."), ...accesses);
  }
}

// Bars are lengths and colours that the profile's cells carry as data.
document.querySelectorAll("[data-share]").forEach((cell) => cell.style.setProperty("--share", `${100 * cell.dataset.share}%`));

const mains = [...document.querySelectorAll("main")], choices = [...document.querySelectorAll("[data-show]")];
const steppers = mains.map((main, number) => (data[number].trace && data[number].trace.steps.length ? new Stepper(main, data[number], number) : null));
let shown = 0;

function show(number) {
  steppers[shown]?.stop();
  shown = number;
  mains.forEach((main, each) => { main.hidden = each !== number; });
  choices.forEach((choice, each) => choice.setAttribute("aria-pressed", String(each === number)));
}
choices.forEach((choice, number) => choice.addEventListener("click", () => {
  show(number);
  steppers[number]?.go(steppers[number].step);
}));
document.querySelectorAll("[data-of]").forEach((button) => button.addEventListener("click", () => {
  const [number, finding] = button.dataset.of.split("-").map(Number);
  show(number);
  if (steppers[number]) steppers[number].goToFinding(finding);
  mains[number].scrollIntoView();
}));

document.addEventListener("keydown", (event) => {
  const stepper = steppers[shown], target = event.target;
  if (!stepper || event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT"].includes(target.tagName)) return;
  const where = { ArrowRight: "forward", ArrowLeft: "back", Home: "first", End: "last", " ": "play" }[event.key];
  if (!where || (event.key === " " && ["BUTTON", "SUMMARY"].includes(target.tagName))) return;
  event.preventDefault();
  stepper.move(where);
});

function follow() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const number = Math.min(mains.length, Math.max(1, Number(asked.get("kernel")) || 1)) - 1;
  show(number);
  steppers.forEach((stepper, each) => {
    if (!stepper) return;
    stepper.step = Math.max(0, Math.min(stepper.steps.length - 1, each === number ? (Number(asked.get("step")) || 1) - 1 : stepper.step));
    stepper.draw();
  });
}
addEventListener("hashchange", follow);
follow();
