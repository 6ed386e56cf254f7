import { parse } from 'yaml';
import { failed, failure, ok, type Result } from '../base/failure.ts';
import { CampaignChange } from './change.ts';
import { describeIssue } from './document.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A change with more said in words like `space.temperature.max=95 degC`: the path as in the file, objectives by name,
 * the value as YAML.
 */
export function withAssignments(change: CampaignChange, assignments: readonly string[]): Result<CampaignChange> {
  const { objectives = [], ...rest } = change;
  let fields: Fields = { ...rest, objectives: Object.fromEntries(objectives.map(({ name, ...more }) => [name, more])) };
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    const path = assignment.slice(0, Math.max(0, equals)).trim();
    const value = valueOf(assignment.slice(equals + 1));
    if (path === '' || value === undefined)
      return failed(
        failure('input.invalid', `"${assignment}" sets nothing.`, {
          mend: 'Write a path, "=" and a value, like "space.temperature.max=95 degC".',
        }),
      );
    fields = put(fields, path.split('.'), value) as Fields;
  }
  const { objectives: named, ...others } = fields;
  const listed = Object.entries(fieldsOf(named)).map(([name, more]) => ({ name, ...fieldsOf(more) }));
  const parsed = CampaignChange.safeParse({ ...others, ...(listed.length === 0 ? {} : { objectives: listed }) });
  if (parsed.success) return ok(parsed.data);
  return failed(describeIssue(parsed.error.issues[0]!, CampaignChange)[0]!.failure);
}

/** Undefined where there is none, or where it is no YAML. */
function valueOf(text: string): unknown {
  try {
    return text.trim() === '' ? undefined : parse(text);
  } catch {
    return undefined;
  }
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

function put(before: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const fields = fieldsOf(before);
  return { ...fields, [key]: put(fields[key], rest, value) };
}
