// Where the map is looked at from: around a target, from some distance.

const START = { yaw: 0.6, pitch: 0.35, distance: 2.3, target: [0, 0, 0] };
const STEEPEST = Math.PI / 2;
const NEAREST = 0.25;
const FARTHEST = 8;
/** Cotangent of half the angle of view. */
const ZOOM = 1.5;

export class Camera {
  constructor() {
    this.reset();
  }

  reset() {
    Object.assign(this, START);
  }

  turn(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.max(-STEEPEST, Math.min(STEEPEST, this.pitch + pitch));
  }

  /** factor: below 1 goes nearer. */
  zoom(factor) {
    this.distance = Math.max(NEAREST, Math.min(FARTHEST, this.distance * factor));
  }

  /** Rows of the rotation: right, up, towards whoever looks. */
  get axes() {
    const [sin, cos] = [Math.sin(this.yaw), Math.cos(this.yaw)];
    const [rise, level] = [Math.sin(this.pitch), Math.cos(this.pitch)];
    return [
      [cos, 0, -sin],
      [-sin * rise, level, -cos * rise],
      [sin * level, rise, cos * level],
    ];
  }

  /** Factors from directions to the canvas, which is as wide and high as it is. */
  scale(width, height) {
    const smaller = Math.min(width, height);
    return [(ZOOM * smaller) / width, (ZOOM * smaller) / height];
  }
}
