import { sql, type CreateTableBuilder, type Kysely } from 'kysely';

export async function up(db: Kysely<any>): Promise<void> {
  await plans(db);
  await runs(db);
  await lineage(db);
  await values(db);
}

async function plans(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('selvage_plans')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('tapestry', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('saved_at', 'integer', (column) => column.notNull())
    .execute();
  await index(db, 'selvage_plans', ['tapestry', 'saved_at']);
  await index(db, 'selvage_plans', ['saved_at']);
}

async function runs(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('selvage_runs')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('temporal_run_id', 'text', (column) => column.notNull().unique())
    .addColumn('tapestry', 'text', (column) => column.notNull())
    .addColumn('plan_hash', 'text', (column) => column.notNull())
    .addColumn('parameter_hashes', 'text', (column) => column.notNull())
    .addColumn('terminals', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('actor', 'text')
    .addColumn('trigger', 'text')
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('vcs_commit', 'text')
    .addColumn('parent_run_id', 'text')
    .addColumn('started_at', 'integer', (column) => column.notNull())
    .addColumn('finished_at', 'integer')
    .addColumn('environment', 'text', (column) => column.notNull())
    .execute();
  await index(db, 'selvage_runs', ['started_at']);
  for (const column of ['run_id', 'tapestry', 'status', 'actor', 'trigger']) {
    await index(db, 'selvage_runs', [column, 'started_at']);
  }

  await withoutRowid(
    db.schema
      .createTable('selvage_run_tags')
      .addColumn('tag', 'text', (column) => column.notNull())
      .addColumn('started_at', 'integer', (column) => column.notNull())
      .addColumn('run', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('selvage_run_tags_key', ['tag', 'started_at', 'run']),
  );
}

async function lineage(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('selvage_lineage')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('temporal_run_id', 'text', (column) => column.notNull())
    .addColumn('knot_id', 'text', (column) => column.notNull())
    .addColumn('knot_class', 'text', (column) => column.notNull())
    .addColumn('definition_version', 'text')
    .addColumn('code_hash', 'text')
    .addColumn('knot_config_hash', 'text', (column) => column.notNull())
    .addColumn('parent_input_hashes', 'text', (column) => column.notNull())
    .addColumn('constant_input_hashes', 'text', (column) => column.notNull())
    .addColumn('parent_knot_ids', 'text', (column) => column.notNull())
    .addColumn('output_hash', 'text')
    .addColumn('output_size', 'integer')
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('skip_reason', 'text')
    .addColumn('error_record_id', 'text')
    .addColumn('cached_from_run', 'text')
    .addColumn('dispatcher', 'text', (column) => column.notNull())
    .addColumn('task_queue', 'text')
    .addColumn('worker', 'text')
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('scheduled_at', 'integer', (column) => column.notNull())
    .addColumn('started_at', 'integer', (column) => column.notNull())
    .addColumn('finished_at', 'integer', (column) => column.notNull())
    .addColumn('extra', 'text', (column) => column.notNull())
    .addUniqueConstraint('selvage_lineage_key', ['temporal_run_id', 'knot_id'])
    .execute();
  await index(db, 'selvage_lineage', ['finished_at']);
  for (const column of ['run_id', 'knot_id', 'knot_class']) {
    await index(db, 'selvage_lineage', [column, 'finished_at']);
  }
  // Failures are few and often asked for; the others are found by the rest.
  await db.schema
    .createIndex('selvage_lineage_failures')
    .on('selvage_lineage')
    .columns(['outcome', 'finished_at'])
    .where('outcome', '<>', sql.lit('ok'))
    .execute();

  await withoutRowid(
    db.schema
      .createTable('selvage_lineage_values')
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('role', 'integer', (column) => column.notNull())
      .addColumn('finished_at', 'integer', (column) => column.notNull())
      .addColumn('lineage', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('selvage_lineage_values_key', ['hash', 'role', 'finished_at', 'lineage']),
  );
}

async function values(db: Kysely<any>): Promise<void> {
  await withoutRowid(
    db.schema
      .createTable('selvage_values')
      .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
      .addColumn('size', 'integer', (column) => column.notNull())
      .addColumn('media_type', 'text')
      .addColumn('upload', 'text')
      .addColumn('bytes', 'blob'),
  );
  await withoutRowid(
    db.schema
      .createTable('selvage_value_chunks')
      .addColumn('upload', 'text', (column) => column.notNull())
      .addColumn('sequence', 'integer', (column) => column.notNull())
      .addColumn('bytes', 'blob', (column) => column.notNull())
      .addPrimaryKeyConstraint('selvage_value_chunks_key', ['upload', 'sequence']),
  );
  await db.schema
    .createTable('selvage_uploads')
    .addColumn('upload', 'text', (column) => column.notNull().primaryKey())
    .addColumn('touched_at', 'integer', (column) => column.notNull())
    .execute();
}

async function index(db: Kysely<any>, table: string, columns: string[]): Promise<void> {
  await db.schema
    .createIndex([table, 'by', ...columns].join('_'))
    .on(table)
    .columns(columns)
    .execute();
}

/** The table is its key's tree: one page to write instead of two where keys are hashes, which land anywhere. */
async function withoutRowid(table: CreateTableBuilder<any, any>): Promise<void> {
  await table.modifyEnd(sql`without rowid`).execute();
}
