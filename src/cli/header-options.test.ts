import { describe, expect, it } from 'vitest';
import { readHeaderOptions } from './header-options.ts';

const variable = (name: string): string => ['$', `{${name}}`].join('');

describe('--header', () => {
  it('takes names and values, and fills variables in', () => {
    const options = [`Authorization: Bearer ${variable('TOKEN')}`, 'x-a:b:c', 'X-Empty:'];
    expect(readHeaderOptions(options, { TOKEN: 's3' })).toEqual({
      authorization: 'Bearer s3',
      'x-a': 'b:c',
      'x-empty': '',
    });
  });

  it.each(['', 'no colon', ': value', 'na me: v', 'a: b\r\nc: d', `a: ${variable('ABSENT')}`])(
    'refuses %j without repeating its value',
    (option) => {
      expect(() => readHeaderOptions([option], {})).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    },
  );

  it('repeats no secret that cannot be sent', () => {
    const read = (): unknown => readHeaderOptions([`a: ${variable('S')}`], { S: 'secret\nvalue' });
    expect(read).toThrow(/cannot be sent/);
    expect(read).not.toThrow(/secret/);
  });
});
