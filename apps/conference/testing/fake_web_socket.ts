// The browser's WebSocket class, with the server's end in the hands of a test.

export class FakeWebSocket {
  static all: FakeWebSocket[] = [];
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  readonly sent: Array<{ id: number; method: string; data: any }> = [];
  closedByPage = false;

  constructor(readonly url: string) {
    FakeWebSocket.all.push(this);
  }

  static get latest(): FakeWebSocket {
    const socket = FakeWebSocket.all[FakeWebSocket.all.length - 1];
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closedByPage = true;
  }

  open(): void {
    this.onopen?.();
  }

  drop(code = 1006): void {
    this.onclose?.({ code });
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  find(method: string): { id: number; data: any } | undefined {
    return this.sent.filter((request) => request.method === method).pop();
  }

  answer(method: string, data: object): void {
    const request = this.find(method);
    if (!request) throw new Error(`${method} was not asked`);
    this.say({ id: request.id, ok: true, data });
  }

  refuse(method: string, code: string, message = 'No.'): void {
    const request = this.find(method);
    if (!request) throw new Error(`${method} was not asked`);
    this.say({ id: request.id, ok: false, error: { code, message } });
  }
}
