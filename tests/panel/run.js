/** Runs all tests of the panel: in a browser (`import` it), or with `node tests/panel/run.js`. */

import { tests as link } from "./link.test.js";
import { tests as state } from "./state.test.js";

/** @returns {Promise<{passed: string[], failed: {name: string, error: string}[]}>} */
export async function run() {
  const passed = [];
  const failed = [];
  for (const [name, test] of Object.entries({ ...state, ...link })) {
    try {
      await test();
      passed.push(name);
    } catch (error) {
      failed.push({ name, error: String(error?.stack ?? error) });
    }
  }
  return { passed, failed };
}

if (globalThis.process?.argv) {
  const { passed, failed } = await run();
  for (const { name, error } of failed) console.error(`FAILED ${name}\n${error}`);
  console.log(`${passed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length ? 1 : 0;
}
