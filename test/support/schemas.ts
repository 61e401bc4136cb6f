/** Validates messages against the protocol's own schemas. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Schema, Validator } from '@cfworker/json-schema';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'schema');

/** One schema file, with its definitions by name. */
export interface Definitions {
  has(name: string): boolean;
  /** What is wrong with a value; empty where it is valid. */
  faultsOf(name: string, value: unknown): string[];
}

/** Reads a file of `test/fixtures/schema`. */
export function readDefinitions(file: string): Definitions {
  const whole: Schema & { readonly $defs: Record<string, Schema> } = JSON.parse(
    readFileSync(join(FOLDER, file), 'utf8'),
  );
  const validators = new Map<string, Validator>();
  return {
    has: (name) => Object.hasOwn(whole.$defs, name),
    faultsOf(name, value) {
      if (!Object.hasOwn(whole.$defs, name)) throw new TypeError(`${file} has no ${name}`);
      let validator = validators.get(name);
      if (validator === undefined) {
        validator = new Validator({ ...whole, $ref: `#/$defs/${name}` }, '2020-12', false);
        validators.set(name, validator);
      }
      const { valid, errors } = validator.validate(value);
      if (valid) return [];
      return errors.map(({ instanceLocation, error }) => `${name} ${instanceLocation}: ${error}`);
    },
  };
}

/** The sha256 of each file, as the README of the folder says. */
export function notedHashes(): Record<string, string> {
  const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  const rows = readme.matchAll(/^\| `([\w.-]+\.json)` \|.*\| ([0-9a-f]{64}) \|$/gm);
  return Object.fromEntries([...rows].map(([, file = '', hash = '']) => [file, hash]));
}

export function schemaPath(file: string): string {
  return join(FOLDER, file);
}
