// Messages of the worker as objects, without a detour: bytes stay bytes. What flatc generates makes a
// list of numbers of them, one by one, which a kilobyte of media or of a message does not deserve.
import {
  DataMessage,
  DataMessageT,
  EmptyT,
  Notification,
  NotificationBody,
  NotificationT,
  PacketT,
  ResponseBody,
  RtcpReceived,
  RtcpReceivedT,
  RtpReceived,
  RtpReceivedT,
  unionToResponseBody,
  type Packet,
  type Response,
  type ResponseT,
} from '../generated/schema.js';

const nothing = new EmptyT();

/** The body of an answer; null if this SDK does not know it. */
export function unpackAnswer(response: Response): ResponseT['body'] {
  const type = response.bodyType();
  // Most answers say nothing but that it was done.
  if (type === ResponseBody.Empty) return nothing;
  const table = unionToResponseBody(type, (body) => response.body(body));
  return (table?.unpack() ?? null) as ResponseT['body'];
}

export function unpackNews(notification: Notification, target: string): NotificationT {
  const type = notification.bodyType();
  switch (type) {
    case NotificationBody.DataMessage: {
      const message = notification.body(new DataMessage()) as DataMessage;
      const body = new DataMessageT(message.ppid(), asList(message.dataArray()));
      return new NotificationT(target, type, body);
    }
    case NotificationBody.RtpReceived: {
      const received = notification.body(new RtpReceived()) as RtpReceived;
      return new NotificationT(target, type, new RtpReceivedT(unpackPacket(received.packet())));
    }
    case NotificationBody.RtcpReceived: {
      const received = notification.body(new RtcpReceived()) as RtcpReceived;
      return new NotificationT(target, type, new RtcpReceivedT(unpackPacket(received.packet())));
    }
    default:
      return notification.unpack();
  }
}

function unpackPacket(packet: Packet | null): PacketT {
  return new PacketT(asList(packet?.bytesArray() ?? null));
}

// Of what can be done with a list of numbers, those who get these only copy them into a Buffer.
function asList(bytes: Uint8Array | null): number[] {
  return (bytes ?? new Uint8Array()) as unknown as number[];
}
