import { type Client, fileAt, server, trust } from '../client-file.ts';

/** https://block.github.io/goose/docs/guides/config-files; Windows as in stacklok/toolhive pkg/client/config.go at e25de16c */
export const goose: Client = {
  id: 'goose',
  name: 'Goose',
  programs: ['goose', 'goosed'],
  files: [
    fileAt(
      '{CONFIG}/goose/config.yaml',
      [server('extensions', '*'), trust('GOOSE_MODE')],
      '{APP}/Block/goose/config/config.yaml',
    ),
  ],
};
