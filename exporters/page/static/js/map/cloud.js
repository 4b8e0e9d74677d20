// Draws points in three dimensions by WebGL, one call for all, and finds the one under a pointer.

import { Camera } from "./camera.js";

const VERTEX = `
attribute vec3 place;
attribute vec4 colour;
uniform vec3 right, up, towards, target;
uniform vec2 scale;
uniform float distance, size;
varying vec3 shown;
void main() {
  vec3 away = place - target;
  float depth = distance - dot(away, towards);
  vec2 at = vec2(dot(away, right), dot(away, up)) * scale;
  gl_Position = vec4(at, (depth / 6.0 - 1.0) * depth, depth);
  gl_PointSize = size * clamp(2.3 / depth, 0.6, 3.0) * mix(0.6, 1.0, colour.a);
  shown = colour.rgb;
}`;
const FRAGMENT = `
precision mediump float;
varying vec3 shown;
void main() {
  vec2 from = gl_PointCoord - 0.5;
  if (dot(from, from) > 0.25) discard;
  gl_FragColor = vec4(shown, 1.0);
}`;
const POINT_PX = 6;
const LEAST_PX = 2.5;
/** Points up to which they need not be smaller. */
const FEW = 2000;
const REACH_PX = 9;
const TOO_NEAR = 0.05;

export class NoWebGL extends Error {}

export class Cloud {
  /** Throws NoWebGL. */
  constructor(canvas) {
    this.canvas = canvas;
    this.camera = new Camera();
    this.places = new Float32Array();
    this.colours = new Uint8Array();
    this.waiting = false;
    this.gl = canvas.getContext("webgl", { antialias: false, alpha: true });
    if (!this.gl) throw new NoWebGL();
    this.prepare();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.restore());
    new ResizeObserver(() => this.fit()).observe(canvas);
  }

  /** places: x, y, z of each point, within -1 and 1. */
  show(places) {
    this.places = places;
    this.fill("place", places, 3, this.gl.FLOAT);
  }

  /** colours: red, green, blue and emphasis of each point, 0 to 255. */
  paint(colours) {
    this.colours = colours;
    this.fill("colour", colours, 4, this.gl.UNSIGNED_BYTE);
    this.draw();
  }

  /** Draw with the next frame. */
  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.drawNow();
    });
  }

  /** The place in the list of the point that is seen there, in CSS pixels; -1 for none. */
  pick(x, y) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const [right, up, towards] = this.camera.axes;
    const [wide, high] = this.camera.scale(width, height);
    const { distance, target: [tx, ty, tz] } = this.camera;
    let found = -1;
    let nearest = Infinity;
    for (let point = 0, at = 0; at < this.places.length; point += 1, at += 3) {
      const ax = this.places[at] - tx, ay = this.places[at + 1] - ty, az = this.places[at + 2] - tz;
      const depth = distance - ax * towards[0] - ay * towards[1] - az * towards[2];
      if (depth < TOO_NEAR || depth >= nearest) continue;
      const px = ((ax * right[0] + az * right[2]) * wide / depth + 1) * width / 2;
      if (Math.abs(px - x) > REACH_PX) continue;
      const across = ax * up[0] + ay * up[1] + az * up[2];
      const py = (1 - across * high / depth) * height / 2;
      if (Math.hypot(px - x, py - y) > REACH_PX) continue;
      [found, nearest] = [point, depth];
    }
    return found;
  }

  prepare() {
    const { gl } = this;
    this.program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    gl.linkProgram(this.program);
    gl.useProgram(this.program);
    gl.enable(gl.DEPTH_TEST);
    this.buffers = { place: gl.createBuffer(), colour: gl.createBuffer() };
  }

  restore() {
    this.prepare();
    this.show(this.places);
    this.paint(this.colours);
  }

  fill(name, values, size, type) {
    const { gl } = this;
    const at = gl.getAttribLocation(this.program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, type === gl.UNSIGNED_BYTE, 0, 0);
  }

  fit() {
    const { canvas } = this;
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    this.gl.viewport(0, 0, canvas.width, canvas.height);
    this.draw();
  }

  drawNow() {
    const { gl, camera, canvas } = this;
    const uniform = (name) => gl.getUniformLocation(this.program, name);
    const [right, up, towards] = camera.axes;
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniform3fv(uniform("right"), right);
    gl.uniform3fv(uniform("up"), up);
    gl.uniform3fv(uniform("towards"), towards);
    gl.uniform3fv(uniform("target"), camera.target);
    gl.uniform2fv(uniform("scale"), camera.scale(canvas.width, canvas.height));
    gl.uniform1f(uniform("distance"), camera.distance);
    gl.uniform1f(uniform("size"), this.pointSize * devicePixelRatio);
    gl.drawArrays(gl.POINTS, 0, this.count);
  }

  get count() {
    return this.colours.length / 4;
  }

  /** In CSS pixels, seen from where a visit begins. */
  get pointSize() {
    return Math.max(LEAST_PX, POINT_PX * Math.min(1, (FEW / this.count) ** 0.25));
  }
}
