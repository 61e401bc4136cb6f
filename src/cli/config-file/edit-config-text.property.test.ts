import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { addUpstream, namesIn, removeUpstream } from './edit-config-text.ts';
import type { UpstreamEntry } from './upstream-entry.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,10}$/);
const map = fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), text, { minKeys: 1, maxKeys: 3 });
const entry: fc.Arbitrary<UpstreamEntry> = fc.oneof(
  fc.record({ url: text, headers: map }),
  fc.record({ command: text, args: fc.array(text, { minLength: 1, maxLength: 4 }), env: map, cwd: text }),
);
const file = fc.record({
  listen: fc.record({ port: fc.nat(65_535) }),
  upstreams: fc.dictionary(name, entry, { maxKeys: 4 }),
  servers: fc.dictionary(name, fc.record({ from: fc.dictionary(name, fc.constant({})) }), { maxKeys: 2 }),
});
/** The ways in which people write one value. */
const written = fc
  .tuple(file, fc.constantFrom('block', 'wide', 'json', 'one line', 'crlf'))
  .map(([value, form]) => {
    if (form === 'json') return JSON.stringify(value, null, 2);
    if (form === 'one line') return JSON.stringify(value);
    const yaml = stringify(value, { indent: form === 'wide' ? 4 : 2, lineWidth: 0 });
    return form === 'crlf' ? yaml.replaceAll('\n', '\r\n') : yaml;
  });

describe('addUpstream and removeUpstream', () => {
  it('change one upstream and nothing else, however the file is written', () => {
    fc.assert(
      fc.property(written, name, entry, (before, added, value) => {
        fc.pre(!namesIn(before).upstreams.includes(added));
        const old: { upstreams: object } = parse(before);
        const with_ = addUpstream(before, added, value);
        expect(parse(with_)).toEqual({ ...old, upstreams: { ...old.upstreams, [added]: value } });
        expect(parse(removeUpstream(with_, added))).toEqual(old);
      }),
      { numRuns: 200 },
    );
  });

  it('leave every line of a file of blocks as it was', () => {
    fc.assert(
      fc.property(file, name, entry, (value, added, more) => {
        fc.pre(!(added in value.upstreams) && Object.keys(value.upstreams).length > 0);
        const lines = stringify(value, { lineWidth: 0 }).split('\n');
        const before = lines.map((line, index) =>
          line === '' || / [|>]/.test(line) ? line : `${line} # ${index}`,
        );
        fc.pre(!lines.some((line) => /[|>][-+]?$/.test(line)));
        const text = before.join('\n');
        fc.pre(namesIn(text).upstreams.length > 0);
        const after = new Set(addUpstream(text, added, more).split('\n'));
        for (const line of before) expect(after.has(line)).toBe(true);
      }),
    );
  });
});
