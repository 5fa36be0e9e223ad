/** Sizes and clears a canvas. The context draws in CSS pixels. */
export function cleared(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  ratio: number,
): CanvasRenderingContext2D {
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d')!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** An element of a class, at the end of its parent if there is one. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  look: string,
  parent?: HTMLElement,
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.className = look;
  parent?.append(made);
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** The path of a shape's mark; see `SHAPES`. */
export function markIn(parent: HTMLElement): SVGPathElement {
  const mark = parent.appendChild(document.createElementNS(SVG, 'svg'));
  mark.setAttribute('viewBox', '0 0 12 12');
  mark.setAttribute('class', 'shape');
  mark.setAttribute('aria-hidden', 'true');
  const path = mark.appendChild(document.createElementNS(SVG, 'path'));
  path.setAttribute('fill-rule', 'evenodd');
  return path;
}
