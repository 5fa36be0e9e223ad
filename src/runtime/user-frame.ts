/** The built and the source folder of this package, found by the place of this file. */
const OWN_FOLDERS = ['lib', 'src'].map((folder) =>
  __dirname.replaceAll('\\', '/').replace(/(?:lib|src)\/runtime$/, `${folder}/`),
);
const FRAME =
  /^\s*at (?:(?<name>.*?) \()?(?:async )?(?<file>(?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^<>]*?)(?:\?[^:]*)?:(?<line>\d+):(?<column>\d+)\)?$/;

/**
 * An error's origin in the user's files, as `file:line:column`. Undefined if no such file is above the call of the
 * body.
 */
export function userFrame(stack: string): string | undefined {
  for (const text of stack.split('\n')) {
    const { name, file, line, column } = FRAME.exec(text)?.groups ?? {};
    if (file === undefined) continue;
    // The frames further down are those that called the body.
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

/** The origin of an error of another language, whose frames are not JavaScript. */
export function tellPlace(error: object, at: string): void {
  placesTold.set(error, at);
}

export function placeTold(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? placesTold.get(error) : undefined;
}
