import { SelvageError } from './errors';

/** Its name is shown in the compiler's error for `Selvage.open` and the like. */
interface SelvageIsExportedBySelvageClient {
  readonly see: 'selvage/client';
}

/**
 * A signpost to `selvage/client`, since programs that only write tapestries need not load Temporal's client.
 * Using it does not compile, and throws `WrongImport`.
 *
 * @deprecated `import { Selvage } from 'selvage/client'`
 */
export const Selvage: SelvageIsExportedBySelvageClient = signpost('Selvage', 'selvage/client');

function signpost<T extends object>(name: string, home: string): T {
  const refuse = function (): never {
    throw new SelvageError(
      'WrongImport',
      `${name} is exported by "${home}", not by "selvage". Write: import { ${name} } from '${home}';`,
      { details: { name, from: home } },
    );
  };
  return new Proxy(refuse as unknown as T, { get: refuse, set: refuse, construct: refuse });
}
