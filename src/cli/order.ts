import { failure, FailureError } from '../base/failure.ts';
import { launchOf, type RunFolder } from './run-folder.ts';

/** Passes an order to the controller that runs in a folder, through its page. */
export async function sendOrder(folder: RunFolder, order: object): Promise<number> {
  const { page } = launchOf(folder);
  const absent = new FailureError(
    failure('input.invalid', `No controller runs in ${folder.path}.`, {
      mend: `Start it with "labwright resume ${folder.path}", then give the order.`,
    }),
  );
  if (page === undefined) throw absent;
  const url = new URL(page);
  const token = url.hash.replace('#token=', '');
  let response: Response;
  try {
    response = await fetch(new URL('/order', url.origin), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(order),
    });
  } catch {
    throw absent;
  }
  const sentence = (await response.text()).trim();
  if (!response.ok) throw new FailureError(failure('input.invalid', sentence));
  process.stdout.write(`${sentence}\n`);
  return 0;
}
