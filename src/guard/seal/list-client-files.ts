import type { Client, ClientFile } from './client-file.ts';
import { amazonQ } from './clients/amazon-q.ts';
import { claudeCode } from './clients/claude-code.ts';
import { claudeDesktop } from './clients/claude-desktop.ts';
import { codex } from './clients/codex.ts';
import { continueDev } from './clients/continue.ts';
import { cursor } from './clients/cursor.ts';
import { geminiCli } from './clients/gemini-cli.ts';
import { goose } from './clients/goose.ts';
import { opencode } from './clients/opencode.ts';
import { PLAIN_CLIENTS } from './clients/plain-clients.ts';
import { vscode } from './clients/vscode.ts';
import { windsurf } from './clients/windsurf.ts';
import { zed } from './clients/zed.ts';
import { type Place, placeFile } from './place-file.ts';

/** Every client whose configuration is known. */
export const CLIENTS: readonly Client[] = [
  claudeCode,
  claudeDesktop,
  cursor,
  vscode,
  windsurf,
  codex,
  geminiCli,
  zed,
  continueDev,
  goose,
  opencode,
  amazonQ,
  ...PLAIN_CLIENTS,
];

/** The client of an id. */
export function findClient(id: string): Client | undefined {
  return CLIENTS.find((client) => client.id === id);
}

/** Where the clients keep their files on a machine, whether or not the files are there. Without `only`: all clients. */
export function listClientFiles(place: Place, only?: readonly string[]): readonly ClientFile[] {
  return CLIENTS.filter(({ id }) => only === undefined || only.includes(id)).flatMap(({ id, files }) =>
    files.flatMap((file) =>
      placeFile(file, place).map((path) => ({
        client: id,
        path,
        format: file.format,
        scope: file.scope,
        selectors: file.selectors,
      })),
    ),
  );
}
