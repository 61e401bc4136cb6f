import { describe, expect, it } from 'vitest';
import { type SealHint, sealHint } from './seal-hint.ts';

const LOCAL = 'http://127.0.0.1:3232';
const PLAIN: SealHint = {
  file: 'gateward.yaml',
  isGiven: false,
  configFile: undefined,
  url: `${LOCAL}/mcp`,
  gateways: [LOCAL],
};

const hint = (more: Partial<SealHint>): string => sealHint({ ...PLAIN, ...more }).text;

describe('the hint to seal after an import', () => {
  it('names no file where the defaults lead to the gateway', () => {
    expect(hint({})).toMatch(/with gateward seal; gateward verify says/);
  });

  it('names the file that the command line named, for both commands', () => {
    expect(hint({ file: 'other.yaml', isGiven: true })).toMatch(
      /gateward seal -c other\.yaml; gateward verify -c other\.yaml says/,
    );
  });

  it('names ./gateward.yaml where the gateway listens elsewhere', () => {
    const url = 'http://127.0.0.1:4000/mcp';
    expect(hint({ url, gateways: ['http://127.0.0.1:4000'] })).toContain('gateward seal -c gateward.yaml;');
  });

  it('names no file that GATEWARD_CONFIG names', () => {
    const more = { file: 'mine.yaml', configFile: 'mine.yaml', url: 'http://127.0.0.1:4000/mcp' };
    expect(hint({ ...more, gateways: ['http://127.0.0.1:4000'] })).toContain('gateward seal;');
  });

  it('names a URL of the gateway that the configuration does not know', () => {
    const url = 'https://mcp.example/mcp';
    expect(hint({ url })).toContain('gateward seal -c gateward.yaml --gateway https://mcp.example/mcp;');
  });

  it('quotes a path for the shell', () => {
    expect(hint({ file: "it's mine.yaml", isGiven: true })).toContain("seal -c 'it'\\''s mine.yaml';");
  });
});
