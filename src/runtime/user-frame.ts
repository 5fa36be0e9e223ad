/** The built and the source folder of this package, found by the place of this file. */
const OWN_FOLDERS = ['lib', 'src'].map((folder) =>
  __dirname.replaceAll('\\', '/').replace(/(?:lib|src)\/runtime$/, `${folder}/`),
);
const FRAME =
  /^\s*at (?:(?<name>.*?) \()?(?:async )?(?<file>(?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^<>]*?)(?:\?[^:]*)?:(?<line>\d+):(?<column>\d+)\)?$/;

/**
 * Where in the user's files an error was made, as `file:line:column`: the first frame of its stack that belongs to
 * neither Node, nor an installed package, nor this one. Undefined if the stack has none above the call of the body.
 */
export function userFrame(stack: string): string | undefined {
  for (const text of stack.split('\n')) {
    const { name, file, line, column } = FRAME.exec(text)?.groups ?? {};
    if (file === undefined) continue;
    // The frames below are those that called the body.
    if (/\bcall(?:Body|Validated)$/.test(name ?? '')) return undefined;
    const path = file.replace(/^file:\/\/(?=\/)/, '').replace(/^\/(?=[A-Za-z]:)/, '');
    if (isUsers(path.replaceAll('\\', '/'))) return `${path}:${line}:${column}`;
  }
  return undefined;
}

function isUsers(path: string): boolean {
  return !path.includes('/node_modules/') && !OWN_FOLDERS.some((folder) => path.startsWith(folder));
}

const placesTold = new WeakMap<object, string>();

/** Another language has said where an error was made: its frames are not those of JavaScript. */
export function tellPlace(error: object, at: string): void {
  placesTold.set(error, at);
}

export function placeTold(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? placesTold.get(error) : undefined;
}
