// Where this package lies on disk. ES modules and CommonJS have different words for it, so the build
// gives the CommonJS output its own version of this file.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageDirectory = dirname(fileURLToPath(import.meta.url));
