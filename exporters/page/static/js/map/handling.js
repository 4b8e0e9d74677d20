// Turns and zooms the map by mouse, finger and keyboard.

const TURN_PER_PX = 0.008;
const TURN_PER_KEY = 0.12;
const CLICK_PX = 5;

/** hover(x, y), left() and click(x, y) get places on the canvas, in CSS pixels. */
export function handle(cloud, { hover, left, click }) {
  const { canvas, camera } = cloud;
  const fingers = new Map();
  let moved = 0;
  const spread = () => {
    const [one, other] = [...fingers.values()];
    return Math.hypot(one.x - other.x, one.y - other.y);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    left();
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    const now = { x: event.offsetX, y: event.offsetY };
    if (!before) return hover(now.x, now.y);
    const was = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, now);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (fingers.size === 2) camera.zoom(was / Math.max(1, spread()));
    else camera.turn((before.x - now.x) * TURN_PER_PX, (now.y - before.y) * TURN_PER_PX);
    return cloud.draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const alone = fingers.size === 1;
    fingers.delete(event.pointerId);
    if (alone && moved < CLICK_PX) click(event.offsetX, event.offsetY);
  });
  canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
  canvas.addEventListener("pointerleave", left);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    camera.zoom(Math.exp(event.deltaY * 0.001));
    cloud.draw();
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => pressed(event, cloud));
}

const MOVES = {
  ArrowLeft: (camera) => camera.turn(-TURN_PER_KEY, 0),
  ArrowRight: (camera) => camera.turn(TURN_PER_KEY, 0),
  ArrowUp: (camera) => camera.turn(0, -TURN_PER_KEY),
  ArrowDown: (camera) => camera.turn(0, TURN_PER_KEY),
  "+": (camera) => camera.zoom(0.85),
  "-": (camera) => camera.zoom(1 / 0.85),
};

function pressed(event, cloud) {
  if (!MOVES[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  MOVES[event.key](cloud.camera);
  cloud.draw();
}
