import type { PageState } from './connection.ts';
import { clock } from './format.ts';

/** What a person must know before believing anything else on the page. */
export function Banner({ state }: { readonly state: PageState }) {
  const { connected, lostAt, status, welcome } = state;
  return (
    <div class="banners" role="status">
      {!connected && lostAt !== undefined && (
        <p class="banner lost">
          <strong>Connection lost at {clock(lostAt)}</strong>; showing what was known then. Reconnecting…
        </p>
      )}
      {connected && status?.brokerConnected === false && (
        <p class="banner lost">
          <strong>The controller has lost its broker.</strong> Devices cannot be reached; what runs goes on by itself.
        </p>
      )}
      {connected && welcome.refusal !== undefined && <p class="banner">{welcome.refusal}</p>}
    </div>
  );
}
