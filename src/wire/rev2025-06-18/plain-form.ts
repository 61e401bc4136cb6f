import { mapMembers, withoutKeys } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Lacking } from '../rev2025-11-25/revision.ts';

/**
 * A form elicitation in the words of 2025-06-18: no `mode`, no `$schema`, no defaults but those of booleans, and titled
 * choices as `enum` with `enumNames`. A choice of several values does not exist there.
 */
export function plainForm(params: JsonText): JsonText | Lacking {
  const schema = params.get('requestedSchema');
  const fields = schema?.get('properties');
  if (fields === undefined) return withoutKeys(params, ['mode']);
  let several = false;
  const plainFields = mapMembers(fields, (field) => {
    several ||= field.get('type')?.string() === 'array';
    return plainField(field);
  });
  if (several) return { lacking: 'elicitation.form with a choice of several values' };
  const plainSchema = withoutKeys(schema ?? params, ['$schema']);
  const changed = plainFields === fields ? plainSchema : plainSchema.with({ properties: plainFields });
  const bare = withoutKeys(params, ['mode']);
  return changed === schema ? bare : bare.with({ requestedSchema: changed });
}

function plainField(field: JsonText): JsonText {
  const type = field.get('type')?.string();
  const bare = type === 'boolean' ? field : withoutKeys(field, ['default']);
  const choices = bare.get('oneOf');
  if (type !== 'string' || choices?.kind !== 'array') return bare;
  const values = choices.items().map((choice) => choice.get('const')?.string());
  if (values.includes(undefined)) return bare;
  const names = choices.items().map((choice, index) => choice.get('title')?.string() ?? values[index]);
  return bare.with({ oneOf: undefined, enum: JsonText.of(values), enumNames: JsonText.of(names) });
}
