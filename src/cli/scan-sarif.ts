import { type Finding, RULES, type Severity } from '../guard/scan/rule.ts';

const LEVELS: Readonly<Record<Severity, string>> = { block: 'error', warn: 'warning', info: 'note' };
const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** A finding for a log. */
export interface PlacedFinding extends Finding {
  /** The upstream and the list, where there are several. */
  readonly within?: string;
}

/** The findings as a log of SARIF 2.1.0, which code-scanning services read. */
export function toSarif(
  findings: readonly PlacedFinding[],
  { uri, version }: { readonly uri: string; readonly version: string },
): object {
  const ids = Object.keys(RULES);
  const rules = Object.entries(RULES).map(([id, { severity, text }]) => ({
    id,
    shortDescription: { text },
    defaultConfiguration: { level: LEVELS[severity] },
  }));
  const results = findings.map(({ rule, severity, tool, index, path, reason, within = '' }) => ({
    ruleId: rule,
    ruleIndex: ids.indexOf(rule),
    level: LEVELS[severity],
    message: {
      text: `${within === '' ? '' : `${within} `}${tool === '' ? `definition ${index}` : tool}: ${reason}`,
    },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri } },
        logicalLocations: [{ name: tool, fullyQualifiedName: `${within}/${index}${path}`, kind: 'member' }],
      },
    ],
  }));
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'Gateward', version, rules } }, results }],
  };
}
