import { JsonText } from '../../lib/json-text.ts';
import { writeNotification } from '../../wire/message.ts';
import { META_KEYS } from '../../wire/meta-keys.ts';

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const LIST_CHANGES: readonly (readonly [string, string])[] = [
  ['toolsListChanged', 'notifications/tools/list_changed'],
  ['promptsListChanged', 'notifications/prompts/list_changed'],
  ['resourcesListChanged', 'notifications/resources/list_changed'],
];

/**
 * Watches a `subscriptions/listen` that may be opened again when its stream is lost (2026-07-28 subscriptions). The
 * client acknowledged it once; after each later opening it hears of changes instead, since some may have been missed.
 */
export class ListenWatch {
  readonly #id: string;
  #isOpen = false;
  wasOpen = false;

  /** `id` is the raw id of the request. */
  constructor(id: string) {
    this.#id = id;
  }

  /** Whether the stream was open since the last time this was asked. */
  heard(): boolean {
    const was = this.#isOpen;
    this.#isOpen = false;
    return was;
  }

  /** What the client is to hear in place of one notification of the stream. */
  take(notification: JsonText, method: string): readonly JsonText[] {
    if (method !== ACKNOWLEDGED) return [notification];
    const isFirst = !this.wasOpen;
    this.wasOpen = true;
    this.#isOpen = true;
    return isFirst ? [notification] : this.#missed(notification);
  }

  #missed(acknowledged: JsonText): JsonText[] {
    const honoured = acknowledged.at('params', 'notifications');
    const meta = JsonText.of({}).with({ [META_KEYS.subscriptionId]: JsonText.written(this.#id) });
    const lists = LIST_CHANGES.filter(([key]) => honoured?.get(key)?.text === 'true');
    const uris = honoured?.get('resourceSubscriptions')?.items() ?? [];
    return [
      ...lists.map(([, method]) => writeNotification(method, JsonText.of({}).with({ _meta: meta }))),
      ...uris.map((uri) =>
        writeNotification('notifications/resources/updated', JsonText.of({}).with({ uri, _meta: meta })),
      ),
    ];
  }
}
