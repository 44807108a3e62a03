// Somebody else's verdict on pages: axe-core, in jsdom, with their style sheets. Input: the names of HTML files.
// Output: [[rule, the first element], …] for each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { JSDOM, VirtualConsole } from "jsdom";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
// Contrast needs a layout, which jsdom has not.
const options = { rules: { "color-contrast": { enabled: false } }, resultTypes: ["violations"] };

async function verdict(name) {
  const page = await JSDOM.fromFile(name, { resources: "usable", runScripts: "outside-only", virtualConsole: new VirtualConsole() });
  if (page.window.document.readyState !== "complete") await new Promise((loaded) => page.window.addEventListener("load", loaded));
  page.window.eval(source);
  const found = await page.window.axe.run(page.window.document, options);
  page.window.close();
  return found.violations.map(({ id, nodes }) => [id, nodes[0].html]);
}

const verdicts = [];
for (const name of process.argv.slice(2)) verdicts.push(await verdict(name));
console.log(JSON.stringify(verdicts));
