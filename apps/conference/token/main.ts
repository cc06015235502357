// Entry point of `npm run token` and `sluice-conference token`. Exit codes: 0, 1 if there is no secret,
// 2 if an option is wrong.

import { readFileSync } from 'node:fs';

import { calledAs } from '../server/called_as';
import { parseOptions } from '../server/options';
import { readRequest, sign, TokenFault, tokenUsage } from './invitation';
import type { TokenRequest } from './invitation';

function fail(code: number, ...faults: string[]): number {
  for (const fault of faults) process.stderr.write(`token: ${fault}\n`);
  return code;
}

async function main(): Promise<number> {
  let request: TokenRequest | null;
  try {
    request = readRequest(process.argv.slice(2));
  } catch (error) {
    if (error instanceof TokenFault) return fail(2, `${error.message} See --help.`);
    throw error;
  }
  if (request === null) {
    process.stdout.write(tokenUsage(calledAs('token', process.env)));
    return 0;
  }
  const args = request.config === null ? [] : ['--config', request.config];
  const parsed = parseOptions(args, process.env, (path) => readFileSync(path, 'utf8'));
  if (parsed.kind === 'wrong') return fail(2, ...parsed.faults);
  const [secret] = parsed.kind === 'run' ? parsed.options.tokenSecrets : [];
  if (secret === undefined) {
    return fail(1, 'there is no secret; set SLUICE_TOKEN_SECRET or tokenSecrets in --config FILE.');
  }
  process.stdout.write(`${await sign(request, secret, Date.now())}\n`);
  return 0;
}

process.exitCode = await main();
