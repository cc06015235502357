// Single keys that do what buttons do, while nobody is typing.

export function onRoomKeys(actions: Record<string, () => void>): void {
  document.addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const typing = Boolean(target?.closest('input[type=text], select, textarea, dialog'));
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (!Object.hasOwn(actions, key)) return;
    // Or the letter would be typed where the focus goes.
    event.preventDefault();
    actions[key]?.();
  });
}
