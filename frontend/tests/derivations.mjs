// Derives numbers of every operation of the traces that are given, and tells how far they are from what was recorded:
// `node tests/derivations.mjs TRACE.json ...` prints one JSON object for each file.
import { readFile } from "node:fs/promises";
import { derive } from "../src/derive.js";
import { openTrace, resultValues } from "../src/trace.js";

const MOST = 60; // cells of an array

for (const file of process.argv.slice(2)) {
  const trace = await openTrace(JSON.parse(await readFile(file, "utf8")));
  const told = { file, checked: 0, missing: 0, worst: 0, wrong: [], underived: [] };
  for (const operation of trace.operations) {
    if (operation.kind === "data" || operation.kind === "after") continue;
    for (const [, number] of resultValues(operation)) check(trace, operation, number, told);
  }
  console.log(JSON.stringify(told));
}

function check(trace, operation, number, told) {
  const array = trace.array(number);
  for (let i = 0; i < array.size; i += Math.ceil(array.size / MOST)) {
    const cell = array.place(i);
    const found = derive(trace, number, cell, operation);
    if (!found) {
      told.underived.push(`${operation.kind} ${operation.name}`);
      return;
    }
    for (const stage of found.stages) for (const term of stage.terms.slice(0, 3)) term.parts.join("");
    if (found.missing) {
      told.missing++;
      continue;
    }
    told.checked++;
    const error = Math.abs(found.value - found.recorded) / Math.max(Math.abs(found.recorded), 0.01);
    if (found.value === found.recorded || (Number.isNaN(found.value) && Number.isNaN(found.recorded))) continue;
    told.worst = Math.max(told.worst, error);
    if (!(error < 1e-4))
      told.wrong.push(`${operation.number} ${operation.name} [${cell}]: ${found.value}, recorded ${found.recorded}`);
  }
}
