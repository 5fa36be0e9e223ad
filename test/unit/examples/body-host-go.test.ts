import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runLocally } from '../../../src';
import { buildGoHost, lacksGo } from '../../support/go-program';

const example = path.join(__dirname, '../../../examples/body-host-go');

if (lacksGo) {
  test.skip(`the body host in Go (skipped: ${lacksGo})`, () => {});
} else {
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-go-'));
  /** How every PNG begins. */
  const PNG = expect.objectContaining({ 0: 0x89, 1: 0x50, 2: 0x4e, 3: 0x47 });
  let tapestries: typeof import('../../../examples/body-host-go/pipeline');

  beforeAll(async () => {
    process.env['BODY_HOST_GO'] = buildGoHost(folder);
    tapestries = await import('../../../examples/body-host-go/pipeline.js');
  });
  afterAll(() => {
    delete process.env['BODY_HOST_GO'];
    rmSync(folder, { recursive: true });
  });

  test('bodies in Go and in TypeScript make thumbnails', async () => {
    const { values, outcomes } = await runLocally(tapestries.thumbnails, { widths: [320, 64] });
    expect(values).toEqual({ sizes: '320 × 240, 64 × 48' });
    expect(outcomes['smaller']).toMatchObject({ kind: 'ok', value: [PNG, PNG] });
  });

  test('what a body in Go refuses is told as it says it', async () => {
    const { outcomes } = await runLocally(tapestries.thumbnails, { widths: [640, 1_000] });
    expect(outcomes['smaller']).toMatchObject({
      kind: 'err',
      error: {
        type: 'MapElements',
        message: expect.stringContaining('a picture of 640 pixels cannot become one of 1000'),
      },
    });
  });

  test.each(['', 'suite'])('go vet has nothing to say (tags: "%s")', (tags) => {
    execFileSync('go', ['vet', '-tags', tags, './...'], {
      cwd: example,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    expect(execFileSync('gofmt', ['-l', '.'], { cwd: example, encoding: 'utf8' })).toBe('');
  });
}
