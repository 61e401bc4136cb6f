import { pointsAtGateway } from '../../guard/seal/points-at-gateway.ts';
import { LOCAL_GATEWAY } from '../seal-place.ts';
import { bare, type ShownText, show } from '../shown-text.ts';

/** What decides how the files of clients are sealed after an import. */
export interface SealHint {
  /** The configuration file that the import changed. */
  readonly file: string;
  /** Whether the command line named it. */
  readonly isGiven: boolean;
  /** GATEWARD_CONFIG, by which the commands of the seal go as well. They do not look for ./gateward.yaml. */
  readonly configFile: string | undefined;
  /** Where the clients reach the gateway by now. */
  readonly url: string;
  /** The URLs that the configuration has for it. */
  readonly gateways: readonly string[];
}

/** The commands by which the seal lies where it is looked for, and knows the gateway's own entry for what it is. */
export function sealHint({ file, isGiven, configFile, url, gateways }: SealHint): ShownText {
  const isLocal = leadsTo(url, [LOCAL_GATEWAY]);
  const isNamed = isGiven || (configFile === undefined && !isLocal);
  const isKnown = leadsTo(url, isNamed || configFile !== undefined ? gateways : [LOCAL_GATEWAY]);
  const config = isNamed ? ` -c ${quote(file)}` : '';
  const gateway = isKnown ? '' : ` --gateway ${quote(url)}`;
  return show`Sign the files as they are now with gateward seal${bare(config + gateway)}; gateward verify${bare(config)} says later what has changed.`;
}

function leadsTo(url: string, gateways: readonly string[]): boolean {
  const none = {
    client: '',
    file: '',
    path: [],
    name: '',
    args: [],
    env: {},
    headers: {},
    headerVariables: {},
  };
  return pointsAtGateway({ ...none, isEnabled: true, transport: 'http', url, value: undefined }, gateways);
}

/** As a shell takes it for one word. */
function quote(word: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
