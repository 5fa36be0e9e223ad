const SHOWN = 20;

/** Differences between a file and its expected text, by bodies, then by line. */
export function differencesOf(before: string | undefined, after: string): string[] {
  if (before === undefined) return ['it is not there'];
  if (before === after) return [];
  const [old, wanted] = [blocksOf(before), blocksOf(after)];
  const bodies = [...new Set([...old.keys(), ...wanted.keys()])].sort().flatMap((name) => {
    const [was, is] = [old.get(name), wanted.get(name)];
    if (was === is) return [];
    return [
      was === undefined ? `${name} is missing` : is === undefined ? `${name} is gone` : `${name} has changed`,
    ];
  });
  const lines = before.split('\n');
  const line = after.split('\n').findIndex((text, i) => text !== lines[i]);
  const at = line < 0 ? after.split('\n').length : line;
  const first = `line ${at + 1}: ${JSON.stringify(lines[at] ?? '')} would be ${JSON.stringify(after.split('\n')[at] ?? '')}`;
  const more = bodies.length > SHOWN ? [`and ${bodies.length - SHOWN} more`] : [];
  return [...bodies.slice(0, SHOWN), ...more, first];
}

/** Definitions of a file by body name. */
function blocksOf(text: string): Map<string, string> {
  const blocks = text.split(/\n\n(?=export )/);
  return new Map(
    blocks.flatMap((block) => {
      const [, name] = /pythonKnot<[^(]*>\(\s*['"]([^'"\n]+)['"]/.exec(block) ?? [];
      return name === undefined ? [] : [[name, block.trim()] as const];
    }),
  );
}
