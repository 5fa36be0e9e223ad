import { libpqEnvironment } from '../../../../src/adapters/postgres/address';

test.each([
  [
    'postgres://worker:p%40ss%2F@db.example.com:5433/pipelines?schema=team_a&migrate=false&access=read&max=3',
    {
      PGHOST: 'db.example.com',
      PGPORT: '5433',
      PGUSER: 'worker',
      PGPASSWORD: 'p@ss/',
      PGDATABASE: 'pipelines',
      PGOPTIONS: '-c search_path=team_a',
    },
  ],
  [
    'postgresql://db/x?sslmode=verify-full&sslrootcert=/ca.pem&query_timeout=5&application_name=mine',
    { PGHOST: 'db', PGDATABASE: 'x', PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/ca.pem' },
  ],
  [
    'postgres:///x?host=/var/run/postgresql&user=me',
    { PGHOST: '/var/run/postgresql', PGUSER: 'me', PGDATABASE: 'x' },
  ],
  ['postgres://[::1]/x?sslmode=no-verify', { PGHOST: '::1', PGDATABASE: 'x', PGSSLMODE: 'require' }],
  ['postgres://db/x?ssl=true', { PGHOST: 'db', PGDATABASE: 'x', PGSSLMODE: 'require' }],
])("%s is for PostgreSQL's own programs what it is for us", (url, environment) => {
  expect(libpqEnvironment(url)).toEqual(environment);
});
