// A way to one other person, for one file: what a transfer needs of it, and nothing of WebRTC.

// The end that speaks.
export interface OutLane {
  // Bytes that the browser has not sent yet.
  readonly bufferedAmount: number;
  // False if the lane is closed, or its browser takes no more.
  send(message: string | Uint8Array<ArrayBuffer>): boolean;
  // Called whenever little is left to send.
  onLow(listener: () => void): void;
  close(): void;
}

// The end that listens.
export interface InLane {
  // The browser hears the lane now.
  ready(): void;
  message(data: unknown): void;
  // The other side closed it, or left.
  closed(): void;
}

// Opens a lane to a person; rejects with an Error whose message is a sentence.
export type OpenLane = (peerId: string, topic: string) => Promise<OutLane>;
