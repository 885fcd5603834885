/** Runs the tests of the console's scripts: `node tests/console/run.js`. */

import { tests as board } from "./board.test.js";
import { tests as entries } from "./entries.test.js";

let failed = 0;
const all = Object.entries({ ...board, ...entries });
for (const [name, test] of all) {
  try {
    await test();
  } catch (error) {
    failed += 1;
    console.error(`FAILED ${name}\n${error?.stack ?? error}`);
  }
}
console.log(`${all.length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
