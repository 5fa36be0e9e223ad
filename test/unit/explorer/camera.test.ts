import fc from 'fast-check';
import {
  cameraOf,
  cameraText,
  fit,
  panned,
  revealed,
  viewOf,
  zoomedAt,
} from '../../../src/explorer/page/graph/camera';
import { Scene } from '../../../src/explorer/page/graph/scene';
import { layoutPicture } from '../../../src/visualisation/layout';
import { generatedRun } from '../../support/generated-run';

const viewport = { width: 1000, height: 600 };

describe('the camera', () => {
  it('keeps what is below the pointer where it is while it zooms', () => {
    const before = { x: 100, y: 50, zoom: 0.5 };
    const after = zoomedAt(before, 1.6, 300, 200);
    expect(after.x + 300 / after.zoom).toBeCloseTo(before.x + 300 / before.zoom);
    expect(after.y + 200 / after.zoom).toBeCloseTo(before.y + 200 / before.zoom);
    expect(zoomedAt(before, 1e9, 0, 0).zoom).toBe(2);
  });

  it('fits a picture into the viewport, at most at full size', () => {
    expect(fit({ width: 100, height: 100 }, viewport).zoom).toBe(1);
    const view = viewOf(fit({ width: 20_000, height: 900 }, viewport), viewport);
    expect(view.x).toBeLessThanOrEqual(0);
    expect(view.x + view.width).toBeGreaterThanOrEqual(20_000);
  });

  it('moves as little as it must to show a box, and not at all where it is seen', () => {
    const camera = { x: 0, y: 0, zoom: 1 };
    expect(revealed(camera, { x: 400, y: 300, width: 100, height: 50 }, viewport)).toBe(camera);
    expect(revealed(camera, { x: 1200, y: 300, width: 100, height: 50 }, viewport)).toMatchObject({
      x: 332,
      y: 0,
    });
    expect(panned(camera, 10, -4)).toEqual({ x: 10, y: -4, zoom: 1 });
  });

  it('comes back from the URL, whatever the size of the window, and never from nonsense', () => {
    const camera = { x: 10, y: 20, zoom: 0.5 };
    expect(cameraOf(cameraText(camera, viewport), viewport)).toEqual(camera);
    for (const text of [undefined, '', '1_2', 'a_b_c', '1_2_0', '1_2_1e9', '1_2_NaN'])
      expect(cameraOf(text, viewport)).toBeUndefined();
  });
});

describe('a scene', () => {
  const picture = layoutPicture(generatedRun(400).graph);
  const scene = new Scene(picture);
  it('finds just the boxes that a rectangle shows', () => {
    const side = (most: number): fc.Arbitrary<number> => fc.double({ min: 0, max: most, noNaN: true });
    fc.assert(
      fc.property(
        side(picture.width),
        side(picture.height),
        side(3000),
        side(3000),
        (x, y, width, height) => {
          const rect = { x, y, width, height };
          const expected = picture.boxes.flatMap((box, index) =>
            box &&
            box.x <= x + width &&
            box.x + box.width >= x &&
            box.y <= y + height &&
            box.y + box.height >= y
              ? [index]
              : [],
          );
          expect(scene.knots.in(rect)).toEqual(expected);
        },
      ),
    );
  });

  it('finds the knot at a place, and closed groups', () => {
    const box = picture.boxes[7]!;
    expect(scene.at(box.x + 1, box.y + 1)).toBe(7);
    expect(scene.at(-50, -50)).toBeUndefined();
    const closed = new Scene(layoutPicture(generatedRun(400).graph, { closed: new Set(['tenant_1']) }));
    const group = closed.picture.groups.findIndex(({ isClosed }) => isClosed);
    const { x, y } = closed.picture.groups[group]!;
    expect(closed.at(x + 1, y + 1)).toBe(-1 - group);
    const member = closed.picture.groups[group]!.members[0]!;
    expect(closed.placeOf(member)).toBe(closed.picture.groups[group]);
  });
});
