// Entry point: hears signals first, and loads everything else after that.
//
// Exit codes: 0 after an orderly end, 1 if the environment is wrong, 2 if an option is. With
// --check-config: 0 if the server would start, 2 if not.

import { DrainSignal } from './drain_signal';

const drainSignal = new DrainSignal(process);
// Packages take a fifth of a second to load.
const { run } = await import('./program');
process.exit(await run(drainSignal));
