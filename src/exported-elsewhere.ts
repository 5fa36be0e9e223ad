import { SelvageError } from './errors';

/** Its name is what the compiler says of `Selvage.open` and the like. */
export interface SelvageIsExportedBySelvageClient {
  readonly see: 'selvage/client';
}

/**
 * A signpost: the class is exported by `selvage/client`, so that who only writes tapestries does not load Temporal's client. What is done with
 * this one does not compile, and throws `WrongImport`.
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
