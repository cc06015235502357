// A short way to make elements. Text is always text: nothing here parses HTML.

type Attributes = Record<string, string | number | boolean | EventListener | null | undefined>;
type Child = Node | string | null | undefined;

// Attributes that start with "on" are listeners; true means present, false, null and undefined
// absent.
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

const kSvg = 'http://www.w3.org/2000/svg';

// Icons of this page, drawn on a grid of 24, as stroke paths.
const kIcons = {
  mic: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11v1a7 7 0 0 0 14 0v-1M12 19v3',
  micOff:
    'M3 3l18 18M9 9v3a3 3 0 0 0 5 2.2M15 11V6a3 3 0 0 0-5.9-.8M5 11v1a7 7 0 0 0 11 5.7' +
    'M19 11v1a7 7 0 0 1-.6 2.8M12 19v3',
  camera: 'M3 8a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM15 11l6-4v10l-6-4',
  cameraOff:
    'M3 3l18 18M9 6h4a2 2 0 0 1 2 2v3l6-4v10l-3-2M15 15.5V16a2 2 0 0 1-2 2H5' +
    'a2 2 0 0 1-2-2V8a2 2 0 0 1 1.5-1.9',
  screen:
    'M4 4h16a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8 21h8' +
    'M12 17v4M12 13V8M9.5 10.5L12 8l2.5 2.5',
  settings: 'M4 7h9M17 7h3M4 12h3M11 12h9M4 17h11M19 17h1M15 5v4M9 10v4M17 15v4',
  leave:
    'M3 14.5c-1-1 .2-4 3-5.6a13 13 0 0 1 12 0c2.8 1.6 4 4.6 3 5.6l-1 1c-.5.5-1.2.6-1.8.3' +
    'l-2-1c-.5-.3-.8-.7-.8-1.3v-1.4a12 12 0 0 0-6.8 0v1.4c0 .6-.3 1-.8 1.3l-2 1' +
    'c-.6.3-1.3.2-1.8-.3z',
  link:
    'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3' +
    'a4 4 0 0 0 5.7 5.7l1.5-1.5',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.5' +
    'a3.5 3.5 0 0 1 0 6M18 14.5a6.5 6.5 0 0 1 3.5 5.5',
  pin: 'M9 3h6l-.8 6.5 3.3 3.5v1.5h-11V13l3.3-3.5zM12 14.5V21',
  chart: 'M4 20V13M9.3 20V8M14.7 20v-9M20 20V4',
  layout: 'M4 5h16v9H4zM4 18h4M10 18h4M16 18h4',
  grid: 'M4 5h6.5v6H4zM13.5 5H20v6h-6.5zM4 14h6.5v5H4zM13.5 14H20v5h-6.5z',
  volume: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  chat: 'M4 5h16v11H10l-5 4v-4H4zM8 9.3h8M8 12.3h5',
  send: 'M4 12l16-8-5.5 16-3-6.5zM11.5 13.5L20 4',
  attach:
    'M19 11.5l-7.3 7.3a4.6 4.6 0 0 1-6.5-6.5l8-8a3 3 0 0 1 4.3 4.3l-8 7.9a1.5 1.5 0 0 1-2.1-2.1l7.1-7',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  close: 'M6 6l12 12M18 6L6 18',
  warning: 'M12 4L2.5 20h19zM12 10v4.5M12 17.5v.5',
} as const;

export type IconName = keyof typeof kIcons;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(kSvg, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(kSvg, 'path');
  path.setAttribute('d', kIcons[name]);
  svg.append(path);
  return svg;
}

// A round button that says by icon and label what it does; `pressed` makes it a toggle.
export function iconButton(
  name: IconName,
  label: string,
  onclick: () => void,
  className = '',
): HTMLButtonElement {
  return el(
    'button',
    { type: 'button', class: `round ${className}`, 'aria-label': label, title: label, onclick },
    icon(name),
  );
}

export function relabel(button: HTMLButtonElement, name: IconName, label: string): void {
  if (button.getAttribute('aria-label') === label) return;
  button.replaceChildren(icon(name));
  button.setAttribute('aria-label', label);
  button.title = label;
}
