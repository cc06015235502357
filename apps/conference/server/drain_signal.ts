// SIGUSR2 asks the server to drain. Unheard it would end the process, so it is heard from the first
// moment on, and kept until there is something to drain.

export class DrainSignal {
  private asked = false;
  private obey: (() => void) | null = null;

  constructor(process: Pick<NodeJS.EventEmitter, 'on'>) {
    process.on('SIGUSR2', () => {
      this.asked = true;
      this.obey?.();
    });
  }

  // Calls `obey` at each signal, and at once if one has come.
  onAsked(obey: () => void): void {
    this.obey = obey;
    if (this.asked) obey();
  }
}
