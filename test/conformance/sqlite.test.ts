import * as path from 'node:path';
import Libsql from 'libsql';
import {
  createSqliteDataStore,
  createSqliteEmitterTable,
  createSqliteLeaseTable,
  createSqliteRunHistory,
  createSqliteStartLedger,
  createSqliteTapestryStore,
} from '../../src/adapters/sqlite';
import {
  describeDataStore,
  describeEmitterTable,
  describeLeaseTable,
  describeRunHistory,
  describeStartLedger,
  describeSubscribableTapestryStore,
  describeTapestryStore,
  type Subject,
} from '../../src/testing';
import { removeFolder, temporaryFolder } from './temporary-folder';

function onOneFile<T>(open: (options: { path: string }) => Promise<T>) {
  return async (): Promise<Subject<T> & { file: string }> => {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'made', 'on', 'demand', 'selvage.db');
    return {
      file,
      adapter: await open({ path: file }),
      another: () => open({ path: file }),
      cleanUp: () => removeFolder(folder),
    };
  };
}

const cut = {
  test: 'loses nothing when its connections break, and makes new ones by itself',
  reason: 'a file has no connections',
};

describeTapestryStore('sqlite', { skip: [cut], create: onOneFile(createSqliteTapestryStore) });
describeSubscribableTapestryStore('sqlite', { create: onOneFile(createSqliteTapestryStore) });
describeRunHistory('sqlite', { skip: [cut], create: onOneFile(createSqliteRunHistory) });
describeLeaseTable('sqlite', {
  skip: [
    { ...cut, test: 'loses no place when its connections break, and makes new ones by itself' },
    {
      test: 'goes by its own clock, whatever the one of a process says',
      reason: 'the clock of a file is that of the machine, which all its processes have',
    },
  ],
  create: onOneFile(createSqliteLeaseTable),
});

describeEmitterTable('sqlite', {
  skip: [{ ...cut, test: 'loses no cursor when its connections break, and makes new ones by itself' }],
  create: onOneFile(createSqliteEmitterTable),
});

describeStartLedger('sqlite', {
  skip: [{ ...cut, test: 'loses no claim when its connections break, and makes new ones by itself' }],
  create: onOneFile(createSqliteStartLedger),
});

describeDataStore('sqlite', {
  async create() {
    const subject = await onOneFile(createSqliteDataStore)();
    return {
      ...subject,
      damage: async (hash) => damageValue(subject.file, hash),
      age: async (hash, by) => ageValue(subject.file, hash, by),
    };
  },
  skip: [cut],
});

function damageValue(file: string, hash: string): void {
  const db = new Libsql(file);
  const { changes } = db
    .prepare("update selvage_values set bytes = cast('~' as blob) where hash = ? and bytes is not null")
    .run([hash]);
  if (changes === 0) {
    db.prepare(
      "update selvage_value_chunks set bytes = cast('~' as blob) where sequence = 1 and upload = (select upload from selvage_values where hash = ?)",
    ).run([hash]);
  }
  db.close();
}

function ageValue(file: string, hash: string, by: number): void {
  const db = new Libsql(file);
  db.prepare('update selvage_values set last_put_at = last_put_at - ? where hash = ?').run([by, hash]);
  db.close();
}
