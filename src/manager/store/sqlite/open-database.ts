import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';

/** `application_id` of our files: "tsst" in ASCII. */
const applicationId = 0x74737374;

/** `user_version`: grows with each change of the schema. */
const schemaVersion = 2;

/** Ids are random, so that rows in their order would be written all over the file: they come one after another instead. */
const objectTables = `
  CREATE TABLE objects (kind TEXT, id TEXT, version INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT;
  CREATE TABLE specs (digest TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
`;

const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  ${objectTables}
  CREATE TABLE contents (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/** There, rows lay in the order of ids, and each task's document had its whole spec, which is still understood. */
const fromFormat1 = `
  BEGIN IMMEDIATE;
  ALTER TABLE objects RENAME TO former;
  ${objectTables}
  INSERT INTO objects (kind, id, version, document) SELECT kind, id, version, document FROM former;
  DROP TABLE former;
  PRAGMA user_version = ${schemaVersion};
  COMMIT;
`;

/** Opens the database, or makes it where there is none; refuses a file that is damaged, in use, or not ours. */
export function openDatabase(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    prepare(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof StoreError ? error : explain(path, error);
  }
}

function prepare(database: DatabaseSync, path: string): void {
  // EXCLUSIVE: one manager owns the file, and the kernel frees the lock when it dies. FULL: a commit has reached the disk when it returns.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  // In KiB: a transaction of 100,000 tasks would otherwise be written to the log and read back again and again.
  database.exec('PRAGMA cache_size = -65536');
  // In pages of 4 KiB: a pass over 5,000 tasks writes 8 MiB, and each checkpoint waits for the disk twice.
  database.exec('PRAGMA wal_autocheckpoint = 8192');
  const found = pragma(database, 'application_id');
  const isEmpty = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] === 0;
  if (isEmpty) database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
  else if (found !== applicationId) throw new StoreError(`open store ${path}: it is a database of another program`);
  if (pragma(database, 'user_version') === 1) database.exec(fromFormat1);
  const version = pragma(database, 'user_version');
  if (version !== schemaVersion) {
    throw new StoreError(`open store ${path}: it has format ${version}, this version knows ${schemaVersion}`, {
      hint: 'use the tsstack version that wrote it, or another data root',
    });
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function explain(path: string, cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (reason.includes('locked')) {
    return new StoreError(`open store ${path}: another manager has it open`, {
      cause,
      hint: 'stop the other daemon, or choose another data root',
    });
  }
  return new StoreError(`open store ${path}: ${reason}`, {
    cause,
    hint: 'restore it from a copy, or move it away to start with an empty store; running containers are not touched',
  });
}
