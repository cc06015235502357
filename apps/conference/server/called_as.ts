// What a command calls itself, in its help and before its complaints: as it was started.

// `sluice-conference`, which starts all commands where they are installed, says so in the environment;
// in the repository npm starts them.
export function calledAs(command: 'token' | 'record', env: NodeJS.ProcessEnv): string {
  return env.SLUICE_CALLED_AS || `npm run ${command} --`;
}
