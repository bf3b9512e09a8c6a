// Builds tinyxm/steps/page/step.js and step.css from src/: `npm ci && npm run build`, or `node build.mjs FOLDER` to put them elsewhere.
import { build } from "esbuild";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.resolve(process.argv[2] ?? path.join(here, "../tinyxm/steps/page"));

// graphlib comes within dagre's own bundle
const WITHIN = { "@dagrejs/dagre": ["@dagrejs/graphlib"] };

const { outputFiles, metafile } = await build({
  absWorkingDir: here,
  entryPoints: { step: "src/main.js" },
  outdir: "out",
  bundle: true,
  write: false,
  metafile: true,
  format: "esm",
  target: ["chrome111", "firefox115", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  minifySyntax: false,
});
const styles = await build({
  absWorkingDir: here,
  entryPoints: { step: "src/styles/step.css" },
  outdir: "out",
  bundle: true,
  write: false,
  charset: "utf8",
  target: ["chrome111", "firefox115", "safari16.4"],
});

await mkdir(folder, { recursive: true });
const source = "/* Built from frontend/ by `npm ci && npm run build`: change it there. */\n";
for (const { path: name, text } of [...outputFiles, ...styles.outputFiles]) {
  if (/<\/(script|style)|<!--/i.test(text))
    throw new Error(`${path.basename(name)} can't stand in a page: it ends its element`);
  const licences = name.endsWith(".js") ? "/* What is bundled, and its licences, are in licences.txt. */\n" : "";
  await writeFile(path.join(folder, path.basename(name)), source + licences + text);
}
await writeFile(path.join(folder, "licences.txt"), await licences(Object.keys(metafile.inputs)));

async function licences(inputs) {
  const bundled = inputs.map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]).filter(Boolean);
  const names = [...new Set(bundled.flatMap((name) => [name, ...(WITHIN[name] ?? [])]))].sort();
  const told = await Promise.all(
    names.map(async (name) => {
      const at = path.join(here, "node_modules", name);
      const { version, license } = JSON.parse(await readFile(path.join(at, "package.json"), "utf8"));
      const file = (await readdir(at)).find((entry) => /^licen[cs]e/i.test(entry));
      if (!file) throw new Error(`${name} has no licence file`);
      return `${name} ${version} (${license})\n\n${(await readFile(path.join(at, file), "utf8")).trim()}\n`;
    }),
  );
  return `step.js contains these packages of the npm registry.\n\n${told.join(`\n${"-".repeat(80)}\n\n`)}`;
}
