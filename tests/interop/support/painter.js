// Paints one frame of a person in a room. Runs in a page, put there by portraits.js.

const width = 1280;
const height = 720;
const canvas = new OffscreenCanvas(width, height);
const g = canvas.getContext('2d', { willReadFrequently: true });
// Whom paint() is painting, and where in the breath, from -1 to 1.
let person;
let wave;

function shade(colour, amount) {
  const mixed = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16);
    return Math.round(amount < 0 ? value * (1 + amount) : value + (255 - value) * amount);
  });
  return `rgb(${mixed.join(' ')})`;
}
function fill(style, draw) {
  g.beginPath();
  draw();
  g.fillStyle = style;
  g.fill();
}
function stroke(style, lineWidth, draw) {
  g.beginPath();
  draw();
  g.strokeStyle = style;
  g.lineWidth = lineWidth;
  g.lineCap = 'round';
  g.stroke();
}
const oval = (x, y, rx, ry, turn = 0) => g.ellipse(x, y, rx, ry, turn, 0, 2 * Math.PI);

function drawWall() {
  const light = g.createRadialGradient(380, 140, 60, 520, 320, 1050);
  light.addColorStop(0, person.wall[0]);
  light.addColorStop(1, person.wall[1]);
  g.fillStyle = light;
  g.fillRect(0, 0, width, height);
}

const scenes = {
  shelf() {
    for (const y of [190, 400]) {
      fill('#7a4b35', () => g.roundRect(880, y, 340, 16, 6));
      const books = ['#33658a', '#f6ae2d', '#86bbd8', '#d1495b', '#5c8d63', '#e9e3d5'];
      books.forEach((colour, at) => {
        const tall = 92 + ((at * 37 + y) % 44);
        fill(colour, () => g.roundRect(900 + at * 38, y - tall, 30, tall, 4));
      });
    }
    fill('#f0e4d4', () => oval(1180, 166, 26, 26));
  },
  window() {
    const sky = g.createLinearGradient(0, 60, 0, 460);
    sky.addColorStop(0, '#8ec9ef');
    sky.addColorStop(1, '#f6e7cf');
    fill('#f4f1ea', () => g.roundRect(70, 50, 350, 440, 10));
    fill(sky, () => g.roundRect(88, 68, 314, 404, 4));
    g.save();
    g.beginPath();
    g.rect(88, 68, 314, 404);
    g.clip();
    fill('#9cc29a', () => oval(180, 480, 170, 90));
    g.restore();
    fill('#ffffffb0', () => oval(290, 150, 60, 18));
    fill('#ffffffb0', () => oval(250, 138, 38, 20));
    fill('#f4f1ea', () => g.rect(238, 60, 14, 420));
    fill('#f4f1ea', () => g.rect(80, 262, 330, 14));
    fill('#e5e0d6', () => g.roundRect(50, 484, 390, 22, 6));
  },
  plant() {
    for (const [turn, tall] of [[-0.9, 200], [-0.45, 260], [0, 290], [0.45, 250], [0.9, 190]]) {
      g.save();
      g.translate(1080, 520);
      g.rotate(turn + wave * 0.01);
      fill(turn < 0 ? '#3d7a5a' : '#4c9069', () => oval(0, -tall / 2, 34, tall / 2));
      g.restore();
    }
    fill('#d9805f', () => g.roundRect(1000, 510, 160, 140, 18));
    fill('#c56f50', () => g.roundRect(990, 500, 180, 36, 12));
  },
  picture() {
    fill('#4a4036', () => g.roundRect(110, 90, 300, 230, 6));
    fill('#f7f2e8', () => g.roundRect(124, 104, 272, 202, 2));
    fill('#e8a87c', () => oval(300, 190, 38, 38));
    fill('#41708f', () => {
      g.moveTo(150, 280);
      g.lineTo(220, 180);
      g.lineTo(265, 236);
      g.lineTo(300, 205);
      g.lineTo(370, 280);
    });
    fill('#f4d58d', () => g.roundRect(1010, 0, 6, 130, 0));
    fill('#d9a441', () => {
      g.moveTo(930, 210);
      g.quadraticCurveTo(1013, 60, 1096, 210);
    });
  },
};

function drawBody() {
  const { skin, shirt } = person;
  fill(shade(shirt, -0.12), () => {
    g.moveTo(250, 740);
    g.bezierCurveTo(270, 590, 420, 545, 540, 520);
    g.lineTo(740, 520);
    g.bezierCurveTo(860, 545, 1010, 590, 1030, 740);
  });
  fill(shirt, () => {
    g.moveTo(262, 740);
    g.bezierCurveTo(290, 596, 430, 556, 550, 530);
    g.lineTo(730, 530);
    g.bezierCurveTo(840, 552, 960, 590, 985, 740);
  });
  fill(shade(skin, -0.14), () => g.roundRect(578, 420, 124, 150, 56));
  fill(shade(skin, -0.14), () => oval(640, 536, 88, 40));
  stroke(shade(shirt, -0.28), 10, () => g.ellipse(640, 534, 92, 46, 0, 0.08, Math.PI - 0.08));
}

function drawHairBehind() {
  const { cut, hair } = person;
  if (cut === 'long') {
    fill(shade(hair, -0.1), () => {
      g.moveTo(640, 118);
      g.bezierCurveTo(420, 118, 470, 420, 456, 566);
      g.quadraticCurveTo(640, 640, 824, 566);
      g.bezierCurveTo(810, 420, 860, 118, 640, 118);
    });
  }
  if (cut === 'curls') {
    for (let at = 0; at < 15; ++at) {
      const angle = Math.PI * (0.86 + (at / 14) * 1.28);
      fill(at % 2 ? hair : shade(hair, 0.06), () =>
        oval(640 + Math.cos(angle) * 150, 300 + Math.sin(angle) * 158, 62, 62),
      );
    }
  }
}

function drawFace() {
  const { beard, hair, skin } = person;
  for (const side of [-1, 1]) fill(shade(skin, -0.1), () => oval(640 + side * 128, 318, 24, 36));
  fill(skin, () => {
    g.moveTo(512, 270);
    g.bezierCurveTo(500, 120, 780, 120, 768, 270);
    g.bezierCurveTo(772, 400, 712, 476, 640, 476);
    g.bezierCurveTo(568, 476, 508, 400, 512, 270);
  });
  for (const side of [-1, 1]) fill('#e2725b2e', () => oval(640 + side * 76, 372, 34, 22));
  if (beard) {
    fill(shade(hair, -0.06), () => {
      g.moveTo(512, 318);
      g.bezierCurveTo(520, 440, 570, 500, 640, 500);
      g.bezierCurveTo(710, 500, 760, 440, 768, 318);
      g.bezierCurveTo(740, 372, 700, 378, 640, 376);
      g.bezierCurveTo(580, 378, 540, 372, 512, 318);
    });
  }
  for (const side of [-1, 1]) {
    const x = 640 + side * 54;
    fill('#fdfaf5', () => oval(x, 306, 22, 15));
    fill('#3a2a22', () => oval(x + wave * 2, 306, 11, 12));
    fill('#ffffff', () => oval(x + 4 + wave * 2, 301, 3.5, 3.5));
    stroke(shade(hair, -0.15), 9, () => g.arc(x, 296, 34, Math.PI * 1.22, Math.PI * 1.78));
  }
  stroke(shade(skin, -0.25), 7, () => g.arc(640, 338, 17, 0.35, Math.PI - 0.35));
  fill('#8f2f36', () => {
    g.arc(640, 398, 42, 0.12, Math.PI - 0.12);
    g.quadraticCurveTo(640, 412 + wave * 4, 682, 403);
  });
  fill('#fff7f0', () => {
    g.moveTo(606, 406);
    g.quadraticCurveTo(640, 416, 674, 406);
    g.quadraticCurveTo(640, 426, 606, 406);
  });
}

function drawHairInFront() {
  const { cut, hair } = person;
  const crown = (part) => {
    fill(hair, () => {
      g.moveTo(504, 300);
      g.bezierCurveTo(470, 70, 810, 70, 776, 300);
      g.bezierCurveTo(766, 250, 752, 226, 736, 214);
      g.quadraticCurveTo(part, 236, part - 70, 176);
      g.quadraticCurveTo(560, 216, 536, 226);
      g.quadraticCurveTo(514, 250, 504, 300);
    });
    stroke(shade(hair, 0.16), 5, () => g.arc(650, 220, 92, Math.PI * 1.15, Math.PI * 1.55));
  };
  if (cut === 'curls') {
    for (let at = 0; at < 8; ++at) {
      const angle = Math.PI * (1.14 + (at / 7) * 0.72);
      fill(at % 2 ? shade(hair, 0.06) : hair, () =>
        oval(640 + Math.cos(angle) * 112, 262 + Math.sin(angle) * 96, 40, 38),
      );
    }
  } else crown({ long: 700, short: 640, side: 770 }[cut]);
}

function drawThings() {
  if (person.glasses) {
    for (const side of [-1, 1]) {
      fill('#ffffff26', () => oval(640 + side * 56, 308, 46, 40));
      stroke('#2a2430', 8, () => oval(640 + side * 56, 308, 46, 40));
    }
    stroke('#2a2430', 8, () => g.arc(640, 306, 12, Math.PI * 1.15, Math.PI * 1.85));
  }
  if (person.headphones) {
    stroke('#23262e', 20, () => g.arc(640, 290, 156, Math.PI * 1.04, Math.PI * 1.96));
    for (const side of [-1, 1]) {
      fill('#23262e', () => g.roundRect(640 + side * 148 - 24, 268, 48, 96, 22));
      fill('#4b5160', () => g.roundRect(640 + side * 158 - 9, 284, 18, 64, 9));
    }
  }
}

function toI420() {
  const { data } = g.getImageData(0, 0, width, height);
  const luma = width * height;
  const out = new Uint8Array((luma * 3) / 2);
  for (let at = 0; at < luma; ++at) {
    const [r, gr, b] = [data[at * 4], data[at * 4 + 1], data[at * 4 + 2]];
    out[at] = 16 + (65.5 * r + 128.6 * gr + 25 * b) / 255;
  }
  for (let y = 0; y < height / 2; ++y) {
    for (let x = 0; x < width / 2; ++x) {
      const at = (y * 2 * width + x * 2) * 4;
      const [r, gr, b] = [data[at], data[at + 1], data[at + 2]];
      const spot = (y * width) / 2 + x;
      out[luma + spot] = 128 + (-37.8 * r - 74.2 * gr + 112 * b) / 255;
      out[luma * 1.25 + spot] = 128 + (112 * r - 93.8 * gr - 18.2 * b) / 255;
    }
  }
  return out;
}

function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

// One frame of `who`, as I420 in base64; `phase` runs from 0 to 1 and then starts over.
function paint({ person: who, phase }) {
  person = who;
  wave = Math.sin(phase * 2 * Math.PI);
  drawWall();
  // The room is out of focus, the person is not.
  g.filter = 'blur(3px)';
  scenes[person.scene]();
  g.filter = 'none';
  g.save();
  g.translate(640, 720);
  g.scale(1.12, 1.12 + wave * 0.003);
  g.rotate((person.tilt * (1 + wave * 0.4) * Math.PI) / 240);
  g.translate(-640 + wave * 3, -720);
  drawHairBehind();
  drawBody();
  g.translate(640, 480);
  g.rotate((person.tilt * (2 + wave) * Math.PI) / 180);
  g.translate(-640, -480);
  drawFace();
  drawHairInFront();
  drawThings();
  g.restore();
  return base64(toI420());
}
