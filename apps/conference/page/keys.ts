// Single keys that do what buttons do, while nobody is typing.

import type { RoomActions } from './room_view';

const kKeys: Record<string, keyof RoomActions> = {
  m: 'toggleMicrophone',
  v: 'toggleCamera',
  g: 'toggleView',
  i: 'togglePanels',
  c: 'toggleChat',
};

// `actions` answers null while there is no room.
export function onRoomKeys(actions: () => RoomActions | null): void {
  document.addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const typing = Boolean(target?.closest('input[type=text], select, textarea, dialog'));
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const name = Object.hasOwn(kKeys, event.key.toLowerCase())
      ? kKeys[event.key.toLowerCase()]
      : null;
    const room = actions();
    if (!name || !room) return;
    // Or the letter would be typed where the focus goes.
    event.preventDefault();
    room[name]();
  });
}
